"""A whole installation as in production: Prefect server, deployments, worker processes, two sellers' systems."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.demo.orchestrator import Orchestrator
from deployments.demo.processes import Child, Children, free_port, wait_for_port
from tests.conftest import NOBODY
from tests.served import Sellers, sellers

PAUSE_SECONDS = 4  # what a lease keeps for two minutes needs no run meanwhile
OURS = ("PREFECT_", "HARBOUR_", "MEADOW_", "CLOCK_", "LEDGER_", "SLACK_", "RECEIVER_")
PUSH_SECRET = "a-path-that-nobody-can-guess"


@dataclass
class Stack:
    """The server, its worker, and everything outside of us."""

    orchestrator: Orchestrator
    world: Sellers
    worker: Child
    folder: Path
    environment: dict[str, str]

    def restart_worker(self) -> None:
        """Kill the worker and its flow runs, as a power cut would, and start another."""
        self.worker.kill()
        self.worker = self.orchestrator.start_worker()

    def run(self, deployment: str) -> dict[str, object]:
        """Run a deployment to its end; return the run as the API shows it."""
        return self.orchestrator.wait_for(self.orchestrator.run(deployment))

    def run_until(self, deployment: str, done: Callable[[], bool], seconds: float = 240.0) -> list[dict[str, object]]:
        """Run a deployment again and again until something is so; fail with what the last run said when it never is."""
        ends = time.monotonic() + seconds
        runs: list[dict[str, object]] = []
        while not done():
            time.sleep(min(len(runs), PAUSE_SECONDS))
            runs.append(self.run(deployment))
            assert time.monotonic() < ends, f"{deployment}: {runs[-1]['state']}; worker: {self.worker.last_words()}"
        return runs


@contextmanager
def started(folder: Path, **environment: str) -> Iterator[Stack]:
    """Start everything in a folder of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    with ExitStack() as ending:
        world = ending.enter_context(sellers())
        world.enrol()
        children = ending.enter_context(Children(folder, clean))
        settings = {
            "PREFECT_API_SSL_CERT_FILE": str(NOBODY),
            "LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite'}",
            **world.environment,
            **environment,
        }
        orchestrator = Orchestrator(children, settings)
        orchestrator.wait()
        orchestrator.deploy()
        orchestrator.pause_schedules()
        yield Stack(orchestrator, world, orchestrator.start_worker(), folder, orchestrator.environment)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start one for most tests: each costs minutes on a busy machine. Its receiver takes the pushes of one back office."""
    port = free_port()
    given = {
        "MEADOW_CIN7_CORE_PUSH_SECRET": PUSH_SECRET,
        "RECEIVER_URL": f"http://127.0.0.1:{port}",
        "RECEIVER_PORT": str(port),
    }
    with started(tmp_path_factory.mktemp("e2e"), **given) as running:
        wait_for_port(port, running.orchestrator.start_receiver())
        yield running
