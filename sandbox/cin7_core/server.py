"""The pretend Cin7 Core: its door (credentials, limit, error shapes) and its world."""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.cin7_core import warehouse
from sandbox.cin7_core.books import MAIN_WAREHOUSE
from sandbox.cin7_core.calls import BASE, HANDLERS, Handler
from sandbox.cin7_core.company import Company, Switches
from sandbox.cin7_core.sale import VOIDED, Sale
from sandbox.cin7_core.stock import Product
from sandbox.cin7_core.wire import Call, Record, Refused
from sandbox.kit import Clock, Receive, RollingWindow, Scope, Send, System, iso

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
SECOND_BIN = "Bin 1"


class Cin7Core(System):
    """One pretend company with one account; also the `BackOffice` of the simulation.

    `switches` holds what the vendor's reference leaves open and may be changed at any time.
    Paths and query names are read without case; fault patterns are matched against the spelling
    of the reference (`/ExternalApi/v2/saleList`), however the caller wrote it.
    """

    name = "cin7_core"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        account_id: str,
        application_key: str,
        calls_per_minute: int = 60,
        over_limit_status: Literal[429, 503] = 429,
    ) -> None:
        self._spelling = {f"{BASE}{path}".lower(): f"{BASE}{path}" for _, path in HANDLERS}
        super().__init__(clock, seed)
        self.switches = Switches(over_limit_status=over_limit_status)
        self.company = Company(clock, self.random, self.switches)
        self._credentials = (account_id, application_key)
        self._window = RollingWindow(calls_per_minute, 60.0)
        self._web_shop = self.company.books.add_customer("Web shop")

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes."""
        return [
            Route(f"{BASE}{path}", self._guarded(handler), methods=[verb]) for (verb, path), handler in HANDLERS.items()
        ]

    def limits(self) -> dict[str, Any]:
        """Return the limit in force."""
        return {"account": self._window.limit}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI event, whatever the case of its path."""
        if scope["type"] == "http" and (path := self._spelling.get(scope["path"].lower())):
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await super().app(scope, receive, send)

    def _route(self, scope: Scope) -> str:
        return f"{scope['method']} {scope['path']}"  # no path of this system carries an id

    def _guarded(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            headers = request.headers
            given = (headers.get("api-auth-accountid", ""), headers.get("api-auth-applicationkey", ""))
            if given != self._credentials:
                return JSONResponse("Incorrect credentials!", 403)
            wait = self._window.admit(given[0], self.clock.now())
            if wait:
                return self._over_limit(request, wait)
            try:
                body = json.loads(await request.body() or b"{}")
            except ValueError:
                return self._error(500, "The object passed to the API could not be parsed")
            if not isinstance(body, dict):
                return self._error(500, "The object passed to the API could not be parsed")
            query = {name.lower(): value for name, value in request.query_params.items()}
            try:
                return JSONResponse(handler(self.company, Call(query, body)))
            except Refused as refusal:
                return self._error(refusal.status, str(refusal))

        return endpoint

    def _over_limit(self, request: Request, wait: float) -> Response:
        status = self.switches.over_limit_status
        if status != 429:  # a 429 is counted at the common door
            self.throttled[self._route(request.scope)] += 1
        headers = {"Retry-After": str(int(wait) + 1)} if self.switches.retry_after else None
        message = f"You have reached the limit of {self._window.limit} calls per 60 seconds"
        return JSONResponse([{"ErrorCode": status, "Exception": message}], status, headers)

    def _error(self, status: int, message: str) -> Response:
        body: Any = {"ErrorCode": status, "Exception": message}
        match self.switches.error_shape:
            case "list":
                body = [body]
            case "message":
                body = {"Message": message}
        return JSONResponse(body, 200 if self.switches.errors_in_200 else status)

    def add_product(
        self, *, sku: str, ean: str, quantity: int, location: str = MAIN_WAREHOUSE, price: str = "10.00"
    ) -> None:
        """Register a product and book its stock; a quantity of 0 leaves it without a stock record.

        Every third product lies in two places of the location, one of them a bin, so its rows must
        be summed. A location of a new name is opened.
        """
        product = self.company.add_product(sku, ean, price)
        place = self.company.books.add_location(location)
        binned = quantity // 2 if product.number % 3 == 2 else 0
        if quantity:
            self.company.stock.put(product, quantity - binned, place.name)
        if binned:
            place.bins.setdefault(SECOND_BIN, self.company.new_id())
            self.company.stock.put(product, binned, place.name, SECOND_BIN)

    def free(self, sku: str) -> int:
        """Return the physically free units now."""
        return self._product(sku).free

    def sell_elsewhere(self, sku: str, quantity: int) -> bool:
        """Sell on the seller's web shop; False when not enough is free at the main warehouse."""
        product = self._product(sku)
        if quantity > sum(row.available for row in product.rows if row.location == MAIN_WAREHOUSE):
            return False
        warehouse.key_order(self.company, "web", self._web_shop, "", [(product, quantity)])
        return True

    def receive_stock(self, sku: str, quantity: int) -> None:
        """Book goods in (or, negative, out: breakage); raises ValueError when more breaks than is unpicked."""
        if quantity > 0:
            self.company.arrive(self._product(sku), quantity)
        elif quantity < 0:
            self.company.lose(self._product(sku), -quantity)

    def key_order_by_hand(self, reference: str, lines: dict[str, int]) -> str:
        """Key an order as a person does: reference, units by SKU, no ExternalID; return its id."""
        customer = next(iter(self.company.books.customers.values()))
        units = [(self._product(sku), quantity) for sku, quantity in lines.items()]
        return warehouse.key_order(self.company, "by_hand", customer, reference, units).id

    def open_orders(self) -> list[str]:
        """Return the ids of the authorised sales that keep goods which have not left."""
        return [sale.id for sale in self.company.unshipped.values() if any(line.reserved for line in sale.lines)]

    def order_reference(self, order_id: str) -> str:
        """Return the `CustomerReference` of the sale."""
        return str(self.company.sale(order_id).header["CustomerReference"])

    def ship(self, order_id: str, carrier: str, tracking: str, lines: dict[str, int] | None = None) -> None:
        """Pick, pack and ship what is kept for the sale, or these units by SKU.

        Raises ValueError when nothing, or less than asked for, is kept for the sale.
        """
        sale = self.company.sale(order_id)
        ready: dict[str, int] = {}
        for line in sale.lines:
            ready[line.product.sku] = ready.get(line.product.sku, 0) + line.reserved
        warehouse.send_parcels(self.company, sale, carrier, tracking, ready if lines is None else lines)

    def add_tracking(self, order_id: str, tracking: str) -> None:
        """Add the tracking number to every parcel that left without one; ValueError when there is none."""
        warehouse.write_tracking(self.company, self.company.sale(order_id), tracking)

    def dump(self) -> dict[str, Any]:
        """Return the whole state as plain JSON, in the shape that the audit reads."""
        return {
            "system": self.name,
            "kind": "back_office",
            "orders": [_order_dump(sale) for sale in self.company.sales.values()],
            "stock": [
                {
                    "sku": product.sku,
                    "physical": product.on_hand,
                    "free": product.free,
                    "history": [[iso(at), free] for at, free in product.history],
                }
                for product in self.company.stock.products.values()
            ],
        }

    def _product(self, sku: str) -> Product:
        return self.company.stock.products[sku]


def _order_dump(sale: Sale) -> Record:
    voided = sale.order_status == VOIDED
    return {
        "id": sale.id,
        "reference": sale.header["CustomerReference"],
        "channel": sale.channel,
        "created_at": iso(sale.created_at),
        "deducted_at": iso(sale.authorised_at),
        "state": sale.status,
        "lines": [
            {
                "sku": line.product.sku,
                "quantity": line.quantity,
                "shipped": line.shipped,
                "cancelled": line.quantity - line.shipped if voided else 0,
            }
            for line in sale.lines
        ],
        "shipments": [
            {
                "id": parcel.id,
                "at": iso(parcel.shipped_at),
                "carrier": parcel.carrier,
                "tracking": parcel.tracking,
                "lines": task.contents(parcel.box),
            }
            for task in sale.fulfilments
            for parcel in task.parcels
            if parcel.shipped_at
        ],
    }
