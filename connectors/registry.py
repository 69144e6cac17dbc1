"""One line a system: the line that makes it usable is the line that enrols it in the contract tests."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ValidationError

from connectors.cin7_core import Cin7Core
from connectors.deposco import Deposco
from connectors.fulfil import Fulfil
from connectors.http import Surroundings
from connectors.magento import Magento
from connectors.mirakl import Mirakl
from connectors.roles import Connector
from connectors.seko import Seko
from connectors.settings import SystemSettings, from_environment
from connectors.virtualstock import Virtualstock
from connectors.virtualstock.files.connector import VirtualstockFiles


class System(Connector, Protocol):
    """A connector class, as the registry sees it; this is also how one is made."""

    Settings: ClassVar[type[SystemSettings]]
    Options: ClassVar[type[BaseModel]]

    def __init__(self, account: str, settings: Any, options: Any, surroundings: Surroundings) -> None:
        """Make the connector of one account."""
        ...


SYSTEMS: dict[str, type[System]] = {
    "cin7_core": Cin7Core,
    "deposco": Deposco,
    "fulfil": Fulfil,
    "magento": Magento,
    "seko": Seko,
    "mirakl": Mirakl,
    "virtualstock": Virtualstock,
    "virtualstock_files": VirtualstockFiles,
}


def platform(system: str) -> str:
    """Return the platform that a system is a road to: accounts of one name on it are the same account."""
    return str(getattr(SYSTEMS.get(system), "platform", system))


def known(system: str) -> type[System]:
    """Return the connector class of a system, or raise `ValueError` naming those that exist."""
    if system not in SYSTEMS:
        raise ValueError(f"There is no connector for {system!r}; there are: {', '.join(sorted(SYSTEMS))}.")
    return SYSTEMS[system]


def option_faults(system: str, options: Mapping[str, Any]) -> list[str]:
    """Return every fault of an installation's options for a system, each naming its field."""
    try:
        known(system).Options.model_validate(dict(options))
    except ValidationError as faults:
        return [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in faults.errors()]
    except ValueError as fault:
        return [str(fault)]
    return []


def open_connector(
    system: str, installation: str, account: str, options: Mapping[str, Any], surroundings: Surroundings
) -> Connector:
    """Make the connector of one account. Raises `ValueError` naming every setting at fault."""
    connector = known(system)
    settings = from_environment(connector.Settings, installation, system)
    return connector(account, settings, connector.Options.model_validate(dict(options)), surroundings)
