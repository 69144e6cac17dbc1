"""Outbound shipments behind V2."""

from sandbox.deposco.tenant import Line, Shipment, Tenant
from sandbox.deposco.wire import Call, Record, Refused, after, collection, iso_offset, nested, ref, same


def listed(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /shipments/outboundShipments`; a `status` filter does not exist and is ignored."""
    filters = {
        "businessUnit": same(lambda one: one.order.unit),
        "shipmentNumber": same(lambda one: one.number),
        "orderNumber": same(lambda one: one.order.number),
        "customerOrderNumber": same(lambda one: one.order.reference),
        "shipmentStatus": same(lambda one: one.status),
        "shippedAfter": after(lambda one: one.shipped_at),
        "createdAfter": after(lambda one: one.created_at),
        "updatedAfter": after(lambda one: one.updated_at),
    }
    rows, ignored = list(tenant.shipments.values()), tenant.switches.ignored
    return collection(rows, call, filters, lambda one: shown(tenant, one), ignored=ignored)


class _Unit:
    """A shipment line as a row of its own collection."""

    def __init__(self, shipment: Shipment, place: int, line: Line, quantity: int) -> None:
        self.shipment, self.line, self.quantity, self.id = shipment, line, quantity, shipment.id * 1_000 + place
        self.created_at, self.updated_at = shipment.created_at, shipment.updated_at


def lines(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /shipments/outboundShipments/{id}/shipmentLines`."""
    shipment = tenant.shipments.get(call.id())
    if shipment is None:
        raise Refused(404, f"Shipment {call.path['id']} could not be found")
    return collection(_units(shipment), call, {}, lambda unit: _line(tenant, unit))


def _units(shipment: Shipment) -> list[_Unit]:
    return [_Unit(shipment, place, line, quantity) for place, (line, quantity) in enumerate(shipment.units, start=1)]


def shown(tenant: Tenant, shipment: Shipment) -> Record:
    """Return a shipment with its lines cut at ten; its lines rarely say which marketplace line they are."""
    order, unit = shipment.order, shipment.order.unit
    return {
        "self": ref(shipment.id, "shipments/outboundShipments", number=shipment.number, businessUnit__code=unit),
        "number": shipment.number,
        "status": shipment.status,
        "type": "Outbound Shipment",
        "orderHeaders": nested([_order_ref(order.id, order.number, unit)]),
        "shipVendor": shipment.carrier,
        "shipVia": shipment.service,
        "shipMethod": None,
        "trackingNumber": shipment.tracking or None,
        "trackingUrl": "https://track.example/?n=",
        "shipmentDates": {"plannedShipDate": None, "actualShipDate": iso_offset(shipment.shipped_at)},
        "shipFromFacility": ref(tenant.facilities[order.facility], "facilities", number=order.facility),
        "shipToContact": order.header.get("shipToContact") or {},
        "shipToAddress": order.header.get("shipToAddress") or {},
        "shipmentLines": nested([_line(tenant, one) for one in _units(shipment)]),
        "shippedContainers": nested([_container(shipment)] if shipment.units else []),
        "createdDate": iso_offset(shipment.created_at),
        "updatedDate": iso_offset(shipment.updated_at),
    }


def _order_ref(order_id: int, number: str, unit: str) -> Record:
    found = ref(order_id, "orders/salesOrders", number=number, businessUnit__code=unit) or {}
    return {name: value for name, value in found.items() if name != "href"}


def _line(tenant: Tenant, unit: _Unit) -> Record:
    line, item = unit.line, unit.line.item
    return {
        "self": {"id": unit.id},
        "number": str(unit.id % 1_000),
        "orderLine": {"id": line.id},
        "orderLineDetails": {"customerLineNumber": line.customer_number},
        "item": ref(item.id, "items", number=item.number, businessUnit__code=tenant.business_unit),
        "orderPackQuantity": float(line.ordered),
        "shippedPackQuantity": float(unit.quantity),
        "canceledPackQuantity": 0.0,
        "externalLineNumber": "",
    }


def _container(shipment: Shipment) -> Record:
    return {
        "number": f"C{shipment.id}",
        "status": "Rolled Back" if shipment.status == "Rolled Back" else "Shipped",
        "trackingNumber": shipment.tracking or None,
        "shippedContainerLines": [
            {"externalLineNumber": "", "shippedPackQuantity": float(quantity)} for _, quantity in shipment.units
        ],
    }
