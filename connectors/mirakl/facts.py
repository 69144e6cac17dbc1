"""What we rely on in a shop of a Mirakl marketplace without being sure of it."""

from collections.abc import Sequence
from typing import Any

from connectors.facts import Fact, Seen, Sure
from connectors.mirakl.api import OFFERS, ORDERS, Api
from connectors.mirakl.items import ItemFeed
from connectors.mirakl.settings import MiraklOptions
from domain.records import Received

_OPERATOR = "Ask the operator."
_WITHOUT_ADDRESS = frozenset({"WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT"})


def facts(api: Api, options: MiraklOptions) -> Sequence[Fact]:
    """Return the seen and assumed facts of the README, with a look where a read can tell.

    The looks at orders share one call, as orders may be polled once a minute.
    """
    looks = _Looks(api, options.gift_message_field)
    return (
        Fact("Prices come without tax, as they are asked for", Sure.DOCUMENTED, looks.prices),
        Fact("An order has no address before it is accepted and paid", Sure.SEEN, looks.addresses),
        Fact(f"The gift message is in the field {options.gift_message_field}", Sure.ASSUMED, looks.gift_message),
        Fact("The product of an offer names an EAN", Sure.ASSUMED, looks.ean),
        Fact("How long an order may wait for its acceptance", Sure.ASSUMED, ask=_OPERATOR),
        Fact("Further pages and orders by id do not count as polls", Sure.ASSUMED, ask=_OPERATOR),
        Fact(
            "The echo of a shipment that was made shipped is its proof",
            Sure.ASSUMED,
            ask="Compare the shop's pages after the first dispatch.",
        ),
        Fact(
            "A line that is missing in the error report was taken",
            Sure.ASSUMED,
            ask="Each is read back after ten minutes.",
        ),
        Fact("Of a file that FAILED nothing was taken", Sure.ASSUMED, ask=_OPERATOR),
        Fact("Files are worked off in their order", Sure.ASSUMED, ask=_OPERATOR),
        Fact(
            "The channel lowers an offer's quantity when it sells", Sure.ASSUMED, ask="Compare an offer after a sale."
        ),
        Fact(
            "What a cancellation does to the offer's quantity and to the line's quantity", Sure.ASSUMED, ask=_OPERATOR
        ),
    )


class _Looks:
    def __init__(self, api: Api, gift_field: str | None) -> None:
        self._api, self._gift_field = api, gift_field
        self._listed: list[dict[str, Any]] | None = None

    async def _orders(self) -> list[dict[str, Any]]:
        """Return one page of orders, read once."""
        if self._listed is None:
            read = await self._api.rows(ORDERS, "orders", self._api.limits.poll_orders, order_tax_mode="TAX_EXCLUDED")
            self._listed = [row for row in read.rows if isinstance(row, dict)]
        return self._listed

    async def prices(self) -> Seen:
        rows = await self._orders()
        if not rows:
            return Seen("there is no order to look at")
        net = sum(row.get("order_tax_mode") == "TAX_EXCLUDED" for row in rows)
        return Seen(f"{net} of {len(rows)} orders have prices without tax", holds=net == len(rows))

    async def addresses(self) -> Seen:
        rows = [row for row in await self._orders() if row.get("order_state") in _WITHOUT_ADDRESS]
        if not rows:
            return Seen("no order waits for its acceptance or payment")
        with_one = sum(bool(_of(row, "customer").get("shipping_address")) for row in rows)
        return Seen(f"{with_one} of {len(rows)} such orders have one", holds=not with_one)

    async def gift_message(self) -> Seen:
        fields = [field for row in await self._orders() for field in row.get("order_additional_fields") or ()]
        codes = {field.get("code") for field in fields if isinstance(field, dict)}
        if not codes:
            return Seen("no order has an additional field")
        return Seen(f"{len(codes)} additional fields were seen", holds=True if self._gift_field in codes else None)

    async def ean(self) -> Seen:
        rows = (await self._api.rows(OFFERS, "offers", self._api.limits.view_offers, sort="productTitle")).rows
        read = [one.record for one in map(ItemFeed(self._api).parse, rows) if isinstance(one, Received)]
        if not read:
            return Seen("there is no offer to look at")
        named = sum(bool(record.ean) for record in read)
        return Seen(f"{named} of {len(read)} offers have one", holds=named > 0)


def _of(row: dict[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else {}
