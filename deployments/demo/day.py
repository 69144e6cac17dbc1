"""The day that is traded: the sellers, their systems, and one clock that makes twelve hours pass in minutes."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deployments.demo.processes import Child, Children, free_port, wait_for_port
from deployments.demo.sellers import SELLERS, SYSTEMS, doors_environment, environment, made, market_of, sftp_doors

HOURS = 12
STARTS_AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # a Monday; the day opens when the items are read
PLAN = {
    "seconds": HOURS * 3600,
    "orders": 900 // len(SELLERS),
    "rush": 200 // len(SELLERS),
    "products": 200 // len(SELLERS),
    "stock": [200, 500],
    "sell_outs": 60 // len(SELLERS),
    "contested": 20 // len(SELLERS),
    "sales_elsewhere": 200 // len(SELLERS),
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

    def open(self) -> None:
        """Let the day of trade begin now."""
        _asked("POST", f"{self.addresses['control']}/_world/open")

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


def open_day(children: Children, seconds: float) -> Sandboxes:
    """Serve the pretend systems, whose day is yet to be opened; `seconds` is how long it takes on this machine."""
    scale = HOURS * 3600 / seconds
    started = datetime.now(UTC) + timedelta(seconds=1)
    sftp = [f"sftp-{name}" for name in SELLERS]
    ports = {name: free_port() for name in (*SYSTEMS, *sftp, "receiver", "control")}
    doors = sftp_doors(ports, children.folder)
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    config = {
        "scale": scale,
        "epoch": STARTS_AT.isoformat(),
        "started": started.isoformat(),
        "control_port": ports["control"],
        "opens": False,
        "systems": [
            {"name": name, "port": ports[name], **system} for name, system in made(addresses["receiver"]).items()
        ],
        "worlds": [
            {
                "marketplace": market_of(seller),
                "account": seller.marketplace.account,
                "back_office": seller.back_office.system,
                "seed": seed,
                "plan": PLAN,
            }
            for seed, seller in enumerate(SELLERS.values(), start=1)
        ],
        "folders": doors,
    }
    file, out = children.folder / "sandboxes.json", children.folder / "sandboxes"
    file.write_text(json.dumps(config, indent=2), "utf-8")
    process = children.start(
        "sandboxes", *(sys.executable, "-m", "sandbox.serve", "--config", str(file), "--out", str(out))
    )
    wait_for_port(ports["control"], process)
    clock = {
        "CLOCK_SCALE": str(scale),
        "CLOCK_EPOCH": STARTS_AT.isoformat(),
        "CLOCK_STARTED": started.isoformat(),
    }
    made_of = Sandboxes(process, scale, out / "stores.json", addresses, {**clock, **environment(addresses)})
    made_of.environment.update(doors_environment(doors, made_of.stores()))
    return made_of


def _asked(method: str, url: str) -> dict[str, Any]:
    answer = httpx.request(method, url, timeout=30, trust_env=False)
    answer.raise_for_status()
    read: dict[str, Any] = answer.json()
    return read
