"""Customer orders (the order management product): taken for later, and a second one of the same number as well."""

from sandbox.deposco.tenant import Tenant
from sandbox.deposco.wire import Call, Record, Refused, iso_offset


def create(tenant: Tenant, call: Call) -> tuple[int, Record]:
    """Answer `POST /orders/customerOrders` with 202; nothing checks whether the external number is there already."""
    wrapped = call.body.get("customerOrder") if isinstance(call.body, dict) else None
    if not isinstance(wrapped, dict) or not wrapped.get("externalOrderNumber"):
        raise Refused(400, "customerOrder.externalOrderNumber must not be null")
    number = tenant.new_id()
    seen_from = tenant.clock.now() + tenant.customer_orders_seen_after
    lines = [
        {
            **line,
            "item": {"id": tenant.items[line["itemNumber"]].id} if line.get("itemNumber") in tenant.items else None,
        }
        for line in wrapped.get("coLines", {}).get("data", [])
    ]
    is_whole = bool(wrapped.get("shipVia")) and all(line["item"] for line in lines)
    tenant.customer_orders[number] = {
        "id": number,
        "externalOrderNumber": wrapped["externalOrderNumber"],
        "status": "New" if is_whole else "Review",
        "lines": lines,
        "seen_from": seen_from,
        "createdDate": iso_offset(tenant.clock.now()),
    }
    return 202, {"request": {"id": str(number), "href": f"/async/{number}"}}


def listed(tenant: Tenant, call: Call) -> Record:
    """Answer `GET /orders/customerOrders?externalOrderNumber=`, some seconds late."""
    wanted, now = call.query.get("externalOrderNumber"), tenant.clock.now()
    rows = [
        {"customerOrder": {name: value for name, value in one.items() if name != "seen_from"}, "notices": []}
        for one in reversed(tenant.customer_orders.values())
        if one["seen_from"] <= now and wanted in {None, one["externalOrderNumber"]}
    ]
    return {"data": rows, "links": [], "complete": True, "pages": 1}
