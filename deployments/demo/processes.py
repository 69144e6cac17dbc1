"""Child processes that end when we do: each in a group of its own, none left behind."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 15.0


class Child:
    """One running program with all that it starts; its output goes to a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the commands are written in this package
                command,
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Tell whether the program itself still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it and all that it started, as a power cut would."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end; kill what is left of its group."""
        if self.alive:
            self._process.terminate()  # only itself: what it started is its business, and hears nothing twice
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_SECONDS)
        self.kill()

    def last_words(self, lines: int = 20) -> str:
        """Return the end of its output, for an error message."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class Children:
    """All child processes of a program; leaving the block ends them, the last started first."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.environment = folder, dict(environment)
        self._running: list[Child] = []

    def __enter__(self) -> Self:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's `&` does that, children inherit it,
            signal.signal(signal.SIGINT, signal.default_int_handler)  # and a worker that ignores it never stops
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._running):
            child.stop()

    def start(self, name: str, *command: str, **environment: str) -> Child:
        """Start a program with our environment and these additions."""
        child = Child(name, command, {**self.environment, **environment}, self.folder / f"{name}.log")
        self._running.append(child)
        return child


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for_port(port: int, child: Child, seconds: float = 90.0) -> None:
    """Wait until a child listens; raise `RuntimeError` with its last words when it ends, or never does."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and child.alive:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{child.name} did not start within {seconds:.0f} s. It said:\n{child.last_words()}")
