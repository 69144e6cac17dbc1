"""What every pretend system shares: a clock, a doorway that counts and breaks calls, rate limits.

A system is one `System` subclass. It keeps its state in plain Python attributes, offers the
vendor's HTTP routes through `routes()`, and offers the world (customers, warehouse) plain
methods. `app` is an ASGI application: serve it with uvicorn and `interface="asgi3"` (left to guess,
uvicorn takes a bound method for the older protocol and answers 500), or call it in process.
"""

import asyncio
import json
import random
import re
from collections import Counter, deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST_BODY_BYTES = 64 * 1024 * 1024


class Clock(Protocol):
    """The time in which a pretend system lives: rate limits and token lives count in it."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds of this clock."""
        ...


@dataclass(frozen=True)
class ScaledClock:
    """A clock that starts at `epoch` when the machine shows `started`, and runs `scale` times faster."""

    scale: float = 1.0
    epoch: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Return the present on this clock."""
        return self.epoch + (datetime.now(UTC) - self.started) * self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds of this clock."""
        await asyncio.sleep(seconds / self.scale)


FaultKind = Literal["status", "html", "error_in_200", "truncated", "hang"]


@dataclass
class Fault:
    """One thing that goes wrong, chosen by method and path, never by "the next call".

    `before` breaks the call before the system does anything; `after` lets it do its work and
    then loses or spoils the answer. `truncated` breaks the answer off half way (over a real
    socket the connection drops). `hang` waits `seconds` of the system's clock first.
    """

    kind: FaultKind = "status"
    method: str = ".*"
    path: str = ".*"
    when: Literal["before", "after"] = "before"
    times: int = 1
    probability: float = 1.0
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 120.0

    def answer(self) -> Response:
        """Return what the caller gets to see instead of the true answer."""
        match self.kind:
            case "html":
                page = "<html><head><title>Service Unavailable</title></head><body><h1>Oops</h1></body></html>"
                return HTMLResponse(page, self.status, headers=self.headers)
            case "error_in_200":
                return JSONResponse(self.body, 200, headers=self.headers)
            case "truncated":
                return Response(b'{"', 200, {"content-length": "4096", **self.headers}, "application/json")
            case _:
                if isinstance(self.body, str):
                    return PlainTextResponse(self.body, self.status, headers=self.headers)
                return JSONResponse(self.body, self.status, headers=self.headers)


class FixedWindow:
    """At most `limit` calls in each calendar window of `seconds`, counted per key."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self._counts: dict[str, tuple[int, int]] = {}

    def admit(self, key: str, now: datetime) -> float:
        """Count one call; return 0 when it is admitted, else the seconds until the next window."""
        window, within = divmod(now.timestamp(), self.seconds)
        seen, count = self._counts.get(key, (int(window), 0))
        count = count + 1 if seen == int(window) else 1
        self._counts[key] = (int(window), count)
        return 0.0 if count <= self.limit else self.seconds - within


class RollingWindow:
    """At most `limit` calls in any `seconds`, counted per key; refused calls do not count."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self._calls: dict[str, deque[float]] = {}

    def admit(self, key: str, now: datetime) -> float:
        """Count one call; return 0 when it is admitted, else the seconds until a place is free."""
        calls, at = self._calls.setdefault(key, deque()), now.timestamp()
        while calls and calls[0] <= at - self.seconds:
            calls.popleft()
        if len(calls) >= self.limit:
            return calls[0] + self.seconds - at
        calls.append(at)
        return 0.0


class System:
    """One pretend system behind one doorway.

    A subclass names itself, returns its vendor routes from `routes()`, and writes its whole
    state to plain JSON in `dump()`. Everything random comes from `self.random`.
    """

    name = "system"

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock = clock
        self.random = random.Random(f"{self.name}-{seed}")  # noqa: S311 - pretend trouble, not secrets
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self.outage_until: datetime | None = None
        routes = [*self.routes(), *self._control_routes()]
        self._templates: dict[Any, str] = {route.endpoint: route.path for route in routes}
        self._inner = Starlette(routes=routes)

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes."""
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        """Return the whole state as plain JSON."""
        raise NotImplementedError

    def limits(self) -> dict[str, Any]:
        """Return the limits in force, for the report: `{name: calls per minute}`."""
        return {}

    def fail_for(self, seconds: float) -> None:
        """Be down, answering 503 with an HTML page, for this many seconds of the clock."""
        self.outage_until = self.clock.now() + timedelta(seconds=seconds)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI event: the doorway through which every call comes."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        if scope["path"].startswith("/_sandbox/"):
            await self._inner(scope, receive, send)
            return
        fault = self._pick(scope["method"], scope["path"])
        if self.outage_until is not None and self.clock.now() < self.outage_until:
            fault = Fault(kind="html", status=503)
        if fault is not None and fault.when == "before":
            self._count(scope)
            await self._spoil(fault, scope, receive, send)
            return
        if fault is None:
            await self._inner(scope, receive, self._counted(scope, self._watched(scope, send)))
            return
        await self._inner(scope, receive, _silent)
        self._count(scope)
        await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "hang":
            await self.clock.sleep(fault.seconds)
        await fault.answer()(scope, receive, self._watched(scope, send))

    def _counted(self, scope: Scope, send: Send) -> Send:
        async def counted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._count(scope)  # before the answer leaves: whoever has it may ask at once how many calls there were
            await send(message)

        return counted

    def _watched(self, scope: Scope, send: Send) -> Send:
        async def watched(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] == 429:
                self.throttled[self._route(scope)] += 1
            await send(message)

        return watched

    def _pick(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times <= 0 or not re.fullmatch(fault.method, method) or not re.fullmatch(fault.path, path):
                continue
            if fault.probability < 1.0 and self.random.random() >= fault.probability:
                continue
            fault.times -= 1
            return fault
        return None

    def _route(self, scope: Scope) -> str:
        endpoint = scope.get("endpoint")  # set by the router once it has matched
        if endpoint is None:  # a fault broke the call before the router saw it
            routes = (route for route in self._inner.routes if route.matches(scope)[0] is Match.FULL)
            endpoint = getattr(next(routes, None), "endpoint", None)
        template = self._templates.get(endpoint)
        return f"{scope['method']} {template or re.sub(r'[0-9a-f-]{8,}|[0-9]+', '{id}', scope['path'])}"

    def _count(self, scope: Scope) -> None:
        self.calls[self._route(scope)] += 1

    def _control_routes(self) -> list[Route]:
        async def store(_: Request) -> Response:
            return JSONResponse(self.dump())

        async def calls(_: Request) -> Response:
            return JSONResponse({"calls": self.calls, "throttled": self.throttled, "limits": self.limits()})

        async def faults(request: Request) -> Response:
            if request.method == "POST":
                known = {f.name for f in fields(Fault)}
                for given in json.loads(await request.body()):
                    if unknown := set(given) - known:
                        return JSONResponse({"error": f"unknown fault fields {sorted(unknown)}"}, 400)
                    self.faults.append(Fault(**given))
            return JSONResponse([asdict(fault) for fault in self.faults])

        return [
            Route("/_sandbox/store", store),
            Route("/_sandbox/calls", calls),
            Route("/_sandbox/faults", faults, methods=["GET", "POST"]),
        ]


async def _silent(_message: MutableMapping[str, Any]) -> None:
    """Swallow an answer that the caller must never see."""


def iso(moment: datetime | None) -> str | None:
    """Return a time as ISO text for `dump()`, or None."""
    return moment.isoformat() if moment else None
