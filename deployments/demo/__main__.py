"""`python -m deployments.demo`: trade a compressed day, account for every order, and stay up to be looked at.

Environment: KEEP=0 ends when the account is done; DEMO_SECONDS is how long the day takes. Without it that
is three minutes, or longer on a machine that was slow to deploy.
The exit code is 0 only when every order is explained.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from deployments.demo.account import OrderAccount, audited, order_accounts, report
from deployments.demo.day import Sandboxes, open_day
from deployments.demo.orchestrator import Orchestrator
from deployments.demo.pace import Pace
from deployments.demo.processes import ROOT, Child, Children
from deployments.demo.sellers import SELLERS
from domain.clock import ScaledClock
from domain.installation import Side
from ledger.database import Database
from ledger.figures import Figures, figures
from ledger.schema import migrate

FOLDER = ROOT / ".demo"
KILLS_AT = (0.3, 0.6)  # of the day
MAPPED_AT = 0.7
DRAIN_SECONDS = 240.0  # patience with a slow machine: it ends as soon as everything is settled
AGE_LIMIT_MINUTES = 240
SHORTEST_DAY, LONGEST_DAY, _DEPLOYS_A_DAY = 180.0, 900.0, 18
_STEP_SECONDS, _TELL_SECONDS = 0.5, 5.0
_QUIET_PACE = 4.0


class Demo:
    """One day: what runs, what was killed, and what both sides know."""

    def __init__(self, orchestrator: Orchestrator, sandboxes: Sandboxes, ledger: str) -> None:
        self.orchestrator, self.sandboxes = orchestrator, sandboxes
        self.worker: Child = orchestrator.start_worker(**sandboxes.environment, LEDGER_URL=ledger)
        self._ledger_url = ledger
        self._database = Database(ledger, ScaledClock())
        migrate(self._database)
        self.pace = Pace(orchestrator, list(SELLERS))
        self.kills = 0
        self._told_at = 0.0

    def begin(self) -> None:
        """Read the items of all sellers, whole, before the first order is judged: a person goes live like this too."""
        unread = list(SELLERS)
        while unread:
            for run_id in [self.orchestrator.run(f"items-{name}") for name in unread]:
                self.orchestrator.wait_for(run_id)
            ours = self.ours()
            unread = [name for name in unread if ours[name].counted.get("item read", 0) < _item_masters(name)]
        # From now on pushes wake loops; before, their runs would keep the items from being read.
        self.orchestrator.start_receiver(**self.sandboxes.environment, LEDGER_URL=self._ledger_url)

    def trade(self, day_seconds: float) -> None:
        """Let the day pass, with the worker killed in the middle of runs, and a person who maps a carrier."""
        began, kills, mapped = time.monotonic(), list(KILLS_AT), False
        while not (progress := self.sandboxes.progress())["finished"]:
            self._step(progress)
            share = (time.monotonic() - began) / day_seconds
            if kills and share > kills[0] and self.pace.running():
                self._kill_worker()
                kills.pop(0)
            if share > MAPPED_AT and not mapped:
                self._map_carrier()
                mapped = True
        self.sandboxes.quiet()

    def drain(self) -> dict[str, OrderAccount]:
        """Work until nothing is owed and every shipment is confirmed or held, or the patience ends; return the account."""
        ends = time.monotonic() + DRAIN_SECONDS
        while True:
            self._step(self.sandboxes.progress())
            ours = self.ours()
            accounts = order_accounts(self.sandboxes.stores(), ours)
            settled = not any(one.owed for one in ours.values()) and self._dispatches_settled(ours)
            if (settled and all(one.explained for one in accounts.values())) or time.monotonic() > ends:
                return accounts
            time.sleep(1)

    def ours(self) -> dict[str, Figures]:
        """Return the ledger's figures of every installation."""
        found = {}
        for name in SELLERS:
            with self._database.transaction(name) as tx:
                found[name] = figures(tx)
        return found

    def stay(self) -> None:
        """Go on slowly until somebody ends it."""
        self.pace.slower = _QUIET_PACE
        while True:
            self.pace.step()
            time.sleep(1)

    def _step(self, progress: dict[str, Any]) -> None:
        self.pace.step()
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            self._told_at = time.monotonic()
            _tell(progress, self.ours())
        time.sleep(_STEP_SECONDS)

    def _kill_worker(self) -> None:
        running = len(self.pace.running())
        self.worker.kill()
        self.kills += 1
        print(f"        the worker is killed in the middle of {running} runs, and started again", flush=True)  # noqa: T201
        self.pace.forget_killed()
        self.worker = self.orchestrator.start_worker(**self.sandboxes.environment, LEDGER_URL=self._ledger_url)

    def _map_carrier(self) -> None:
        """Do what support does from the alert: fill in the form, at harbour; the other sellers' alerts stay for you to try."""
        answers = {
            "installation": "harbour",
            "carrier": "Swift Couriers",
            "code": "parcel-force",
            "owner": "Harbour warehouse",
            "review_on": "2027-03-01",
            "by": "the demo",
            "dry_run": False,
        }
        self.orchestrator.run("map_carrier", answers)
        print("        support maps the carrier Swift Couriers for harbour", flush=True)  # noqa: T201

    def _dispatches_settled(self, ours: dict[str, Figures]) -> bool:
        audit = audited(self.sandboxes, AGE_LIMIT_MINUTES)["total"]
        held = sum(one.dispatches_held for one in ours.values())
        return bool(audit["dispatches_shipped"] <= audit["dispatches_confirmed"] + held)


