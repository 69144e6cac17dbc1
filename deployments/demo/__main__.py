"""`python -m deployments.demo`: trade a compressed day, account for every order, and stay up to be looked at.

Environment: KEEP=0 ends when the account is done; DEMO_SELLERS names the sellers, comma between them; DEMO_SECONDS is how
long the day takes. Without it that is some two and a half minutes, or longer on a machine that was slow to deploy.
The exit code is 0 only when all is kept that the day promises (`promises.py`).
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from deployments.demo.account import is_kept, report
from deployments.demo.day import open_day
from deployments.demo.orchestrator import Orchestrator
from deployments.demo.processes import ROOT, Children
from deployments.demo.sellers import SELLERS
from deployments.demo.telling import say, show
from deployments.demo.trading import Demo

FOLDER = ROOT / ".demo"
REPORT = FOLDER / "report.json"
SHORTEST_DAY, LONGEST_DAY, _DEPLOYS_A_DAY = 140.0, 900.0, 7


def main() -> int:
    """Run the demo; return the exit code."""
    signal.signal(signal.SIGTERM, _end)
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        with Children(FOLDER, _clean_environment()) as children:
            _run(children)
    except KeyboardInterrupt:
        print("\nEnded.")  # noqa: T201
    return 0 if REPORT.exists() and is_kept(json.loads(REPORT.read_text("utf-8"))) else 1


def _run(children: Children) -> None:
    began = time.monotonic()
    say("Starting the Prefect server and deploying prefect.yaml")
    orchestrator = Orchestrator(children, {})
    orchestrator.wait()
    day_seconds = _day_for(_timed(orchestrator.deploy))
    orchestrator.pause_schedules()  # a day of minutes has no use for intervals of a minute
    sandboxes = open_day(children, day_seconds)
    say(f"Prefect UI   {orchestrator.url}")
    say(f"Slack        {sandboxes.addresses['slack']}  (pretend)")
    say(f"Going live: {', '.join(SELLERS)}")
    demo = Demo(orchestrator, sandboxes, f"sqlite:///{FOLDER / 'ledger.sqlite'}")
    demo.go_live()
    demo.open()
    say(f"A day of trade opens; it takes {day_seconds:.0f} s")
    demo.trade(day_seconds)
    say("The day is over; what is still owed is worked off")
    accounts = demo.drain()
    seconds = time.monotonic() - began
    told = report(accounts, demo.ours(), demo.audit(), sandboxes, kills=demo.kills, seconds=seconds)
    REPORT.write_text(json.dumps(told, indent=2, ensure_ascii=False), "utf-8")
    show(told, orchestrator.url)
    if os.environ.get("KEEP", "1") != "0":
        say("Everything stays up until Ctrl-C")
        demo.stay()


def _day_for(deploy_seconds: float) -> float:
    """Return how long the day takes here; deploying and starting a flow run are the same kind of work."""
    given = os.environ.get("DEMO_SECONDS")
    return float(given) if given else min(max(SHORTEST_DAY, deploy_seconds * _DEPLOYS_A_DAY), LONGEST_DAY)


def _timed(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _clean_environment() -> dict[str, str]:
    """Return the environment without what a person has set for the real systems: the demo must never reach them."""
    ours = (
        "PREFECT_",
        "CLOCK_",
        "LEDGER_",
        "SLACK_",
        "RECEIVER_",
        "INSTALLATIONS",
        *(f"{name.upper()}_" for name in SELLERS),
    )
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
