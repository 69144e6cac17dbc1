"""The pretend Deposco: its doors (tokens, limit, envelopes) and its world."""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.deposco import catalogue, customer_orders, orders, shipments, warehouse
from sandbox.deposco.access import Credentials, Doors
from sandbox.deposco.tenant import MAIN_FACILITY, Item, Order, Switches, Tenant
from sandbox.deposco.wire import Call, Refused
from sandbox.kit import Clock, RollingWindow, System, iso

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
Handler = Callable[[Tenant, Call], Any]
V2 = "/latest"
_ROUTES: dict[tuple[str, str], tuple[Handler, str]] = {
    ("GET", "/items"): (catalogue.listed, "items/read"),
    ("GET", "/facilities"): (catalogue.facilities, "facilities/read"),
    ("GET", "/orders/salesOrders"): (orders.listed, "salesOrders/read"),
    ("POST", "/orders/salesOrders"): (orders.upsert, "salesOrders/write"),
    ("GET", "/orders/salesOrders/{id}"): (orders.one, "salesOrders/read"),
    ("GET", "/orders/salesOrders/{id}/orderLines"): (orders.lines, "salesOrders/read"),
    ("POST", "/orders/salesOrders/{id}/status"): (orders.change_status, "salesOrders/write"),
    ("POST", "/orders/salesOrders/{id}/cancellations"): (orders.cancel, "salesOrders/write"),
    ("GET", "/orders/customerOrders"): (customer_orders.listed, "customerOrders/read"),
    ("POST", "/orders/customerOrders"): (customer_orders.create, "customerOrders/write"),
    ("GET", "/shipments/outboundShipments"): (shipments.listed, "outboundShipments/read"),
    ("GET", "/shipments/outboundShipments/{id}/shipmentLines"): (shipments.lines, "outboundShipments/read"),
}


