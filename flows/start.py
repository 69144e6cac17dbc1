"""Start one flow run: the command that prefect.yaml names.

Under `flows.worker` the run is forked from a process that has all libraries in memory already. Under any other worker the
engine is started afresh. Either way the run lives and dies with this process. It imports the
standard library only, as it is started for every run.
"""

import contextlib
import json
import os
import signal
import socket
import sys

WARM_START = "WARM_START"
"""The variable that names the socket behind which runs are forked."""

ENGINE = "prefect.engine"


def main() -> int:
    """Let the run take place; return its exit code."""
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(os.environ[WARM_START])
        except (KeyError, OSError):
            os.execv(sys.executable, [sys.executable, "-m", ENGINE])  # noqa: S606 - our own interpreter
        return _forked(door)


def _forked(door: socket.socket) -> int:
    """Ask for a fork that has our environment, folder and output; hand signals on to it, and end as it ends."""
    socket.send_fds(door, [b"."], [0, 1, 2])
    asked = {"environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109 - pathlib takes its time to import
    door.sendall(json.dumps(asked).encode() + b"\n")
    told = door.makefile("rb")
    if not (begun := told.readline()):
        return 1
    run = int(begun)

    def hand_on(number: int, _frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(run, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hand_on)
    if not (ended := told.readline()):  # whoever forked it is gone
        hand_on(signal.SIGKILL, None)
        return 1
    code = int(ended)
    if code < 0:  # killed by a signal: so are we, for whoever asks what became of the run
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())
