"""The pretend SEKO: its two doors (the iHub and the legacy hub), its warehouse as the world sees it, its pushes."""

import json
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.kit import Clock, RollingWindow, System
from sandbox.seko import pushes
from sandbox.seko.orders import submitted
from sandbox.seko.pushes import Pushes, Send, Switches
from sandbox.seko.report import order_dump, stock_dump
from sandbox.seko.warehouse import AVAILABLE, STATES, Dispatch, Line, Order, Warehouse
from sandbox.seko.wire import Record, Refused, guid, legacy, refusal, reply, rows, xml

Answered = Callable[[Request], Coroutine[Any, Any, Record]]
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
CURRENT, LEGACY = "/api", "/hub/api"
NOTHING_FOUND = "No results found for search criteria"
REASONS = {"001", "002", "003", "004", "005", "006"}


class Seko(System):
    """One client at one distribution centre; also the `BackOffice` of the simulation.

    Orders show in the legacy reads `visible_after_seconds` after they were taken, and the stock read shows
    what was free `stock_lag_seconds` ago. A full stock read is let through `stock_reads` times in
    `stock_window_seconds`. With `push_to`, `push_for_ever` (or `tick`) pushes through `send`.
    Of the vendor's services it offers the web order, cancelling, stock and the legacy reads of orders.
    """

    name = "seko"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        token: str,
        dc: str = "DCCL01",
        client: str = "CLIENT",
        visible_after_seconds: float = 300.0,
        stock_lag_seconds: float = 300.0,
        stock_reads: int = 1,
        stock_window_seconds: float = 1800.0,
        push_to: str | None = None,
        send: Send | None = None,
    ) -> None:
        super().__init__(clock, seed)
        self._token, self._dc = token, dc
        self._visible_after = timedelta(seconds=visible_after_seconds)
        self._stock_lag = timedelta(seconds=stock_lag_seconds)
        self._window = RollingWindow(stock_reads, stock_window_seconds)
        self.switches = Switches()
        self.warehouse = Warehouse(clock, self.random)
        self.pushes = Pushes(clock, self.switches, client, push_to, send or pushes.post)
        self._numbers = 0

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes."""
        guarded = self._guarded
        order, window = LEGACY + "/salesorders/v1/{guid}", "{begin}/{end}"
        return [
            Route(f"{CURRENT}/salesorders/v4/websubmit", guarded(self._submit), methods=["POST"]),
            Route(CURRENT + "/salesorders/v3/{number}/cancel", guarded(self._cancel), methods=["POST"]),
            Route(f"{CURRENT}/stock/v3/quantity", guarded(self._stock), methods=["GET"]),
            Route(LEGACY + "/echo/v1/{text}", guarded(self._echo), methods=["GET"]),
            Route(order + "/status{format}", guarded(self._status), methods=["GET"]),
            Route(order + "/tracking{format}", guarded(self._tracking), methods=["GET"]),
            Route(f"{LEGACY}/dispatches/v1/status/{window}", guarded(self._dispatched), methods=["GET"]),
        ]

    def limits(self) -> dict[str, Any]:
        """Return the fair use of the full stock read, as calls a minute."""
        return {"full stock read": self._window.limit * 60 / self._window.seconds}

    def _guarded(self, answered: Answered) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            is_legacy = request.url.path.startswith(LEGACY)
            given = request.query_params.get("token") or (not is_legacy and request.query_params.get("api_key"))
            if given != self._token or (is_legacy and not self.switches.legacy_is_open):
                return self._written(request, refusal("Error. Invalid token."), self.switches.status_of_bad_tokens)
            try:
                return self._written(request, await answered(request), 200)
            except Refused as refused:
                return self._written(request, refusal(str(refused)), self.switches.status_of_refusals)
            except _TooOftenError as often:
                return Response(None, 429, {"Retry-After": str(int(often.seconds) + 1)})

        return endpoint

    def _written(self, request: Request, answer: Record, status: int) -> Response:
        is_legacy = request.url.path.startswith(LEGACY)
        if is_legacy and self.switches.legacy_wraps:
            answer = legacy(answer)
        accepted = request.headers.get("accept", "") + request.headers.get("content-type", "")
        is_json = request.url.path.endswith(".json") if is_legacy else "json" in accepted
        if is_json:
            return JSONResponse(answer, status)
        return Response(xml(answer), status, media_type="application/xml")

    async def _submit(self, request: Request) -> Record:
        if "json" not in request.headers.get("content-type", ""):
            raise Refused("Error. The request cannot be read.")
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused("Error. The request cannot be read.")
        order = submitted(self.warehouse, body, self._dc, guid(self.random))
        return reply(order.guid)

    async def _cancel(self, request: Request) -> Record:
        order = self.warehouse.orders.get(request.path_params["number"])
        if order is None:
            raise Refused(NOTHING_FOUND)
        if request.query_params.get("reasonCode") not in REASONS:
            raise Refused("Error. Invalid Mapping - ReasonCode")
        was_picked = order.state in STATES[2:4]
        self.warehouse.cancel(order)
        if was_picked:  # picked goods come back through a receipt that the hub makes by itself
            for line in order.lines:
                delivery = f"SS Cancellation - Dispatch {order.number}"
                self.pushes.note("GRN", pushes.received_record(line.product, line.quantity, delivery, self._dc))
        return reply()

    async def _stock(self, request: Request) -> Record:
        codes = set(filter(None, request.query_params.get("productCodes", "").replace("~", ",").split(",")))
        if not codes and (wait := self._window.admit("stock", self.clock.now())):
            raise _TooOftenError(wait)
        if request.query_params.get("dc") not in {None, "", self._dc}:
            raise Refused("Error. Invalid Mapping - DC")
        at = self.clock.now() - self._stock_lag
        found = []
        for product in self.warehouse.products.values():
            if not codes or product.code in codes:
                kinds = {AVAILABLE: product.free_at(at), **product.elsewhere}
                shown = {"ProductCode": product.code, "DCCode": self._dc}
                found += [{**shown, "LocationType": k, "Quantity": units} for k, units in kinds.items() if units > 0]
        if not found:
            raise Refused(NOTHING_FOUND)
        return {**reply(), **rows("StockQuantityLineItem", found)}

    async def _echo(self, request: Request) -> Record:
        return reply(Echo=request.path_params["text"].removesuffix(".json"))

    async def _status(self, request: Request) -> Record:
        order = self._seen(request)
        return reply(order.guid, Status=order.state)

    async def _tracking(self, request: Request) -> Record:
        order = self._seen(request)
        last = order.dispatches[-1] if order.dispatches else None
        return reply(order.guid, Courier=last.carrier if last else "", TrackingNumber=last.tracking if last else "")

    async def _dispatched(self, request: Request) -> Record:
        try:
            begin, end = (
                datetime.fromisoformat(request.path_params[name].removesuffix(".json")) for name in ("begin", "end")
            )
        except ValueError:
            raise Refused("Error. The dates cannot be read.") from None
        if request.query_params.get("status") != STATES[-1]:
            raise Refused("Error. Invalid Mapping - Status")
        found = [{"DCCode": self._dc, "GUID": one.guid} for one in self.warehouse.dispatched_between(begin, end)]
        if not found:
            raise Refused(NOTHING_FOUND)
        return {**reply(), **rows("DispatchLineItem", found, bare=True)}

    def _seen(self, request: Request) -> Order:
        order = self.warehouse.order_by_guid(request.path_params["guid"])
        if order is None or not self.warehouse.is_visible(order, self._visible_after):
            raise Refused(NOTHING_FOUND)
        return order

    async def tick(self) -> int:
        """Let the push scheduler run once; return how many messages were taken for delivered."""
        return await self.pushes.tick()

    async def push_for_ever(self) -> None:
        """Run the push scheduler every 15 minutes of the clock."""
        while True:
            await self.clock.sleep(pushes.TICK.total_seconds())
            await self.tick()

    def end_day(self) -> None:
        """Push the overnight summary of every product."""
        for product in self.warehouse.products.values():
            self.pushes.note("StockOvernightSummary", pushes.summary_record(product, self.clock.now()))

    def add_product(self, *, sku: str, ean: str, quantity: int) -> None:
        """Enrol a product with its units in available stock."""
        self.warehouse.enrol(sku, ean, quantity)

    def free(self, sku: str) -> int:
        """Return the physically free units now."""
        return self.warehouse.products[sku].free

    def sell_elsewhere(self, sku: str, quantity: int) -> bool:
        """Sell on the seller's web shop; False when not enough is free."""
        return self._keyed("web", f"WEB-{self._number()}", "", {sku: quantity}) is not None

    def key_order_by_hand(self, number: str, reference: str, lines: dict[str, int]) -> Order | None:
        """Key an order as a person does, under a number of their choice; None when not enough is free."""
        return self._keyed("by_hand", number, reference, lines)

    def _keyed(self, channel: Any, number: str, reference: str, units: dict[str, int]) -> Order | None:
        lines = [Line(place, self.warehouse.products[sku], units[sku]) for place, sku in enumerate(units, 1)]
        order = Order(number, reference, guid(self.random), channel, self.clock.now(), lines)
        try:
            self.warehouse.take(order)
        except Refused:
            return None
        return order

    def receive_stock(self, sku: str, quantity: int) -> None:
        """Book goods in (or, negative, out: breakage), and push it; ValueError when more breaks than is free."""
        product = self.warehouse.products[sku]
        if quantity < 0 and product.free < -quantity:
            raise ValueError(f"{sku}: only {product.free} are free")
        product.available += quantity
        self.warehouse.remember(product)
        if quantity > 0:
            delivery = f"ASN-{self._number()}"
            self.pushes.note("GRN", pushes.received_record(product, quantity, delivery, self._dc))
        elif quantity:
            record = pushes.adjustment_record(product, quantity, self._number(), self._dc, self.clock.now())
            self.pushes.note("StockAdjustment", record)

    def move_stock(self, sku: str, quantity: int, to: str) -> None:
        """Move units from available stock to another location type (negative: back), and push it."""
        product = self.warehouse.products[sku]
        self.warehouse.move_stock(product, quantity, to)
        record = pushes.movement_record(product, quantity, to, self._number(), self._dc, self.clock.now())
        self.pushes.note("StockMovement", record)

    def open_orders(self) -> list[str]:
        """Return the numbers of the orders that the warehouse could pick now."""
        return [order.number for order in self.warehouse.orders.values() if order.is_open]

    def order_reference(self, order_id: str) -> str:
        """Return the `SalesOrderReference` of an order."""
        return self.warehouse.orders[order_id].reference

    def ship(self, order_id: str, carrier: str, tracking: str, lines: dict[str, int] | None = None) -> None:
        """Dispatch what is left, or these units by product, and push it; ValueError when they are not to be had."""
        order = self.warehouse.orders[order_id]
        self._push(order, self.warehouse.ship(order, carrier, tracking, lines))

    def ship_short(self, order_id: str, carrier: str, tracking: str, lines: dict[str, int]) -> None:
        """Dispatch these units and close the order without the rest."""
        order = self.warehouse.orders[order_id]
        self._push(order, self.warehouse.close_short(order, carrier, tracking, lines))

    def add_tracking(self, order_id: str, tracking: str) -> None:
        """Add the number to every dispatch that lacks one; a person then has its confirmation pushed again."""
        order = self.warehouse.orders[order_id]
        without = [dispatch for dispatch in order.dispatches if not dispatch.tracking]
        if not without:
            raise ValueError(f"no dispatch of {order_id} lacks its tracking number")
        for dispatch in without:
            dispatch.tracking = tracking
            self._push(order, dispatch)

    def _push(self, order: Order, dispatch: Dispatch) -> None:
        if order.channel != "integration":  # by default only what was created through the hub is pushed
            return
        self.pushes.note("Dispatch", pushes.dispatch_record(order, dispatch, self.switches.quantity_name))
        self.pushes.note("TrackingDetails", pushes.tracking_record(order, dispatch))

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def dump(self) -> dict[str, Any]:
        """Return the whole state as plain JSON, in the shape that the audit reads."""
        products = self.warehouse.products.values()
        return {
            "system": self.name,
            "kind": "back_office",
            "orders": [order_dump(order) for order in self.warehouse.orders.values()],
            "stock": [stock_dump(product) for product in products],
        }


class _TooOftenError(Exception):
    """The full stock read was asked for more often than is fair."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.0f} s")
        self.seconds = seconds
