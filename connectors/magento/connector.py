"""One account of a Magento 2.4 shop."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel

from connectors.facts import Fact
from connectors.http import Account, Surroundings
from connectors.magento import refusals
from connectors.magento.dispatches import Dispatches
from connectors.magento.facts import facts
from connectors.magento.items import Items
from connectors.magento.order_mapping import LIMITS
from connectors.magento.sales_orders import SalesOrders
from connectors.magento.search import Query, Shop
from connectors.magento.settings import MagentoOptions, MagentoSettings
from connectors.magento.signing import BearerSignIn, OAuthSignIn
from connectors.magento.stock_levels import StockLevels
from connectors.roles import DeclaresFacts, GivesDispatches, GivesItems, GivesStockLevels, TakesSalesOrders
from connectors.settings import SystemSettings
from domain.answers import Fatal
from domain.budgets import Limit

_BURST_SECONDS = 2


class Magento(TakesSalesOrders, GivesDispatches, GivesStockLevels, GivesItems, DeclaresFacts):
    """A back office that is a Magento 2.4 shop, spoken to over its REST API."""

    Settings: ClassVar[type[SystemSettings]] = MagentoSettings
    Options: ClassVar[type[BaseModel]] = MagentoOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = ()
    order_limits = LIMITS

    def __init__(
        self, account: str, settings: MagentoSettings, options: MagentoOptions, surroundings: Surroundings
    ) -> None:
        consumer = (settings.consumer_key, settings.consumer_secret)
        token = (settings.access_token, settings.access_token_secret)
        self._options = options
        self._account = Account(
            name=account,
            base_url=f"{settings.base_url.rstrip('/')}/rest/{options.store_code}/V1",
            limit=Limit(options.calls_per_minute, burst=max(4, options.calls_per_minute * _BURST_SECONDS // 60)),
            surroundings=surroundings,
            sign_in=(OAuthSignIn(consumer, token, surroundings.clock) if settings.signs else BearerSignIn(token[0])),
            denial=refusals.denial,
        )
        self._shop = Shop(self._account, options.page_size)
        self.sales_order_sink = SalesOrders(self._shop, options)
        self.dispatch_feed = Dispatches(self._shop)
        self.stock_feed = StockLevels(self._shop, options)
        self.item_feed = Items(self._shop, options.ean_attribute)

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._shop, self._options)

    async def check(self) -> str:
        """Read one row behind every right that reading needs; a missing right is named by `Fatal`.

        The right to create (Magento_Sales::create) cannot be tried without creating.
        """
        websites = await self._shop.ask("/store/websites")
        if self._options.website not in {website.get("code") for website in websites}:
            raise Fatal(
                self._account.name,
                f"the shop has no website {self._options.website}.",
                "Correct website in the installation's file.",
            )
        counts = []
        for path, sort in (
            ("/products", ("entity_id",)),
            ("/orders", ("entity_id",)),
            ("/shipments", ("entity_id",)),
            ("/inventory/source-items", ("sku",)),
        ):
            listed = await self._shop.page(Query(path, sort=sort, fields="items[sku,entity_id],total_count"), size=1)
            counts.append(f"{listed.total} {path.rpartition('/')[2]}")
        sources = await self.stock_feed.check()
        return f"website {self._options.website}, {', '.join(counts)}, stock at {', '.join(sources)}"

    async def close(self) -> None:
        """Let the connections go."""
        await self._account.close()
