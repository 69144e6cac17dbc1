"""Prefect's own server calls a person when the alerts flow stops ending well: no worker of ours need be alive."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Completed

from tasks.automations import NAME, write_automations

QUIET = timedelta(seconds=10)  # the server takes no shorter time


class Posts(HTTPServer):
    """What was posted: path, headers and body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taken)
        self.taken: list[tuple[str, dict[str, str], Any]] = []


class _Taken(BaseHTTPRequestHandler):
    server: Posts

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.taken.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Posts]:
    server = Posts()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-the-test")
    monkeypatch.setenv("SLACK_CHANNEL", "C0PERATIONS")
    monkeypatch.setenv("SLACK_API_URL", f"http://127.0.0.1:{server.server_port}/api/")
    yield server
    server.shutdown()
    server.server_close()


async def _ends_well(deployment: str) -> None:
    """Let a run of a deployment end well, as the server sees it."""

    @flow(name=deployment)
    def anything() -> None: ...

    async with get_client() as client:
        deployment_id = await client.create_deployment(await client.create_flow(anything), deployment)
        run = await client.create_flow_run_from_deployment(deployment_id)
        await client.set_flow_run_state(run.id, Completed(), force=True)


async def _within(seconds: float, posts: Posts) -> bool:
    for _ in range(int(seconds * 2)):
        if posts.taken:
            return True
        await asyncio.sleep(0.5)
    return False


async def test_a_person_is_called_once_the_alerts_flow_ends_well_no_more(slack: Posts) -> None:
    assert "from now on" in await write_automations(QUIET)
    for _ in range(4):
        await _ends_well("alerts")
        assert not await _within(4, slack), "it ran"
    for _ in range(8):
        await _ends_well("orders-harbour")  # any other flow is no sign of life of this one
        if await _within(4, slack):
            break
    path, headers, body = slack.taken[0]
    assert (path, headers["authorization"]) == ("/api/chat.postMessage", "Bearer xoxb-of-the-test")
    assert body["channel"] == "C0PERATIONS"
    assert NAME in body["text"]
    assert "from now on" not in await write_automations(), "it may be repeated, and is the same one"


async def test_by_a_webhook_it_speaks_to_the_webhook(slack: Posts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"http://127.0.0.1:{slack.server_port}/services/T0/B0/secret")
    await write_automations(QUIET)
    assert await _within(40, slack)
    assert slack.taken[0][0] == "/services/T0/B0/secret"


async def test_without_slack_it_says_that_nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    assert "NOT watched" in await write_automations()
