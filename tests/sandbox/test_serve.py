"""The pretend systems as a process of their own: served, trading, stopped, and audited from what it left."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import pytest

from sandbox.audit import audit

PATIENCE_SECONDS = 30.0
SELLER: dict[str, Any] = {"orders": 20, "rush": 5, "products": 10, "sell_outs": 2, "contested": 1, "picking": [60, 120]}


def free_ports(number: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def configuration() -> dict[str, Any]:
    control, edge, shop, books, slack = free_ports(5)
    accounts = [
        {"name": name, "username": name, "password": "pretend", "supplier_id": number}
        for number, name in enumerate(("acme", "zephyr"), start=77)
    ]
    shop_keys = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "pretend")
    books_keys = {"account_id": "pretend", "application_key": "pretend"}
    slack_keys = {"bot_token": "pretend", "channels": {"C1": "alerts"}}
    world = {"marketplace": "edge", "plan": {**SELLER, "seconds": 7_200}}
    return {
        "scale": 2_400,
        "epoch": "2026-03-02T07:00:00+00:00",
        "control_port": control,
        "systems": [
            {"name": "edge", "class": "Virtualstock", "port": edge, "arguments": {"accounts": accounts}},
            {"name": "shop", "class": "Magento", "port": shop, "arguments": {"credentials": shop_keys}},
            {"name": "books", "class": "Cin7Core", "port": books, "arguments": books_keys},
            {"name": "slack", "class": "Slack", "port": slack, "arguments": slack_keys},
        ],
        "worlds": [
            {**world, "account": "acme", "back_office": "shop", "seed": 1},
            {**world, "account": "zephyr", "back_office": "books", "trouble": {"outages": 0}},
        ],
    }


def command(config: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "sandbox.serve", "--config", str(config), "--out", str(out)]


def address(config: dict[str, Any], name: str) -> str:
    ports = {system["name"]: system["port"] for system in config["systems"]}
    return f"http://127.0.0.1:{ports.get(name, config['control_port'])}"


def awaited(url: str, *, finished: bool) -> dict[str, Any]:
    """Return the first progress that says so, or fail."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            progress = httpx.get(url).json()
            if progress["finished"] is finished:
                return dict(progress)
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"{url} never told finished={finished}")


