"""The whole state as plain JSON, in the shape that the audit reads of every back office."""

from collections import Counter
from typing import Any

from sandbox.fulfil.books import CANCEL, DONE, Sale, Shipment
from sandbox.fulfil.tenant import Tenant
from sandbox.kit import iso


def report(name: str, tenant: Tenant) -> dict[str, Any]:
    """Return the sales (returns left out) with their shipments, and the stock with its history."""
    sales = [sale for sale in tenant.sales.values() if not any(line.is_return for line in sale.lines)]
    return {
        "system": name,
        "kind": "back_office",
        "orders": [_order(sale) for sale in sales],
        "stock": [
            {
                "sku": product.code,
                "physical": sum(tenant.on_hand[product.id, place.id] for place in tenant.warehouses.values()),
                "free": tenant.free(product),
                "history": [[iso(at), free] for at, free in product.history],
            }
            for product in tenant.products.values()
        ],
    }


def _order(sale: Sale) -> dict[str, Any]:
    gone = sale.state == CANCEL
    return {
        "id": str(sale.id),
        "reference": sale.reference,
        "channel": sale.channel.kind,
        "created_at": iso(sale.created_at),
        "deducted_at": None if sale.has_exception else iso(sale.created_at),
        "state": sale.state,
        "lines": [
            {
                "sku": line.product.code,
                "quantity": line.quantity,
                "shipped": line.shipped,
                "cancelled": line.quantity - line.shipped if gone else 0,
            }
            for line in sale.lines
        ],
        "shipments": [_shipment(each) for each in sale.shipments if each.state == DONE],
    }


def _shipment(shipment: Shipment) -> dict[str, Any]:
    lines: Counter[str] = Counter()
    for move in shipment.leaving:
        lines[move.line.product.code] += move.quantity
    return {
        "id": str(shipment.id),
        "at": iso(shipment.shipped_at),
        "carrier": shipment.carrier.name if shipment.carrier else "",
        "tracking": shipment.tracking,
        "lines": dict(lines),
    }
