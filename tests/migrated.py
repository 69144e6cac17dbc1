"""A migrated ledger in a SQLite file: made once in a test process, and copied, as the migrations take a quarter of a second."""

import functools
import shutil
import tempfile
from pathlib import Path

from ledger.database import Database
from ledger.schema import migrate
from tests.doubles import ManualClock


def migrated(folder: Path) -> str:
    """Put a migrated ledger with nothing in it into a folder, and return its SQLAlchemy address."""
    path = shutil.copy(Path(_template().name) / "ledger.sqlite", folder / "ledger.sqlite")
    return f"sqlite:///{path}"


@functools.cache
def _template() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of the copied ledger, which is removed with this process."""
    home = tempfile.TemporaryDirectory(prefix="migrated-")
    brought_up_to_date(f"sqlite:///{home.name}/ledger.sqlite")
    return home


def brought_up_to_date(url: str) -> None:
    """Apply the migrations to a database."""
    database = Database(url, ManualClock())
    migrate(database)
    database.close()
