"""A pretend Slack on a real local port: the library speaks through real sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from connectors.slack import Slack, SlackSettings
from sandbox.kit import Fault, ScaledClock
from sandbox.slack import Message
from sandbox.slack import Slack as PretendSlack

TOKEN, HOOK = "xoxb-very-secret", "T0/B0/hook-very-secret"


class Workspace:
    """A pretend workspace with two channels, and settings that reach it."""

    def __init__(self, address: str, pretend: PretendSlack) -> None:
        self.address, self.pretend = address, pretend

    def by_token(self, token: str = TOKEN, channel: str = "orders") -> SlackSettings:
        return SlackSettings.model_validate(
            {"bot_token": token, "channel": channel, "api_url": f"{self.address}/api/"},
        )

    def by_webhook(self, hook: str = HOOK) -> SlackSettings:
        return SlackSettings.model_validate({"webhook_url": f"{self.address}/services/{hook}"})

    def slack(self, **changes: Any) -> Slack:
        return Slack(self.by_token(), **changes)

    def fail(self, path: str, **fault: Any) -> None:
        self.pretend.faults.append(Fault(path=path, **fault))

    def shown(self, channel: str | None = None) -> list[Message]:
        return self.pretend.messages(channel)

    def calls(self, path: str) -> int:
        return self.pretend.calls[f"POST {path}"]


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Serve a workspace until the block ends."""
    pretend = PretendSlack(
        ScaledClock(), bot_token=TOKEN, channels={"C1": "orders", "C2": "stock"}, webhooks={HOOK: "C1"}, limited=False
    )
    door = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(pretend.app, log_config=None, interface="asgi3", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    try:
        yield Workspace(f"http://127.0.0.1:{door.getsockname()[1]}", pretend)
    finally:
        server.should_exit = True
        thread.join(10)
        door.close()
