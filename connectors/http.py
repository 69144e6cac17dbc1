"""One way to call a vendor: a budget, a deadline, a bound on the size, and a status turned into meaning.

Nothing here retries or sleeps longer than `LONGEST_WAIT_SECONDS` for a permit. The only second try
is the one after a 401, when the sign-in says that it could renew itself: a 401 did nothing.
"""

import asyncio
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Protocol

import httpx

from connectors.bodies import Meant, exact_json, json_or_text, plain_text, quick_json, sent
from connectors.files import FileStore
from domain.answers import Fatal, NotNow, OutcomeUnknown, Unavailable
from domain.budgets import Archive, Budgets, Lane, Limit
from domain.clock import Clock

LONGEST_WAIT_SECONDS = 5.0
Transport = httpx.AsyncBaseTransport
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class VendorRefusal(Exception):
    """The vendor answered 4xx with a readable body: it did nothing, and says why.

    `body` is the parsed answer (or text). It may hold personal data: show only what the
    connector's mapping knows to be harmless. `evidence` names the kept original.
    """

    def __init__(self, status: int, body: Any, evidence: str) -> None:
        super().__init__(f"HTTP {status}, kept as {evidence}")
        self.status, self.body, self.evidence = status, body, evidence


class SignIn(Protocol):
    """How a call proves who we are."""

    async def sign(self, request: httpx.Request) -> None:
        """Add what the vendor wants to see, fetching a token first where one is needed."""
        ...

    async def renew(self) -> bool:
        """After a 401: forget what was used; True when another try makes sense."""
        ...


@dataclass(frozen=True)
class Surroundings:
    """What every connector is handed from outside. `files` stands in for the folders of a vendor, as `transport` for its sockets.

    `only_reads`: whoever opens folders lets nothing change in them; calls are stopped by their `transport`.
    """

    clock: Clock
    budgets: Budgets
    archive: Archive
    transport: Transport | None = None
    files: FileStore | None = None
    only_reads: bool = False


