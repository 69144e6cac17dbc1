"""The receiver over real sockets: what it answers, when, and what is left when it is killed in the middle."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.events.filters import EventFilter, EventNameFilter
from sqlalchemy import select

from connectors import registry
from deployments.demo.processes import free_port
from domain.budgets import Limit
from domain.clock import ScaledClock
from flows import receiver
from ledger.database import Database, LedgerUnusable
from ledger.rows import table
from ledger.tables import Cause, Inbox
from tasks import prefect_api, waking
from tests.depot import PERSON, PUSH_SECRET, Depot, push, shipment
from tests.receiving import PATH, environment, served

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def told() -> list[tuple[str, str]]:
    """What Prefect was told."""
    return []


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, str]]) -> Iterator[str]:
    async def tell(installation: str, loop: str) -> None:
        told.append((installation, loop))

    _prepare(tmp_path, monkeypatch)
    monkeypatch.setattr(receiver, "Waker", lambda: waking.Waker(tell))
    with served() as at:
        yield at


def _prepare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "depot", Depot)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)


CLIENT = httpx.Client(timeout=30)  # one for hundreds of calls: making one takes longer than a call


def call(address: str, *parcels: dict[str, Any], path: str = PATH, **more: Any) -> httpx.Response:
    headers, body = push(*parcels, **more)
    return CLIENT.post(f"{address}{path}", headers=headers, content=body)


def rows(folder: Path, model: Any, column: str) -> list[str]:
    database = Database(f"sqlite:///{folder / 'ledger.sqlite'}", ScaledClock())
    with closing(database), database.transaction("harbour") as tx:
        return [row[0] for row in tx.rows(select(table(model).c[column]))]


def test_a_push_is_answered_as_the_vendor_wants_once_it_is_durable(
    address: str, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    answer = call(address, shipment(1, "p-1", "1001"))
    assert (answer.status_code, answer.content) == (202, b'{"taken":true}')
    assert answer.headers["content-type"] == "application/json"
    assert rows(tmp_path, Inbox, "key") == ["p-1"]
    _until(lambda: told == [("harbour", "dispatch")])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PATH[:-1]),
        ("POST", PATH + "/"),
        ("POST", PATH.replace("harbour", "meadow")),
        ("POST", PATH.replace("depot", "marketplace")),
        ("POST", "/push/harbour/depot/"),
        ("GET", PATH),
        ("PUT", PATH),
        ("GET", "/docs"),
        ("POST", "/health"),
    ],
)
def test_a_path_that_is_not_exactly_right_is_answered_like_any_that_does_not_exist(
    address: str, method: str, path: str
) -> None:
    nothing, answer = (httpx.request(method, f"{address}{one}") for one in ("/nothing-here", path))
    assert answer.status_code == nothing.status_code == 404
    assert answer.content == nothing.content
    assert {*answer.headers} == {*nothing.headers}


def test_a_body_without_end_is_refused_while_it_is_read_and_leaves_a_cause(address: str, tmp_path: Path) -> None:
    sent = 0
    with _connected(address) as line:
        line.sendall(f"POST {PATH} HTTP/1.1\r\nHost: us\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with suppress(OSError):  # it hangs up on us
            while sent < 8 * receiver.LARGEST_BODY_BYTES:
                line.sendall(piece)
                sent += len(piece)
    assert sent < 3 * receiver.LARGEST_BODY_BYTES, "what the sockets hold comes on top"
    _until(lambda: rows(tmp_path, Cause, "title") == ["Push that we refused: harbour-depot"])
    large = httpx.post(f"{address}{PATH}", content=b"x" * (receiver.LARGEST_BODY_BYTES + 1))
    assert large.status_code == 413


def test_a_body_that_trickles_is_given_up_and_asked_for_again(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "BODY_SECONDS", 0.2)
    with _connected(address) as line:
        line.sendall(f"POST {PATH} HTTP/1.1\r\nHost: us\r\nContent-Length: 10\r\n\r\n12".encode())
        answer = line.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 503")
    assert "retry-after" in answer
    assert rows(tmp_path, Inbox, "key") == []


def test_more_pushes_than_an_honest_vendor_sends_are_told_when_to_come_again(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.doors.MOST_PUSHES", Limit(3, burst=2))
    answers = [call(address, news=["dispatch"]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert call(address, path=PATH[:-1]).status_code == 404, "who does not know the secret learns nothing of it"


def test_without_prefect_the_answer_is_as_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody_there(installation: str, loop: str) -> None:
        raise httpx.ConnectError("no Prefect")

    _prepare(tmp_path, monkeypatch)
    monkeypatch.setattr(receiver, "Waker", lambda: waking.Waker(nobody_there))
    with served() as address:
        assert call(address, shipment(1, "p-1", "1001")).status_code == 202
    assert rows(tmp_path, Inbox, "key") == ["p-1"]


def test_health_says_whether_the_ledger_can_be_written_and_a_push_is_asked_for_again_when_not(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert httpx.get(f"{address}/health").json() == {"ledger": "usable"}
    monkeypatch.setattr(receiver, "HEALTH_FOR_SECONDS", 0.0)

    def full(*_: object) -> Any:
        raise LedgerUnusable("Ledger: the disk is full.")

    monkeypatch.setattr(Database, "transaction", full)
    health = httpx.get(f"{address}/health")
    assert (health.status_code, health.json()) == (503, {"ledger": "not usable"})
    answer = call(address, shipment(1, "p-1", "1001"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


@contextmanager
def process(folder: Path, *command: str, system: str = "depot") -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the receiver as a process of its own; give it and its address."""
    port = free_port()
    given = {**os.environ, **environment(folder, system), "PYTHONPATH": str(ROOT), "RECEIVER_PORT": str(port)}
    given.pop("PREFECT_API_URL", None)
    with (folder / "log").open("wb") as log:
        arguments = [sys.executable, "-m", *(command or ("tests.receiving",))]
        running = subprocess.Popen(  # noqa: S603 - our own program
            [part.replace("PORT", str(port)) for part in arguments], env=given, cwd=ROOT, stdout=log, stderr=log
        )
        try:
            _until(lambda: _answers(port) or running.poll() is not None, 60)
            assert running.poll() is None, (folder / "log").read_text()
            yield running, f"http://127.0.0.1:{port}"
        finally:
            running.kill()
            running.wait()


