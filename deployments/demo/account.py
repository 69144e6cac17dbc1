"""The account of every order, from both sides: our ledger, and the pretend systems' own stores."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from deployments.demo.day import Sandboxes
from deployments.demo.promises import promises
from deployments.demo.sellers import ALL_SELLERS, SELLERS, market_of
from ledger.figures import ACCEPTED, CANCELLED, HELD, WAITING, Figures
from sandbox.audit.trades import Trade, trades

_OF_THE_AUDIT = (
    "dispatches_shipped",
    "dispatches_confirmed",
    "stock_changes",
    "oversold_units",
    "sold_on_stale",
    "sold_unjustified",
    "orders_of_no_marketplace",
    "acknowledged_not_in_back_office",
    "dispatched_beyond_ordered",
    "dispatched_before_shipped",
    "shipped_after_cancellation",
    "skus_sold_out",
    "skus_sold_out_at_once",
)
_ERRS_IN_200 = {"cin7_core"}


@dataclass
class OrderAccount:
    """Every offered Customer Order Number, in exactly one class."""

    offered: list[str]
    classes: dict[str, list[str]] = field(
        default_factory=lambda: {
            name: [] for name in ("accepted", "held", "cancelled", "waiting", "lost", "duplicated")
        }
    )

    @property
    def explained(self) -> bool:
        """Tell whether every offered order is accepted, held or cancelled, and none waits, is lost or is there twice."""
        counted = Counter(reference for references in self.classes.values() for reference in references)
        whole = counted == Counter(self.offered) and set(counted.values()) <= {1}
        return whole and not any(self.classes[name] for name in ("waiting", "lost", "duplicated"))


def account_for(offered: list[Trade], ours: dict[str, str]) -> OrderAccount:
    """Put each offered order into its class; what only one side believes counts as lost."""
    account = OrderAccount([trade.reference for trade in offered])
    for trade in offered:
        account.classes[_class_of(trade, ours.get(trade.reference, ""))].append(trade.reference)
    return account


def _class_of(trade: Trade, ours: str) -> str:
    if len(trade.living) > 1:
        return "duplicated"
    if trade.accepted:
        return "accepted" if ours in {ACCEPTED, HELD} else "waiting" if ours == WAITING else "lost"
    if ours in {HELD, WAITING}:
        return ours
    if trade.is_cancelled and (ours == CANCELLED or (ours == ACCEPTED and trade.taken)):
        return "cancelled"
    return "lost"


def order_accounts(stores: list[dict[str, Any]], ours: dict[str, Figures]) -> dict[str, OrderAccount]:
    """Return the account of every installation's orders."""
    by_system = {store["system"]: store for store in stores}
    found = {}
    for name, figures in ours.items():
        market, office = SELLERS[name].marketplace, SELLERS[name].back_office
        offered = trades(by_system[market_of(SELLERS[name])]["accounts"][market.account], by_system[office.system])
        found[name] = account_for(offered, figures.orders)
    return found


def audited(sandboxes: Sandboxes, age_limit_minutes: int) -> dict[str, Any]:
    """Return what `python -m sandbox.audit` says of the written stores."""
    pairs = [f"{seller.marketplace.account}={seller.back_office.system}" for seller in SELLERS.values()]
    command = [sys.executable, "-m", "sandbox.audit", str(sandboxes.stores_file), *pairs]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--age-limit", str(age_limit_minutes)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"The audit of the stores failed: {done.stderr.strip()}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def report(
    accounts: dict[str, OrderAccount],
    ours: dict[str, Figures],
    audit: dict[str, Any],
    sandboxes: Sandboxes,
    *,
    kills: int,
    seconds: float,
) -> dict[str, Any]:
    """Return the whole report: in total, by installation, and what was kept of what the day promises."""
    installations = {
        name: _of_installation(accounts[name], ours[name], audit["installations"][SELLERS[name].marketplace.account])
        for name in ours
    }
    calls = sandboxes.calls()
    told = {
        **_total(list(installations.values())),
        "kills": kills,
        "clock_scale": sandboxes.scale,
        "seconds": round(seconds, 1),
        "calls": {system: one["calls"] for system, one in calls.items()},
        "throttled": {system: one["throttled"] for system, one in calls.items()},
        "limits_per_minute": {system: one["limits"] for system, one in calls.items()},
        "trouble": {one["account"]: one["trouble"] for one in sandboxes.progress()["worlds"]},
        "installations": installations,
    }
    errs_in_200 = [one.marketplace.account for one in SELLERS.values() if one.back_office.system in _ERRS_IN_200]
    kept = promises(told, all_trade=set(SELLERS) == set(ALL_SELLERS), errs_in_200=errs_in_200)
    return {**told, "promises": [one.shown() for one in kept]}


def is_kept(told: dict[str, Any]) -> bool:
    """Tell whether a day kept all that it promised; a report without promises kept nothing."""
    return bool(told.get("promises")) and all(promise["kept"] for promise in told["promises"])


def _of_installation(account: OrderAccount, ours: Figures, audit: dict[str, Any]) -> dict[str, Any]:
    return {
        "orders_offered": len(account.offered),
        **{f"orders_{name}": len(references) for name, references in account.classes.items()},
        **{name: audit[name] for name in _OF_THE_AUDIT},
        "dispatches_held": ours.dispatches_held,
        "stock_confirmed": ours.stock_confirmed,
        "holds": ours.holds,
        "open_holds": ours.open_holds,
        "owed": ours.owed,
        "alerts_opened": ours.alerts_opened,
        "alerts_closed": ours.alerts_closed,
        "unknown_outcomes": ours.unknown_outcomes,
        "runs": ours.runs,
        "explained": account.explained,
        "to_look_at": {
            **{name: account.classes[name][:20] for name in ("waiting", "lost", "duplicated") if account.classes[name]},
            **audit["offending"],
        },
    }


def _total(parts: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for name, value in parts[0].items():
        if isinstance(value, bool):
            total[name] = all(part[name] for part in parts)
        elif isinstance(value, int):
            total[name] = sum(part[name] for part in parts)
        elif name in {"holds", "open_holds", "owed"}:
            total[name] = dict(sum((Counter(part[name]) for part in parts), Counter[str]()))
    return total
