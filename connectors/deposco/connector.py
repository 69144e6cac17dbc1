"""One business unit of a Deposco tenant, over both generations of its API."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel

from connectors.deposco.api import ORDERS, Api
from connectors.deposco.dispatches import DispatchFeed
from connectors.deposco.facts import ONLY_READS, facts
from connectors.deposco.order_mapping import LIMITS
from connectors.deposco.progress import Picking
from connectors.deposco.sales_orders import SalesOrderSink
from connectors.deposco.settings import DeposcoOptions, DeposcoSettings
from connectors.deposco.sign_in import NameAndPassword, TokenSignIn
from connectors.deposco.snapshots import ItemFeed, StockFeed
from connectors.facts import Fact
from connectors.http import Account, SignIn, Surroundings
from connectors.roles import (
    DeclaresFacts,
    GivesDispatches,
    GivesItems,
    GivesStockLevels,
    OpenOrder,
    ShowsProgress,
    TakesSalesOrders,
)
from connectors.settings import SystemSettings
from domain.answers import Answer, Fatal
from domain.budgets import Lane, Limit
from domain.progress import Progress

_BURST = 1  # evenly spaced: of so few in a second a burst would cost half
_CLIENT = "Check client_id, client_secret, refresh_token and environment of the account in the environment."
_RIGHTS = "Give the application the rights that the connector's README names, in Deposco's developer portal."
_USER = "Check user and password of the V1 API in the environment, and that user's rights there."


def _account(
    name: str, base_url: str, limit: Limit, surroundings: Surroundings, sign_in: SignIn | None, advice: str
) -> Account:
    return Account(name, base_url, limit, surroundings, sign_in=sign_in, denial=lambda _body: advice)


class Deposco(TakesSalesOrders, GivesDispatches, GivesStockLevels, GivesItems, ShowsProgress, DeclaresFacts):
    """Takes sales orders; gives dispatches, stock levels, items and where orders stand. About four calls a second."""

    Settings: ClassVar[type[SystemSettings]] = DeposcoSettings
    Options: ClassVar[type[BaseModel]] = DeposcoOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = ONLY_READS
    order_limits = LIMITS

    def __init__(
        self, account: str, settings: DeposcoSettings, options: DeposcoOptions, surroundings: Surroundings
    ) -> None:
        self._options = options
        limit = Limit(options.calls_per_second, burst=_BURST, seconds=1.0)  # one budget: the tenant counts them all
        client = NameAndPassword(settings.client_id, settings.client_secret)
        installed = bool(settings.refresh_token.get_secret_value())
        tokens = _account(account, settings.sign_in_base, limit, surroundings, None if installed else client, _CLIENT)
        sign_in = TokenSignIn(tokens, surroundings.clock, settings)
        new = _account(account, f"{settings.base_url.rstrip('/')}/latest", limit, surroundings, sign_in, _RIGHTS)
        user = NameAndPassword(settings.user, settings.password)
        old = _account(account, settings.stock_base, limit, surroundings, user, _USER)
        self._accounts = (tokens, new, old)
        self._api = Api(new, old, options.business_unit, options.page_size)
        self.sales_order_sink = SalesOrderSink(self._api, options)
        self.dispatch_feed = DispatchFeed(self._api, options)
        self.stock_feed, self.item_feed = StockFeed(self._api, options), ItemFeed(self._api)
        self._picking = Picking(self._api, options)

    async def progress(self, since: datetime, about: Sequence[OpenOrder]) -> Sequence[Progress]:
        """Return where the open orders that moved since, or stand aside, are now."""
        return await self._picking.progress(since, about)

    async def requeue(self, order: OpenOrder) -> Answer:
        """Put an order whose pick list was cancelled back into the queue."""
        return await self._picking.requeue(order)

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._api, self._options)

    async def check(self) -> str:
        """Read one thing behind both sign-ins and every right that reading needs. Raises `Fatal` naming what is not there.

        The right to create orders cannot be tried without creating.
        """
        await self._api.page(ORDERS, size=1)
        listed = await self._api.ask(self._api.new, "/facilities", {}, Lane.NORMAL)
        rows = listed.get("data") if isinstance(listed, dict) else None
        facilities = sorted(str(row.get("number")) for row in rows or () if isinstance(row, dict))
        if self._options.facility and self._options.facility not in facilities:
            raise Fatal(
                self._api.new.name,
                f"the tenant has no facility {self._options.facility!r}.",
                f"Correct facility in the installation's file; there are {len(facilities)}, numbered as in Deposco.",
            )
        stock = await self._api.availability([], self._options.stock_measure)
        measured = [row for row in stock if isinstance(row, dict) and row.get(self._options.stock_measure) is not None]
        if stock and not measured:
            raise Fatal(
                self._api.old.name,
                f"stock does not name {self._options.stock_measure}.",
                "Choose the other stock_measure in the installation's file.",
            )
        return f"business unit {self._options.business_unit}: {len(facilities)} facilities, stock by {self._options.stock_by}"

    async def close(self) -> None:
        """Let the connections go."""
        for account in self._accounts:
            await account.close()