def test_killed_in_the_middle_everything_that_was_answered_is_there(tmp_path: Path) -> None:
    taken: list[str] = []

    def send(number: int, at: str) -> None:
        with suppress(httpx.HTTPError):
            if call(at, shipment(number, f"p-{number}", "1001")).status_code == 202:
                taken.append(f"p-{number}")

    with process(tmp_path) as (running, at), ThreadPoolExecutor(4) as senders:
        for number in range(400):
            senders.submit(send, number, at)
        _until(lambda: len(taken) >= 20)
        os.kill(running.pid, signal.SIGKILL)
    assert 20 <= len(taken) < 400
    kept = set(rows(tmp_path, Inbox, "key"))
    assert set(taken) <= kept
    with process(tmp_path) as (running, at):
        for number in range(40):
            send(number, at)
        running.terminate()
        running.wait(40)
    assert {f"p-{number}" for number in range(40)} <= set(rows(tmp_path, Inbox, "key"))
    log = (tmp_path / "log").read_text()
    assert "harbour-depot" in log
    assert PUSH_SECRET not in log
    assert PERSON not in log


def test_also_started_by_hand_with_an_access_log_no_secret_is_logged(tmp_path: Path) -> None:
    command = ("uvicorn", "--factory", "flows.receiver:application", "--port", "PORT", "--log-level", "debug")
    with process(tmp_path, *command, system="magento") as (_, at):
        assert httpx.post(f"{at}{PATH}").status_code == 404
    log = (tmp_path / "log").read_text()
    assert "startup complete" in log
    assert PUSH_SECRET not in log


async def test_prefect_gets_an_event_that_names_installation_and_loop_and_nothing_else() -> None:
    await prefect_api.tell_of_news("harbour", "dispatch")
    async with get_client() as client:
        found: list[Any] = []
        ends = time.monotonic() + 30
        while not found and time.monotonic() < ends:
            page = await client.read_events(EventFilter(event=EventNameFilter(name=["news.dispatch"])), limit=10)
            found = page.events
    [event] = found
    assert event.resource.id == "installation.harbour"
    assert event.payload == {}


def _connected(address: str) -> Any:
    parts = urlsplit(address)
    return closing(socket.create_connection((parts.hostname, parts.port), timeout=20))


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _until(so: Any, seconds: float = 20.0) -> None:
    ends, pause = time.monotonic() + seconds, threading.Event()
    while not so():
        assert time.monotonic() < ends, "it never came to be so"
        pause.wait(0.02)
