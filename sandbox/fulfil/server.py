"""The pretend Fulfil: its door (key, limit, error shapes) and its world."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.fulfil.books import Channel, Product, Sale, SaleLine, Shipment, Switches
from sandbox.fulfil.calls import act, call
from sandbox.fulfil.pushes import Pushes
from sandbox.fulfil.report import report
from sandbox.fulfil.tenant import MAIN, Tenant
from sandbox.fulfil.wire import Crash, PageTooBig, Refused, Writer, read
from sandbox.kit import Clock, RollingWindow, Scope, System

BASE = "/api/v2/model"
SERVICE = "|"
"""In the warehouse's word for a carrier: what follows is its service."""


class Fulfil(System):
    """One pretend tenant with one key; also the `BackOffice` of the simulation.

    `switches` holds what the vendor's documents leave open. `push_to` is the address to which the
    tenant would push its news; `await pushes.deliver(send)` does it. `webhook_secret` is base64.
    """

    name = "fulfil"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        api_key: str,
        channel: int = 37,
        calls_per_minute: int = 1000,
        push_to: str | None = None,
        webhook_secret: str = "",
    ) -> None:
        self.pushes = Pushes(push_to, webhook_secret)
        self.tenant = Tenant(clock, self.pushes, channel)
        self._api_key, self._window, self._writer = api_key, RollingWindow(calls_per_minute, 60.0), Writer()
        super().__init__(clock, seed)

    @property
    def switches(self) -> Switches:
        """Return what the documents leave open."""
        return self.tenant.switches

    def limits(self) -> dict[str, Any]:
        """Return the limit in force."""
        return {"tenant": self._window.limit}

    # ---- the door --------------------------------------------------------------------------------

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes."""
        return [
            Route(f"{BASE}/{{model}}/{{method}}", self._guarded(self._call), methods=["PUT"]),
            Route(f"{BASE}/{{model}}/{{id:int}}/{{action}}", self._guarded(self._act), methods=["PUT"]),
            Route(f"{BASE}/{{model}}/{{id:int}}", self._guarded(self._one), methods=["GET"]),
        ]

    def _route(self, scope: Scope) -> str:
        parts = ["{id}" if part.isdigit() else part for part in str(scope["path"]).split("/")]
        return f"{scope['method']} {'/'.join(parts)}"

    def _guarded(self, handler: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("x-api-key") != self._api_key:
                return JSONResponse({"code": 403, "message": "Access denied"}, 403)
            wait = self._window.admit("tenant", self.clock.now())
            if wait:
                shown = {"code": 429, "name": "Too Many Requests"}
                text = "This user has exceeded an allotted request count. Try again later."
                return JSONResponse({**shown, "description": text}, 429, {"Retry-After": str(int(wait) + 1)})
            self.tenant.advance()
            try:
                return JSONResponse(self._writer.write(await handler(request)))
            except Refused as refused:
                return JSONResponse(refused.shown, refused.status)
            except PageTooBig as trouble:
                return JSONResponse({"code": 429, "name": "Too Many Requests", "description": str(trouble)}, 429)
            except (Crash, ValueError, KeyError, TypeError, AttributeError):
                return PlainTextResponse(
                    "Internal Server Error", 500, {"X-Sentry-ID": f"{self.random.randrange(16**8):08x}"}
                )

        return endpoint

    async def _call(self, request: Request) -> Any:
        context = json.loads(request.query_params.get("context") or "{}")
        path = request.path_params
        return call(self.tenant, path["model"], path["method"], read(json.loads(await request.body())), context)

    async def _act(self, request: Request) -> Any:
        path = request.path_params
        return act(self.tenant, path["model"], path["id"], path["action"])

    async def _one(self, request: Request) -> Any:
        model = self.tenant.models.named(request.path_params["model"])
        return self.tenant.models.read(model, [request.path_params["id"]], list(model.fields), {})[0]

    # ---- what the world sets up and does ---------------------------------------------------------

    def add_product(
        self, *, sku: str, ean: str | None, quantity: int, price: str = "10.00", warehouse: str = MAIN
    ) -> None:
        """Register a product with this many units in a warehouse, which is opened when it is new."""
        product = self.tenant.add_product(sku, ean, Decimal(price))
        if warehouse not in self.tenant.warehouses:
            self.tenant.add_warehouse(warehouse)
        if quantity:
            self.tenant.book(product, self.tenant.warehouses[warehouse], quantity)

    def free(self, sku: str) -> int:
        """Return the physically free units of all warehouses: negative where more is promised than there."""
        return self.tenant.free(self._product(sku))

    def sell_elsewhere(self, sku: str, quantity: int) -> bool:
        """Sell in the seller's web shop; False when not enough is free."""
        if self.free(sku) < quantity:
            return False
        self._key(self.tenant.web, "", {sku: quantity})
        return True

    def receive_stock(self, sku: str, quantity: int) -> None:
        """Book goods in or out at the main warehouse; more out than is there is a `ValueError`."""
        self.tenant.book(self._product(sku), self.tenant.warehouses[MAIN], quantity)

    def key_order_by_hand(self, reference: str, lines: dict[str, int], *, is_return: bool = False) -> str:
        """Key an order, or the return of one, as a person does: with a reference and no channel identifier."""
        return str(self._key(self.tenant.by_hand, reference, lines, is_return=is_return).id)

    def open_orders(self) -> list[str]:
        """Return the ids of the sales with a shipment whose stock is assigned."""
        self.tenant.advance()
        return list(dict.fromkeys(str(shipment.sale) for shipment in self.tenant.ready.values()))

    def order_reference(self, order_id: str) -> str:
        """Return the Customer Order Number: the sale's reference."""
        return self.tenant.sales[int(order_id)].reference

    def ship(self, order_id: str, carrier: str, tracking: str, lines: dict[str, int] | None = None) -> None:
        """Pick, pack and ship what is assigned, or these units by SKU; `carrier` is a name, or `name|service`.

        Raises ValueError when nothing, or less than asked for, is assigned.
        """
        ready = [shipment for shipment in self.tenant.ready.values() if shipment.sale == int(order_id)]
        kept = Counter[str]()
        for move in (move for shipment in ready for move in shipment.leaving):
            kept[move.line.product.code] += move.quantity
        wanted = kept if lines is None else Counter(lines)
        if not ready or not wanted.total() or any(kept[sku] < quantity for sku, quantity in wanted.items()):
            raise ValueError(f"fulfil: sale {order_id} has {dict(kept)} assigned, cannot ship {lines or 'it'}")
        for shipment in ready:
            there = Counter[str]()
            for move in shipment.leaving:
                there[move.line.product.code] += move.quantity
            share = there & wanted
            if not share:
                continue
            if share != there:
                self.tenant.split(shipment, share)
            wanted = wanted - share
            self._send_off(shipment, carrier, tracking)

    def add_tracking(self, order_id: str, tracking: str) -> None:
        """Add the tracking number to the first shipment that left without one; ValueError when there is none."""
        shipments = self.tenant.sales[int(order_id)].shipments
        bare = next((each for each in shipments if each.shipped_at and not each.tracking), None)
        if bare is None:
            raise ValueError(f"fulfil: no shipment of sale {order_id} has left without a tracking number")
        bare.tracking = tracking
        self.pushes.note("stock.shipment.out", bare.id)

    def _send_off(self, shipment: Shipment, carrier: str, tracking: str) -> None:
        name, _, service = carrier.partition(SERVICE)
        shipment.carrier = self.tenant.carrier(name)
        shipment.service = self.tenant.carrier(service, "carrier.service") if service else None
        shipment.tracking = tracking
        self.tenant.finish(shipment)

    def _key(self, channel: Channel, reference: str, lines: dict[str, int], *, is_return: bool = False) -> Sale:
        sale = Sale(self.tenant.new_id(), channel, None, reference, self.clock.now())
        for sku, quantity in lines.items():
            product = self._product(sku)
            line = SaleLine(self.tenant.new_id(), sale.id, product, quantity, product.price, is_return=is_return)
            sale.lines.append(line)
        self.tenant.add_sale(sale)
        return sale

    def _product(self, sku: str) -> Product:
        return self.tenant.products[sku]

    def dump(self) -> dict[str, Any]:
        """Return the whole state as plain JSON, in the shape that the audit reads."""
        return report(self.name, self.tenant)
