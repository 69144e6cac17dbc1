"""A web order as it is submitted: what the hub checks, in its order, and what becomes of it."""

from collections.abc import Mapping
from typing import Any

from sandbox.seko.warehouse import STATES, Line, Order, Warehouse
from sandbox.seko.wire import (
    ADDRESS_LENGTHS,
    ADDRESS_REQUIRED,
    LINE_LENGTHS,
    ORDER_LENGTHS,
    Record,
    Refused,
    faults,
    section,
)


def submitted(warehouse: Warehouse, body: Mapping[str, Any], dc: str, new_guid: str) -> Order:
    """Check a web order and take it. Raises `Refused`: field faults all at once, then one business fault.

    An order that is refused leaves no trace, so its number may be used again.
    """
    head, address = section(body, "WebSalesOrder"), section(body, "DeliveryDetails")
    lines = _lines(body)
    found = faults(head, ORDER_LENGTHS, ("SalesOrderNumber",)) + faults(address, ADDRESS_LENGTHS, ADDRESS_REQUIRED)
    for line in lines:
        found += faults(line, LINE_LENGTHS, ("LineNumber", "Quantity"))
    if billing := section(body, "BillingDetails"):
        found += faults(billing, ADDRESS_LENGTHS, ADDRESS_REQUIRED)
    if found:
        raise Refused("; ".join(sorted(found)))
    number = str(head["SalesOrderNumber"])
    if section(body, "SalesOrderHeader").get("DCCode") not in {dc, None, ""}:
        raise Refused("Error. Invalid Mapping - DC")
    if number in warehouse.orders:
        raise Refused(f"Error Submitting SalesOrder: {number} - Error. Sales Order Number already exists.")
    order = Order(
        number,
        str(head.get("SalesOrderReference") or ""),
        str(head.get("GUID") or new_guid),
        "integration",
        warehouse.clock.now(),
        _taken_lines(warehouse, number, lines),
        attention=f"{address.get('FirstName', '')} {address.get('LastName', '')}".strip(),
        street=str(address["Line1"]),
    )
    if head.get("OnHold") or head.get("DoNotPushToDC"):
        order.on_hold, order.state = True, STATES[0]
    warehouse.take(order)
    return order


def _lines(body: Mapping[str, Any]) -> list[Record]:
    found = section(body, "List").get("SalesOrderLineItem")
    lines = found if isinstance(found, list) else [found]
    return [line for line in lines if isinstance(line, dict)]


def _taken_lines(warehouse: Warehouse, number: str, lines: list[Record]) -> list[Line]:
    if not lines:
        raise Refused(f"Error Submitting SalesOrder: {number} - Error. There are no lines.")
    taken: dict[str, Line] = {}
    for line in lines:
        code = str(line.get("ProductCode") or "")
        if code not in warehouse.products:
            raise Refused(f"Error Submitting SalesOrder: {number} - Error. Invalid Mapping - Product")
        if code in taken:
            raise Refused(f"Error Submitting SalesOrder: {number} - Error. Product {code} is on more than one line.")
        quantity = line["Quantity"]
        if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
            raise Refused("The field Quantity must be a whole number above 0.")
        taken[code] = Line(int(line["LineNumber"]), warehouse.products[code], quantity)
    return list(taken.values())