@dataclass
class Account:
    """One account of one vendor, and the only way to call it.

    `nothing_done` are the 5xx codes of which the vendor's documents say that the request was not
    carried out (a write is then safe to repeat). `throttled` are the codes that mean "too many calls",
    except where `refuses` knows the body for a refusal that wears such a code: that is no matter of time.
    `denial` turns the body of a 401 or 403 into what a person should do next.
    """

    name: str
    base_url: str
    limit: Limit
    surroundings: Surroundings
    sign_in: SignIn | None = None
    nothing_done: frozenset[int] = frozenset()
    throttled: frozenset[int] = frozenset({429})
    refuses: Callable[[Any], bool] = lambda _body: False
    deadline_seconds: float = 30.0
    largest_answer_bytes: int = 32 * 1024 * 1024
    headers: Mapping[str, str] = field(default_factory=dict)
    denial: Callable[[Any], str] = lambda _body: (
        "Check the account's credentials in the environment and its rights there."
    )

    def __post_init__(self) -> None:
        self._client = httpx.AsyncClient(
            base_url=self.base_url,
            transport=self.surroundings.transport or usual_transport(),
            timeout=self.deadline_seconds,
            headers={"accept": "application/json", "accept-encoding": "gzip", **self.headers},
            follow_redirects=False,
        )

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        return self.surroundings.clock

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def read(
        self,
        method: str,
        path: str,
        *,
        params: Any = None,
        body: Any = None,
        lane: Lane = Lane.NORMAL,
        limit: Limit | None = None,
        floats: bool = False,
    ) -> Any:
        """Ask without changing anything, and return the parsed JSON. Some vendors want the question in a body.

        `floats`: what has a point may be a float, in a third of the time: for long lists of counts, never for money.

        Raises `Unavailable` when the vendor did not answer readably, `Fatal` when it will not
        answer us, `NotNow` when the budget is spent, `VendorRefusal` for the other 4xx.
        """
        try:
            return await self._call(
                method,
                path,
                params=params,
                body=body,
                lane=lane,
                limit=limit,
                meant=quick_json if floats else exact_json,
            )
        except OutcomeUnknown as trouble:
            raise self._unavailable(str(trouble)) from trouble

    async def write(
        self,
        method: str,
        path: str,
        *,
        body: Any,
        params: Any = None,
        lane: Lane = Lane.NORMAL,
        limit: Limit | None = None,
    ) -> Any:
        """Change something, and return the parsed JSON (None for an empty 2xx).

        `body` is a `File` or a `Form`, or becomes JSON.

        Raises `OutcomeUnknown` when it may have been done; else as `read`, and then it was not done.
        """
        return await self._call(method, path, params=params, body=body, lane=lane, limit=limit)

    async def read_text(
        self, method: str, path: str, *, params: Any = None, lane: Lane = Lane.NORMAL, limit: Limit | None = None
    ) -> str:
        """Ask for a text that is no JSON, such as a report. Raises as `read`."""
        try:
            text: str = await self._call(
                method, path, params=params, body=None, lane=lane, limit=limit, meant=plain_text
            )
        except OutcomeUnknown as trouble:
            raise self._unavailable(str(trouble)) from trouble
        return text

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Any,
        body: Any,
        lane: Lane,
        limit: Limit | None,
        meant: Meant = exact_json,
    ) -> Any:
        for last_try in (False, True):
            status, headers, content = await self._exchange(method, path, params, body, lane, limit or self.limit)
            if status == 401 and not last_try and self.sign_in is not None and await self.sign_in.renew():
                continue
            return self._meaning(f"{method} {path}", status, headers, content, limit or self.limit, meant)
        raise AssertionError  # pragma: no cover - the second pass always returns or raises

    async def _exchange(
        self, method: str, path: str, params: Any, body: Any, lane: Lane, limit: Limit
    ) -> tuple[int, httpx.Headers, bytes]:
        request = self._client.build_request(method, path, params=params, **sent(body))
        if self.sign_in is not None:
            await self.sign_in.sign(request)
        await self.permit(lane, limit)
        try:
            async with asyncio.timeout(self.deadline_seconds):
                response = await self._client.send(request, stream=True)
                try:
                    return response.status_code, response.headers, await self._body(response)
                finally:
                    await response.aclose()
        except _NEVER_SENT as trouble:
            raise self._unavailable(f"could not be reached ({type(trouble).__name__}).") from trouble
        except (httpx.HTTPError, TimeoutError, zlib.error) as trouble:
            raise OutcomeUnknown(f"{method} {path}: no readable answer ({type(trouble).__name__}).") from trouble

    async def permit(self, lane: Lane, limit: Limit) -> None:
        """Wait a little for a permit, or raise `NotNow` when the wait would be long."""
        while (at := self.surroundings.budgets.take(self.name, limit, lane)) is not None:
            wait = (at - self.clock.now()).total_seconds()
            if wait > LONGEST_WAIT_SECONDS:
                raise NotNow(self.name, at)
            await self.clock.sleep(max(wait, 0.001))

    async def _body(self, response: httpx.Response) -> bytes:
        encoding = response.headers.get("content-encoding", "identity").lower()
        inflate = zlib.decompressobj(wbits=47) if encoding in {"gzip", "deflate"} else None
        whole = bytearray()
        async for chunk in response.aiter_raw():
            room = self.largest_answer_bytes - len(whole) + 1
            whole += inflate.decompress(chunk, room) if inflate is not None else chunk
            if len(whole) > self.largest_answer_bytes:
                raise OutcomeUnknown(f"{self.name}: the answer is larger than {self.largest_answer_bytes} bytes.")
        if inflate is not None and not inflate.eof:
            raise OutcomeUnknown(f"{self.name}: the compressed answer breaks off.")
        return bytes(whole)

    def _meaning(
        self, call: str, status: int, headers: httpx.Headers, content: bytes, limit: Limit, meant: Meant
    ) -> Any:
        if status in self.throttled and not self.refuses(json_or_text(content)):
            now = self.clock.now()
            until = now + timedelta(seconds=retry_after(headers, now))
            self.surroundings.budgets.close(self.name, limit, until)
            raise NotNow(self.name, until)
        if status in self.nothing_done:
            raise self._unavailable(f"{call} answered HTTP {status}: it did nothing.")
        if status >= 500 or 300 <= status < 400:
            raise OutcomeUnknown(f"{call} answered HTTP {status}.")
        if 200 <= status < 300 and not content.strip() and meant is not plain_text:
            return None
        if status < 300:
            try:
                return meant(content)
            except ValueError as trouble:
                what = "text" if meant is plain_text else "JSON"
                raise OutcomeUnknown(f"{call} answered HTTP {status} with something that is not {what}.") from trouble
        parsed = json_or_text(content)
        evidence = self.surroundings.archive.keep(self.name, call, content)
        if status in {401, 403}:
            raise Fatal(
                self.name,
                f"{call} answered HTTP {status}: it does not let us in (kept as {evidence}).",
                self.denial(parsed),
            )
        raise VendorRefusal(status, parsed, evidence)

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(self.name, what, "Nothing is lost; it is tried again. Look at the system's status page.")


@cache
def trusted() -> ssl.SSLContext:
    """Return whom every connection trusts: read once in a process, as it takes 30 ms."""
    return httpx.create_ssl_context()


def usual_transport() -> Transport:
    """Return the way to a vendor where none is handed in: at most ten connections."""
    limits = httpx.Limits(max_connections=10, max_keepalive_connections=10)
    return httpx.AsyncHTTPTransport(verify=trusted(), limits=limits)


def retry_after(headers: Mapping[str, str], now: datetime, otherwise: float = 15.0) -> float:
    """Return the seconds that a Retry-After header asks for (number or date), or `otherwise`."""
    value = headers.get("retry-after", "")
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return min(float(value), 3600.0)
    try:
        return max(0.0, min((parsedate_to_datetime(value).astimezone(UTC) - now).total_seconds(), 3600.0))
    except (ValueError, TypeError):
        return otherwise
