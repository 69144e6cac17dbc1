"""The routes of The Edge's REST v4 that orders, stock, dispatch and cancellations need."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match, Route

from sandbox.kit import Clock, FixedWindow
from sandbox.virtualstock import actions
from sandbox.virtualstock.access import Access
from sandbox.virtualstock.actions import Action
from sandbox.virtualstock.answers import CHALLENGE, RefusalError, envelope, json_body, not_found, require, whole
from sandbox.virtualstock.making import check_new_order, created_echo
from sandbox.virtualstock.orders import Order
from sandbox.virtualstock.products import Product
from sandbox.virtualstock.state import PRODUCT_FAMILY_OFFSET, State, Supplier

ORDERS = "/restapi/v4/orders"
PRODUCTS = "/api/v4/products"
WRITES = frozenset({"POST", "PATCH"})
SUPPLIER_ACTIONS = (actions.ACKNOWLEDGE, actions.BACKORDER, actions.DISPATCH, actions.CANCEL_ACKNOWLEDGE)

Body = Mapping[str, Any]
BySupplier = Callable[[Supplier, Request, Body], Response]
ByRetailer = Callable[[Request, Body], Response]


class Rest:
    """The doorway for HTTP: who calls, how often, and what is answered."""

    def __init__(self, state: State, access: Access, window: FixedWindow, clock: Clock) -> None:
        self.state, self.access, self.window, self.clock = state, access, window, clock

    def routes(self) -> list[Route]:
        """Return all routes; the last two answer what the vendor does not offer."""
        supplier, retailer = self._for_supplier, self._for_retailer
        known = [
            self._open("/restapi/v4/token", self._login),
            self._open("/restapi/v4/token/refresh", self._refresh),
            supplier("PATCH", PRODUCTS + "/{id}/stock", self._update_stock),
            supplier("GET", ORDERS + "/", self._orders),
            supplier("GET", ORDERS + "/{id}/", self._order),
            *(supplier("POST", f"{ORDERS}/{{id}}/{one.name}/", partial(self._act, one)) for one in SUPPLIER_ACTIONS),
            supplier("GET", PRODUCTS + "/", self._products),
            supplier("GET", PRODUCTS + "/{id}", self._product),
            supplier("PATCH", PRODUCTS + "/{id}/", self._update_data),
            supplier("GET", "/restapi/v4/order-tracking-carriers/", self._carriers),
            supplier("GET", "/restapi/v4/customers/", self._customers),
            supplier("GET", "/restapi/v4/suppliers/", partial(self._suppliers, "/restapi/v4", 0)),
            supplier("GET", "/restapi/v4/suppliers/{id}/", self._supplier),
            supplier("GET", "/api/v4/suppliers/", partial(self._suppliers, "/api/v4", PRODUCT_FAMILY_OFFSET)),
            retailer("POST", ORDERS + "/", self._create),
            retailer("POST", ORDERS + "/{id}/cancel_request/", self._request_cancellation),
        ]
        return [*known, *(_elsewhere(prefix, known) for prefix in ("/restapi", "/api"))]

    # Doors: the same order as the vendor's framework has, credentials, limit, body, permission.

    def _open(self, path: str, handler: Callable[[Body], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return handler(await json_body(request))
            except RefusalError as refusal:
                return refusal.answer()

        return Route(path, endpoint, methods=["POST"])

    def _for_supplier(self, method: str, path: str, handler: BySupplier) -> Route:
        def run(caller: Supplier | None, request: Request, body: Body) -> Response:
            if caller is None:
                raise _forbidden()
            return handler(caller, request, body)

        return self._closed(method, path, run)

    def _for_retailer(self, method: str, path: str, handler: ByRetailer) -> Route:
        def run(caller: Supplier | None, request: Request, body: Body) -> Response:
            if caller is not None:
                raise _forbidden()
            return handler(request, body)

        return self._closed(method, path, run)

    def _closed(self, method: str, path: str, run: Callable[[Supplier | None, Request, Body], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            caller = None
            try:
                username = self.access.caller(request)
                caller = self.state.by_username.get(username)
                self._throttle(username)
                body = await json_body(request) if request.method in WRITES else {}
                return run(caller, request, body)
            except RefusalError as refusal:
                if caller is not None:
                    caller.refusals[f"{request.method} {path} {refusal.status}"] += 1
                return refusal.answer()

        return Route(path, endpoint, methods=[method])

    def _throttle(self, username: str) -> None:
        seconds = math.ceil(self.window.admit(username, self.clock.now()))
        if seconds:
            text = f"Request was throttled. Expected available in {seconds}.0 seconds."
            raise RefusalError(429, {"detail": text}, {"Retry-After": str(seconds)})

    # Tokens. A log-in counts towards the limit of its user: the vendor limits all requests.

    def _login(self, body: Body) -> Response:
        require(body, ("username", "password"))
        tokens = self.access.login(body["username"], body["password"])
        self._throttle(body["username"])
        return JSONResponse(tokens)

    def _refresh(self, body: Body) -> Response:
        require(body, ("refresh",))
        username = self.access.refresher(body["refresh"])
        self._throttle(username)
        return JSONResponse(self.access.renew(username))

    # Orders.

    def _orders(self, caller: Supplier, request: Request, _: Body) -> Response:
        filters, account = request.query_params, caller.account
        mine = filters.get("supplier_id") in {None, "", str(account.supplier_id)}
        theirs = filters.get("retailer_id") in {None, "", str(account.retailer_id)}
        ids = caller.orders.select(filters) if mine and theirs else ()
        return envelope(request, self.state.url(ORDERS), ids, caller.orders.wire, repeated_pages=caller.repeated_pages)

    def _order(self, caller: Supplier, request: Request, _: Body) -> Response:
        return JSONResponse(_found(caller, request).wire)

    def _act(self, action: Action, caller: Supplier, request: Request, body: Body) -> Response:
        self.state.act(caller, _found(caller, request), action, body, self.clock.now())
        # No success body is documented; one user of the platform has seen this text. Nobody may read it.
        return (
            PlainTextResponse("Your order is successfully saved") if action is actions.BACKORDER else JSONResponse({})
        )

    def _create(self, request: Request, body: Body) -> Response:
        check_new_order(body)
        supplier_id = str(body["supplier"]).partition("?")[0].rstrip("/").rpartition("/")[2]
        supplier = next(
            (one for one in self.state.suppliers.values() if str(one.account.supplier_id) == supplier_id), None
        )
        if supplier is None:
            raise RefusalError(400, {"supplier": ["Invalid hyperlink - Object does not exist."]})
        if supplier.orders.by_reference(str(body["order_reference"])) is not None:
            raise RefusalError(400, {"order_reference": ["An order with this order reference already exists."]})
        order = self.state.place(supplier, body, self.clock.now())
        return JSONResponse(created_echo(order.wire), 201)

    def _request_cancellation(self, request: Request, body: Body) -> Response:
        order_id = whole(request.path_params["id"])
        for supplier in self.state.suppliers.values():
            if order := supplier.orders.get(order_id):
                self.state.act(supplier, order, actions.CANCEL_REQUEST, body, self.clock.now())
                return JSONResponse({})
        raise not_found()

    # Products.

    def _products(self, caller: Supplier, request: Request, _: Body) -> Response:
        shown = partial(self.state.product_on_the_wire, caller)
        rows = caller.products.select(request.query_params)
        # The challenge was recorded on a 200 of this very list: it is no sign of failure.
        return envelope(request, self.state.url(PRODUCTS + "/"), rows, shown, CHALLENGE)

    def _product(self, caller: Supplier, request: Request, _: Body) -> Response:
        return JSONResponse(self.state.product_on_the_wire(caller, _listed(caller, request)))

    def _update_stock(self, caller: Supplier, request: Request, body: Body) -> Response:
        _listed(caller, request).update_stock(body, self.clock.now())
        return JSONResponse({})

    def _update_data(self, caller: Supplier, request: Request, body: Body) -> Response:
        product = _listed(caller, request)
        product.update_data(body, self.clock.now())
        return JSONResponse(self.state.product_on_the_wire(caller, product))

    # Partners.

    def _carriers(self, _caller: Supplier, _request: Request, _: Body) -> Response:
        return JSONResponse(self.state.carriers)

    def _customers(self, caller: Supplier, request: Request, _: Body) -> Response:
        number = caller.account.retailer_id
        url = self.state.url(f"/restapi/v4/customers/{number}/?format=json")
        row = {"url": url, "id": number, "name": "Pretend Department Store"}
        return envelope(request, self.state.url("/restapi/v4/customers/"), [row], dict)

    def _suppliers(self, family: str, offset: int, caller: Supplier, request: Request, _: Body) -> Response:
        row = self._supplier_on_the_wire(caller, family, offset)
        wanted = [(name, request.query_params.get(name)) for name in ("name", "account_id")]
        rows = [row] if all(value in {None, "", row[name]} for name, value in wanted) else []
        return envelope(request, self.state.url(f"{family}/suppliers/"), rows, dict)

    def _supplier(self, caller: Supplier, request: Request, _: Body) -> Response:
        if whole(request.path_params["id"]) != caller.account.supplier_id:
            raise not_found()
        return JSONResponse(self._supplier_on_the_wire(caller, "/restapi/v4", 0))

    def _supplier_on_the_wire(self, caller: Supplier, family: str, offset: int) -> dict[str, Any]:
        number = caller.account.supplier_id + offset
        url = self.state.url(f"{family}/suppliers/{number}/?format=json")
        return {"url": url, "id": number, "name": caller.account.name, "account_id": f"{number:06d}"}


def _found(caller: Supplier, request: Request) -> Order:
    order = caller.orders.get(whole(request.path_params["id"]))
    if order is None:
        raise not_found()
    return order


def _listed(caller: Supplier, request: Request) -> Product:
    product = caller.products.get(whole(request.path_params["id"]))
    if product is None:
        raise RefusalError(404, {"detail": "Product not found.", "code": "PRODUCT_NOT_FOUND"})
    return product


def _forbidden() -> RefusalError:
    return RefusalError(403, {"detail": "You do not have permission to perform this action."})


def _elsewhere(prefix: str, known: list[Route]) -> Route:
    """Return the answer to all other calls under `prefix`.

    A GET that forgot the last slash is sent to the address with it; a POST that forgot it, and
    any method that an address does not have, gets 405 in the documented words; the rest is 404.
    """

    def offered(request: Request, path: str) -> bool:
        scope = {**request.scope, "path": path}
        return any(route.matches(scope)[0] is not Match.NONE for route in known)

    async def endpoint(request: Request) -> Response:
        path, slashed = request.url.path, f"{request.url.path}/"
        if request.method == "GET" and not path.endswith("/") and offered(request, slashed):
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(slashed + query, 301)
        if offered(request, path) or offered(request, slashed):
            return RefusalError(405, {"detail": f'Method "{request.method}" not allowed.'}).answer()
        return not_found().answer()

    return Route(f"{prefix}/{{rest:path}}", endpoint, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
