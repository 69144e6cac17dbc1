"""What we rely on at The Edge without being sure of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.facts import Fact, Seen, Sure
from connectors.http import Account
from connectors.virtualstock.lists import PAGE_SIZE, read_rows
from connectors.virtualstock.product_mapping import ProductFields
from connectors.virtualstock.products import PRODUCTS
from connectors.virtualstock.sales_orders import ORDERS

_ASK = "Ask Virtualstock's support."


def facts(account: Account, fields: ProductFields, zone: str) -> Sequence[Fact]:
    """Return the facts of the README that are seen or assumed only, with a look where a read can tell."""

    async def times() -> Seen:
        orders = [row for row in (await read_rows(account, ORDERS)).rows if isinstance(row, dict)]
        told = [str(row["order_date"]) for row in orders if row.get("order_date")]
        if not told:
            return Seen("there is no order to look at")
        zoned = [text for text in told if datetime.fromisoformat(text).tzinfo is not None]
        return Seen(f"{len(zoned)} of {len(told)} order dates name a zone", holds=not zoned)

    async def page_size() -> Seen:
        total, rows = await read_rows(account, PRODUCTS)
        if total < PAGE_SIZE:
            return Seen(f"the account has only {total} products")
        return Seen(f"a page brought {len(rows)} of {total} products", holds=len(rows) == PAGE_SIZE)

    async def product_fields() -> Seen:
        rows = (await read_rows(account, PRODUCTS)).rows
        datas = [row["data"] for row in rows if isinstance(row, dict) and isinstance(row.get("data"), dict)]
        if not datas:
            return Seen("there is no product to look at")
        counts = {name: _filled(datas, name) for name in (fields.sku, fields.ean, fields.stock)}
        told = ", ".join(f"{name} is filled in {count} of {len(datas)}" for name, count in counts.items())
        return Seen(told, holds=all(counts.values()))

    return (
        Fact("Times name no zone", Sure.DOCUMENTED, times),
        Fact(f"Times are those of {zone}", Sure.ASSUMED, ask=_ASK),
        Fact(f"A page holds {PAGE_SIZE} rows", Sure.ASSUMED, page_size),
        Fact(
            f"A product's data holds SKU, EAN and stock in {fields.sku}, {fields.ean} and {fields.stock}",
            Sure.SEEN,
            product_fields,
        ),
        Fact("Calls for a token count towards the limit", Sure.ASSUMED, ask=_ASK),
        Fact(
            "The channel lowers its stock when it sells", Sure.ASSUMED, ask="Compare a product before and after a sale."
        ),
        Fact(
            "A stock call answers an object without error words", Sure.ASSUMED, ask="See the first stock that is sent."
        ),
        Fact(
            "The state of a line proves an action on it", Sure.ASSUMED, ask="Compare the portal after the first order."
        ),
        Fact("A dispatch of a part of a line is shown by no list", Sure.ASSUMED, ask=_ASK),
        Fact("To dispatch is to decline a cancellation", Sure.ASSUMED, ask="Ask John Lewis."),
        Fact("The gift text stands in `comment`", Sure.ASSUMED, ask="See the first order with a gift text."),
    )


def _filled(datas: Sequence[dict[str, Any]], name: str) -> int:
    return sum(data.get(name) not in {None, ""} for data in datas)
