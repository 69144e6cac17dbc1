"""Who trades in the demo, and the pretend systems behind them: a seller is an installation file, a system an entry."""

import tomllib
from dataclasses import dataclass, field
from typing import Any

from deployments.demo.processes import ROOT
from domain.installation import Installation

INSTALLATIONS = ROOT / "deployments" / "installations"
SLACK = "slack"
PRETEND_TOKEN = "xoxb-of-the-demo"  # noqa: S105 - the pretend Slack's own


def _seller(name: str) -> Installation:
    return Installation.model_validate(tomllib.loads((INSTALLATIONS / f"{name}.toml").read_text("utf-8")))


SELLERS = {name: _seller(name) for name in ("harbour", "meadow")}
"""The installations that trade, by name."""


@dataclass(frozen=True)
class Pretend:
    """One pretend system: its class in the sandbox, how it is made, and what else than its address our settings need."""

    kind: str
    arguments: dict[str, Any]
    settings: dict[str, str] = field(default_factory=dict)


def _password(name: str) -> str:
    return f"password-of-{name}"


def _on(system: str) -> list[Installation]:
    return [seller for seller in SELLERS.values() if seller.marketplace.system == system]


_OAUTH = {name: f"demo-{name}" for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")}
_CIN7_CORE = {"account_id": "demo-account", "application_key": "demo-key"}

SYSTEMS = {
    "virtualstock": Pretend(
        "Virtualstock",
        {
            "accounts": [
                {
                    "name": seller.marketplace.account,
                    "username": seller.marketplace.account,
                    "password": _password(seller.name),
                    "supplier_id": supplier,
                }
                for supplier, seller in enumerate(_on("virtualstock"), start=77)
            ]
        },
    ),
    "magento": Pretend("Magento", {"credentials": _OAUTH, "calls_per_minute": 600}, _OAUTH),
    "cin7_core": Pretend("Cin7Core", _CIN7_CORE, _CIN7_CORE),
    SLACK: Pretend(
        "Slack",
        {
            "bot_token": PRETEND_TOKEN,
            "channels": {f"C{number}": f"jl-{name}" for number, name in enumerate(SELLERS, start=1)},
        },
    ),
}
"""The pretend systems, by the name under which installations know them."""


def environment(addresses: dict[str, str]) -> dict[str, str]:
    """Return what our programs need to reach the pretend systems at these addresses."""
    found = {"SLACK_BOT_TOKEN": PRETEND_TOKEN, "SLACK_API_URL": f"{addresses[SLACK]}/api/"}
    for name, seller in SELLERS.items():
        sign_in = {"username": seller.marketplace.account, "password": _password(name)}
        for system, settings in (
            (seller.marketplace.system, sign_in),
            (seller.back_office.system, SYSTEMS[seller.back_office.system].settings),
        ):
            values = {"base_url": addresses[system], **settings}
            found |= {f"{name}_{system}_{setting}".upper(): value for setting, value in values.items()}
    return found
