"""One client of SEKO, through its Integration Hub and, where the token may, the legacy hub."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel

from connectors.facts import Fact
from connectors.http import Account, Surroundings, usual_transport
from connectors.roles import (
    DeclaresFacts,
    Delivery,
    GivesDispatches,
    GivesStockLevels,
    PushesNews,
    PushReply,
    TakesSalesOrders,
)
from connectors.seko import pushes
from connectors.seko.api import ADVICE_ON_DENIAL, Hub, HubFailure
from connectors.seko.dispatches import DispatchFeed
from connectors.seko.facts import facts
from connectors.seko.order_mapping import LIMITS
from connectors.seko.sales_orders import SalesOrderSink
from connectors.seko.settings import SekoOptions, SekoSettings
from connectors.seko.sign_in import TokenInAddress
from connectors.seko.stock_levels import StockFeed
from connectors.settings import SystemSettings
from domain.budgets import Limit

_NOBODYS_CODE = "CONNECTION-CHECK"
_SERVICES = "Dispatch Confirmation, Tracking Details, GRN Confirmation, Stock Adjustment, Stock Status Movement"

_BURST = 2  # few at once, so that nearly all of the minute's calls may be used


class Seko(TakesSalesOrders, GivesDispatches, GivesStockLevels, PushesNews, DeclaresFacts):
    """Takes sales orders; pushes dispatches, and gives them only to a sweep; gives stock levels. It names no items."""

    Settings: ClassVar[type[SystemSettings]] = SekoSettings
    Options: ClassVar[type[BaseModel]] = SekoOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = ()
    order_limits = LIMITS
    push_reply = PushReply(body=pushes.REPLY)

    def __init__(self, account: str, settings: SekoSettings, options: SekoOptions, surroundings: Surroundings) -> None:
        self._options = options

        def hub(base_url: str, parameter: str, group: str) -> Hub:
            transport = TokenInAddress(surroundings.transport or usual_transport(), settings.token, parameter)
            limit = Limit(options.calls_per_minute, burst=_BURST, group=group)
            around = replace(surroundings, transport=transport)
            return Hub(Account(account, base_url, limit, around, denial=lambda _body: ADVICE_ON_DENIAL))

        self._hub = hub(settings.base_url.rstrip("/") + "/api", "api_key", "")
        self._legacy = (
            hub(settings.legacy_base_url.rstrip("/") + "/hub/api", "token", "legacy") if options.legacy_reads else None
        )
        self.sales_order_sink = SalesOrderSink(self._hub, self._legacy, options)
        self.dispatch_feed = DispatchFeed(self._legacy, options, surroundings.clock)
        self.stock_feed = StockFeed(self._hub, options)

    def unpack(self, headers: Mapping[str, str], body: bytes) -> Delivery:  # noqa: ARG002 - SEKO signs nothing
        """Say what a push brings. SEKO signs nothing, so only its form and the secret address speak for it."""
        return Delivery(*pushes.opened(body, self._options))

    async def subscribe(self, address: str) -> str:  # noqa: ARG002 - it holds a secret, and is not repeated
        """Change nothing: say what SEKO's people are to be asked."""
        return (
            "SEKO sets pushes up by hand. Ask its integration team to push, as JSON over REST, for this client: "
            f"{_SERVICES}; each to the receiver's address of this installation, which holds a secret; and after every "
            "stop to push again what was given up after three retries."
        )

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._legacy)

    async def check(self) -> str:
        """Ask for the stock of a code that nobody has: a cheap read that only a good token answers."""
        try:
            await self._hub.read("/stock/v3/quantity", productCodes=_NOBODYS_CODE)
        except HubFailure as failure:
            if not failure.is_nothing_found:
                raise self._hub.unavailable(f"The stock cannot be read ({failure}).") from failure
        told = f"The hub answers; stock is counted in {', '.join(self._options.sell_location_types)}"
        if self._legacy is None:
            return f"{told}; the legacy hub is not read, so lost pushes are not found."
        try:
            await self._legacy.read("/echo/v1/check.json")
        except HubFailure as failure:
            raise self._legacy.unavailable(f"The legacy hub cannot be read ({failure}).") from failure
        return f"{told}; the legacy hub answers too."

    async def close(self) -> None:
        """Let the connections go."""
        for hub in (self._hub, self._legacy):
            if hub is not None:
                await hub.account.close()
