"""Moving house: the marketplace of an installation by another road, or at another account, with orders in flight.

It says first what it would do. Done again, it changes nothing more: the ledger notes where the installation works.
"""

from collections.abc import Iterable
from datetime import timedelta

from connectors.registry import platform
from domain.installation import Installation, Side
from ledger import accounts, former_listings, journal, moving
from ledger.accounts import Joined
from ledger.database import Transaction
from tasks.filing_orders import GO_LIVE
from tasks.operators import NothingToDo, Plan

PATIENCE = timedelta(minutes=30)
"""By then what was handed over by the old road, as a file, is worked off: before, absent would prove nothing."""


def move(tx: Transaction, installation: Installation, *, by: str, reason: str, dry_run: bool) -> Plan:
    """Move the marketplace to where the installation's file says it is, or say what is open where it was.

    Raises `NothingToDo` with what has to be written into the file first.
    """
    noted = accounts.joined(tx)
    given = {side: Joined(one.system, one.account) for side in Side if (one := installation.endpoint(side))}
    if Side.MARKETPLACE not in noted:
        raise NothingToDo(f"{installation.name} was never run: there is nothing to move; start its loops.")
    if noted.get(Side.BACK_OFFICE, given[Side.BACK_OFFICE]) != given[Side.BACK_OFFICE]:
        raise NothingToDo(
            f"The back office of {installation.name} is another one in the file. That cannot move with orders in "
            "flight: put it back, and begin a new installation for the new one."
        )
    old, new = noted[Side.MARKETPLACE], given[Side.MARKETPLACE]
    if old == new:
        return _stands(tx, installation)
    by_road = _same_account(installation, old, new)
    plan = _planned(tx, old, new, by_road=by_road)
    if dry_run:
        return plan
    if not by or not reason:
        raise NothingToDo("Say who moves it and why: both are kept in the journal.")
    if by_road:
        _change_road(tx)
    else:
        _change_account(tx, old, new)
    accounts.join(tx, Side.MARKETPLACE, new)
    journal.write(tx, [("", "account", new.account, "moved", f"{plan.title}, by {by}: {reason}")])
    plan.done = True
    return plan


def _change_road(tx: Transaction) -> None:
    moving.change_road(tx, PATIENCE)
    moving.forget_listings(tx, with_numbers=False)
    accounts.forget_marks(tx)


def _change_account(tx: Transaction, old: Joined, new: Joined) -> None:
    """Leave everything of the old account to the runs over it; on the new one, what is older than now is looked up first."""
    former_listings.leave_listed(tx, old.account)
    accounts.leave(tx, old.account, new.account)
    moving.forget_listings(tx, with_numbers=True)
    accounts.forget_marks(tx)
    journal.set_watermark(tx, GO_LIVE, None, tx.now, tx.now)


def _same_account(installation: Installation, old: Joined, new: Joined) -> bool:
    """Tell whether only the road changes. Raises `NothingToDo` where the file cannot mean either."""
    if old.account == new.account and platform(old.system) == platform(new.system):
        return True
    if old.account == new.account:
        raise NothingToDo(
            f"{new.system} and {old.system} are different platforms: the account {new.account!r} needs another name. "
            "Name the new one differently, and the old one under former_marketplaces."
        )
    formers = {Joined(one.system, one.account) for one in installation.former_marketplaces}
    if old not in formers:
        raise NothingToDo(
            f"Name the account that is left under former_marketplaces, with system {old.system!r} and account "
            f"{old.account!r}: what came over it has to be finished there. If only the road changes, keep its name."
        )
    return False


def _planned(tx: Transaction, old: Joined, new: Joined, *, by_road: bool) -> Plan:
    after = _AFTER_ROAD if by_road else _AFTER_ACCOUNT
    plan = Plan(f"Move the marketplace from {_worded(old)} to {_worded(new)}")
    for order in moving.orders_under_way(tx):
        plan.rows.append(_row("orders", order.state, order.orders, after["orders"]))
    for message in moving.messages_under_way(tx):
        asked = after["asked"] if message.state != "owed" and message.kind != "sales_order" else after["owed"]
        plan.rows.append(_row(message.kind, message.state, message.messages, asked))
    for what, count in moving.listings_under_way(tx).items():
        plan.rows.append(_row("listings", what, count, after[what]))
    plan.rows += _left(tx)
    return plan


def _stands(tx: Transaction, installation: Installation) -> Plan:
    """Say what is left to do over the accounts that were left, and which may be taken out of the file."""
    plan = Plan(f"{installation.name} works with {installation.marketplace.account}: nothing to move", done=True)
    open_there = accounts.unfinished(tx)
    plan.rows = _left(tx)
    for one in installation.former_marketplaces:
        if one.account not in open_there:
            effect = "nothing is open there: take it out of former_marketplaces"
            plan.rows.append(_row(one.account, "finished", 0, effect))
    return plan


def _left(tx: Transaction) -> list[dict[str, str]]:
    return [
        _row(account, what, count, "finished by the loops over that account")
        for account, left in accounts.unfinished(tx).items()
        for what, count in left.items()
    ]


def _row(what: str, state: str, count: int, effect: str) -> dict[str, str]:
    return {"what": what, "state": state, "count": str(count), "effect": effect}


def _worded(one: Iterable[str]) -> str:
    system, account = one
    return f"{account} by {system}"


_AFTER_ROAD = {
    "orders": "go on under the same key over the new road; those not created wait until it shows them",
    "owed": "stays owed",
    "asked": f"is looked up by the new road, not before {PATIENCE.seconds // 60} minutes have passed",
    "listings": "are read anew; nothing is offered for one before that",
    "that may show more than zero": "owe the newest number once they are read anew",
    "numbers on their way": "count as unknown: the newest number is owed",
}
_AFTER_ACCOUNT = {
    "orders": "are finished over the account that is left",
    "owed": "is sent, and looked up, over the account that is left",
    "asked": "is looked up over the account that is left",
    "listings": "of the new account are read anew; those of the old one are looked at until all show zero",
    "that may show more than zero": "are taken to zero on the account that is left",
    "numbers on their way": "count as unknown; the old account is looked at again after them",
}
