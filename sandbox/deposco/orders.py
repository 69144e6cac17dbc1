"""Sales orders behind V2: create or update by number, status changes, cancellations, and how they are shown."""

from collections.abc import Mapping
from typing import Any

from sandbox.deposco.tenant import (
    BACK_ORDERED,
    CANCELED,
    DRAFT,
    HOLD,
    NEW,
    PLANNED,
    READY,
    SHIPPED,
    WAVE_BUILT,
    Line,
    Order,
    Tenant,
)
from sandbox.deposco.wire import Call, Record, Refused, after, collection, iso_offset, key_of, nested, ref, same

MOST_LINES = 100
_MAY_BECOME = {
    DRAFT: {NEW, HOLD, CANCELED},
    NEW: {HOLD, CANCELED},
    HOLD: {NEW, CANCELED},
    READY: {NEW, HOLD, CANCELED},
    WAVE_BUILT: {NEW, HOLD, CANCELED},
    BACK_ORDERED: {NEW, HOLD, CANCELED},
}
_MAY_CHANGE = frozenset({DRAFT, HOLD, *PLANNED})
_LENGTHS = {
    "number": 50,
    "customerOrderNumber": 50,
    "otherReferenceNumber": 50,
    "otherReferenceNumber2": 45,
    "orderSource": 100,
    "secondaryOrderSource": 100,
    "shipVia": 50,
    "shipVendor": 50,
    "shipMethod": 50,
}
_CONTACT_LENGTHS = {"firstName": 30, "lastName": 30, "phone": 30, "email": 50}
_ADDRESS_LENGTHS = {"line1": 64, "line2": 64, "line3": 64, "city": 30, "stateProvince": 30, "postalCode": 20}
_LINE_LENGTHS = {"lineNumber": 55, "customerLineNumber": 100}
_SHOWN = ("customerOrderNumber", "orderSource", "shipVia", "shipVendor", "placedDate", "plannedShipDate")


