"""The day that is traded: two sellers, their systems, and one clock that makes twelve hours pass in minutes."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deployments.demo.processes import Child, Children, free_port, wait_for_port

HOURS = 12
OPENS_AT = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # a Monday
BACK_OFFICES = {"harbour": "magento", "meadow": "cin7_core"}
MARKETPLACE = "the_edge"
SLACK = "slack"
PRETEND_TOKEN = "xoxb-of-the-demo"  # noqa: S105 - the pretend Slack's own
PLAN = {
    "seconds": HOURS * 3600,
    "orders": 450,
    "rush": 100,
    "products": 100,
    "stock": [200, 500],
    "sales_elsewhere": 100,
    "picking": [1800, 7200],
}


@dataclass(frozen=True)
class Sandboxes:
    """The pretend systems as they are served; `environment` is what our programs need to use them."""

    process: Child
    scale: float
    stores_file: Path
    addresses: dict[str, str]
    environment: dict[str, str]

    def progress(self) -> dict[str, Any]:
        """Return how far the day is, in total and by seller."""
        return _asked("GET", f"{self.addresses['control']}/_world/progress")

    def quiet(self) -> None:
        """End faults and trade; the warehouse goes on with what was ordered."""
        _asked("POST", f"{self.addresses['control']}/_world/quiet")

    def stores(self) -> list[dict[str, Any]]:
        """Return all that the systems hold; it is also written beside their log, for the audit."""
        _asked("GET", f"{self.addresses['control']}/_sandbox/store")
        read: list[dict[str, Any]] = json.loads(self.stores_file.read_text("utf-8"))
        return read

    def calls(self) -> dict[str, Any]:
        """Return calls, refused calls and limits by system."""
        return _asked("GET", f"{self.addresses['control']}/_sandbox/calls")


def account_of(installation: str) -> str:
    """Return the marketplace account of an installation, as its file names it."""
    return f"{installation}-the-edge"


def open_day(children: Children, seconds: float) -> Sandboxes:
    """Serve the pretend systems and let the day begin; `seconds` is how long it takes on this machine."""
    scale = HOURS * 3600 / seconds
    started = datetime.now(UTC) + timedelta(seconds=1)
    ports = {name: free_port() for name in (MARKETPLACE, *BACK_OFFICES.values(), SLACK, "control")}
    config = {
        "scale": scale,
        "epoch": OPENS_AT.isoformat(),
        "started": started.isoformat(),
        "control_port": ports["control"],
        "systems": _systems(ports),
        "worlds": [
            {
                "marketplace": MARKETPLACE,
                "account": account_of(name),
                "back_office": office,
                "seed": seed,
                "plan": PLAN,
            }
            for seed, (name, office) in enumerate(BACK_OFFICES.items(), start=1)
        ],
    }
    file, out = children.folder / "sandboxes.json", children.folder / "sandboxes"
    file.write_text(json.dumps(config, indent=2), "utf-8")
    process = children.start(
        "sandboxes", *(sys.executable, "-m", "sandbox.serve", "--config", str(file), "--out", str(out))
    )
    wait_for_port(ports["control"], process)
    clock = {
        "CLOCK_SCALE": str(scale),
        "CLOCK_EPOCH": OPENS_AT.isoformat(),
        "CLOCK_STARTED": started.isoformat(),
    }
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    return Sandboxes(process, scale, out / "stores.json", addresses, {**clock, **_secrets(addresses)})


def _systems(ports: dict[str, int]) -> list[dict[str, Any]]:
    accounts = [
        {
            "name": account_of(name),
            "username": account_of(name),
            "password": f"password-of-{name}",
            "supplier_id": supplier,
        }
        for supplier, name in enumerate(BACK_OFFICES, start=77)
    ]
    credentials = {name: f"demo-{name}" for name in _OAUTH}
    channels = {f"C{number}": f"jl-{name}" for number, name in enumerate(BACK_OFFICES, start=1)}
    arguments: dict[str, tuple[str, dict[str, Any]]] = {
        MARKETPLACE: ("Virtualstock", {"accounts": accounts}),
        "magento": ("Magento", {"credentials": credentials, "calls_per_minute": 600}),
        "cin7_core": ("Cin7Core", {"account_id": "demo-account", "application_key": "demo-key"}),
        SLACK: ("Slack", {"bot_token": PRETEND_TOKEN, "channels": channels}),
    }
    return [
        {"name": name, "class": kind, "port": ports[name], "arguments": given}
        for name, (kind, given) in arguments.items()
    ]


_OAUTH = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


def _secrets(addresses: dict[str, str]) -> dict[str, str]:
    found = {
        "SLACK_BOT_TOKEN": PRETEND_TOKEN,
        "SLACK_API_URL": f"{addresses[SLACK]}/api/",
        "HARBOUR_MAGENTO_BASE_URL": addresses["magento"],
        "MEADOW_CIN7_CORE_BASE_URL": addresses["cin7_core"],
        "MEADOW_CIN7_CORE_ACCOUNT_ID": "demo-account",
        "MEADOW_CIN7_CORE_APPLICATION_KEY": "demo-key",
    }
    found |= {f"HARBOUR_MAGENTO_{name.upper()}": f"demo-{name}" for name in _OAUTH}
    for name in BACK_OFFICES:
        found[f"{name.upper()}_VIRTUALSTOCK_BASE_URL"] = addresses[MARKETPLACE]
        found[f"{name.upper()}_VIRTUALSTOCK_USERNAME"] = account_of(name)
        found[f"{name.upper()}_VIRTUALSTOCK_PASSWORD"] = f"password-of-{name}"
    return found


def _asked(method: str, url: str) -> dict[str, Any]:
    answer = httpx.request(method, url, timeout=30, trust_env=False)
    answer.raise_for_status()
    read: dict[str, Any] = answer.json()
    return read
