"""The wire between a connector and its pretend system: it remembers every call, and breaks the calls it is told to."""

import copy
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
App = Any  # an ASGI application, as httpx takes one


class Route(NamedTuple):
    """One address of a system: its verb and a pattern that fits the whole path."""

    method: str
    path: str

    def fits(self, request: httpx.Request) -> bool:
        return request.method == self.method and re.fullmatch(self.path, request.url.path) is not None


@dataclass
class Break:
    """One trouble on a route; `after` lets the system do its work first. The first `spared` calls go well."""

    route: Route
    answer: Answer
    after: bool = False
    times: int = 1
    spared: int = 0


@dataclass(repr=False)
class Wire(httpx.AsyncBaseTransport):
    """A transport in process. `tamper` may change each parsed answer; `exchanges` are the calls that were truly answered,
    and `delivered` the bodies as the connector got them.
    """

    app: App
    breaks: list[Break] = field(default_factory=list)
    tamper: Callable[[httpx.Request, Any], Any] | None = None
    requests: list[httpx.Request] = field(default_factory=list)
    exchanges: list[tuple[httpx.Request, int, bytes]] = field(default_factory=list)
    delivered: list[tuple[httpx.Request, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._inner = httpx.ASGITransport(app=self.app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()  # a form is a stream until it is read
        self.requests.append(request)
        trouble = self._pick(request)
        if trouble is not None and not trouble.after:
            return trouble.answer(request)
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        self.exchanges.append((request, response.status_code, body))
        if trouble is not None:
            return trouble.answer(request)
        if self.tamper is not None and response.headers.get("content-type", "").startswith("application/json"):
            body = json.dumps(self.tamper(request, copy.deepcopy(json.loads(body)))).encode()
        self.delivered.append((request, body))
        kept = {k: v for k, v in response.headers.items() if k != "content-length"}
        return answered(response.status_code, body, kept)

    def _pick(self, request: httpx.Request) -> Break | None:
        for trouble in self.breaks:
            if trouble.times <= 0 or not trouble.route.fits(request):
                continue
            if trouble.spared > 0:
                trouble.spared -= 1
                continue
            trouble.times -= 1
            return trouble
        return None

    def calls(self, route: Route) -> int:
        """Return how often a route was called."""
        return sum(route.fits(request) for request in self.requests)

    @property
    def hosts(self) -> set[str]:
        """Return every host that was called."""
        return {request.url.host for request in self.requests}

    @property
    def credentials(self) -> set[str]:
        """Return what calls carried to prove who they are, and tokens that came back."""
        return {request.headers["authorization"] for request in self.requests if "authorization" in request.headers}


class _Bytes(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def answered(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> httpx.Response:
    """Return an answer whose body is still to be read, as one from a socket."""
    return httpx.Response(status, headers=headers, stream=_Bytes(body))


def replies(status: int, body: Any = None, **headers: str) -> Answer:
    """Return an answer: bytes as they are, a text as text, None as nothing, anything else as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else None
    if content is None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return lambda _request: answered(status, content, {k.replace("_", "-"): v for k, v in headers.items()})


def fails(trouble: type[httpx.TransportError]) -> Answer:
    """Return an answer that is none: the connection fails in this way."""

    def raised(request: httpx.Request) -> httpx.Response:
        raise trouble("the wire is broken", request=request)

    return raised


def replays(answers: Sequence[bytes]) -> Answer:
    """Return these bodies one after the other, and then the last one again."""
    left = list(answers)
    return lambda _request: answered(
        200, left.pop(0) if len(left) > 1 else left[0], {"content-type": "application/json"}
    )


def led_astray(_request: httpx.Request, body: Any) -> Any:
    """Return an answer every link of which leads to another host, by names that lists give to their next page too."""
    text = json.dumps(body).replace("https://", "https://thief.example/").replace("http://", "http://thief.example/")
    strayed = json.loads(text)
    if isinstance(strayed, dict):
        strayed |= dict.fromkeys(("next", "next_page", "href", "link", "location"), "https://thief.example/more")
    return strayed