def main() -> int:
    """Run the demo; return the exit code."""
    signal.signal(signal.SIGTERM, _end)
    shutil.rmtree(FOLDER, ignore_errors=True)
    began = time.monotonic()
    try:
        with Children(FOLDER, _clean_environment()) as children:
            _say("Starting the Prefect server and deploying prefect.yaml")
            orchestrator = Orchestrator(children, {})
            orchestrator.wait()
            day_seconds = _day_for(_timed(orchestrator.deploy))
            orchestrator.pause_schedules()  # a day of three minutes has no use for intervals of a minute
            sandboxes = open_day(children, day_seconds)
            _say(f"A day of trade in {day_seconds:.0f} s")
            _say(f"Prefect UI   {orchestrator.url}")
            _say(f"Slack        {sandboxes.addresses['slack']}  (pretend)")
            demo = Demo(orchestrator, sandboxes, f"sqlite:///{FOLDER / 'ledger.sqlite'}")
            demo.begin()
            demo.trade(day_seconds)
            _say("The day is over; what is still owed is worked off")
            accounts = demo.drain()
            audit = audited(sandboxes, AGE_LIMIT_MINUTES)
            seconds = time.monotonic() - began
            told = report(accounts, demo.ours(), audit, sandboxes, kills=demo.kills, seconds=seconds)
            (FOLDER / "report.json").write_text(json.dumps(told, indent=2, ensure_ascii=False), "utf-8")
            _show(told, orchestrator.url)
            if os.environ.get("KEEP", "1") != "0":
                _say("Everything stays up until Ctrl-C")
                demo.stay()
    except KeyboardInterrupt:
        print("\nEnded.")  # noqa: T201
    return 0 if _explained(FOLDER / "report.json") else 1


def _item_masters(name: str) -> int:
    """Return how many sides of a seller are read for items: where the listings are the master, no other."""
    return 1 if SELLERS[name].product_master is Side.MARKETPLACE else len(Side)


def _day_for(deploy_seconds: float) -> float:
    """Return how long the day takes here; deploying and starting a flow run are the same kind of work."""
    given = os.environ.get("DEMO_SECONDS")
    return float(given) if given else min(max(SHORTEST_DAY, deploy_seconds * _DEPLOYS_A_DAY), LONGEST_DAY)


def _timed(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _explained(file: Path) -> bool:
    return file.exists() and bool(json.loads(file.read_text("utf-8"))["explained"])


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


def _tell(progress: dict[str, Any], ours: dict[str, Figures]) -> None:
    classes = [one for figures_ in ours.values() for one in figures_.orders.values()]
    dispatched = sum(one.counted.get("dispatch done", 0) for one in ours.values())
    alerts = sum(one.alerts_opened - one.alerts_closed for one in ours.values())
    print(  # noqa: T201
        f"{progress['now'][11:16]}   offered {progress['orders_offered']:5}   in back office "
        f"{classes.count('accepted'):5}   dispatched {dispatched:5}   held {classes.count('held'):3}   alerts open {alerts:3}",
        flush=True,
    )


def _show(told: dict[str, Any], url: str) -> None:
    names = ["offered", "accepted", "held", "cancelled", "waiting", "lost", "duplicated"]
    _say("The account of every order")
    for title, part in [*told["installations"].items(), ("total", told)]:
        print(f"  {title:10}" + "".join(f"{name} {part[f'orders_{name}']:5}   " for name in names))  # noqa: T201
    print(  # noqa: T201
        f"  dispatches shipped {told['dispatches_shipped']}, confirmed {told['dispatches_confirmed']}, held "
        f"{told['dispatches_held']}; stock changes {told['stock_changes']}; oversold units {told['oversold_units']}; "
        f"unknown outcomes {told['unknown_outcomes']}; worker killed {told['kills']} times; {told['seconds']:.0f} s"
    )
    print(f"  it {'adds up' if told['explained'] else 'DOES NOT ADD UP: see to_look_at'} (.demo/report.json)")  # noqa: T201
    print(f"  Prefect UI: {url}", flush=True)  # noqa: T201


def _say(text: str) -> None:
    print(f"== {text}", flush=True)  # noqa: T201


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
