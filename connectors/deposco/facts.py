"""What we rely on in a Deposco tenant without being sure of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.deposco.api import ITEMS, ORDERS, SHIPMENTS, Api
from connectors.deposco.mapping import id_of, is_of, moment, moment_text, number_of
from connectors.deposco.settings import DeposcoOptions
from connectors.deposco.sign_in import TOKEN
from connectors.facts import Fact, Seen, Sure
from connectors.reading import Unreadable

ONLY_READS = (("POST", f"(/[^?]*)?{TOKEN}"),)
"""To sign in changes nothing; a sales order, its status and its cancellation are other addresses."""

_ASK = "Ask Deposco's support."
_SAMPLE = 20
_RECENT = timedelta(days=7)
_NOBODYS = "JL-PROBE-OF-NO-ORDER"


def facts(api: Api, options: DeposcoOptions) -> Sequence[Fact]:
    """Return the open, seen and inferred facts of the README, with a look where a read can tell."""
    looks = _Looks(api, options.stock_measure)
    return (
        Fact(f"Lists are of the business unit {options.business_unit} alone", Sure.ASSUMED, looks.business_unit),
        Fact("Lists begin with the newest", Sure.DOCUMENTED, looks.newest_first),
        Fact("Shipments can be asked for by updatedAfter", Sure.DOCUMENTED, looks.updated_after),
        Fact("Shipments can be asked for by customerOrderNumber", Sure.DOCUMENTED, looks.customer_order_number),
        Fact("Stock can be asked for by item, and only these come", Sure.SEEN, looks.stock),
        Fact(f"The tenant allows {options.calls_per_second} calls a second, of all its software", Sure.SEEN, ask=_ASK),
        Fact(
            f"{options.stock_measure} goes down as soon as an order is taken",
            Sure.ASSUMED,
            ask="Compare an item before and after the first order, and after its dispatch.",
        ),
        Fact("The facility, or the business unit, shows the virtual pool's quantity", Sure.ASSUMED, ask=_ASK),
        Fact("A created order is listed within a minute", Sure.ASSUMED, ask="See the first order."),
        Fact("A late tracking number changes updatedDate", Sure.ASSUMED, ask="See the first shipment without one."),
        Fact(
            "An order whose pick list was cancelled stands on Hold, lost its wave, or waits again",
            Sure.ASSUMED,
            ask="Cancel the pick list of a test order and see its state.",
        ),
        Fact("V2 has a test environment for a token", Sure.ASSUMED, ask=_ASK),
    )


@dataclass(frozen=True)
class _Looks:
    api: Api
    measure: str

    async def business_unit(self) -> Seen:
        rows = (await self.api.page(ORDERS, size=_SAMPLE)).rows
        if not rows:
            return Seen("there is no order to look at")
        ours = sum(is_of(row, self.api.business_unit) for row in rows)
        return Seen(f"{ours} of {len(rows)} orders are of the business unit", holds=ours == len(rows))

    async def newest_first(self) -> Seen:
        ids = [number for number in map(id_of, (await self.api.page(ITEMS, size=_SAMPLE)).rows) if number]
        if len(ids) < 2:
            return Seen("there are not two items to look at")
        return Seen(f"of {len(ids)} items the ids were compared", holds=ids == sorted(set(ids), reverse=True))

    async def updated_after(self) -> Seen:
        since = self.api.clock.now() - _RECENT
        rows = (await self.api.page(SHIPMENTS, {"updatedAfter": moment_text(since)}, size=_SAMPLE)).rows
        if not rows:
            return Seen("no shipment changed within a week")
        inside = sum(_is_since(row, since) for row in rows)
        return Seen(f"{inside} of {len(rows)} shipments changed within the week asked for", holds=inside == len(rows))

    async def customer_order_number(self) -> Seen:
        if not (await self.api.page(SHIPMENTS, size=_SAMPLE)).rows:
            return Seen("there is no shipment to look at")
        rows = (await self.api.page(SHIPMENTS, {"customerOrderNumber": _NOBODYS}, size=_SAMPLE)).rows
        return Seen(f"a number of no order brought {len(rows)} shipments", holds=not rows)

    async def stock(self) -> Seen:
        listed = (await self.api.page(ITEMS, size=_SAMPLE)).rows
        numbers = [number for number in map(number_of, listed) if number and "," not in number]
        if not numbers:
            return Seen("there is no item to look at")
        answered = [row for row in await self.api.availability(numbers, self.measure) if isinstance(row, Mapping)]
        strange = sum(row.get("itemNumber") not in numbers for row in answered)
        told = f"{len(answered)} of {len(numbers)} items were answered, {strange} that were not asked for"
        return Seen(told, holds=False if strange else bool(answered) or None)


def _is_since(row: Any, since: datetime) -> bool:
    try:
        return isinstance(row, Mapping) and moment(row.get("updatedDate")) >= since
    except Unreadable:
        return False
