"""One tenant of Fulfil (model API v2)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel

from connectors.facts import Fact
from connectors.fulfil.dispatches import DispatchFeed
from connectors.fulfil.facts import ONLY_READS, facts
from connectors.fulfil.order_mapping import LIMITS
from connectors.fulfil.pushes import unpack
from connectors.fulfil.sales_orders import SalesOrderSink
from connectors.fulfil.settings import FulfilOptions, FulfilSettings
from connectors.fulfil.snapshots import ItemFeed, StockFeed
from connectors.fulfil.tenant import ADVICE_ON_DENIAL, ApiKey, Tenant, is_page_too_big
from connectors.http import Account, Surroundings
from connectors.roles import (
    DeclaresFacts,
    Delivery,
    GivesDispatches,
    GivesItems,
    GivesStockLevels,
    PushesNews,
    PushReply,
    TakesSalesOrders,
)
from connectors.settings import SystemSettings
from domain.answers import Fatal
from domain.budgets import Limit

_BURST = 8


class Fulfil(TakesSalesOrders, GivesDispatches, GivesStockLevels, GivesItems, PushesNews, DeclaresFacts):
    """Takes sales orders; gives dispatches, stock levels and items, and pushes that there is news of them."""

    Settings: ClassVar[type[SystemSettings]] = FulfilSettings
    Options: ClassVar[type[BaseModel]] = FulfilOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = ONLY_READS
    order_limits = LIMITS
    push_reply = PushReply()

    def __init__(
        self, account: str, settings: FulfilSettings, options: FulfilOptions, surroundings: Surroundings
    ) -> None:
        self._options, self._webhook_secret = options, settings.webhook_secret
        self._account = Account(
            account,
            settings.base_url.rstrip("/") + "/api/v2",
            Limit(options.calls_per_minute, burst=_BURST),
            surroundings,
            sign_in=ApiKey(settings.api_key),
            refuses=is_page_too_big,
            denial=lambda _body: ADVICE_ON_DENIAL,
        )
        self._tenant = Tenant(self._account, options.page_size)
        self.sales_order_sink = SalesOrderSink(self._tenant, options)
        self.dispatch_feed = DispatchFeed(self._tenant)
        self.stock_feed = StockFeed(self._tenant, options)
        self.item_feed = ItemFeed(self._tenant, options)

    def unpack(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Prove a push and say which feeds have news."""
        return unpack(self._webhook_secret, headers, body)

    async def subscribe(self, address: str) -> str:  # noqa: ARG002 - only a person can enter it there
        """Say what a person has to enter in Fulfil: no call for it is documented."""
        return (
            "Fulfil documents no call that subscribes. In its settings add a webhook to this address for customer "
            "shipments, stock moves and products, and put its secret, as it is shown, into WEBHOOK_SECRET."
        )

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._tenant, self._options)

    async def check(self) -> str:
        """Read the channel and the warehouses. Raises `Fatal` naming what the installation names and the tenant lacks.

        The right to create in the channel cannot be tried without creating.
        """
        channels = await self._tenant.rows("sale.channel", ["id", "=", self._options.channel], ("id", "name"))
        if self._options.channel not in {channel.get("id") for channel in channels}:
            what = f"it has no sales channel {self._options.channel} that this key may see."
            raise Fatal(self._account.name, what, "Correct channel in the installation's file, or the user's rights.")
        places = ", ".join(place.code for place in await self.stock_feed.warehouses())
        return f"sales channel {self._options.channel}; stock is counted in {places}."

    async def close(self) -> None:
        """Let the connections go."""
        await self._account.close()
