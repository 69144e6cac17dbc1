"""The pretend Slack itself: webhooks, Web API methods, and messages with all their versions."""

import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.kit import Clock, RollingWindow, System, iso
from sandbox.slack.blocks import complaints
from sandbox.slack.page import article, channel_page

LONGEST_TEXT = 40_000


@dataclass(frozen=True)
class Version:
    """What a message said from a moment on."""

    at: datetime
    text: str
    blocks: list[dict[str, Any]]


@dataclass
class Message:
    """One message of a channel, or a reply in a thread of it; the last version is what people see.

    `broadcast`: a reply that is shown in the channel too.
    """

    channel: str
    ts: str
    thread_ts: str | None
    versions: list[Version] = field(default_factory=list)
    broadcast: bool = False

    @property
    def text(self) -> str:
        """Return what the message says now."""
        return self.versions[-1].text

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Return the blocks of the message now."""
        return self.versions[-1].blocks


class Refused(Exception):
    """Slack does not take the call; `code` is its error word."""

    def __init__(self, code: str, details: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.code, self.details = code, details


class TooFast(Exception):
    """More than one message a second for a channel."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds} s")
        self.headers = {"Retry-After": str(max(1, math.ceil(seconds)))}


class Slack(System):
    """One pretend workspace.

    `channels` maps channel ids to names; callers may use either. `webhooks` maps the path after
    `/services/` to the channel id that it posts to. `limited` turns the limit of one message a
    second for each channel on and off.
    """

    name = "slack"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        bot_token: str,
        channels: Mapping[str, str],
        webhooks: Mapping[str, str] | None = None,
        limited: bool = True,
    ) -> None:
        super().__init__(clock, seed)
        self.limited = limited
        self._bot_token = bot_token
        self._channels, self._webhooks = dict(channels), dict(webhooks or {})
        self._messages: list[Message] = []
        self._window = RollingWindow(1, 1.0)

    def routes(self) -> Sequence[Route]:
        """Return Slack's routes and the page for people."""
        return [
            Route("/", self._page),
            Route("/services/{path:path}", self._webhook, methods=["POST"]),
            Route("/api/auth.test", self._method(self._test), methods=["POST"]),
            Route("/api/chat.postMessage", self._method(self._post), methods=["POST"]),
            Route("/api/chat.update", self._method(self._update), methods=["POST"]),
        ]

    def limits(self) -> dict[str, Any]:
        """Return the limit in force for each channel."""
        return {"messages of a channel": 60} if self.limited else {}

    def messages(self, channel: str | None = None) -> list[Message]:
        """Return the messages of all channels, or of one (id or name), the oldest first."""
        wanted = None if channel is None else self._channel(channel)
        return [message for message in self._messages if wanted in {None, message.channel}]

    def replies(self, parent: Message) -> list[Message]:
        """Return the replies in the thread of a message, the oldest first."""
        return [one for one in self._messages if (one.channel, one.thread_ts) == (parent.channel, parent.ts)]

    def dump(self) -> dict[str, Any]:
        """Return every message with its versions as plain JSON."""
        return {
            "system": self.name,
            "kind": "chat",
            "messages": [
                {
                    "channel": self._channels[message.channel],
                    "ts": message.ts,
                    "thread_ts": message.thread_ts,
                    "broadcast": message.broadcast,
                    "versions": [
                        {"at": iso(version.at), "text": version.text, "blocks": version.blocks}
                        for version in message.versions
                    ],
                }
                for message in self._messages
            ],
        }

    async def _page(self, _: Request) -> Response:
        shown = []
        for channel, name in self._channels.items():
            articles = [
                self._shown(message, "in reply to a thread" if message.thread_ts else "")
                + "".join(self._shown(reply, "reply") for reply in self.replies(message))
                for message in self.messages(channel)
                if message.thread_ts is None or message.broadcast
            ]
            shown.append((name, articles))
        return HTMLResponse(channel_page(shown))

    def _shown(self, message: Message, note: str) -> str:
        return article(message.versions[0].at, len(message.versions) - 1, message.text, message.blocks, note)

    async def _webhook(self, request: Request) -> Response:
        channel = self._webhooks.get(request.path_params["path"])
        if channel is None:
            return PlainTextResponse("no_service", 404)
        try:
            self._add({**await _arguments(request), "channel": channel})
        except Refused as refusal:
            return PlainTextResponse(refusal.code, 400)
        except TooFast as wait:
            return PlainTextResponse("rate_limited", 429, wait.headers)
        return PlainTextResponse("ok")

    def _method(self, method: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if given != f"Bearer {self._bot_token}":
                return JSONResponse({"ok": False, "error": "invalid_auth" if given else "not_authed"})
            try:
                return JSONResponse({"ok": True, **method(await _arguments(request))})
            except Refused as refusal:
                details = {"response_metadata": {"messages": [f"[ERROR] {detail}" for detail in refusal.details]}}
                return JSONResponse({"ok": False, "error": refusal.code, **(details if refusal.details else {})})
            except TooFast as wait:
                return JSONResponse({"ok": False, "error": "ratelimited"}, 429, wait.headers)

        return endpoint

    def _test(self, _: dict[str, Any]) -> dict[str, Any]:
        ids = {"team_id": "T0PRETEND", "user_id": "U0PRETEND", "bot_id": "B0PRETEND"}
        return {"url": "https://pretend.slack.example/", "team": "Pretend", "user": "connector", **ids}

    def _post(self, arguments: dict[str, Any]) -> dict[str, Any]:
        message = self._add(arguments)
        said = {"type": "message", "text": message.text, "ts": message.ts, "blocks": message.blocks}
        if message.thread_ts is not None:
            said |= {"thread_ts": message.thread_ts}
        return {"channel": message.channel, "ts": message.ts, "message": said}

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel, ts = self._channel(arguments.get("channel")), arguments.get("ts")
        message = next((message for message in self._messages if (message.channel, message.ts) == (channel, ts)), None)
        if message is None:
            raise Refused("message_not_found")
        message.versions.append(self._version(arguments))
        return {"channel": channel, "ts": message.ts, "text": message.text}

    def _add(self, arguments: dict[str, Any]) -> Message:
        channel = self._channel(arguments.get("channel"))
        version, root = self._version(arguments), self._root(channel, arguments.get("thread_ts"))
        wait = self._window.admit(channel, version.at) if self.limited else 0.0
        if wait:
            raise TooFast(wait)
        ts = f"{int(version.at.timestamp())}.{len(self._messages) + 1:06d}"
        broadcast = root is not None and arguments.get("reply_broadcast") in {True, "true", "1"}
        message = Message(channel, ts, root, [version], broadcast)
        self._messages.append(message)
        return message

    def _root(self, channel: str, thread_ts: Any) -> str | None:
        """Return the message under which a reply goes. Of one that is not there Slack says nothing: the reply goes into the channel."""
        if thread_ts is None:
            return None
        if not re.fullmatch(r"[0-9]+\.[0-9]{6}", str(thread_ts)):
            raise Refused("invalid_thread_ts", [f"{thread_ts} is not a valid thread_ts"])
        for message in self._messages:
            if (message.channel, message.ts) == (channel, thread_ts):
                return message.thread_ts or message.ts
        return None

    def _version(self, arguments: dict[str, Any]) -> Version:
        text, blocks = arguments.get("text") or "", arguments.get("blocks") or []
        if isinstance(blocks, str):
            try:
                blocks = json.loads(blocks)
            except ValueError:
                raise Refused("invalid_blocks_format") from None
        if not text and not blocks:
            raise Refused("no_text")
        if not isinstance(text, str) or len(text) > LONGEST_TEXT:
            raise Refused("msg_too_long")
        if faults := complaints(blocks):
            raise Refused("invalid_blocks", faults)
        return Version(self.clock.now(), text, blocks)

    def _channel(self, given: Any) -> str:
        for channel, name in self._channels.items():
            if given in {channel, name, f"#{name}"}:
                return channel
        raise Refused("channel_not_found")


async def _arguments(request: Request) -> dict[str, Any]:
    """Return what was sent, as JSON or as a form (where blocks are JSON within)."""
    body = await request.body()
    if not request.headers.get("content-type", "").startswith("application/json"):
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        body = form["payload"].encode() if "payload" in form else json.dumps(form).encode()
    try:
        arguments = json.loads(body or b"{}")
    except ValueError:
        raise Refused("invalid_payload") from None
    if not isinstance(arguments, dict):
        raise Refused("invalid_payload")
    return arguments