def listed(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /orders/salesOrders`: there is no filter by the external order number."""
    filters = {
        "number": same(lambda order: order.number),
        "businessUnit": same(lambda order: order.unit),
        "orderStatus": same(lambda order: order.status),
        "createdAfter": after(lambda order: order.created_at),
        "updatedAfter": after(lambda order: order.updated_at),
    }
    rows, ignored = list(tenant.orders.values()), tenant.switches.ignored
    return collection(rows, call, filters, lambda one: shown(tenant, one), sizes=(25, 50), ignored=ignored)


def one(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /orders/salesOrders/{id}`."""
    return shown(tenant, tenant.order(call.id()))


def lines(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /orders/salesOrders/{id}/orderLines`, the one place that shows all lines."""
    order = tenant.order(call.id())
    rows = [_Shown(line, order) for line in order.lines]
    return collection(rows, call, {}, lambda row: _line(tenant, row.order, row.line), sizes=(25, 50))


def upsert(tenant: Tenant, call: Call) -> tuple[int, Record]:
    """Answer `POST /orders/salesOrders`: 201 for a new number, 200 for one that is there and may change."""
    body = call.body
    _check(body)
    if key_of(body["businessUnit"], "code") != tenant.business_unit:
        raise Refused(404, "Business unit could not be found")
    facility = key_of(body.get("shipFromFacility"), "number") or "MK1"
    if facility not in tenant.facilities:
        raise Refused(404, f"Facility with business key number = [{facility}] could not be found")
    sent = body["orderLines"]["data"]
    wanted = {key_of(line["item"], "number") for line in sent}
    if missing := sorted(wanted - tenant.items.keys()):
        raise Refused(404, *(f"Item with business key number = [{number}] could not be found" for number in missing))
    order = tenant.by_number.get(body["number"])
    if order is None:
        return 201, shown(tenant, _create(tenant, body, sent, facility))
    if order.child_of is not None:
        raise Refused(400, f"Order {order.number} was generated from a customer order and cannot be updated")
    if order.status not in _MAY_CHANGE:
        raise Refused(400, f"Order {order.number} cannot be updated while in the status of {order.status}")
    _merge(tenant, order, sent)
    order.header = {**order.header, **body}
    tenant.touch(order)
    return 200, shown(tenant, order)


def change_status(tenant: Tenant, call: Call) -> Record:
    """Answer `POST /orders/salesOrders/{id}/status?value=`."""
    order, value = tenant.order(call.id()), call.query.get("value", "")
    if value not in _MAY_BECOME.get(order.status, set()):
        raise Refused(400, f"Order {order.number} cannot be changed to {value} while in the status of {order.status}")
    order.status = value
    if value == CANCELED:
        _cancel_all(order)
    for line in order.lines:
        line.needs_attention = False
    tenant.touch(order)
    return shown(tenant, order)


def cancel(tenant: Tenant, call: Call) -> Record:
    """Answer `POST /orders/salesOrders/{id}/cancellations`: no body cancels the whole order."""
    order = tenant.order(call.id())
    if order.status not in _MAY_CHANGE:
        raise Refused(400, f"Order {order.number} cannot be canceled while in the status of {order.status}")
    if not call.body:
        _cancel_all(order)
    for entry in (call.body or {}).get("orderLines", []):
        number = key_of(entry.get("orderLine"), "lineNumber")
        line = next((line for line in order.lines if line.number == number), None)
        if line is None or not 0 < entry.get("canceledPackQuantity", 0) <= line.open:
            raise Refused(400, f"Line {number} cannot be canceled by that quantity")
        line.canceled += int(entry["canceledPackQuantity"])
    if not any(line.open for line in order.lines):
        order.status = CANCELED
    tenant.touch(order)
    return shown(tenant, order)


def shown(tenant: Tenant, order: Order) -> Record:
    """Return an order as the vendor shows it, at the root of the answer; the lines are cut at ten."""
    unit = order.unit
    shipments = [shipment for shipment in tenant.shipments.values() if shipment.order is order]
    return {
        "self": ref(order.id, "orders/salesOrders", number=order.number, businessUnit__code=unit),
        "businessUnit": ref(201, "companies", code=unit),
        "type": "Sales Order",
        "number": order.number,
        "orderStatus": order.status,
        "postReleaseState": "DEFAULT",
        "pickWave": ref(order.pick_wave, "pickWaves", number=str(order.pick_wave)),
        **{name: order.header.get(name) for name in _SHOWN},
        "shipToContact": order.header.get("shipToContact") or {},
        "shipToAddress": order.header.get("shipToAddress") or {},
        "shipFromFacility": ref(tenant.facilities[order.facility], "facilities", number=order.facility),
        "orderLines": nested([_line(tenant, order, line) for line in order.lines]),
        "shipments": nested([{"id": one.id, "href": f"/trips/{one.id}"} for one in shipments]),
        "createdDate": iso_offset(order.created_at),
        "updatedDate": iso_offset(order.updated_at),
    }


class _Shown:
    """A line as a row of its own collection."""

    def __init__(self, line: Line, order: Order) -> None:
        self.line, self.order, self.id = line, order, line.id
        self.created_at, self.updated_at = order.created_at, order.updated_at


def _line(tenant: Tenant, order: Order, line: Line) -> Record:
    unit = tenant.business_unit
    key = {"orderHeader__number": order.number, "lineNumber": line.number, "orderHeader__businessUnit__code": unit}
    status = {CANCELED: "Canceled", SHIPPED: "Complete"}.get(order.status, "New")
    return {
        "self": ref(line.id, f"orders/salesOrders/{order.id}/orderLines", **key),
        "lineNumber": line.number,
        "customerLineNumber": line.customer_number,
        "item": ref(line.item.id, "items", number=line.item.number, businessUnit__code=unit),
        "orderPackQuantity": float(line.ordered),
        "canceledPackQuantity": float(line.canceled),
        "pickedPackQuantity": float(line.picked),
        "shippedPackQuantity": float(line.shipped),
        "unitPrice": line.price,
        "orderLineStatus": "Needs Attention" if line.needs_attention else status,
        "isBackOrdered": "Back Ordered" if order.status == BACK_ORDERED else "Not Back Ordered",
    }


def _create(tenant: Tenant, body: Record, sent: list[Record], facility: str) -> Order:
    now = tenant.clock.now()
    status = body.get("orderStatus", NEW)
    order = Order(tenant.new_id(), body["number"], dict(body), status, "integration", facility, now, now)
    order.lines = [_new_line(tenant, line) for line in sent]
    tenant.register(order)
    return order


def _new_line(tenant: Tenant, sent: Record) -> Line:
    item = tenant.item(key_of(sent["item"], "number"))
    customer_number = sent.get("customerLineNumber", "")
    ordered, price = int(sent["orderPackQuantity"]), sent.get("unitPrice")
    return Line(tenant.new_id(), sent["lineNumber"], customer_number, item, ordered, price)


def _merge(tenant: Tenant, order: Order, sent: list[Record]) -> None:
    known = {line.number: line for line in order.lines}
    for entry in sent:
        line = known.get(entry["lineNumber"])
        if line is not None and entry["orderPackQuantity"] < line.ordered:
            raise Refused(400, f"Line {line.number}: a quantity is lowered by a cancellation only")
    for entry in sent:
        line = known.get(entry["lineNumber"])
        if line is None:
            order.lines.append(_new_line(tenant, entry))
        else:
            line.ordered = int(entry["orderPackQuantity"])


def _cancel_all(order: Order) -> None:
    order.status = CANCELED
    for line in order.lines:
        line.canceled += line.open


def _check(body: Any) -> None:
    if not isinstance(body, Mapping):
        raise Refused(400, "Request body is not readable")
    faults = [f"{name} must not be null" for name in _REQUIRED if not body.get(name)]
    sent = (body.get("orderLines") or {}).get("data")
    if not isinstance(sent, list) or not sent:
        faults.append("orderLines must not be empty")
        sent = []
    if len(sent) > MOST_LINES:
        faults.append(f"orderLines size must be between 0 and {MOST_LINES}")
    if body.get("orderStatus", NEW) not in {NEW, HOLD}:
        faults.append("orderStatus must be New or Hold on create")
    faults += _too_long(body, _LENGTHS, "")
    faults += _too_long(body.get("shipToContact") or {}, _CONTACT_LENGTHS, "shipToContact.")
    faults += _too_long(body.get("shipToAddress") or {}, _ADDRESS_LENGTHS, "shipToAddress.")
    for place, line in enumerate(sent):
        faults += [f"orderLines[{place}].{name} must not be null" for name in _REQUIRED_OF_LINE if not line.get(name)]
        faults += _too_long(line, _LINE_LENGTHS, f"orderLines[{place}].")
        if key_of(line.get("pack"), "item.number") != key_of(line.get("item"), "number"):
            faults.append(f"orderLines[{place}].pack is not of the item")
    if faults:
        raise Refused(400, *faults)


_REQUIRED = ("businessUnit", "number", "shipToContact", "shipToAddress")
_REQUIRED_OF_LINE = ("lineNumber", "item", "pack", "orderPackQuantity")


def _too_long(fields: Mapping[str, Any], lengths: Mapping[str, int], path: str) -> list[str]:
    return [
        f"{path}{name} size must be between 0 and {most}"
        for name, most in lengths.items()
        if len(str(fields.get(name) or "")) > most
    ]
