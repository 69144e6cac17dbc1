"""One shop of a Mirakl marketplace."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import BaseModel

from connectors.facts import Fact
from connectors.http import Account, Surroundings
from connectors.mirakl.acceptance import AcceptanceSink
from connectors.mirakl.api import Api, KeySignIn
from connectors.mirakl.availability import AvailabilitySink
from connectors.mirakl.facts import facts
from connectors.mirakl.items import ItemFeed
from connectors.mirakl.limits import Limits
from connectors.mirakl.sales_orders import SalesOrderFeed
from connectors.mirakl.settings import MiraklOptions, MiraklSettings
from connectors.mirakl.shipments import ShipmentSink
from connectors.mirakl.whole_orders import WholeOrderSink
from connectors.roles import (
    DeclaresFacts,
    GivesItems,
    GivesSalesOrders,
    Sink,
    TakesAcknowledgements,
    TakesAvailability,
    TakesDispatches,
)
from connectors.settings import SystemSettings
from domain.answers import Fatal
from domain.records import Carrier, DispatchAdvice

CARRIERS = "/api/shipping/carriers"
SHOP = "/api/account"
CONFIGURATION = "/api/platform/configuration"
MODELS = frozenset({"marketplace", "dropship", "one_creditor"})
_ADVICE = "Check api_key and base_url of the account in the environment, sign_in and shop_id among the options."


class Mirakl(GivesSalesOrders, TakesAcknowledgements, TakesDispatches, TakesAvailability, GivesItems, DeclaresFacts):
    """One shop. A cancellation is shown when it is done: there is no request to answer."""

    Settings: ClassVar[type[SystemSettings]] = MiraklSettings
    Options: ClassVar[type[BaseModel]] = MiraklOptions
    only_reads: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init__(
        self, account: str, settings: MiraklSettings, options: MiraklOptions, surroundings: Surroundings
    ) -> None:
        limits = Limits.of(options)
        sign_in = KeySignIn(settings.api_key, bearer=options.sign_in == "bearer")
        self._account = Account(
            account, settings.base_url, limits.reference, surroundings, sign_in=sign_in, denial=lambda _body: _ADVICE
        )
        self._api = Api(self._account, limits, options.shop_id)
        self._options = options
        history = timedelta(days=options.history_days)
        self.sales_order_feed = SalesOrderFeed(self._api, options.gift_message_field, history)
        self.acknowledgement_sink = AcceptanceSink(self._api)
        self.dispatch_sink: Sink[DispatchAdvice] = (
            ShipmentSink(self._api) if options.ship_by == "shipments" else WholeOrderSink(self._api)
        )
        self.availability_sink = AvailabilitySink(self._api, timedelta(minutes=options.import_limit_minutes))
        self.item_feed = ItemFeed(self._api)

    async def carriers(self) -> Sequence[Carrier]:
        """Return the registered carriers. Another one would be taken by its name; we name none that is not here."""
        answer = await self._api.read(CARRIERS, self._api.limits.reference)
        rows = answer.get("carriers")
        if not isinstance(rows, list):
            raise self._api.unreadable(CARRIERS)
        return [
            Carrier(code=row["code"], name=str(row.get("label") or row["code"]))
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("code"), str) and row["code"]
        ]

    def facts(self) -> Sequence[Fact]:
        """Return what we rely on without being sure."""
        return facts(self._api, self._options)

    async def check(self) -> str:
        """Read the shop and how the operator has set the marketplace up; `Fatal` where the options do not fit that."""
        shop = await self._api.read(SHOP, self._api.limits.reference)
        features = (await self._api.read(CONFIGURATION, self._api.limits.reference)).get("features")
        features = features if isinstance(features, dict) else {}
        model = str(shop.get("model")).lower()
        if model not in MODELS:
            raise self._fatal("the shop's model is none that is known.", "Ask the operator which model the shop has.")
        if shop.get("shop_state") not in {"OPEN", "CLOSE"}:
            raise self._fatal("the shop is suspended or terminated.", "Ask the operator why.")
        several = _of(features, "shipment").get("multi_shipment")
        if several is False and self._options.ship_by == "shipments":
            raise self._fatal("the operator allows one shipment an order.", "Set the option ship_by to orders.")
        acceptance = _of(features, "order_workflows").get("order_acceptance")
        shown = str(acceptance).lower().replace("_", " ") if isinstance(acceptance, str) else "unknown"
        return f"Mirakl, model {model.replace('_', ' ')}, order acceptance {shown if shown.isascii() and len(shown) < 20 else 'unknown'}"

    async def close(self) -> None:
        """Let the connections go."""
        await self._account.close()

    def _fatal(self, what: str, advice: str) -> Fatal:
        return Fatal(self._account.name, what, advice)


def _of(features: dict[str, Any], name: str) -> dict[str, Any]:
    value = features.get(name)
    return value if isinstance(value, dict) else {}
