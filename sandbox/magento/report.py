"""The state of the shop as plain JSON, in the shape that every back office reports."""

from collections import Counter
from typing import Any

from sandbox.kit import iso
from sandbox.magento.fulfilment import Fulfilment, Shipment
from sandbox.magento.orders import Order, Orders
from sandbox.magento.stock import Stock


def stock_report(stock: Stock) -> list[dict[str, Any]]:
    """Return each product's physical and free units, and the history of the free number."""
    return [
        {
            "sku": product.sku,
            "physical": int(stock.physical(product.sku)),
            "free": stock.free(product.sku),
            "history": [[iso(at), free] for at, free in stock.history[product.sku]],
        }
        for product in stock.products.rows.values()
    ]


def orders_report(orders: Orders, fulfilment: Fulfilment) -> list[dict[str, Any]]:
    """Return every order with its lines and shipments, whoever placed it."""
    return [
        {
            "id": str(order.order_id),
            "reference": order.reference,
            "channel": order.channel,
            "created_at": iso(order.placed_at),
            "deducted_at": iso(order.placed_at),
            "state": order.state or "",
            "lines": _lines(order),
            "shipments": [_shipment(each) for each in fulfilment.shipments.where("order_id", order.order_id)],
        }
        for order in orders.table.rows.values()
    ]


def _lines(order: Order) -> list[dict[str, Any]]:
    return [
        {
            "sku": line.sku,
            "quantity": line.number("qty_ordered"),
            "shipped": line.number("qty_shipped"),
            "cancelled": line.number("qty_canceled"),
        }
        for line in order.lines
    ]


def _shipment(shipment: Shipment) -> dict[str, Any]:
    lines: Counter[str] = Counter()
    for item in shipment.items:
        lines[item["sku"]] += item["qty"]
    return {
        "id": str(shipment.columns["entity_id"]),
        "at": iso(shipment.shipped_at),
        "carrier": shipment.carrier.rpartition(":")[2],
        "tracking": shipment.tracks[0]["track_number"] if shipment.tracks else "",
        "lines": dict(lines),
    }
