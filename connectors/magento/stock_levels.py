"""Reads what the shop has, twice: what lies at its sources, and what Magento believes can be sold."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.counting import tally
from connectors.magento.scan import Scan
from connectors.magento.search import Filter, Query, Shop, one_of
from connectors.magento.settings import MagentoOptions
from connectors.magento.stock_mapping import SOURCE, at_source, row_key, salable, stock_level, to_be_sold
from connectors.reading import never_raises
from connectors.roles import FeedShape, OpenOrder
from domain.answers import Fatal
from domain.budgets import Lane
from domain.counts import StockPage
from domain.records import Deducts, Received, Reject

_PHYSICAL, _SALABLE = "physical", "salable"


class StockLevels:
    """A snapshot in two parts, page by page: the sources' quantities, then the salable quantities.

    The salable number alone cannot be trusted: an order written over REST never lowers it, and its
    dispatch even raises it above what lies on the shelf. So both are given, each with the moment at
    which it goes down for an order of ours, and the smaller one counts.
    """

    shape = FeedShape.SNAPSHOT
    absent_is_zero = False
    keeps: Mapping[str, Any] = dict.fromkeys(("sku", "source_code", "quantity", "status", "qty", "is_salable"), True)

    def __init__(self, shop: Shop, options: MagentoOptions) -> None:
        self._shop, self._options = shop, options
        self._salable_deducts = Deducts.NEVER if options.reservations == "missing" else Deducts.ON_ACCEPTANCE

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> StockPage:  # noqa: ARG002 - asked as a whole
        """Read one page; the page that ends the scan says whether all of it was proved whole."""
        scan = Scan.from_cursor(cursor) if cursor else await self._begin()
        if scan.part == _PHYSICAL:
            rows, scan = await self._physical(scan)
            counted = tally(rows, at_source, SOURCE, Deducts.ON_DISPATCH, self._with_care)
        else:
            rows, scan = await self._salable(scan)
            counted = tally(rows, to_be_sold, salable, self._salable_deducts, self._with_care)
        page = StockPage(*counted, began_at=scan.began_at)
        if scan.sound and scan.ended and scan.part == _PHYSICAL:
            scan = await self._second_part(scan)
        if not scan.sound or scan.ended:
            page.complete = scan.sound
            return page
        page.cursor, page.more = scan.cursor, True
        return page

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one row of either part again."""
        return stock_level(raw, self._salable_deducts)

    def _with_care(self, rows: list[Any]) -> list[Received | Reject]:
        return [self.parse(row) for row in rows]

    async def check(self) -> tuple[str, ...]:
        """Read one row of each list that a scan needs, and return the sources that count."""
        await self._shop.page(self._salable_query(), size=1)
        return await self._sellable_sources()

    async def _begin(self) -> Scan:
        began_at = self._shop.account.clock.now()
        sources = await self._sellable_sources()
        return Scan(began_at, _PHYSICAL, self._shop.page_size, sources)

    async def _second_part(self, scan: Scan) -> Scan:
        products = await self._shop.page(Query("/products", fields="items[id],total_count"), 1, 1, Lane.BULK)
        return Scan(scan.began_at, _SALABLE, self._shop.page_size, total=products.total)

    async def _physical(self, scan: Scan) -> tuple[list[Any], Scan]:
        query = Query(
            "/inventory/source-items",
            one_of("source_code", scan.sources),
            ("sku", "source_code"),
            "items[sku,source_code,quantity,status],total_count",
            floats=True,
        )
        listed = await self._shop.page(query, scan.page, scan.size, Lane.BULK)
        return listed.items, scan.counted(listed, [row_key(row) for row in listed.items])

    async def _salable(self, scan: Scan) -> tuple[list[Any], Scan]:
        listed = await self._shop.page(self._salable_query(), scan.page, scan.size, Lane.BULK)
        return listed.items, scan.until_empty(listed, [row_key(row) for row in listed.items], scan.total or 0)

    def _salable_query(self) -> Query:
        path = f"/inventory/export-stock-salable-qty/website/{self._options.website}"
        return Query(path, fields="items[sku,qty,is_salable]", floats=True)

    async def _sellable_sources(self) -> tuple[str, ...]:
        """Return the enabled sources that count. Raises `Fatal` when there is none, or a named one is not there."""
        listed = await self._shop.all(
            Query("/inventory/sources", sort=(), fields="items[source_code,enabled],total_count"), Lane.BULK
        )
        enabled = {source["source_code"] for source in listed if source.get("enabled")}
        wanted = set(self._options.sources) or enabled & await self._linked_sources()
        if not wanted or wanted - enabled:
            missing = (
                ", ".join(sorted(wanted - enabled)) or f"one linked to the stock of website {self._options.website}"
            )
            raise Fatal(
                self._shop.account.name,
                f"the shop has no enabled source {missing}.",
                "Correct sources in the installation's file, or enable and link the source in the shop.",
            )
        return tuple(sorted(wanted))

    async def _linked_sources(self) -> set[str]:
        resolved = await self._shop.ask(f"/inventory/stock-resolver/website/{self._options.website}", lane=Lane.BULK)
        stock_id = str(resolved["stock_id"])
        links = await self._shop.all(
            Query("/inventory/stock-source-links", (Filter("stock_id", "eq", stock_id),), sort=()), Lane.BULK
        )
        return {link["source_code"] for link in links}
