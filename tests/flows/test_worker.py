"""Runs that are forked from a warm worker: each is a process that lives and dies with whoever asked for it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.start import WARM_START

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import subprocess, sys
from pathlib import Path
from flows.worker import Forks, Order, leave

forks = Forks(Path(sys.argv[1]))
served = forks.serve(subprocess.Popen(["sleep", "60"]))
if isinstance(served, Order):
    leave(served.carry_out("a_run"))
sys.exit(served)
"""
RUN = """
import atexit, os, signal, sys, time
atexit.register(print, "left")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(os.getpid(), os.getcwd(), os.environ.get("OF_THE_RUN"), flush=True)
if len(sys.argv) == 1 and os.environ["TAKES"] == "long":
    time.sleep(60)
sys.exit(3)
"""
PATIENCE_SECONDS = 30


class Warm:
    """A process that forks runs, whose module is `RUN`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.door = folder, folder / "door"
        (folder / "a_run.py").write_text(RUN)
        self.environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", WARM_START: str(self.door)}
        self.process = subprocess.Popen([sys.executable, "-c", WORKER, str(self.door)], env=self.environment)  # noqa: S603 - our own

    def ask(self, takes: str = "moment") -> "subprocess.Popen[str]":
        """Ask for a run, as Prefect's worker does."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.door.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        own = {"OF_THE_RUN": "ours", "TAKES": takes}
        command = [sys.executable, "-m", "flows.start"]
        return subprocess.Popen(  # noqa: S603 - our own
            command, env={**self.environment, **own}, cwd=self.folder, stdout=subprocess.PIPE, text=True
        )


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Warm]:
    serving = Warm(tmp_path)
    yield serving
    serving.process.kill()
    serving.process.wait()


def run_of(asker: "subprocess.Popen[str]") -> int:
    """Return the process id of the run, once it says that it runs."""
    assert asker.stdout is not None
    return int(asker.stdout.readline().split()[0])


def ends(pid: int) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_a_run_is_a_process_with_the_environment_folder_output_and_end_of_who_asked(warm: Warm) -> None:
    asker = warm.ask()
    told, _ = asker.communicate(timeout=PATIENCE_SECONDS)
    pid, folder, own, last = told.split()
    assert int(pid) not in {asker.pid, warm.process.pid}
    assert (folder, own, last) == (str(warm.folder), "ours", "left")
    assert asker.returncode == 3


def test_runs_take_place_beside_each_other(warm: Warm) -> None:
    first, second = warm.ask("long"), warm.ask()
    run_of(first)
    assert second.wait(PATIENCE_SECONDS) == 3
    assert first.poll() is None
    first.kill()


def test_a_run_hears_what_its_asker_is_told(warm: Warm) -> None:
    asker = warm.ask("long")
    run_of(asker)
    asker.terminate()
    assert asker.wait(PATIENCE_SECONDS) == 7


def test_a_run_whose_asker_is_killed_is_killed_too_and_the_next_one_takes_place(warm: Warm) -> None:
    asker = warm.ask("long")
    pid = run_of(asker)
    asker.kill()
    assert ends(pid)
    assert warm.ask().wait(PATIENCE_SECONDS) == 3


def test_who_asked_for_a_run_that_is_killed_ends_by_the_same_signal(warm: Warm) -> None:
    asker = warm.ask("long")
    os.kill(run_of(asker), signal.SIGKILL)
    assert asker.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def test_no_run_outlives_the_process_that_forked_it(warm: Warm) -> None:
    asker = warm.ask("long")
    pid = run_of(asker)
    warm.process.kill()
    assert asker.wait(PATIENCE_SECONDS) == 1
    assert ends(pid)


def test_one_that_asks_for_nothing_is_sent_away(warm: Warm) -> None:
    warm.ask().wait(PATIENCE_SECONDS)
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(str(warm.door))
        door.sendall(b"?")
        door.shutdown(socket.SHUT_WR)
        assert door.recv(64) == b""
    assert warm.ask().wait(PATIENCE_SECONDS) == 3


def test_without_such_a_worker_the_engine_is_started_afresh(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), WARM_START: str(tmp_path / "nobody")}
    done = subprocess.run(
        [sys.executable, "-m", "flows.start"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Invalid flow run id" in done.stdout + done.stderr