class Served:
    def __init__(self, tmp_path: Path, **more: Any) -> None:
        self.config, self.out = {**configuration(), **more}, tmp_path / "out"
        self.control = address(self.config, "control")
        path = tmp_path / "config.json"
        path.write_text(json.dumps(self.config), encoding="utf-8")
        self.process = subprocess.Popen(command(path, self.out), stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours

    def stop(self, number: signal.Signals) -> tuple[float, str]:
        began = time.monotonic()
        self.process.send_signal(number)
        errors = self.process.communicate(timeout=PATIENCE_SECONDS)[1]
        return time.monotonic() - began, errors

    def written(self, name: str) -> Any:
        return json.loads((self.out / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    if served.process.poll() is None:
        served.process.kill()
        served.process.communicate()


def test_a_day_is_served_written_and_audited(served: Served) -> None:
    begun = awaited(f"{served.control}/_world/progress", finished=False)
    assert begun["now"].startswith("2026-03-02T0")
    assert begun["scale"] == 2_400
    done = awaited(f"{served.control}/_world/progress", finished=True)
    assert done["orders_offered"] == sum(world["orders_offered"] for world in done["worlds"]) >= 2 * SELLER["orders"]
    assert [world["trouble"].get("outages") for world in done["worlds"]] == [2, None]
    stores = httpx.get(f"{served.control}/_sandbox/store").json()
    assert [store["system"] for store in stores] == ["edge", "shop", "books", "slack"]
    seconds, errors = served.stop(signal.SIGTERM)
    assert (served.process.returncode, errors) == (0, "")
    assert seconds < 2
    report = audit(served.written("stores"), pairs={"acme": "shop", "zephyr": "books"})
    assert report["total"]["orders_offered"] == done["orders_offered"]
    assert set(served.written("calls")) == {"edge", "shop", "books", "slack"}
    assert served.written("progress")["finished"] is True


def test_all_systems_answer_and_their_calls_are_counted(served: Served) -> None:
    awaited(f"{served.control}/_world/progress", finished=False)
    # A broken answer breaks the connection and is not news for the log.
    slack = address(served.config, "slack")
    httpx.post(f"{slack}/_sandbox/faults", json=[{"kind": "truncated", "path": "/api/auth.test"}])
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{slack}/api/auth.test")
    httpx.post(f"{slack}/api/auth.test", headers={"Authorization": "Bearer pretend"})
    assert httpx.get(f"{address(served.config, 'edge')}/restapi/v4/orders/").is_error
    calls = httpx.get(f"{served.control}/_sandbox/calls").json()
    assert calls["slack"]["calls"] == {"POST /api/auth.test": 2}
    assert calls["edge"]["calls"] == {"GET /restapi/v4/orders/": 1}
    assert calls["edge"]["limits"] == {"each user": 250}
    seconds, errors = served.stop(signal.SIGINT)
    assert (served.process.returncode, errors, seconds < 2) == (0, "", True)
    assert served.written("calls") == calls


def test_the_worlds_can_be_made_quiet(served: Served) -> None:
    awaited(f"{served.control}/_world/progress", finished=False)
    quiet = httpx.post(f"{served.control}/_world/quiet").json()
    done = awaited(f"{served.control}/_world/progress", finished=True)
    assert done["orders_offered"] == quiet["orders_offered"]


def test_worlds_that_wait_open_when_they_are_told(tmp_path: Path) -> None:
    served = Served(tmp_path, opens=False)
    try:
        awaited(f"{served.control}/_world/progress", finished=False)
        time.sleep(3.5)  # longer than the whole day takes
        waits = httpx.get(f"{served.control}/_world/progress").json()
        assert (waits["finished"], waits["orders_offered"]) == (False, 0)
        assert all(not any(world["trouble"].values()) for world in waits["worlds"])
        for _ in range(2):  # said twice, it is opened once
            httpx.post(f"{served.control}/_world/open").raise_for_status()
        done = awaited(f"{served.control}/_world/progress", finished=True)
        assert done["orders_offered"] >= 2 * SELLER["orders"]
        assert [world["trouble"].get("outages") for world in done["worlds"]] == [2, None]
        seconds, errors = served.stop(signal.SIGTERM)
        assert (served.process.returncode, errors, seconds < 2) == (0, "", True)
    finally:
        served.process.kill()
        served.process.communicate()


def test_the_folders_of_an_account_are_served_over_sftp(tmp_path: Path) -> None:
    [port] = free_ports(1)
    sign_in = {"username": "supplier", "password": "pretend"}
    place = {"root": str(tmp_path / "server"), "host_key": str(tmp_path / "key"), "port": port}
    served = Served(tmp_path, folders=[{"system": "edge", "account": "acme", **place, **sign_in}])

    async def orders() -> int:
        known = asyncssh.read_public_key(f"{place['host_key']}.pub")
        given: dict[str, Any] = {"known_hosts": ([known], [], []), "config": None, "client_keys": None}
        async with (
            asyncssh.connect("127.0.0.1", port, **sign_in, **given) as connection,
            connection.start_sftp_client() as client,
        ):
            names = {str(name) for name in await client.listdir("/live/incoming")}
        return sum(f"{name}.DONE" in names for name in names)

    try:
        awaited(f"{served.control}/_world/progress", finished=True)
        until = time.monotonic() + PATIENCE_SECONDS
        while not asyncio.run(orders()) and time.monotonic() < until:
            time.sleep(0.1)
        assert asyncio.run(orders()) > 0
        seconds, errors = served.stop(signal.SIGTERM)
        assert (served.process.returncode, errors, seconds < 3) == (0, "", True)
    finally:
        served.process.kill()


def fails(tmp_path: Path, config: Any) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run(command(path, tmp_path), capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"sandbox.serve: {path}: ")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("place", "change", "told"),
    [
        ("systems", {"class": "Oracle"}, "system edge: ValueError: class Oracle is none of Virtualstock, Magento"),
        ("systems", {"arguments": {"accounts": [], "speed": 1}}, "system edge: TypeError: "),
        (
            "worlds",
            {"back_office": "slack"},
            "world acme: TypeError: a world joins one of Virtualstock, Mirakl to one of Magento, Cin7Core",
        ),
        ("worlds", {"back_office": "nobody"}, "world acme: KeyError: 'nobody'"),
        ("worlds", {"plan": {"sell_outs": 1, "contested": 2}}, "contested <= sell_outs"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(tmp_path: Path, place: str, change: Any, told: str) -> None:
    config = configuration()
    config[place][0] |= change
    assert told in fails(tmp_path, config)


def test_a_port_that_is_taken_and_a_missing_control_port_are_named(tmp_path: Path) -> None:
    config = configuration()
    with socket.create_server(("127.0.0.1", config["control_port"])):
        assert f"port {config['control_port']} of the control server cannot be had" in fails(tmp_path, config)
    del config["control_port"]
    assert "it cannot be read: KeyError: 'control_port'" in fails(tmp_path, config)
