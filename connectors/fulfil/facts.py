"""What we rely on at Fulfil without being sure of it."""

from collections.abc import Sequence

from connectors.facts import Fact, Seen, Sure
from connectors.fulfil.settings import FulfilOptions
from connectors.fulfil.tenant import Tenant

ONLY_READS = (("PUT", r"/api/v2/model/[a-z._]+/(search|search_read|search_count|read)"),)
"""Every question is asked by PUT; `create_order` and whatever else changes something is none of these."""

_SAMPLE = 50


def facts(tenant: Tenant, options: FulfilOptions) -> Sequence[Fact]:
    """Return the open and assumed facts of the README, with a look where a read can tell."""

    async def ean() -> Seen:
        ids = await tenant.ask("product.product", "search", [[], 0, _SAMPLE, [["id", "ASC"]]])
        rows = await tenant.ask("product.product", "read", [ids, ["id", options.ean_field]]) if ids else []
        if not rows:
            return Seen("there is no product to look at")
        filled = sum(bool(row.get(options.ean_field)) for row in rows)
        return Seen(f"{filled} of {len(rows)} products have one", holds=filled > 0)

    async def by_id() -> Seen:
        ids = await tenant.ask("product.product", "search", [[], 0, _SAMPLE, [["id", "ASC"]]])
        if not ids:
            return Seen("there is no product to look at")
        after = await tenant.ask("product.product", "search", [["id", ">", ids[0]], 0, 1, [["id", "ASC"]]])
        return Seen("the next one follows", holds=after == ids[1:2])

    return (
        Fact(f"The product field {options.ean_field} holds the EAN", Sure.ASSUMED, ean),
        Fact("Lists can be paged by an id above the last one", Sure.ASSUMED, by_id),
        Fact("A repeated create returns the order that exists, unchanged", Sure.DOCUMENTED, ask="See the first order."),
        Fact(
            "An order with an unknown SKU is refused", Sure.ASSUMED, ask="SKUs are looked up before an order is sent."
        ),
        Fact(
            "Stock goes down once an order is processing", Sure.ASSUMED, ask="Compare a SKU before and after an order."
        ),
        Fact("Webhooks name the model of which there is news", Sure.ASSUMED, ask="See the first push."),
        Fact("The number of calls that are allowed", Sure.ASSUMED, ask="None is published; ask Fulfil's support."),
    )
