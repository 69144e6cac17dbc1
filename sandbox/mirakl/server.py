"""The pretend marketplace: one server for several shops, and what customers and the operator do in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.kit import Clock, RollingWindow, System
from sandbox.mirakl.answers import RefusalError
from sandbox.mirakl.offers_api import OffersApi
from sandbox.mirakl.orders_api import OrdersApi
from sandbox.mirakl.shipments import Rules
from sandbox.mirakl.state import CARRIERS, Account, Operator, Shop, State

__all__ = ["Account", "Mirakl"]

Operation = Callable[[Shop, Request], Awaitable[Response]]
MAXIMUM_FREQUENCIES: dict[str, tuple[int, float]] = {
    "OR11": (1, 60),
    "STO01": (1, 60),
    "STO02": (1, 15),
    "STO03": (1, 60),
    "OF01": (1, 60),
    "OF02": (1, 60),
    "OF24": (1, 60),
}
"""As published: calls in seconds. Operations that are published "per use" or "per page view" have none."""


class Mirakl(System):
    """The seller API. Each shop sees only its own, and has its own frequencies, operation by operation.

    `import_seconds` is how long a file is worked on, `operator` how the marketplace is set up,
    `several_shipments` and `alternative_carriers` what it allows.
    """

    name = "mirakl"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        accounts: Sequence[Account],
        operator: Operator | None = None,
        import_seconds: float = 25,
        several_shipments: bool = True,
        alternative_carriers: bool = True,
        frequencies: Mapping[str, tuple[int, float]] = MAXIMUM_FREQUENCIES,
    ) -> None:
        carriers = [{"code": code, "label": label, "standard_code": None} for code, label in CARRIERS]
        rules = Rules(carriers, several_shipments, alternative_carriers)
        self.state = State(accounts, operator or Operator(), rules, import_seconds, seed)
        self._frequencies = {name: RollingWindow(*given) for name, given in frequencies.items()}
        super().__init__(clock, seed)

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes."""
        orders, offers = OrdersApi(self.state, self.clock), OffersApi(self.clock)
        table: list[tuple[str, str, str, Operation]] = [
            ("V01", "GET", "/api/version", self._version),
            ("A01", "GET", "/api/account", self._account),
            ("PC01", "GET", "/api/platform/configuration", self._configuration),
            ("SH21", "GET", "/api/shipping/carriers", self._carriers),
            ("OR11", "GET", "/api/orders", orders.or11),
            ("OR21", "PUT", "/api/orders/{order_id}/accept", orders.or21),
            ("OR23", "PUT", "/api/orders/{order_id}/tracking", orders.or23),
            ("OR24", "PUT", "/api/orders/{order_id}/ship", orders.or24),
            ("ST01", "POST", "/api/shipments", orders.st01),
            ("ST11", "GET", "/api/shipments", orders.st11),
            ("ST24", "PUT", "/api/shipments/ship", orders.st24),
            ("OF21", "GET", "/api/offers", offers.of21),
            ("OF24", "POST", "/api/offers", offers.of24),
            ("OF01", "POST", "/api/offers/imports", offers.of01),
            ("OF02", "GET", "/api/offers/imports/{import_id}", offers.of02),
            ("STO01", "POST", "/api/offers/stock/imports", offers.sto01),
            ("STO02", "GET", "/api/offers/stock/imports/{import_id}/status", offers.sto02),
            ("STO03", "GET", "/api/offers/stock/imports/{import_id}/error_report", offers.sto03),
        ]
        return [Route(path, self._endpoint(name, act), methods=[method]) for name, method, path, act in table]

    def _endpoint(self, name: str, act: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.state.advance(self.clock.now())
            shop: Shop | None = None
            try:
                shop = self._caller(request)
                self._admit(name, shop, request)
                return await act(shop, request)
            except RefusalError as refusal:
                if shop is not None and refusal.status != 429:
                    shop.refusals[f"{request.method} {name} {refusal.status}"] += 1
                return refusal.answer()

        return endpoint

    def _caller(self, request: Request) -> Shop:
        """Return the shop of the bare key, or of a bearer token, in the Authorization header."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if given not in self.state.by_key:
            raise RefusalError(401, "Unauthorized")
        shop = self.state.by_key[given]
        if request.query_params.get("shop_id", str(shop.account.shop_id)) != str(shop.account.shop_id):
            raise RefusalError(403, "Forbidden")
        return shop

    def _admit(self, name: str, shop: Shop, request: Request) -> None:
        """Count a call against its operation. A further page, or orders asked for by id, is a page view, not a poll."""
        query = request.query_params
        if name == "OR11" and (query.get("offset", "0") != "0" or "order_ids" in query):
            return
        window = self._frequencies.get(name)
        wait = window.admit(shop.account.name, self.clock.now()) if window else 0.0
        if wait:
            raise RefusalError(429, "Too many requests", headers={"Retry-After": str(ceil(wait))})

    async def _version(self, _shop: Shop, _request: Request) -> Response:
        return JSONResponse({"version": "3.400"})

    async def _account(self, shop: Shop, _request: Request) -> Response:
        operator, account = self.state.operator, shop.account
        return JSONResponse(
            {
                "shop_id": account.shop_id,
                "shop_name": f"Invented shop {account.shop_id}",
                "shop_state": "OPEN",
                "model": operator.model,
                "currency_iso_code": "GBP",
            }
        )

    async def _configuration(self, _shop: Shop, _request: Request) -> Response:
        operator, rules = self.state.operator, self.state.rules
        workflows = {
            "order_acceptance": "AUTOMATIC" if operator.accepts_by_itself else "NOT_AUTOMATIC",
            "shipping_and_billing_details_before_acceptance": operator.details_before_acceptance,
        }
        features = {
            "order_tax_mode": operator.tax_mode,
            "order_workflows": workflows,
            "disable_seller_alternative_carrier": not rules.alternative_carriers,
            "shipment": {"multi_shipment": rules.several_shipments, "multi_part_item_shipment": True},
        }
        models = {name: operator.model == name.upper() for name in ("marketplace", "one_creditor")}
        models["drop_ship"] = operator.model == "DROPSHIP"
        return JSONResponse({"features": features, "platform_configuration": {"platform_model": models}})

    async def _carriers(self, _shop: Shop, _request: Request) -> Response:
        return JSONResponse({"carriers": sorted(self.carriers, key=lambda one: str(one["label"]))})

    def limits(self) -> dict[str, Any]:
        """Return the published frequencies, as calls a minute."""
        return {name: round(60 * one.limit / one.seconds, 2) for name, one in self._frequencies.items()}

    def dump(self) -> dict[str, Any]:
        """Return all shops with their orders, offers and refusals."""
        self.state.advance(self.clock.now())
        accounts = {name: shop.dump() for name, shop in self.state.shops.items()}
        return {"system": self.name, "kind": "marketplace", "accounts": accounts}

    @property
    def carriers(self) -> list[dict[str, Any]]:
        """Return the registered carriers; the list may be changed."""
        return self.state.rules.carriers

    # What customers and the operator do.

    def _shop(self, account: str) -> Shop:
        self.state.advance(self.clock.now())
        return self.state.shop(account)

    def add_product(
        self,
        account: str,
        *,
        stock_number: str,
        sku: str,
        ean: str,
        free_stock: int = 0,
        unit_cost_price: str | None = "20.00",
    ) -> str:
        """Take an offer in and return its id."""
        shop, price = self._shop(account), unit_cost_price or "20.00"
        return str(self.state.enrol(shop, sku, stock_number, ean, free_stock, price, self.clock.now()).id)

    def published(self, account: str, sku: str) -> int:
        """Return the units that are offered now."""
        return self._shop(account).offers.offers[sku].quantity or 0

    def buy(self, account: str, sku: str, quantity: int, customer: Mapping[str, Any] | None = None) -> str | None:
        """Let a customer buy one thing, as `buy_basket` does."""
        return self.buy_basket(account, {sku: quantity}, customer)

    def buy_basket(
        self,
        account: str,
        basket: Mapping[str, int],
        customer: Mapping[str, Any] | None = None,
        comment: str | None = None,
    ) -> str | None:
        """Let a customer buy these units: all of them, or None. The offers go down at once."""
        made = self.buy_together(account, [basket], customer, comment)
        return made[0] if made else None

    def buy_together(
        self,
        account: str,
        baskets: Sequence[Mapping[str, int]],
        customer: Mapping[str, Any] | None = None,
        comment: str | None = None,
    ) -> list[str]:
        """Let a customer buy in one order what becomes several orders of ours, under one number; their ids."""
        shop, now = self._shop(account), self.clock.now()
        wanted: dict[str, int] = {}
        for basket in baskets:
            for sku, quantity in basket.items():
                wanted[sku] = wanted.get(sku, 0) + quantity
        offers = shop.offers.offers
        if any(sku not in offers or (offers[sku].quantity or 0) < quantity for sku, quantity in wanted.items()):
            return []
        for sku, quantity in wanted.items():
            offers[sku].publish((offers[sku].quantity or 0) - quantity, now)
        return [order.id for order in self.state.place(shop, baskets, customer or {}, comment, now)]

    def place_order(self, account: str, basket: Mapping[str, int], customer: Mapping[str, Any] | None = None) -> str:
        """Place an order of anything, offered or not, and return its id; the offers are not touched."""
        [order] = self.state.place(self._shop(account), [basket], customer or {}, None, self.clock.now())
        return order.id

    def place_raw(self, account: str, wire: dict[str, Any]) -> str:
        """Show any JSON object in the order list as it is; return its order_id."""
        return self.state.place_raw(self._shop(account), wire, self.clock.now())

    def place_unreadable(self, account: str, number: int, customer: Mapping[str, Any]) -> str:
        """Place an order whose lines cannot be read: null, text, or a quantity in words."""
        order_id = self.place_order(account, {"UNREADABLE": 1}, customer)
        return self._show_instead(account, order_id, (None, "see attachment", [{"quantity": "two"}])[number % 3])

    def place_undocumented(self, account: str, sku: str, customer: Mapping[str, Any]) -> str:
        """Place an order with a line in a state that nobody documented."""
        order_id = self.place_order(account, {sku: 1}, customer)
        [line] = self._wire(account, order_id)["order_lines"]
        return self._show_instead(account, order_id, [{**line, "order_line_state": "AWAITING_REVIEW"}])

    def _wire(self, account: str, order_id: str) -> dict[str, Any]:
        order = self._shop(account).orders[order_id]
        return order.wire(self.state.operator.tax_mode, details_before_acceptance=True)

    def _show_instead(self, account: str, order_id: str, lines: Any) -> str:
        order = self._shop(account).orders[order_id]
        order.raw = {**self._wire(account, order_id), "order_lines": lines}
        order.lines = []
        return order_id

    def request_cancellation(self, account: str, reference: str) -> list[str]:
        """Cancel an order for its customer, at once: nobody is asked. Return the lines that are cancelled now."""
        shop = self._shop(account)
        if reference not in shop.orders:
            raise LookupError(f"mirakl sandbox: {account} has no order {reference!r}; check the id")
        return shop.orders[reference].cancel(self.clock.now())

    def repeat_page(self, account: str, share: float = 1.0) -> None:
        """Let the next order page after a first one repeat this share of the page before it."""
        self.state.shop(account).repeated_pages.append(share)

    def publishing(self, account: str, sku: str, seconds: float) -> None:
        """Let files wait for this long: the catalogue is busy with an offer."""
        shop = self._shop(account)
        if sku not in shop.offers.offers:
            raise LookupError(f"mirakl sandbox: no offer has the SKU {sku!r}")
        shop.offers.stall(self.clock.now() + timedelta(seconds=seconds))
