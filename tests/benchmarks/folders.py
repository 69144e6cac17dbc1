"""The folders of an account: every operation on them is counted, and answers may be lost."""

from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from connectors.files import Entry, FileStore
from domain.answers import OutcomeUnknown, Unavailable

T = TypeVar("T")


class CountedFolders:
    """A `FileStore` whose operations are the calls of a pretend system, and suffer its faults once they are done."""

    def __init__(self, inner: FileStore, system: Any) -> None:
        self._inner, self._system = inner, system

    async def entries(self, folder: str) -> Sequence[Entry]:
        """Return the files of a folder."""
        return await self._ask("list", folder, self._inner.entries(folder))

    async def find(self, path: str) -> Entry | None:
        """Return the file, or None."""
        return await self._ask("look for", path, self._inner.find(path))

    async def read(self, path: str) -> bytes:
        """Return the content."""
        return await self._ask("read", path, self._inner.read(path))

    async def write(self, path: str, content: bytes) -> None:
        """Write a file."""
        await self._change("write", path, self._inner.write(path, content))

    async def rename(self, path: str, to: str) -> None:
        """Move a file."""
        await self._change("move", path, self._inner.rename(path, to))

    async def remove(self, path: str) -> None:
        """Take a file away."""
        await self._change("remove", path, self._inner.remove(path))

    async def make_folder(self, path: str) -> None:
        """See to it that a folder is there."""
        await self._change("make", path, self._inner.make_folder(path))

    async def close(self) -> None:
        """Let the connection go."""

    async def _ask(self, call: str, path: str, work: Awaitable[T]) -> T:
        answer = await self._counted(call, path, work)
        if self._system._pick(call, path) is not None:
            raise Unavailable("harbour-marketplace", f"{call} {path}: no answer.", "It is tried again.")
        return answer

    async def _change(self, call: str, path: str, work: Awaitable[None]) -> None:
        await self._counted(call, path, work)
        if self._system._pick(call, path) is not None:
            raise OutcomeUnknown(f"SFTP, to {call} {path}: no answer.")

    async def _counted(self, call: str, path: str, work: Awaitable[T]) -> T:
        folder = (
            path.split("/live/", 1)[-1] if call in {"list", "make"} else path.split("/live/", 1)[-1].rpartition("/")[0]
        )
        kind = f".{path.rpartition('.')[2]}" if "." in path.rpartition("/")[2] else ""
        self._system.calls[f"{call} {folder}{f' *{kind}' if kind else ''}"] += 1
        return await work