class Deposco(System):
    """One pretend tenant with one business unit; also the `BackOffice` of the simulation."""

    name = "deposco"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        credentials: Credentials,
        tenant: str = "ACME",
        business_unit: str = "JLUK",
        calls_per_second: int = 4,
        blank_every: int = 40,
    ) -> None:
        self.switches = Switches(blank_every=blank_every)
        self.tenant = Tenant(clock, self.switches, tenant, business_unit)
        self.doors = Doors(credentials)
        self._window = RollingWindow(calls_per_second, 1.0)
        self._old_calls = 0
        super().__init__(clock, seed)

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes."""
        stock = "/integration/{tenant}/enterpriseinventory/{unit}/availability"
        return [
            Route("/oauth2/token", self._token, methods=["POST"]),
            *(
                Route(V2 + path, self._new(handler, scope), methods=[verb])
                for (verb, path), (handler, scope) in _ROUTES.items()
            ),
            Route(stock, self._old(catalogue.availability)),
        ]

    def limits(self) -> dict[str, Any]:
        """Return the limit in force, in calls a minute."""
        return {"tenant": self._window.limit * 60}

    async def _token(self, request: Request) -> Response:
        try:
            return JSONResponse(self.doors.token(request.headers, await request.body(), self.clock.now()))
        except Refused as refusal:
            return JSONResponse(refusal.body(), refusal.status)

    def _new(self, handler: Handler, scope: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            if not self.doors.admits_bearer(request.headers, self.clock.now()):
                return JSONResponse(Refused(401, "Unauthorized").body(), 401)
            if self.switches.scopes is not None and scope not in self.switches.scopes:
                return JSONResponse(Refused(403, f"Missing scope {scope}").body(), 403)
            if wait := self._window.admit("", self.clock.now()):
                return self._too_many(wait)
            try:
                content = await request.body()
                body = json.loads(content) if content else None
                self.tenant.plan()
                answer = handler(self.tenant, Call(request.query_params, request.path_params, body))
            except Refused as refusal:
                return JSONResponse(refusal.body(), refusal.status)
            except ValueError:
                return JSONResponse(Refused(400, "Request body is not readable").body(), 400)
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            return JSONResponse(body, status)

        return endpoint

    def _old(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            if not self.doors.admits_user(request.headers):
                return PlainTextResponse("Unauthorized", 401)
            if wait := self._window.admit("", self.clock.now()):
                return self._too_many(wait)
            path = request.path_params
            if (path["tenant"], path["unit"]) != (self.tenant.name, self.tenant.business_unit):
                return PlainTextResponse("Not found", 404)
            self._old_calls += 1
            if self.switches.blank_every and self._old_calls % self.switches.blank_every == 0:
                return Response(b"", 200, media_type="application/xml")
            self.tenant.plan()
            try:
                answer = handler(self.tenant, Call(request.query_params, path))
            except Refused as refusal:
                return PlainTextResponse(str(refusal), refusal.status)
            return Response(json.dumps(answer), 200, media_type=self.switches.stock_media_type)

        return endpoint

    def _too_many(self, wait: float) -> Response:
        headers = {"Retry-After": str(int(wait) + 1)} if self.switches.retry_after else None
        return JSONResponse(Refused(429, "Too many requests").body(), 429, headers)

    def add_product(self, *, sku: str, ean: str, quantity: int) -> None:
        """Register an item and book its stock into the main facility."""
        item = self.tenant.add_item(sku, [ean] if ean else [])
        item.stock[MAIN_FACILITY] = quantity
        self.tenant.note(item)

    def put(self, sku: str, facility: str, quantity: int) -> None:
        """Book goods into any facility; one of a new name is opened."""
        self.tenant.facilities.setdefault(facility, self.tenant.new_id())
        item = self._item(sku)
        item.stock[facility] = item.stock.get(facility, 0) + quantity
        self.tenant.note(item)

    def free(self, sku: str) -> int:
        """Return the units of the main facility that are promised to no order."""
        return self.tenant.available(self._item(sku))

    def sell_elsewhere(self, sku: str, quantity: int) -> bool:
        """Sell on the seller's web shop; False when not enough is free."""
        if quantity > self.free(sku):
            return False
        warehouse.key_order(self.tenant, "web", "", [(self._item(sku), quantity)])
        return True

    def receive_stock(self, sku: str, quantity: int) -> None:
        """Book goods in (or, negative, out: breakage); raises ValueError when more breaks than lies there."""
        item = self._item(sku)
        if item.stock.get(MAIN_FACILITY, 0) + quantity < 0:
            raise ValueError(f"deposco: {sku} has not {-quantity} units to lose")
        self.put(sku, MAIN_FACILITY, quantity)

    def key_order_by_hand(self, reference: str, lines: dict[str, int]) -> str:
        """Key an order as a person does, under a number of the tenant's own; return its id."""
        units = [(self._item(sku), quantity) for sku, quantity in lines.items()]
        return str(warehouse.key_order(self.tenant, "by_hand", reference, units).id)

    def open_orders(self) -> list[str]:
        """Return the ids of the orders that the warehouse's queue shows: planned, and not put aside."""
        self.tenant.plan()
        return [
            str(order.id)
            for order in self.tenant.orders.values()
            if order.is_open and order.status in warehouse.PICKABLE
        ]

    def order_reference(self, order_id: str) -> str:
        """Return the order number in the external system."""
        return self._order(order_id).reference

    def ship(self, order_id: str, carrier: str, tracking: str, lines: dict[str, int] | None = None) -> None:
        """Pick, pack and ship; raises ValueError when the goods are not there or the order is put aside."""
        warehouse.ship(self.tenant, self._order(order_id), carrier, tracking, lines)

    def add_tracking(self, order_id: str, tracking: str) -> None:
        """Add the tracking number to every shipment that left without one; ValueError when there is none."""
        warehouse.write_tracking(self.tenant, self._order(order_id), tracking)

    def void_pick(self, order_id: str) -> None:
        """Cancel the pick list of an order, which puts it aside; ValueError when it cannot be picked now."""
        warehouse.void_pick(self.tenant, self._order(order_id))

    def dump(self) -> dict[str, Any]:
        """Return the whole state as plain JSON, in the shape that the audit reads."""
        self.tenant.plan()
        return {
            "system": self.name,
            "kind": "back_office",
            "orders": [self._order_dump(order) for order in self.tenant.orders.values()],
            "stock": [
                {
                    "sku": item.number,
                    "physical": item.stock.get(MAIN_FACILITY, 0),
                    "free": self.tenant.available(item),
                    "history": [[iso(at), free] for at, free in item.history],
                }
                for item in self.tenant.items.values()
            ],
        }

    def _item(self, sku: str) -> Item:
        return self.tenant.items[sku]

    def _order(self, order_id: str) -> Order:
        return self.tenant.orders[int(order_id)]

    def _order_dump(self, order: Order) -> dict[str, Any]:
        sent = [one for one in self.tenant.shipments.values() if one.order is order and one.status == "Shipped"]
        return {
            "id": str(order.id),
            "reference": order.reference,
            "channel": order.channel,
            "created_at": iso(order.created_at),
            "deducted_at": iso(order.created_at),
            "state": order.status,
            "lines": [
                {
                    "sku": line.item.number,
                    "quantity": line.ordered,
                    "shipped": line.shipped,
                    "cancelled": line.canceled,
                }
                for line in order.lines
            ],
            "shipments": [
                {
                    "id": one.number,
                    "at": iso(one.shipped_at),
                    "carrier": one.carrier,
                    "tracking": one.tracking,
                    "lines": _by_sku(one.units),
                }
                for one in sent
            ],
        }


def _by_sku(units: list[Any]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for line, quantity in units:
        counted[line.item.number] = counted.get(line.item.number, 0) + quantity
    return counted
