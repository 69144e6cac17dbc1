"""The operations on orders and shipments: OR11, OR21, OR23, OR24, ST01, ST11, ST24."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.kit import Clock
from sandbox.mirakl.answers import LARGEST_PAGE, RefusalError, json_object, moment_of, rows_of, whole_of
from sandbox.mirakl.orders import Order
from sandbox.mirakl.shipments import Shipment
from sandbox.mirakl.state import Shop, State

STATES = {
    *("STAGING", "WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING", "SHIPPED"),
    *("TO_COLLECT", "RECEIVED", "CLOSED", "REFUSED", "CANCELED"),
}
DELTA_SECONDS = 60.0
MOST_SHIPMENTS = 1000


class OrdersApi:
    """Answers calls about the orders of one shop."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock

    async def or11(self, shop: Shop, request: Request) -> Response:
        """List orders by creation, with offset and max; a later update never takes one out of an open window."""
        query = request.query_params
        orders = sorted(shop.orders.values(), key=lambda one: (one.placed_at, one.id))
        if "order_ids" in query:
            wanted = query["order_ids"].split(",")
            if len(wanted) > LARGEST_PAGE:
                raise RefusalError(400, "order_ids is limited to 100 entries")
            orders = [one for one in orders if one.id in wanted]
        if "order_state_codes" in query:
            states = set(query["order_state_codes"].split(","))
            if not states <= STATES:
                raise RefusalError(400, "Failed to convert the parameter 'order_state_codes'")
            orders = [one for one in orders if one.state in states]
        if since := moment_of(request, "start_update_date"):
            orders = [o for o in orders if (o.updated_at - since).total_seconds() >= -DELTA_SECONDS]
        if until := moment_of(request, "end_update_date"):
            orders = [one for one in orders if one.updated_at <= until]
        mode = query.get("order_tax_mode", self._state.operator.tax_mode)
        size, offset = min(whole_of(request, "max", 10), LARGEST_PAGE), whole_of(request, "offset", 0)
        start = offset
        if offset and shop.repeated_pages:
            start = max(0, offset - round(size * shop.repeated_pages.pop(0)))
        shown = self._state.operator.details_before_acceptance
        page = [one.wire(mode, details_before_acceptance=shown) for one in orders[start : start + size]]
        return JSONResponse({"orders": page, "total_count": len(orders)})

    async def or21(self, shop: Shop, request: Request) -> Response:
        """Accept or refuse the lines of an order: every one must be decided."""
        order, body = self._order(shop, request), await json_object(request)
        decisions = body.get("order_lines")
        if not isinstance(decisions, list) or not all(isinstance(one, dict) for one in decisions):
            raise RefusalError(400, "The lines are required", "VALIDATION_ERROR")
        if order.state != "WAITING_ACCEPTANCE":
            raise RefusalError(400, f"The order is in state {order.state}", "ORDER_INVALID_STATE")
        named, known = [str(one.get("id")) for one in decisions], {line.id for line in order.lines}
        if len(set(named)) < len(named):
            raise RefusalError(400, "A line is named twice", "ORDER_LINE_DUPLICATE_ID")
        if set(named) - known:
            raise RefusalError(404, "A line does not exist", "ORDER_LINE_NOT_FOUND")
        if known - set(named):
            raise RefusalError(400, "A line is not decided", "ORDER_LINE_ACCEPTANCE_DECISION_MISSING")
        accepted = {bool(one.get("accepted")) for one in decisions}
        if len(accepted) > 1 and not self._state.operator.partial_acceptance:
            raise RefusalError(400, "Partial acceptance is disabled", "ORDER_PARTIAL_ACCEPTANCE_DISABLED")
        now = self._clock.now()
        for line, one in ((line, one) for line in order.lines for one in decisions if one["id"] == line.id):
            line.state = line.state if one.get("accepted") else "REFUSED"
        if True in accepted:
            order.accept(now)
        else:
            order.move("REFUSED", now)
        return Response(status_code=204)

    async def or23(self, shop: Shop, request: Request) -> Response:
        """Note carrier and tracking number of an order."""
        order, body = self._order(shop, request), await json_object(request)
        if order.state != "SHIPPING":
            raise RefusalError(400, f"The order status must be 'SHIPPING' but it is '{order.state}'.")
        if fault := self._state.rules.fault(body):
            raise RefusalError(400, fault)
        order.tracking = str(body.get("carrier_code") or body.get("carrier_name")), str(body.get("tracking_number"))
        order.updated_at = self._clock.now()
        return Response(status_code=204)

    async def or24(self, shop: Shop, request: Request) -> Response:
        """Confirm that all of an order was shipped."""
        order = self._order(shop, request)
        if order.state != "SHIPPING":
            raise RefusalError(400, f"The order status must be 'SHIPPING' but it is '{order.state}'.")
        if order.tracking is None:
            raise RefusalError(400, "The tracking information is mandatory.")
        quantities = {line.id: line.left for line in order.lines if line.state == "SHIPPING"}
        for line in order.lines:
            line.reserved += quantities.get(line.id, 0)
        order.ship(quantities, *order.tracking, self._clock.now())
        return Response(status_code=204)

    async def st01(self, shop: Shop, request: Request) -> Response:
        """Make shipments: each succeeds or fails by itself, under one 201."""
        now, good, bad = self._clock.now(), [], []
        for given in rows_of(await json_object(request), "shipments", MOST_SHIPMENTS):
            made = shop.shipments.make(given, shop.orders, self._state.rules, now)
            if isinstance(made, Shipment):
                good.append(made.wire())
            else:
                bad.append({"order_id": given.get("order_id"), "message": made})
        return JSONResponse({"shipment_success": good, "shipment_errors": bad}, 201)

    async def st11(self, shop: Shop, request: Request) -> Response:
        """List shipments, with limit and page token."""
        orders = request.query_params.getlist("order_id")
        found = [one for one in shop.shipments.shipments.values() if not orders or one.order.id in orders]
        size, start = min(whole_of(request, "limit", 10), LARGEST_PAGE), whole_of(request, "page_token", 0)
        body: dict[str, Any] = {"data": [one.wire() for one in found[start : start + size]]}
        if start + size < len(found):
            body["next_page_token"] = str(start + size)
        return JSONResponse(body)

    async def st24(self, shop: Shop, request: Request) -> Response:
        """Confirm shipments: each succeeds or fails by itself, under one 200."""
        good, bad = [], []
        for given in rows_of(await json_object(request), "shipments", MOST_SHIPMENTS):
            one = shop.shipments.shipments.get(str(given.get("id")))
            if one is None:
                bad.append({"id": given.get("id"), "message": f"No shipment with id '{given.get('id')}'."})
            elif one.shipped_at is not None:
                bad.append({"id": one.id, "message": "The shipment status must be 'SHIPPING' but it is 'SHIPPED'."})
            else:
                one.confirm(self._clock.now())
                good.append({"id": one.id})
        return JSONResponse({"shipment_success": good, "shipment_errors": bad})

    def _order(self, shop: Shop, request: Request) -> Order:
        order = shop.orders.get(str(request.path_params["order_id"]))
        if order is None or order.raw is not None:
            raise RefusalError(404, "The order does not exist", "ORDER_NOT_FOUND")
        return order
