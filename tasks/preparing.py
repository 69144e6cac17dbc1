"""Load what runs take their time to load, in a process from which they are forked."""

import importlib

from connectors.http import trusted
from expectations.gate import load


def prepare() -> None:
    """Load the gate's library, the files' library, and whom connections trust. Nothing is opened."""
    load()
    trusted()
    importlib.import_module("connectors.sftp")  # an account with folders imports it when it is opened
