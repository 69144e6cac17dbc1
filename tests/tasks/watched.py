"""What tests of the alerts flow look at."""

from ledger import holds, journal, stories
from ledger.database import Transaction
from tasks.loops import LOOPS


def causes(tx: Transaction) -> set[str]:
    return {one["what"] for one in stories.open_causes(tx)}


def open_types(tx: Transaction) -> set[str]:
    return {one.type for one in holds.open_holds(tx)}


def all_read(tx: Transaction, *, but: str = "") -> None:
    """Let every loop have read its source to the end just now, but one."""
    for name in LOOPS.keys() - {but}:
        journal.set_watermark(tx, LOOPS[name].intakes[0].name, None, tx.now, tx.now)
