"""Who trades in the demo, and the pretend systems behind them: a seller is an installation file, a system an entry."""

import base64
import csv
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployments.demo.processes import ROOT
from domain.installation import Installation

INSTALLATIONS = ROOT / "deployments" / "installations"
SLACK = "slack"
THE_EDGE, FILES = "virtualstock", "virtualstock_files"  # one pretend system has both doors
PRETEND_TOKEN = "xoxb-of-the-demo"  # noqa: S105 - the pretend Slack's own


def _seller(name: str) -> Installation:
    return Installation.model_validate(tomllib.loads((INSTALLATIONS / f"{name}.toml").read_text("utf-8")))


ALL_SELLERS = ("harbour", "meadow", "orchard", "quarry", "tidewater")
SELLERS = {name: _seller(name) for name in os.environ.get("DEMO_SELLERS", ",".join(ALL_SELLERS)).split(",")}
"""The installations that trade, by name: all, or those that DEMO_SELLERS names."""


@dataclass(frozen=True)
class Pretend:
    """One pretend system: its class in the sandbox, how it is made, and what else than its address our settings need.

    `pushes`: it is told where to push when it is made; others are told by a subscription.
    """

    kind: str
    arguments: dict[str, Any]
    settings: dict[str, str] = field(default_factory=dict)
    pushes: bool = False


def _password(name: str) -> str:
    return f"password-of-{name}"


def _on(system: str) -> list[Installation]:
    return [seller for seller in SELLERS.values() if seller.marketplace.system == system]


_LISTING = ["stock_number", "sku", "ean"]
_OAUTH = {name: f"demo-{name}" for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")}
_PUSH_SECRET = "push-secret-of-the-demo-0123456789"  # noqa: S105 - as above
_WEBHOOK_SECRET = base64.b64encode(b"webhook secret of the demo").decode()
_DEPOSCO = {
    "client_id": "demo-client",
    "client_secret": "demo-client-secret",
    "user": "demo-user",
    "password": "demo-password",
    "refresh_token": "demo-refresh-token",
}
_FULFIL = {"api_key": "demo-key", "webhook_secret": _WEBHOOK_SECRET}
_CIN7_CORE = {"account_id": "demo-account", "application_key": "demo-key"}

SYSTEMS = {
    THE_EDGE: Pretend(
        "Virtualstock",
        {
            "accounts": [
                {
                    "name": seller.marketplace.account,
                    "username": seller.marketplace.account,
                    "password": _password(seller.name),
                    "supplier_id": supplier,
                }
                for supplier, seller in enumerate((*_on(THE_EDGE), *_on(FILES)), start=77)
            ]
        },
    ),
    "mirakl": Pretend(
        "Mirakl",
        {
            "accounts": [
                {"name": seller.marketplace.account, "api_key": _password(seller.name)} for seller in _on("mirakl")
            ]
        },
    ),
    "magento": Pretend("Magento", {"credentials": _OAUTH, "calls_per_minute": 600}, _OAUTH),
    "cin7_core": Pretend("Cin7Core", _CIN7_CORE, _CIN7_CORE),
    "deposco": Pretend("Deposco", {"credentials": _DEPOSCO}, {**_DEPOSCO, "tenant": "ACME"}),
    "fulfil": Pretend("Fulfil", _FULFIL, _FULFIL, pushes=True),
    "seko": Pretend("Seko", {"token": "demo-token"}, {"token": "demo-token"}, pushes=True),
    SLACK: Pretend(
        "Slack",
        {
            "bot_token": PRETEND_TOKEN,
            "channels": {f"C{number}": f"jl-{name}" for number, name in enumerate(SELLERS, start=1)},
        },
    ),
}
"""The pretend systems, by the name under which installations know them."""


def made(receiver: str) -> dict[str, dict[str, Any]]:
    """Return the class and the arguments of each system; those that push know the receiver's address from the start."""
    push_to = {
        seller.back_office.system: f"{receiver}/push/{name}/{seller.back_office.system}/{_PUSH_SECRET}"
        for name, seller in SELLERS.items()
    }
    return {
        name: {
            "class": system.kind,
            "arguments": system.arguments | ({"push_to": push_to[name]} if system.pushes and name in push_to else {}),
        }
        for name, system in SYSTEMS.items()
    }


def market_of(seller: Installation) -> str:
    """Return the pretend system behind a seller's marketplace."""
    return THE_EDGE if seller.marketplace.system == FILES else seller.marketplace.system


def sftp_doors(ports: dict[str, int], folder: Path) -> list[dict[str, Any]]:
    """Return the SFTP doors that are to be served; what they hold and their keys are in the folder."""
    return [
        {
            "system": THE_EDGE,
            "account": seller.marketplace.account,
            "root": str(folder / f"sftp-{seller.name}"),
            "host_key": str(folder / f"sftp-{seller.name}-key"),
            "port": ports[f"sftp-{seller.name}"],
            "username": seller.marketplace.account,
            "password": _password(seller.name),
        }
        for seller in _on(FILES)
    ]


def doors_environment(doors: list[dict[str, Any]], stores: list[dict[str, Any]]) -> dict[str, str]:
    """Return what our programs need to come in by the SFTP doors; the list of stock numbers is written beside them."""
    found: dict[str, str] = {}
    edge = next(store for store in stores if store["system"] == THE_EDGE)
    for seller, door in zip(_on(FILES), doors, strict=True):
        listings = Path(f"{door['root']}-listings.csv")
        rows = [[one[name] for name in _LISTING] for one in edge["accounts"][door["account"]]["listings"]]
        with listings.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([_LISTING, *rows])
        settings = {
            "host": "127.0.0.1",
            "port": str(door["port"]),
            "username": door["username"],
            "password": door["password"],
            "host_key": Path(f"{door['host_key']}.pub").read_text("utf-8").strip(),
            "listings": str(listings),
        }
        found |= {f"{seller.name}_{FILES}_{name}".upper(): value for name, value in settings.items()}
    return found


def environment(addresses: dict[str, str]) -> dict[str, str]:
    """Return what our programs need to reach the pretend systems at these addresses, and to be reached by them."""
    found = {
        "SLACK_BOT_TOKEN": PRETEND_TOKEN,
        "SLACK_API_URL": f"{addresses[SLACK]}/api/",
        "RECEIVER_URL": addresses["receiver"],
        "RECEIVER_PORT": addresses["receiver"].rpartition(":")[2],
    }
    for name, seller in SELLERS.items():
        sign_in = {"username": seller.marketplace.account, "password": _password(name), "api_key": _password(name)}
        office = {**SYSTEMS[seller.back_office.system].settings, "push_secret": _PUSH_SECRET}
        for system, settings in ((market_of(seller), sign_in), (seller.back_office.system, office)):
            values = {"base_url": addresses[system], **settings}
            found |= {f"{name}_{system}_{setting}".upper(): value for setting, value in values.items()}
    found["TIDEWATER_SEKO_LEGACY_BASE_URL"] = addresses["seko"]  # its second hub is served at the same place
    return found
