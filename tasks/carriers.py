"""Carriers: the reviewed mapping, seeded from the installation's file, and the account's own list, compared daily."""

from datetime import timedelta
from typing import Any

from connectors.roles import TakesDispatches
from domain.answers import NotNow, SystemTrouble, Unavailable
from domain.identifiers import visible
from domain.installation import Side
from expectations.gate import Failure
from ledger import holds, inbox, items, journal
from ledger.database import Transaction
from tasks.holding import hold
from tasks.run import Run, age
from tasks.telling import News

COMPARED = "carriers"
_COMPARE_EVERY = timedelta(hours=24)


async def compare_carriers(run: Run) -> None:
    """Seed the mapping, and once a day read the account's carriers and hold what is no longer accepted.

    An account that was left keeps the mapping and the list that it had.
    """
    if run.former:
        return
    with run.transaction() as tx:
        mark = journal.watermark(tx, COMPARED)
        due = age(mark.completed_at if mark else None, tx.now) > _COMPARE_EVERY
        _seed(run, tx)
    marketplace = run.connectors[Side.MARKETPLACE]
    if not due or not isinstance(marketplace, TakesDispatches):
        return
    try:
        listed = {carrier.code: carrier.name for carrier in await marketplace.carriers()}
    except NotNow as spent:
        if mark is not None:
            return  # yesterday's list serves until the next run
        account, what = run.account(Side.MARKETPLACE), "its carriers were never read, and the call budget is spent."
        raise Unavailable(account, what, "The step is tried again.") from spent
    except SystemTrouble as trouble:
        if mark is None:
            raise  # without the list every dispatch would be held as not accepted
        run.troubles.append(trouble)
        return
    chosen = set(run.installation.approved_carriers) or set(listed)
    with run.transaction() as tx:
        accepted = {code: name for code, name in listed.items() if code in chosen}
        came, went = items.approve_carriers(tx, accepted, run.id)
        _hold_unaccepted(run, tx, accepted)
        journal.set_watermark(tx, COMPARED, None, tx.now, tx.now)
        if came or went:
            told = f"now accepted: {', '.join(sorted(came)) or 'none'}; no longer: {', '.join(sorted(went)) or 'none'}"
            run.tell(News("", "carrier", run.installation.name, "compared", told))


def map_carrier(tx: Transaction, carrier: str, service: str, code: str, *, owner: str, review_on: str, by: str) -> int:
    """Map a carrier, and put every dispatch that waited for it back before the gate; return how many.

    It is mapped for each account that accepts the code: that of today, and those that were left.
    """
    accounts = items.accepting(tx, code)
    for account in accounts:
        items.map_carrier(tx, carrier, service, code, owner=owner, review_on=review_on, by=by, account=account)
    return sum(release_mapped(tx, account) for account in accounts)


def waiting_for(tx: Transaction, carrier: str, service: str) -> list[str]:
    """Return the order keys whose dispatch waits for this carrier to be mapped."""
    mapped = {**items.carriers(tx), (carrier, service): "?"}
    return [one.order_key for one in _carrier_holds(tx) if _code(mapped, one) is not None]


def release_mapped(tx: Transaction, account: str = "") -> int:
    """Put back before the gate the dispatches whose carrier is mapped, and accepted, now; return how many."""
    mapped, accepted = items.carriers(tx, account), items.approved_carriers(tx, account)
    rows = _carrier_holds(tx)
    at_gate = [int(one.subject_id) for one in rows if one.subject == holds.INBOX and _code(mapped, one) in accepted]
    if at_gate:
        inbox.set_gate(tx, at_gate, inbox.WAITING)
    refused = [one.subject_id for one in rows if one.subject == holds.MESSAGE]  # composed afresh, with today's mapping
    return len(at_gate) + (holds.close_holds(tx, holds.MESSAGE, refused, "mended", tx.run_id) if refused else 0)


def _seed(run: Run, tx: Transaction) -> None:
    known = items.carriers(tx)
    for mapping in run.installation.carriers:
        at_ledger = known.get((mapping.carrier, mapping.service))
        if at_ledger is None:
            items.map_carrier(
                tx,
                mapping.carrier,
                mapping.service,
                mapping.code,
                owner=mapping.owner,
                review_on=mapping.review_on.isoformat(),
                by="installation file",
            )
        elif at_ledger != mapping.code:
            told = f"the file says {mapping.code}, the table says {at_ledger} and rules"
            run.tell(News("", "carrier", mapping.carrier, "differs", told))


def _hold_unaccepted(run: Run, tx: Transaction, accepted: dict[str, str]) -> None:
    wrong = {f"{pair[0]}/{pair[1]}": code for pair, code in items.carriers(tx).items() if code not in accepted}
    held = {one.subject_id for one in holds.open_holds(tx, type="carrier_not_approved", subject=holds.INSTALLATION)}
    mended = sorted(held - set(wrong))
    holds.close_holds(tx, holds.INSTALLATION, mended, "mended", "the account's list", ["carrier_not_approved"])
    for name, code in wrong.items():
        value = f"{visible(name)} is mapped to {code}, which the account does not accept"
        failure = Failure(name, "expect_mapping_to_be_accepted", "carrier_not_approved", value, "")
        hold(run, tx, failure, holds.INSTALLATION, name)


def _carrier_holds(tx: Transaction) -> list[Any]:
    types = ("unmapped_carrier", "carrier_not_approved", "invalid_carrier")
    return [one for type_ in types for one in holds.open_holds(tx, type=type_) if one.subject != holds.INSTALLATION]


def _code(mapped: dict[tuple[str, str], str], one: Any) -> str | None:
    fix = one.fix or {}
    carrier, service = str(fix.get("carrier", "")), str(fix.get("service", ""))
    return mapped.get((carrier, service)) or mapped.get((carrier, ""))
