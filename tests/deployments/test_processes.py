"""Child processes leave nothing behind."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from deployments.demo.processes import Children, free_port, wait_for_port

SPAWNS = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


def grandchild(log: Path) -> int:
    until = time.monotonic() + 20
    while not log.read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.02)
    return int(log.read_text())


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended, and nobody has looked at yet, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(pid: int) -> bool:
    """Tell whether a process ends within seconds: a killed one needs a moment."""
    until = time.monotonic() + 30
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not alive(pid)


def test_leaving_the_block_ends_children_and_what_they_started(tmp_path: Path) -> None:
    with Children(tmp_path, os.environ) as children:
        child = children.start("parent", sys.executable, "-c", SPAWNS)
        pid = grandchild(child.log)
        assert alive(pid)
    assert not child.alive
    assert ends(pid)


def test_killing_a_child_kills_what_it_started(tmp_path: Path) -> None:
    with Children(tmp_path, os.environ) as children:
        child = children.start("parent", sys.executable, "-c", SPAWNS)
        pid = grandchild(child.log)
        child.kill()
        assert ends(pid)


def test_a_child_hears_interrupts_even_when_we_were_started_to_ignore_them(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Children(tmp_path, os.environ) as children:
            shows = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
            child = children.start("shows", sys.executable, "-c", shows)
            while child.alive:
                time.sleep(0.02)
        assert child.log.read_text().strip() == "False"
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_child_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    with Children(tmp_path, os.environ) as children:
        child = children.start("stumbles", sys.executable, "-c", "raise SystemExit('no such door')")
        with pytest.raises(RuntimeError, match="no such door"):
            wait_for_port(free_port(), child, 20)
