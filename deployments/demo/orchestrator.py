"""A local Prefect server with our deployments, its workers, and what is asked of its API."""

import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from deployments.demo.processes import ROOT, Child, Children, free_port

BIN = Path(sys.executable).parent
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
IN_MEMORY = "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false"
"""The server's database: one connection, so that nothing is refused as locked and asked for again seconds later."""
_BUSY = 503
_TRIES = 8


class ActiveRun(NamedTuple):
    """A run that is not over, of whoever started it."""

    id: str
    deployment: str
    state: str


class Orchestrator:
    """The server behind `url`; `environment` is what it and its workers get, with what they need to find each other."""

    def __init__(self, children: Children, environment: Mapping[str, str]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "PREFECT_HOME": str(children.folder / "prefect"),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_UI_URL": self.url,
            "PREFECT_API_DATABASE_CONNECTION_URL": IN_MEMORY,
            "PYTHONPATH": str(ROOT),
            "DO_NOT_TRACK": "1",
            **environment,
        }
        self._children = children
        self._api = httpx.Client(base_url=f"{self.url}/api", timeout=30, trust_env=False)
        self._server = children.start(
            "server",
            *(sys.executable, "-m", "flows.server", "--host", "127.0.0.1", "--port", str(port)),
            **self.environment,
        )
        self._ids: dict[str, str] = {}

    def wait(self, seconds: float = 90.0) -> None:
        """Wait until the server answers. Raises `RuntimeError` with its last words."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self._server.alive:
            try:
                if self._api.get("/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        raise RuntimeError(f"The Prefect server did not start. It said:\n{self._server.last_words()}")

    def last_words(self) -> str:
        """Return the end of the server's output."""
        return self._server.last_words()

    def deploy(self) -> None:
        """Make the work pool and deploy prefect.yaml, as `make deploy` does."""
        for command in (["work-pool", "create", "local", "--type", "process", "--overwrite"], ["deploy", "--all"]):
            done = subprocess.run(  # noqa: S603 - our own commands
                [str(BIN / "prefect"), "--no-prompt", *command],
                cwd=ROOT,
                env={**self._children.environment, **self.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"prefect {' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
        found = self.ask("POST", "/deployments/filter", {})
        self._ids = {deployment["name"]: deployment["id"] for deployment in found}

    def pause_schedules(self) -> None:
        """Let no deployment run by its schedule: somebody else starts the runs."""
        for deployment in self._ids.values():
            self.ask("PATCH", f"/deployments/{deployment}", {"paused": True})

    def start_worker(self, **environment: str) -> Child:
        """Start a worker that runs at most three flow runs at a time: each waits for answers half of its life."""
        return self._children.start(
            "worker",
            *(sys.executable, "-m", "flows.worker", "--pool", "local", "--limit", "3"),
            **{**self.environment, **environment},
        )

    def start_receiver(self, **environment: str) -> Child:
        """Start the receiver of pushes, as `make receiver` does."""
        command = (sys.executable, "-m", "flows.receiver")
        return self._children.start("receiver", *command, **{**self.environment, **environment})

    def run(self, deployment: str, parameters: Mapping[str, Any] | None = None) -> str:
        """Ask for a run of a deployment now; return its id."""
        body = {"state": {"type": "SCHEDULED"}, "parameters": dict(parameters or {}), "enforce_parameter_schema": False}
        return str(self.ask("POST", f"/deployments/{self._ids[deployment]}/create_flow_run", body)["id"])

    def states(self, run_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Return the flow runs of these ids as the API shows them."""
        if not run_ids:
            return {}
        found = self.ask("POST", "/flow_runs/filter", {"flow_runs": {"id": {"any_": run_ids}}, "limit": 200})
        return {run["id"]: run for run in found}

    def active(self) -> list[ActiveRun]:
        """Return the runs that are due, or on."""
        names = {deployment: name for name, deployment in self._ids.items()}
        states = {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"]}}
        due = {"before_": datetime.now(UTC).isoformat()}  # the scheduler may have been quicker than the pause
        asked = {"state": states, "expected_start_time": due}
        found = self.ask("POST", "/flow_runs/filter", {"flow_runs": asked, "limit": 200})
        return [ActiveRun(run["id"], names.get(run["deployment_id"], ""), run["state_type"]) for run in found]

    def wait_for(self, run_id: str, seconds: float = 120.0) -> dict[str, Any]:
        """Wait until a run is over and return it. Raises `TimeoutError`."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            run: dict[str, Any] = self.ask("GET", f"/flow_runs/{run_id}")
            if run["state_type"] in FINAL:
                return run
            time.sleep(0.3)
        raise TimeoutError(f"Run {run_id} is {run['state_type']} after {seconds:.0f} s.")

    def crash(self, run_id: str) -> None:
        """Say that a run whose worker was killed is over: nobody else would, and it keeps its place in the queue."""
        state = {"type": "CRASHED", "name": "Crashed", "message": "Its worker was killed."}
        self.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True})

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; a server that is busy (503: SQLite takes one writer) is asked again."""
        for attempt in range(_TRIES):
            try:
                answer = self._api.request(method, path, json=body)
            except httpx.TransportError:
                if attempt == _TRIES - 1:
                    raise
            else:
                if answer.status_code != _BUSY:
                    answer.raise_for_status()
                    return answer.json() if answer.content else None
            time.sleep(0.1 * 2**attempt)
        raise RuntimeError(f"The Prefect server is still busy after {_TRIES} tries of {method} {path}.")
