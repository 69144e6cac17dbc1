"""Magento 2.4 behind one doorway: who may call, how answers look, and what the world does to the shop."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.kit import Clock, RollingWindow, System
from sandbox.magento.answers import Refused
from sandbox.magento.calls import Call, Handler, InputLimits
from sandbox.magento.fulfilment import Fulfilment, Shipment
from sandbox.magento.oauth import Credentials, Door, Signed
from sandbox.magento.orders import Channel, Line, Orders
from sandbox.magento.report import orders_report, stock_report
from sandbox.magento.sales_routes import SalesRoutes
from sandbox.magento.search import parse_fields, project
from sandbox.magento.stock import Stock
from sandbox.magento.stock_routes import StockRoutes

_VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_MODULES = ["Magento_Store", "Magento_Catalog", "Magento_Sales", "Magento_Inventory", "Magento_InventoryApi"]
_MODULES += ["Magento_InventorySales", "Magento_InventorySalesApi", "Magento_Webapi", "Magento_Integration"]
_CRASH = """<!doctype html>
<html><head><title>There has been an error processing your request</title></head>
<body><h1>There has been an error processing your request</h1></body></html>"""


class Magento(System):
    """A pretend Magento Open Source 2.4.7 with one website, one stock and one integration.

    Switches: `door.bearer_allowed`, `denied_resources` (rights the integration lacks), `input_limits`,
    `set_up.modules`, `web_shop_trusts_salable` (the web shop sells by Magento's number, as a real one
    does, and so oversells when orders came in over REST). `calls_per_minute` is a host's own limit.
    """

    name = "magento"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        credentials: Credentials,
        website: str = "base",
        store_id: int = 1,
        calls_per_minute: int | None = None,
        bearer_allowed: bool = True,
        web_shop_trusts_salable: bool = False,
        input_limits: InputLimits | None = None,
    ) -> None:
        self.door = Door(credentials)
        self.door.bearer_allowed = bearer_allowed
        self.denied_resources: set[str] = set()
        self.input_limits = input_limits
        self.web_shop_trusts_salable = web_shop_trusts_salable
        self.stock = Stock(clock.now)
        self.orders = Orders(self.stock, store_id, "Main Website")
        self.fulfilment = Fulfilment(self.orders, self.stock)
        self.set_up = StockRoutes(self.stock, website, store_id, list(_MODULES))
        self._calls_per_minute = calls_per_minute
        self._window = RollingWindow(calls_per_minute, 60.0) if calls_per_minute else None
        super().__init__(clock, seed)

    def limits(self) -> dict[str, Any]:
        """Return the host's limit, when there is one."""
        return {"calls": self._calls_per_minute} if self._calls_per_minute else {}

    # ---- the doorway -------------------------------------------------------------------------

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes, with and without a store code, and its 404 for all others."""
        entries = [*SalesRoutes(self.orders, self.fulfilment).table(), *self.set_up.table()]
        table = [(verb, path, self._guarded(right, handler)) for verb, path, right, handler in entries]
        return [
            *(Route(f"/rest/{{store}}/V1{path}", endpoint, methods=[verb]) for verb, path, endpoint in table),
            *(Route(f"/rest/V1{path}", endpoint, methods=[verb]) for verb, path, endpoint in table),
            Route("/rest/{rest:path}", self._no_route, methods=_VERBS),
        ]

    async def _no_route(self, _request: Request) -> Response:
        return _error(Refused.no_route())

    def _guarded(self, right: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            accept = request.headers.get("accept", "*/*")
            if "application/json" not in accept and "*/*" not in accept:
                return HTMLResponse(_CRASH, 500)
            if self._window and self._window.admit("calls", self.clock.now()) > 0:
                return JSONResponse({"message": "Too Many Requests", "trace": None}, 429)
            try:
                call = await self._call(request, right)
                answer = handler(call)
            except Refused as refused:
                return _error(refused)
            if isinstance(answer, Response):
                return answer
            return JSONResponse(project(answer, call.wanted) if call.wanted else answer)

        return endpoint

    async def _call(self, request: Request, right: str) -> Call:
        if request.path_params.get("store", "default") not in {"default", "all", "admin"}:
            raise Refused(400, "Specified request cannot be processed.")
        raw_path, query = _raw_path(request), request.scope["query_string"].decode("latin-1")
        signed = Signed(request.method, request.url.scheme, request.headers.get("host", ""), raw_path, query)
        now = self.clock.now()
        self.door.admit(request.headers.get("authorization", ""), signed, right, now)
        if right in self.denied_resources:
            raise Refused.unauthorised(right)
        pairs = parse_qsl(query, keep_blank_values=True)
        wanted = parse_fields(next((value for name, value in pairs if name == "fields"), ""))
        segments = raw_path.partition("/V1/")[2].split("/")
        return Call(now, segments, pairs, await _body(request), wanted, self.input_limits)

    # ---- what the world sets up --------------------------------------------------------------

    def add_product(
        self, *, sku: str, ean: str | None, quantity: int, price: str = "10.00", name: str | None = None
    ) -> None:
        """Create a simple product with this many units at the default source and `ean` as custom attribute."""
        self.stock.add_product(sku, ean, quantity, price, name)

    def add_source(self, code: str, *, linked: bool) -> None:
        """Create a source; only a linked one counts for the website."""
        self.stock.sources[code] = code
        if linked:
            self.stock.linked.append(code)

    # ---- what the world does -----------------------------------------------------------------

    def free(self, sku: str) -> int:
        """Return the physical truth: linked sources less the unshipped units of all orders."""
        return self.stock.free(sku)

    def sell_elsewhere(self, sku: str, quantity: int) -> bool:
        """Sell in the web shop, which reserves as it should; False when not enough is there."""
        available = self.stock.salable(sku) if self.web_shop_trusts_salable else self.free(sku)
        if self.stock.product(sku) is None or available < quantity:
            return False
        self._place({sku: quantity}, "web", "", {})
        return True

    def receive_stock(self, sku: str, quantity: int) -> None:
        """Book goods in or out at the default source; more out than is there is a `ValueError`."""
        left = self.stock.at("default", sku) + quantity
        if left < 0:
            raise ValueError(f"magento has only {left - quantity} of {sku!r} on the shelf: book out less")
        self.stock.put(sku, "default", left, 1 if left > 0 else 0)

    def key_order_by_hand(
        self,
        reference: str,
        lines: dict[str, int],
        *,
        as_increment_id: bool = False,
        only_in: Literal["comment", "po_number"] | None = None,
    ) -> str:
        """Key a marketplace order in the admin, placed the proper way, so that it reserves; return its id.

        The reference is kept in `ext_order_id`, or in `increment_id`, or only in a comment or the
        payment's purchase order number, where no search finds it.
        """
        fields: dict[str, Any] = {}
        if only_in == "comment":
            fields["status_histories"] = [{"comment": f"John Lewis order {reference}", "is_customer_notified": 0}]
        elif only_in == "po_number":
            fields["payment"] = {"method": "purchaseorder", "po_number": reference}
        else:
            fields["increment_id" if as_increment_id else "ext_order_id"] = reference
        return self._place(lines, "by_hand", reference, fields)

    def _place(self, lines: dict[str, int], channel: Channel, reference: str, fields: dict[str, Any]) -> str:
        items, total = [], 0.0
        for sku, quantity in lines.items():
            product = self.stock.product(sku)
            if product is None:
                raise ValueError(f"magento knows no product {sku!r}: call add_product first")
            price, total = float(product.price), total + float(product.price) * quantity
            prices = {"price": price, "price_incl_tax": price, "row_total": price * quantity}
            known = {"sku": sku, "product_id": product.product_id, "name": product.name, "product_type": "simple"}
            items.append({**known, **prices, "qty_ordered": quantity, "store_id": self.set_up.store_id})
        entity = {"state": "new", "status": "pending", "grand_total": total, "base_grand_total": total, "items": items}
        entity |= {"total_qty_ordered": sum(lines.values()), "payment": {"method": "checkmo"}, **fields}
        echo = self.orders.create(entity, self.clock.now(), channel, reference)
        for sku, quantity in lines.items():
            self.stock.reservations[sku] -= quantity
        return str(echo["entity_id"])

    def open_orders(self) -> list[str]:
        """Return the orders in state new or processing that have something to ship."""
        return [str(order_id) for order_id in self.orders.open]

    def order_reference(self, order_id: str) -> str:
        """Return the Customer Order Number: `ext_order_id`, else `increment_id`; empty for a web order."""
        return self.orders.get(int(order_id)).reference

    def ship(self, order_id: str, carrier: str, tracking: str, lines: dict[str, int] | None = None) -> None:
        """Ship from the default source; `carrier` is a title, or `carrier_code:title`.

        Raises `sandbox.magento.answers.Refused` when the shop would: on hold, nothing left, not enough there.
        """
        order = self.orders.get(int(order_id))
        body: dict[str, Any] = {"items": _items(order.lines, lines)} if lines else {}
        shipment = self.fulfilment.ship(order, body, self.clock.now())
        shipment.carrier = carrier
        if tracking:
            self._track(shipment, tracking)

    def add_tracking(self, order_id: str, tracking: str) -> None:
        """Add a tracking number to the first shipment of the order that has none."""
        shipments = self.fulfilment.shipments.where("order_id", order_id)
        bare = next((shipment for shipment in shipments if not shipment.tracks), None)
        if bare is None:
            raise ValueError(f"magento order {order_id} has no shipment without a tracking number")
        self._track(bare, tracking)

    def _track(self, shipment: Shipment, tracking: str) -> None:
        code, colon, title = shipment.carrier.partition(":")
        given = {"carrier_code": code, "title": title} if colon else {"carrier_code": "custom", "title": code}
        self.fulfilment.add_track(shipment, {**given, "track_number": tracking}, self.clock.now())

    # ---- the report --------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Return the orders, shipments and stock as plain JSON."""
        orders = orders_report(self.orders, self.fulfilment)
        return {"system": self.name, "kind": "back_office", "orders": orders, "stock": stock_report(self.stock)}


def _items(lines: Sequence[Line], wanted: dict[str, int]) -> list[dict[str, Any]]:
    """Spread quantities by SKU over the lines of an order that still have something to ship."""
    items = []
    for sku, quantity in wanted.items():
        left = quantity
        for line in lines:
            if line.sku == sku and left and line.to_ship:
                share = min(left, line.to_ship)
                items.append({"order_item_id": line.columns["item_id"], "qty": share})
                left -= share
        if left:
            raise ValueError(f"magento has {left} of {sku!r} fewer to ship on this order than asked")
    return items


def _error(refused: Refused) -> JSONResponse:
    return JSONResponse(refused.body(), refused.status)


def _raw_path(request: Request) -> str:
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    return str(raw.partition(b"?")[0].decode("latin-1"))


async def _body(request: Request) -> Any:
    content = await request.body()
    if not content:
        return None
    media = request.headers.get("content-type", "").partition(";")[0].strip()
    if media != "application/json":
        raise Refused(400, f"Server cannot understand Content-Type HTTP header media type {media}")
    try:
        return json.loads(content)
    except ValueError:
        raise Refused(400, "Decoding error.") from None
