"""The receiver with the depot among its systems: served in a thread, or as a process of its own (`python -m tests.receiving`)."""

from contextlib import AbstractContextManager
from pathlib import Path

import uvicorn

from connectors import registry
from flows import receiver
from tests.depot import INSTALLATION, PUSH_SECRET, Depot
from tests.served import in_a_thread

PATH = f"/push/harbour/depot/{PUSH_SECRET}"


def environment(folder: Path, system: str = "depot") -> dict[str, str]:
    """Write the installation, and return what the receiver reads from its environment."""
    (folder / "installations").mkdir(exist_ok=True)
    (folder / "installations" / "harbour.toml").write_text(_toml().replace('"depot"', f'"{system}"'))
    return {
        "INSTALLATIONS": str(folder / "installations"),
        "LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite'}",
        "HARBOUR_DEPOT_PUSH_SECRET": PUSH_SECRET,
    }


def _toml() -> str:
    sides = [
        f'[{side}]\nsystem = "{one["system"]}"\naccount = "{one["account"]}"\n'
        for side in ("marketplace", "back_office")
        if isinstance(one := INSTALLATION[side], dict)
    ]
    loops = "\n".join(f'{name} = {{ mode = "{"trade" if name == "dispatch" else "off"}" }}' for name in LOOPS)
    return f'name = "harbour"\nproduct_master = "back_office"\n{"".join(sides)}\n[loops]\n{loops}\n'


LOOPS = ("orders", "stock", "dispatch", "items")


def served() -> AbstractContextManager[str]:
    """Serve the receiver in a thread and give its address."""
    return in_a_thread(uvicorn.Config(receiver.application, factory=True, log_level="error", access_log=False))


if __name__ == "__main__":
    registry.SYSTEMS["depot"] = Depot
    receiver.main()
