"""One company of Cin7 Core (External API v2)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel

from connectors.cin7_core import webhooks
from connectors.cin7_core.api import ADVICE_ON_DENIAL, THROTTLED, Api, ApiKeys
from connectors.cin7_core.dispatches import DispatchFeed
from connectors.cin7_core.facts import facts
from connectors.cin7_core.reference_books import missing
from connectors.cin7_core.sales_orders import SalesOrderSink
from connectors.cin7_core.settings import Cin7CoreOptions, Cin7CoreSettings
from connectors.cin7_core.snapshots import ItemFeed, StockFeed
from connectors.facts import Fact
from connectors.http import Account, Surroundings, VendorRefusal
from connectors.roles import (
    DeclaresFacts,
    Delivery,
    GivesDispatches,
    GivesItems,
    GivesStockLevels,
    OrderLimits,
    PushesNews,
    PushReply,
    TakesSalesOrders,
)
from connectors.settings import SystemSettings
from domain.answers import Fatal, Unavailable
from domain.budgets import Limit

_BURST = 2


class Cin7Core(TakesSalesOrders, GivesDispatches, GivesStockLevels, GivesItems, PushesNews, DeclaresFacts):
    """Takes sales orders; gives dispatches, stock levels and items, and calls us when it has any. Within 60 calls a minute."""

    Settings: ClassVar[type[SystemSettings]] = Cin7CoreSettings
    Options: ClassVar[type[BaseModel]] = Cin7CoreOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = ()
    push_reply = PushReply()
    order_limits = OrderLimits(
        street_lines=2,
        street_line_length=127,  # both lines are shown joined in one field of 256
        name_length=512,
        city_length=256,
        postcode_length=20,
        gift_message_length=1024,
    )

    def __init__(
        self, account: str, settings: Cin7CoreSettings, options: Cin7CoreOptions, surroundings: Surroundings
    ) -> None:
        self._options = options
        self._account = Account(
            account,
            settings.base_url.rstrip("/") + "/ExternalApi/v2",
            Limit(options.calls_per_minute, burst=_BURST),
            surroundings,
            sign_in=ApiKeys(settings.account_id, settings.application_key),
            throttled=THROTTLED,
            denial=lambda _body: ADVICE_ON_DENIAL,
        )
        self._api = Api(self._account)
        self.sales_order_sink = SalesOrderSink(self._api, options)
        self.dispatch_feed = DispatchFeed(self._api, options)
        self.stock_feed = StockFeed(self._api, options.sell_locations)
        self.item_feed = ItemFeed(self._api)

    def unpack(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        """Say of what there is news; there is no signature to prove it by."""
        return webhooks.unpack(headers, body)

    async def subscribe(self, address: str) -> str:
        """Register what is missing of our webhooks, and switch on what the vendor switched off."""
        return await webhooks.subscribe(self._api, self._options.webhook_types, address)

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._api, self._options)

    async def check(self) -> str:
        """Read the company and its reference books, and say where stock is counted.

        Raises `Fatal` naming everything that the installation names and the company has not.
        """
        try:
            company = await self._api.read("/me")
        except VendorRefusal as refusal:
            advice = "It is tried again; if it stays, ask the vendor's support with the kept answer."
            raise Unavailable(self._account.name, f"GET /me was refused ({refusal}).", advice) from refusal
        faults = await missing(self._api, self._options)
        if company.get("Currency") != "GBP":
            faults.append("GBP as its base currency")
        if company.get("TimeZone") not in {None, self._options.time_zone}:
            faults.append(f"time zone {self._options.time_zone!r}")
        if faults:
            advice = "Add it there, or correct the installation file."
            raise Fatal(self._account.name, f"The company lacks: {'; '.join(faults)}.", advice)
        places = ", ".join(self._options.sell_locations) or "EVERY location (sell_locations is empty)"
        return f"{company.get('Company')}: stock is counted in {places}; orders are picked at {self._options.location}."

    async def close(self) -> None:
        """Let the connections go."""
        await self._account.close()
