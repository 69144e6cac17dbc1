"""Effects, counted from outside the product: each commit, each request sent, each answer received.

A process that is killed does nothing more: after its death every further effect of it raises `Killed`.
The kind of an effect is what it is and where in the loop it stands: a commit is named by the call before it.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import httpx

from connectors.files import Entry, FileStore
from ledger.database import Database, Transaction

T = TypeVar("T")
_IDS = re.compile(r"(?<=/)(?![vV][0-9]/)[^/]*[0-9][^/]*")
_NAMES = re.compile(r"/[^/.]*[0-9][^/.]*(?=\.[^/]*$)")


class Killed(BaseException):
    """The process is dead. Not an `Exception`: no handler of the product may outlive it."""


class Process:
    """One process of the product: it dies at its effect number `dies_at` (0: never)."""

    def __init__(self, dies_at: int = 0, on_death: Callable[[], None] | None = None) -> None:
        self.dies_at, self.dead = dies_at, False
        self.kinds: list[str] = []
        self.last_call = "no call"
        self._on_death = on_death

    @property
    def effects(self) -> int:
        """Return how many effects there were."""
        return len(self.kinds)

    def effect(self, kind: str) -> None:
        """Count one effect, or die at it."""
        self.alive()
        self.kinds.append(kind)
        if self.effects == self.dies_at:
            self.dead = True
            if self._on_death is not None:
                self._on_death()
            raise Killed

    def kill(self) -> None:
        """Die here."""
        self.dead = True
        raise Killed

    def alive(self) -> None:
        """Raise `Killed` when this process is dead."""
        if self.dead:
            raise Killed


class CountedDatabase(Database):
    """A database of one process: every commit of a change is an effect; a dead process neither reads nor writes."""

    def __init__(self, inner: Database, process: Process) -> None:
        self.clock, self.engine, self._hasty = inner.clock, inner.engine, inner._hasty
        self._inner, self._process = inner, process

    @contextmanager
    def transaction(
        self, installation: str, run_id: str = "", scope: str | None = None, *, durable: bool = True
    ) -> Iterator[Transaction]:
        """Open a transaction; the effect is counted after its commit."""
        self._process.alive()
        with self._inner.transaction(installation, run_id, scope, durable=durable) as tx:
            before = _changes(tx)
            yield tx
            self._process.alive()
            changed = _changes(tx) > before
        if scope is None and changed:  # permits and evidence are not steps of a loop
            self._process.effect(f"a commit after {self._process.last_call}")


def _changes(tx: Transaction) -> int:
    """Return how many rows this connection to a SQLite ledger has ever changed."""
    return int(tx.connection.connection.total_changes)


class CountedTransport(httpx.AsyncBaseTransport):
    """A transport of one process: a request that is sent, and an answer that came, are effects each."""

    def __init__(self, inner: httpx.AsyncBaseTransport, process: Process) -> None:
        self._inner, self._process = inner, process

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on."""
        call = f"{request.method} {_IDS.sub('#', request.url.path)}"
        self._process.effect(f"a request {call}")  # dies before the vendor saw it
        response = await self._inner.handle_async_request(request)
        self._process.last_call = call
        self._process.effect(f"an answer {call}")  # dies before the answer was read
        return response


class CountedFiles:
    """The folders of one process: every call on them that came to its end is an effect, and a half of a file is one too.

    Who dies before a call dies after the effect before it: that is not counted twice. What only reads is of one kind.
    """

    def __init__(self, inner: FileStore, process: Process) -> None:
        self._inner, self._process = inner, process

    async def entries(self, folder: str) -> Sequence[Entry]:
        """Return the files of a folder."""
        return await self._counted("read in folders", lambda: self._inner.entries(folder))

    async def find(self, path: str) -> Entry | None:
        """Return the file, or None."""
        return await self._counted("read in folders", lambda: self._inner.find(path))

    async def read(self, path: str) -> bytes:
        """Return the content."""
        return await self._counted("read in folders", lambda: self._inner.read(path))

    async def write(self, path: str, content: bytes) -> None:
        """Write a file; whoever dies in the middle leaves a half."""

        call = f"write {_nameless(path)}"

        async def written() -> None:
            if content:
                await self._inner.write(path, content[: len(content) // 2])
                self._process.effect(f"half of {call}")
            await self._inner.write(path, content)

        await self._counted(call, written)

    async def rename(self, path: str, to: str) -> None:
        """Move a file."""
        await self._counted(f"move {_nameless(path)}", lambda: self._inner.rename(path, to))

    async def remove(self, path: str) -> None:
        """Take a file away."""
        await self._counted("remove a file", lambda: self._inner.remove(path))

    async def make_folder(self, path: str) -> None:
        """See to it that a folder is there."""
        await self._counted("make a folder", lambda: self._inner.make_folder(path))

    async def close(self) -> None:
        """Let the connection go."""
        await self._inner.close()

    async def _counted(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        self._process.alive()
        answer = await work()
        self._process.last_call = what
        self._process.effect(f"an answer {what}")
        return answer


def _nameless(path: str) -> str:
    """Return a path without what is of one file only."""
    return _NAMES.sub("/#", path)


class ByHost(httpx.AsyncBaseTransport):
    """Reach each pretend system in process by its host name."""

    def __init__(self, apps: dict[str, object]) -> None:
        self._apps = {host: httpx.ASGITransport(app=app) for host, app in apps.items()}  # type: ignore[arg-type] # ASGI by shape

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer from the system of this host; an unknown host cannot be reached."""
        if request.url.host not in self._apps:
            raise httpx.ConnectError(f"no such host: {request.url.host}", request=request)
        return await self._apps[request.url.host].handle_async_request(request)
