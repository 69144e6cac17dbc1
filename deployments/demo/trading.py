"""The day as it is lived: sellers go live, the day opens, the worker is killed, what is owed is worked off."""

import time
from typing import Any

from deployments.demo.account import OrderAccount, audited, order_accounts
from deployments.demo.day import Sandboxes
from deployments.demo.orchestrator import Orchestrator
from deployments.demo.pace import EVERY_SECONDS, WORK_OFF_SECONDS, Pace
from deployments.demo.processes import Child
from deployments.demo.sellers import SELLERS
from deployments.demo.telling import say, tell
from domain.clock import ScaledClock
from domain.installation import Side
from domain.records import Kind
from ledger.database import Database
from ledger.figures import Figures, figures
from ledger.schema import migrate

AGE_LIMIT_MINUTES = 240
KILLS_AT = (0.15, 0.3)  # of the day: what a killed run had claimed is nobody's for two minutes of the machine
DRAIN_SECONDS = 240.0  # patience with a slow machine: it ends as soon as everything is settled
_STEP_SECONDS, _TELL_SECONDS, _LOOK_SECONDS = 0.5, 5.0, 4.0
_QUIET_PACE = 4.0


class Demo:
    """One day: what runs, what was killed, and what both sides know."""

    def __init__(self, orchestrator: Orchestrator, sandboxes: Sandboxes, ledger: str) -> None:
        self.orchestrator, self.sandboxes = orchestrator, sandboxes
        self._environment = {**sandboxes.environment, "LEDGER_URL": ledger}
        self._database = Database(ledger, ScaledClock())
        migrate(self._database)
        self.worker: Child = orchestrator.start_worker(**self._environment)
        self.kills = 0
        self._told_at, self._is_mapped = 0.0, False

    def go_live(self) -> None:
        """Read the items of all sellers, whole, and look for open orders once, as a person does who goes live."""
        unread = list(SELLERS)
        while unread:
            self._run_all([f"items-{name}" for name in unread])
            ours = self.ours()
            unread = [name for name in unread if ours[name].counted.get("item read", 0) < _item_masters(name)]
        # What is placed before a seller's first run of orders counts as open before going live, and is looked up first.
        self._run_all([f"orders-{name}" for name in SELLERS])

    def open(self) -> None:
        """Let the day begin. From now on pushes wake loops; before, their runs would have kept the items from being read."""
        self.orchestrator.start_receiver(**self._environment)
        self.sandboxes.open()
        self.pace = Pace(self.orchestrator, list(SELLERS))

    def trade(self, day_seconds: float) -> None:
        """Let the day pass, with the worker killed in the middle of runs."""
        began, kills = time.monotonic(), list(KILLS_AT)
        while not (progress := self.sandboxes.progress())["finished"]:
            self._step(progress)
            share = (time.monotonic() - began) / day_seconds
            if kills and share > kills[0] and self._kill_worker():
                kills.pop(0)
        self.sandboxes.quiet()

    def drain(self) -> dict[str, OrderAccount]:
        """Work until nothing is owed and every shipment is confirmed or held, or the patience ends; return the account."""
        self.pace.every = WORK_OFF_SECONDS
        ends, looked_at, unconfirmed = time.monotonic() + DRAIN_SECONDS, 0.0, set(SELLERS)
        while True:
            self._step(self.sandboxes.progress())
            ours, now = self.ours(), time.monotonic()
            if now - looked_at >= _LOOK_SECONDS or now > ends:  # the stores are large
                looked_at, unconfirmed = now, self._unconfirmed(ours)
            unfinished = unfinished_loops(ours, unconfirmed)
            self.pace.only = unfinished | {
                f"stock-{name}" for name in SELLERS
            }  # a count that grows too old is worth nothing
            if unfinished and now <= ends:
                continue
            accounts = order_accounts(self.sandboxes.stores(), ours)
            if all(one.explained for one in accounts.values()) or now > ends:
                return accounts
            self.pace.only |= {f"orders-{name}" for name in SELLERS}  # what nobody has read yet is owed nowhere

    def audit(self) -> dict[str, Any]:
        """Return what the vendors' side says now, counted by itself."""
        self.sandboxes.stores()
        return audited(self.sandboxes, AGE_LIMIT_MINUTES)

    def ours(self) -> dict[str, Figures]:
        """Return the ledger's figures of every installation."""
        found = {}
        for name in SELLERS:
            with self._database.transaction(name) as tx:
                found[name] = figures(tx)
        return found

    def stay(self) -> None:
        """Go on slowly until somebody ends it."""
        self.pace.every, self.pace.slower, self.pace.only = EVERY_SECONDS, _QUIET_PACE, None
        while True:
            self.pace.step()
            time.sleep(1)

    def _step(self, progress: dict[str, Any]) -> None:
        self.pace.step()
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            self._told_at = time.monotonic()
            ours = self.ours()
            tell(progress, ours)
            self._support(ours)
        time.sleep(_STEP_SECONDS)

    def _run_all(self, deployments: list[str]) -> None:
        for run_id in [self.orchestrator.run(name) for name in deployments]:
            self.orchestrator.wait_for(run_id)

    def _kill_worker(self) -> bool:
        """Kill the worker with all its runs, if any is in the middle of its work; tell whether it was."""
        if not any(run.state == "RUNNING" for run in self.orchestrator.active()):
            return False
        self.worker.kill()
        killed = [run for run in self.orchestrator.active() if run.state != "SCHEDULED"]
        for run in killed:
            self.orchestrator.crash(run.id)
        say(f"the worker is killed in the middle of {len(killed)} runs, and started again", heading=False)
        self.kills += 1
        self.worker = self.orchestrator.start_worker(**self._environment)
        return True

    def _support(self, ours: dict[str, Figures]) -> None:
        """Do what support does from the first alert of an unmapped carrier: fill in the form. Other sellers' are for you to try."""
        seller = next(iter(SELLERS.values()))
        if self._is_mapped or not ours[seller.name].open_holds.get("unmapped_carrier"):
            return
        answers = {
            "installation": seller.name,
            "carrier": "Swift Couriers",
            "code": "parcel-force",
            "owner": f"{seller.name.title()} warehouse",
            "review_on": "2027-03-01",
            "by": "the demo",
            "dry_run": False,
        }
        self.orchestrator.run("map_carrier", answers)
        self._is_mapped = True
        say(f"support maps the carrier Swift Couriers for {seller.name}", heading=False)

    def _unconfirmed(self, ours: dict[str, Figures]) -> set[str]:
        """Return the sellers who shipped what is neither confirmed nor held."""
        audit = self.audit()["installations"]
        of = {name: audit[seller.marketplace.account] for name, seller in SELLERS.items()}
        return {
            name
            for name, one in of.items()
            if one["dispatches_shipped"] > one["dispatches_confirmed"] + ours[name].dispatches_held
        }


def unfinished_loops(ours: dict[str, Figures], unconfirmed: set[str]) -> set[str]:
    """Return the deployments that still have something to do."""
    wanted = {f"dispatch-{name}" for name, one in ours.items() if name in unconfirmed or Kind.DISPATCH in one.owed}
    return wanted | {f"orders-{name}" for name, one in ours.items() if set(one.owed) - {Kind.DISPATCH}}


def _item_masters(name: str) -> int:
    """Return how many sides of a seller are read for items: where the listings are the master, no other."""
    return 1 if SELLERS[name].product_master is Side.MARKETPLACE else len(Side)
