"""What we rely on at Cin7 Core without being sure of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.cin7_core.api import Api
from connectors.cin7_core.settings import Cin7CoreOptions
from connectors.facts import Fact, Seen, Sure
from connectors.http import VendorRefusal
from domain.budgets import Lane

_STOCK_FIELDS = frozenset({"SKU", "Location", "Bin", "Batch", "OnHand", "Allocated", "Available"})


def facts(api: Api, options: Cin7CoreOptions) -> Sequence[Fact]:
    """Return the open and inferred facts of the README, with a look where a read can tell."""

    async def stock_rows() -> Seen:
        rows = _objects((await api.page("/ref/productavailability", "ProductAvailabilityList", 1, lane=Lane.BULK)).rows)
        if not rows:
            return Seen("there is no row of stock to look at")
        missing = sorted(name for name in _STOCK_FIELDS if any(name not in row for row in rows))
        wrong = sum(row["Available"] != row["OnHand"] - row["Allocated"] for row in rows) if not missing else 0
        if missing:
            return Seen(f"rows lack {', '.join(missing)}", holds=False)
        return Seen(f"{wrong} of {len(rows)} rows have another Available than OnHand less Allocated", holds=not wrong)

    async def products() -> Seen:
        rows = _objects((await api.page("/product", "Products", 1, lane=Lane.BULK)).rows)
        if not rows:
            return Seen("there is no product to look at")
        statuses = sorted({str(row.get("Status")) for row in rows})
        types = sorted({str(row.get("Type")) for row in rows})
        known = {status.lower() for status in statuses} <= {"active", "deprecated"}
        return Seen(f"statuses {', '.join(statuses)}; types {', '.join(types)}; {len(rows)} looked at", holds=known)

    async def whole_external_id() -> Seen:
        rows = _objects((await api.page("/saleList", "SaleList", 1)).rows)
        whole = next((text for row in rows if len(text := str(row.get("ExternalID") or "")) > 4), None)
        if whole is None:
            return Seen("there is no sale with an ExternalID to look at")
        found = _objects((await api.page("/saleList", "SaleList", 1, ExternalID=whole[:-1])).rows)
        by_part = any(row.get("ExternalID") == whole for row in found)
        return Seen("a part of one finds it too" if by_part else "a part of one finds nothing", holds=not by_part)

    async def webhooks() -> Seen:
        try:
            listed = _objects((await api.read("/webhooks")).get("Webhooks"))
        except VendorRefusal as refusal:
            return Seen(f"the list is refused (kept as {refusal.evidence})", holds=False)
        off = sum(one.get("IsActive") is not True for one in listed)
        return Seen(f"there are {len(listed)}, {off} of them switched off", holds=True)

    return (
        Fact("A row of stock has the fields that we read, and Available = OnHand - Allocated", Sure.SEEN, stock_rows),
        Fact("A product is Active or Deprecated", Sure.SEEN, products),
        Fact("The filter ExternalID compares the whole text", Sure.ASSUMED, whole_external_id),
        Fact("Webhooks can be read: the Automation module is on", Sure.DOCUMENTED, webhooks),
        Fact(
            "Too many calls are answered 429 or 503, and the limit is the company's", Sure.SEEN, ask="Not tried here."
        ),
        Fact("A sale is listed within two minutes", Sure.ASSUMED, ask="See the first order."),
        Fact(
            "A late tracking number may not change its sale",
            Sure.ASSUMED,
            ask="Orders that wait for one are read singly.",
        ),
        Fact(
            "Several boxes are separated by comma, semicolon or bar", Sure.ASSUMED, ask="See the first parcel of two."
        ),
        Fact("A product without a row has no stock", Sure.ASSUMED, ask="Sell one out and look at its row."),
        Fact(f"Dates are local days of {options.time_zone}", Sure.ASSUMED, ask="Compare a shipment in the evening."),
    )


def _objects(rows: Any) -> list[Mapping[str, Any]]:
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
