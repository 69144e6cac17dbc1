"""The installation files: read and checked whole, every fault named at once."""

import os
import tomllib
from pathlib import Path

from pydantic import ValidationError

from connectors import registry
from domain.installation import Installation, Mode, Side
from tasks.loops import LOOPS, Intake, Route, intakes_of

_USUAL_FOLDER = Path(__file__).parent.parent / "deployments" / "installations"


class WrongConfiguration(Exception):
    """Installation files or their environment are wrong; the message lists every fault and its file."""


def folder() -> Path:
    """Return where the installation files are: INSTALLATIONS, or the project's own folder."""
    return Path(os.environ.get("INSTALLATIONS", _USUAL_FOLDER))


def all_installations(where: Path | None = None) -> dict[str, Installation]:
    """Read every installation file. Raises `WrongConfiguration` with every fault of every file."""
    where = where or folder()
    found: dict[str, Installation] = {}
    faults: list[str] = []
    for path in sorted(where.glob("*.toml")):
        try:
            installation = Installation.model_validate(tomllib.loads(path.read_text("utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            faults.append(f"{path.name}: it is not TOML: {fault}")
            continue
        except OSError as fault:
            faults.append(f"{path.name}: it cannot be read: {fault.strerror}")
            continue
        except ValidationError as wrong:
            faults += [f"{path.name}: {'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in wrong.errors()]
            continue
        if installation.name != path.stem:
            faults.append(f"{path.name}: name is {installation.name!r}; it must be the file's name")
        faults += [f"{path.name}: {fault}" for fault in _role_faults(installation)]
        found[installation.name] = installation
    faults += _shared_accounts(found)
    if not found and not faults:
        faults.append(f"{where}: there is no installation file (*.toml)")
    if faults:
        raise WrongConfiguration("Installations: " + "\n  ".join(["correct these and start again:", *faults]))
    return found


def installation(name: str) -> Installation:
    """Read one installation. Raises `WrongConfiguration`."""
    known = all_installations()
    if name not in known:
        raise WrongConfiguration(f"Installations: there is no {name!r}; there are: {', '.join(sorted(known))}.")
    return known[name]


def _role_faults(installation: Installation) -> list[str]:
    faults: list[str] = []
    played = [(side.value, side, installation.endpoint(side)) for side in Side]
    played += [
        (f"former_marketplaces.{one.account}", Side.MARKETPLACE, one) for one in installation.former_marketplaces
    ]
    for name, side, endpoint in played:
        faults += [f"{name}.options.{fault}" for fault in registry.option_faults(endpoint.system, endpoint.options)]
        if endpoint.system not in registry.SYSTEMS:
            continue
        for loop in LOOPS.values():
            if getattr(installation.loops, loop.name).mode is Mode.OFF:
                continue
            parts: list[Intake | Route] = [*intakes_of(loop, installation), *loop.routes]
            for part in parts:
                if isinstance(part, Route) and part.optional:
                    continue
                if part.side is side and not issubclass_of(registry.SYSTEMS[endpoint.system], part.role):
                    faults.append(
                        f"loops.{loop.name}: {endpoint.system} cannot play {part.role.__name__} as {name}; "
                        f"those that can: {', '.join(sorted(s for s, c in registry.SYSTEMS.items() if issubclass_of(c, part.role)))}"
                    )
    return faults


def issubclass_of(connector: object, role: type) -> bool:
    """Tell whether a connector class names a role among its bases."""
    return isinstance(connector, type) and role in connector.__mro__


def _shared_accounts(found: dict[str, Installation]) -> list[str]:
    owners: dict[tuple[str, str], str] = {}
    faults = []
    for name, one in found.items():
        for endpoint in (one.marketplace, one.back_office, *one.former_marketplaces):
            account = (endpoint.system, endpoint.account)
            if account in owners:
                faults.append(
                    f"{name}.toml: account {endpoint.account!r} of {endpoint.system} belongs to {owners[account]} already"
                )
            owners[account] = name
    return faults
