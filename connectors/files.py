"""A vendor's folders: what a connector that exchanges files asks of them, whatever carries it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

from domain.answers import OutcomeUnknown


class Entry(NamedTuple):
    """One file of a folder, as a listing shows it; `modified_at` in whole seconds since 1970."""

    name: str
    size: int
    modified_at: int


class NoSuchFile(Exception):
    """There is no such file or folder; `args` hold its path."""


class FileStore(Protocol):
    """The folders of one account. Paths are absolute, with slashes.

    Every call is bounded in time and size. A read raises `Unavailable` or `Fatal`; so does a change,
    and then it was not made. A change raises `OutcomeUnknown` when it may have been made.
    """

    async def entries(self, folder: str) -> Sequence[Entry]:
        """Return the files of a folder (no folders). Raises `NoSuchFile`."""
        ...

    async def find(self, path: str) -> Entry | None:
        """Return the file, or None when there is none."""
        ...

    async def read(self, path: str) -> bytes:
        """Return the content. Raises `NoSuchFile`."""
        ...

    async def write(self, path: str, content: bytes) -> None:
        """Write the whole file; a reader may see a part of it until this is done."""
        ...

    async def rename(self, path: str, to: str) -> None:
        """Move a file in one step. Raises `NoSuchFile`; never replaces another file."""
        ...

    async def remove(self, path: str) -> None:
        """Take a file away; none there is as good."""
        ...

    async def make_folder(self, path: str) -> None:
        """See to it that a folder is there."""
        ...

    async def close(self) -> None:
        """Let the connection go."""
        ...


async def write_whole(store: FileStore, path: str, content: bytes) -> None:
    """Write a file. Where the answer is lost it is looked up: there whole is as good, else `OutcomeUnknown`."""
    try:
        await store.write(path, content)
    except OutcomeUnknown:
        with suppress(NoSuchFile):
            if await store.read(path) == content:
                return
        raise
