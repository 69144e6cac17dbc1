"""What we rely on in a Magento shop without being sure of it."""

import re
from collections.abc import Sequence

from connectors.facts import Fact, Seen, Sure
from connectors.magento.search import Filter, Query, Shop
from connectors.magento.settings import MagentoOptions

_PLAIN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def facts(shop: Shop, options: MagentoOptions) -> Sequence[Fact]:
    """Return the facts of the README that are inferred, or that shops can set otherwise."""

    async def times() -> Seen:
        rows = (await shop.page(Query("/orders", fields="items[created_at],total_count"), size=20)).items
        told = [str(row.get("created_at")) for row in rows if isinstance(row, dict)]
        if not told:
            return Seen("there is no order to look at")
        plain = sum(_PLAIN_TIME.fullmatch(text) is not None for text in told)
        return Seen(f"{plain} of {len(told)} order times have no offset", holds=plain == len(told))

    async def ean() -> Seen:
        query = Query("/products", fields="items[sku,custom_attributes],total_count")
        rows = [row for row in (await shop.page(query, size=50)).items if isinstance(row, dict)]
        named = [{one.get("attribute_code") for one in row.get("custom_attributes") or ()} for row in rows]
        if not named:
            return Seen("there is no product to look at")
        filled = sum(options.ean_attribute in codes for codes in named)
        return Seen(f"{filled} of {len(named)} products have one", holds=filled > 0)

    async def prefix() -> Seen:
        ours = Filter("increment_id", "like", f"{options.increment_prefix}%")
        listed = await shop.page(Query("/orders", (ours,), fields="items[increment_id],total_count"), size=1)
        told = f"{listed.total} orders carry it now"
        return Seen(
            f"{told}; before the first order of ours there should be none", holds=True if not listed.total else None
        )

    async def page_size() -> Seen:
        listed = await shop.page(Query("/products", fields="items[sku],total_count"))
        return Seen(f"{listed.size} rows a page are allowed", holds=listed.size == options.page_size)

    return (
        Fact("Times are UTC and have no offset", Sure.ASSUMED, times),
        Fact(f"The attribute {options.ean_attribute} holds the EAN", Sure.ASSUMED, ean),
        Fact(f"Order numbers that begin with {options.increment_prefix} are ours alone", Sure.ASSUMED, prefix),
        Fact(f"A page of {options.page_size} rows is allowed", Sure.SEEN, page_size),
        Fact("The right to create orders is granted", Sure.DOCUMENTED, ask="The first order shows it."),
        Fact(
            f"Reservations of orders over REST are {options.reservations}",
            Sure.SEEN,
            ask="Compare the salable quantity of a SKU before and after the first order, and after its dispatch.",
        ),
        Fact(
            "A product without an id deducts nothing when it ships", Sure.ASSUMED, ask="No order is sent without one."
        ),
        Fact("A 400 may be translated", Sure.ASSUMED, ask="Each is looked up before it counts as a refusal."),
    )
