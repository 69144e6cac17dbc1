"""What is served: which systems, which worlds join them, and which folders have a door."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.cin7_core import Cin7Core
from sandbox.deposco import Credentials as DeposcoCredentials
from sandbox.deposco import Deposco
from sandbox.fulfil import Fulfil
from sandbox.kit import Clock, ScaledClock, System
from sandbox.magento import Credentials, Magento
from sandbox.mirakl import Account as Shop
from sandbox.mirakl import Mirakl, Operator
from sandbox.pushing import post
from sandbox.seko import Seko
from sandbox.slack import Slack
from sandbox.virtualstock import Account, Virtualstock
from sandbox.virtualstock.folders import EdgeFolders
from sandbox.virtualstock.sftp import FolderDoor
from sandbox.world import Plan, Trouble, World


def _virtualstock(clock: Clock, arguments: dict[str, Any]) -> System:
    retailer = arguments.pop("retailer", None)
    accounts = [Account(**account) for account in arguments.pop("accounts")]
    return Virtualstock(clock, accounts=accounts, retailer=Account(**retailer) if retailer else None, **arguments)


def _magento(clock: Clock, arguments: dict[str, Any]) -> System:
    return Magento(clock, credentials=Credentials(**arguments.pop("credentials")), **arguments)


def _mirakl(clock: Clock, arguments: dict[str, Any]) -> System:
    operator = arguments.pop("operator", None)
    accounts = [Shop(**account) for account in arguments.pop("accounts")]
    return Mirakl(clock, accounts=accounts, operator=Operator(**operator) if operator else None, **arguments)


def _deposco(clock: Clock, arguments: dict[str, Any]) -> System:
    return Deposco(clock, credentials=DeposcoCredentials(**arguments.pop("credentials")), **arguments)


MAKERS: dict[str, Callable[[Clock, dict[str, Any]], System]] = {
    "Virtualstock": _virtualstock,
    "Magento": _magento,
    "Deposco": _deposco,
    "Cin7Core": lambda clock, arguments: Cin7Core(clock, **arguments),
    "Fulfil": lambda clock, arguments: Fulfil(clock, **arguments),
    "Mirakl": _mirakl,
    "Seko": lambda clock, arguments: Seko(clock, send=post, **arguments),
    "Slack": lambda clock, arguments: Slack(clock, **arguments),
}


MARKETPLACES = (Virtualstock, Mirakl)


BACK_OFFICES = (Magento, Cin7Core, Deposco, Fulfil, Seko)
"""The classes that a world joins, one of each."""


class BadConfigError(Exception):
    """The configuration cannot be used; the text says where and why."""


@dataclass
class Config:
    """What the file says.

    `{"scale": 240, "epoch": ISO time the clock starts at, "started": ISO machine time of that start,
    "control_port": 9400, "systems": [{"name", "class", "port", "arguments": {...}}], "worlds":
    [{"marketplace": system, "account", "back_office": system, "seed", "plan": {...}, "trouble": {...}}],
    "opens": false,
    "folders": [{"system", "account", "root", "port", "username", "password", "host_key"}]}`: the SFTP doors of a
    Virtualstock's accounts, `root` a directory and `host_key` the file of the server's key, which is made.
    `epoch` and `started` default to now; `arguments`, `plan` and `trouble` are those of the Python classes. The worlds
    open at once, or, where `opens` is false, when `POST /_world/open` says so.
    Each system's `name` must be its own: dumps and audits tell the systems apart by it.
    """

    clock: ScaledClock
    control_port: int
    systems: dict[str, System]
    ports: dict[str, int]
    worlds: list[World]
    doors: list[FolderDoor]
    opens: bool = True

    @classmethod
    def read(cls, text: str) -> "Config":
        """Make everything that the text asks for; raise `BadConfigError` naming the entry that is wrong."""
        try:
            given = json.loads(text)
            times = {name: datetime.fromisoformat(given[name]) for name in ("epoch", "started") if name in given}
            clock = ScaledClock(float(given.get("scale", 1.0)), **times)
            entries, worlds = list(given["systems"]), list(given.get("worlds", []))
            control_port, folders = int(given["control_port"]), list(given.get("folders", []))
        except (ValueError, TypeError, KeyError) as error:
            raise BadConfigError(f"it cannot be read: {type(error).__name__}: {error}") from error
        made = cls(clock, control_port, {}, {}, [], [], opens=bool(given.get("opens", True)))
        for entry in entries:
            with _naming("system", entry):
                made._add_system(entry)
        for entry in worlds:
            with _naming("world", entry):
                made._add_world(entry)
        for entry in folders:
            with _naming("folders", entry):
                made._add_folders(dict(entry))
        return made

    def _add_system(self, entry: Mapping[str, Any]) -> None:
        name = str(entry["name"])
        if name in self.systems:
            raise ValueError(f"the name {name} is given twice")
        if entry["class"] not in MAKERS:
            raise ValueError(f"class {entry['class']} is none of {', '.join(MAKERS)}")
        system = MAKERS[entry["class"]](self.clock, dict(entry.get("arguments", {})))
        system.name = name
        self.systems[name], self.ports[name] = system, int(entry["port"])

    def _add_world(self, entry: Mapping[str, Any]) -> None:
        marketplace, office = self.systems[entry["marketplace"]], self.systems[entry["back_office"]]
        if not isinstance(marketplace, MARKETPLACES) or not isinstance(office, BACK_OFFICES):
            markets, offices = (", ".join(one.__name__ for one in kinds) for kinds in (MARKETPLACES, BACK_OFFICES))
            raise TypeError(f"a world joins one of {markets} to one of {offices}")
        plan = dict(entry.get("plan", {}))
        plan |= {name: tuple(value) for name, value in plan.items() if isinstance(value, list)}
        self.worlds.append(
            World(
                marketplace,
                str(entry["account"]),
                office,
                self.clock,
                seed=int(entry.get("seed", 0)),
                plan=Plan(**plan),
                trouble=Trouble(**entry.get("trouble", {})),
                opens=self.opens,
            )
        )

    def _add_folders(self, entry: dict[str, Any]) -> None:
        edge, account = self.systems[entry.pop("system")], str(entry.pop("account"))
        if not isinstance(edge, Virtualstock):
            raise TypeError("only a Virtualstock has folders")
        root = Path(entry.pop("root"))
        folders = EdgeFolders(edge.state, account, self.clock, root)
        self.doors.append(FolderDoor(folders, root, host_key=Path(entry.pop("host_key")), **entry))


@contextlib.contextmanager
def _naming(kind: str, entry: Any) -> Iterator[None]:
    """Say of which entry a mistake is."""
    try:
        yield
    except (ValueError, TypeError, LookupError) as error:
        named = entry.get("name") or entry.get("account") if isinstance(entry, Mapping) else entry
        raise BadConfigError(f"{kind} {named}: {type(error).__name__}: {error}") from error
