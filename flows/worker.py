"""A worker whose runs start warm: `python -m flows.worker` takes the options of `prefect worker start`.

A fresh process spends more time on importing Prefect and Great Expectations than most runs spend on their work. So this process
imports them once and forks itself for each run; Prefect's own worker is a program beside it, and `flows.start` is what that
worker starts. A run is a process of its own as before, and new code needs a new worker.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple, NoReturn

from flows.start import ENGINE, WARM_START

NEEDED = (
    *(
        "prefect.engine",
        "prefect.flow_engine",
        "prefect.task_engine",
        "prefect.artifacts",
        "prefect.deployments.steps.core",
    ),
    *(f"flows.{name}" for name in ("alerts", "dispatch", "items", "orders", "stock")),
)
_ASKS_SECONDS = 5.0
_LOOKS_SECONDS = 1.0


class Order(NamedTuple):
    """What a fork is to be: whose environment, folder and output it takes over."""

    environment: dict[str, str]
    folder: str
    outputs: list[int]

    def carry_out(self, module: str = ENGINE) -> int:
        """Become the run; return its exit code."""
        for number, output in enumerate(self.outputs):
            os.dup2(output, number)
            os.close(output)
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.folder)
        sys.argv = [module]
        sys.modules.pop(module, None)  # it is imported already, and now it is the main program
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return 0


class Forks:
    """The runs that were forked from this process, each with the socket of whoever asked for it."""

    def __init__(self, address: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(address))
        self._listener.listen()
        self._doors: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)

    def serve(self, worker: subprocess.Popen[bytes]) -> int | Order:
        """Fork what is asked for until the worker and all runs have ended, and return its exit code.

        It returns a second time in every fork, with what that one is to do.
        """
        hears, wakes = socket.socketpair()
        wakes.settimeout(0)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        self._selector.register(hears, selectors.EVENT_READ)
        while worker.poll() is None or self._doors:
            for key, _ in self._selector.select(_LOOKS_SECONDS):
                if key.fileobj is hears:
                    hears.recv(64)
                elif key.fileobj is not self._listener:
                    self._kill(key.fileobj)
                elif (order := self._admit()) is not None:
                    return order
            self._tell_ended()
        return worker.returncode

    def _admit(self) -> Order | None:
        """Fork for the next who asks; return what the fork is to do, there only."""
        door, _ = self._listener.accept()
        door.settimeout(_ASKS_SECONDS)
        outputs: list[int] = []
        try:
            _, outputs, _, _ = socket.recv_fds(door, 1, 3)
            asked = json.loads(door.makefile("rb").readline())
        except (OSError, ValueError):
            asked = None
        if asked is not None and (run := os.fork()) == 0:
            self._forget(door)
            return Order(asked["environment"], asked["folder"], outputs)
        for output in outputs:
            os.close(output)
        if asked is None:
            door.close()
            return None
        self._doors[run] = door
        self._selector.register(door, selectors.EVENT_READ)
        self._tell(door, run)
        return None

    def _forget(self, door: socket.socket) -> None:
        """Be a run and no longer the process that forks them."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr] # only sockets are registered
        self._selector.close()
        door.close()

    def _kill(self, door: object) -> None:
        """End the run whose asker is gone: nobody would be told of it."""
        run = next(one for one, its in self._doors.items() if its is door)
        self._selector.unregister(self._doors[run])
        os.kill(run, signal.SIGKILL)

    def _tell_ended(self) -> None:
        for run, door in list(self._doors.items()):
            ended, status = os.waitpid(run, os.WNOHANG)
            if ended:
                del self._doors[run]
                with contextlib.suppress(KeyError):
                    self._selector.unregister(door)
                self._tell(door, os.waitstatus_to_exitcode(status))
                door.close()

    @staticmethod
    def _tell(door: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            door.sendall(b"%d\n" % number)


def leave(code: int) -> NoReturn:
    """End a fork as a program ends, but for taking the libraries apart, which costs a fifth of a second."""
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - what multiprocessing does at the end of a fork
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> int:
    """Start the worker, import what runs need, and fork; return the worker's exit code."""
    folder = Path(tempfile.mkdtemp(prefix="warm-start-"))
    forks = Forks(folder / "door")
    python = Path(sys.executable)
    environment = {
        "PREFECT_WORKER_QUERY_SECONDS": "2",  # a run that was asked for begins within seconds: ten are Prefect's own choice
        **os.environ,
        WARM_START: str(folder / "door"),
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    worker = subprocess.Popen(  # noqa: S603 - Prefect's own command
        [str(python), "-m", "prefect", "worker", "start", *sys.argv[1:]], env=environment
    )
    signal.signal(signal.SIGTERM, lambda *_: worker.terminate())
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal interrupts the worker too, and we end with it
    for name in NEEDED:
        importlib.import_module(name)
    importlib.import_module("tasks.preparing").prepare()
    gc.freeze()
    served = forks.serve(worker)
    if isinstance(served, Order):
        leave(served.carry_out())
    shutil.rmtree(folder, ignore_errors=True)
    return served


if __name__ == "__main__":
    sys.exit(main())
