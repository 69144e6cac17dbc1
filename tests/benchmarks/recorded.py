"""Answers of a pretend system, recorded once and replayed from files: product and floor read the same pages."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import httpx


def name_of(method: str, path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Return the name of the file in which the answer to a call is kept."""
    return hashlib.sha256(json.dumps([method, path, sorted(parameters)]).encode()).hexdigest()[:24]


def _name(request: httpx.Request) -> str:
    return name_of(request.method, request.url.path, request.url.params.multi_items())


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of an answer, gone when it was read, as one from the network is: httpx keeps an answer until it is collected."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        yield self._path.read_bytes()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._path.read_bytes()


class Recording(httpx.AsyncBaseTransport):
    """Passes every call on, and keeps its answer in a folder."""

    def __init__(self, inner: httpx.AsyncBaseTransport, folder: Path) -> None:
        self._inner, self._folder = inner, folder

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on."""
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        if response.is_success:
            (self._folder / _name(request)).write_bytes(content)
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(content))


class Replay(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """Answers from a folder, for either client; an answer that is not there is a mistake of the bench."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.calls = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer the synchronous client."""
        self.calls += 1
        body = _Body(self._folder / _name(request))
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=body)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer the asynchronous client."""
        return self.handle_request(request)
