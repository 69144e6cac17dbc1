"""Ways to a vendor on which nothing can be changed: every call that is not known to read only stops before the wire."""

import re
from collections import Counter
from collections.abc import Sequence

import httpx

from connectors.files import Entry, FileStore
from connectors.http import Transport, usual_transport

_READS = frozenset({"GET", "HEAD"})


class WouldWrite(Exception):
    """A call was stopped before it was sent, as it might change something at the vendor."""


class ReadOnly(httpx.AsyncBaseTransport):
    """Lets GET and HEAD through, and what the connector lists in `only_reads`: (verb, pattern of the whole path).

    It counts what it let through, and the answers by their status.
    """

    def __init__(self, only_reads: Sequence[tuple[str, str]] = (), inner: Transport | None = None) -> None:
        self._only_reads, self._inner = tuple(only_reads), inner or usual_transport()
        self.calls = 0
        self.statuses: Counter[int] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a call that only reads; raise `WouldWrite` for any other."""
        if request.method not in _READS and not self._is_known(request):
            raise WouldWrite(f"A {request.method} was stopped: only calls that change nothing may be made here.")
        self.calls += 1
        response = await self._inner.handle_async_request(request)
        self.statuses[response.status_code] += 1
        return response

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._inner.aclose()

    def _is_known(self, request: httpx.Request) -> bool:
        return any(request.method == verb and re.fullmatch(path, request.url.path) for verb, path in self._only_reads)


class ReadOnlyFiles:
    """A vendor's folders in which nothing changes: every write, move and removal raises `WouldWrite`."""

    def __init__(self, inner: FileStore) -> None:
        self._inner = inner

    async def entries(self, folder: str) -> Sequence[Entry]:
        """Return the files of a folder."""
        return await self._inner.entries(folder)

    async def find(self, path: str) -> Entry | None:
        """Return the file, or None."""
        return await self._inner.find(path)

    async def read(self, path: str) -> bytes:
        """Return the content."""
        return await self._inner.read(path)

    async def write(self, path: str, content: bytes) -> None:  # noqa: ARG002 - nothing is written
        """Write nothing."""
        raise _stopped("file would be written")

    async def rename(self, path: str, to: str) -> None:  # noqa: ARG002 - nothing is moved
        """Move nothing."""
        raise _stopped("file would be moved")

    async def remove(self, path: str) -> None:  # noqa: ARG002 - nothing is removed
        """Remove nothing."""
        raise _stopped("file would be removed")

    async def make_folder(self, path: str) -> None:  # noqa: ARG002 - nothing is made
        """Make nothing."""
        raise _stopped("folder would be made")

    async def close(self) -> None:
        """Let the connection go."""
        await self._inner.close()


def _stopped(what: str) -> WouldWrite:
    return WouldWrite(f"A {what}: only what changes nothing may be done here.")
