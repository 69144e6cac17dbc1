"""The folders of an account as a directory of this machine, in process, with a wire that can break."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.files import Entry, NoSuchFile
from domain.answers import OutcomeUnknown, Unavailable


@dataclass
class FileBreak:
    """One trouble of a call on a path; `after` lets the call do its work first."""

    call: str
    path: str
    trouble: Callable[[str], Exception]
    after: bool = False
    times: int = 1


def lost(what: str) -> Exception:
    """Lose the connection in the middle of a change."""
    return OutcomeUnknown(f"SFTP, to {what}: no answer (SFTPConnectionLost).")


def down(what: str) -> Exception:
    """Be out of reach."""
    return Unavailable("harbour", f"could not be reached, to {what}.", "It is tried again.")


@dataclass
class Directory:
    """A `FileStore`. `before` and `after` stand around every call: the vendor's own job, or the hand that kills us."""

    root: Path
    before: Callable[[str, str], None] = lambda _call, _path: None
    after: Callable[[str, str], None] = lambda _call, _path: None
    breaks: list[FileBreak] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    async def entries(self, folder: str) -> Sequence[Entry]:
        place = self._begin("entries", folder)
        if not place.is_dir():
            raise NoSuchFile(folder)
        found = [_entry(path) for path in sorted(place.iterdir()) if path.is_file()]
        self._end("entries", folder)
        return found

    async def find(self, path: str) -> Entry | None:
        place = self._begin("find", path)
        return _entry(place) if place.is_file() else None

    async def read(self, path: str) -> bytes:
        place = self._begin("read", path)
        if not place.is_file():
            raise NoSuchFile(path)
        return place.read_bytes()

    async def write(self, path: str, content: bytes) -> None:
        place = self._begin("write", path)
        if not place.parent.is_dir():
            raise NoSuchFile(path)
        place.write_bytes(content)
        self._end("write", path)

    async def rename(self, path: str, to: str) -> None:
        place, target = self._begin("rename", path), self._place(to)
        if target.exists():
            raise Unavailable("harbour", f"{to} is there already.", "It is tried again.")
        if not place.is_file() or not target.parent.is_dir():
            raise NoSuchFile(path)
        place.rename(target)
        self._end("rename", path)

    async def remove(self, path: str) -> None:
        self._begin("remove", path).unlink(missing_ok=True)
        self._end("remove", path)

    async def make_folder(self, path: str) -> None:
        self._begin("make_folder", path).mkdir(parents=True, exist_ok=True)

    async def close(self) -> None:
        self.breaks.clear()

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Return the calls that changed something."""
        return [(call, path) for call, path in self.calls if call not in {"entries", "find", "read"}]

    def _place(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _begin(self, call: str, path: str) -> Path:
        self.before(call, path)
        self.calls.append((call, path))
        self._break(call, path, after=False)
        return self._place(path)

    def _end(self, call: str, path: str) -> None:
        self.after(call, path)
        self._break(call, path, after=True)

    def _break(self, call: str, path: str, *, after: bool) -> None:
        for trouble in self.breaks:
            if (
                trouble.times > 0
                and trouble.after is after
                and trouble.call == call
                and re.fullmatch(trouble.path, path)
            ):
                trouble.times -= 1
                raise trouble.trouble(f"{call} {path}")


def _entry(path: Path) -> Entry:
    shown = path.stat()
    return Entry(path.name, shown.st_size, int(shown.st_mtime))
