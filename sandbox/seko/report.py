"""What the audit reads of an order and of a product."""

from sandbox.kit import iso
from sandbox.seko.warehouse import Order, Product
from sandbox.seko.wire import Record


def stock_dump(product: Product) -> Record:
    """Return a product with the history of what was free."""
    return {
        "sku": product.code,
        "physical": product.available + sum(product.elsewhere.values()),
        "free": product.free,
        "history": [[iso(at), free] for at, free in product.history],
    }


def order_dump(order: Order) -> Record:
    """Return an order with its shipments."""
    return {
        "id": order.number,
        "reference": order.reference,
        "channel": order.channel,
        "created_at": iso(order.created_at),
        "deducted_at": iso(order.deducted_at),
        "state": order.state,
        "lines": [
            {"sku": line.product.code, "quantity": line.quantity, "shipped": line.shipped, "cancelled": line.cancelled}
            for line in order.lines
        ],
        "shipments": [
            {
                "id": one.id,
                "at": iso(one.at),
                "carrier": one.carrier,
                "tracking": one.tracking,
                "lines": {line.product.code: one.lines[line.number] for line in order.lines if one.lines[line.number]},
            }
            for one in order.dispatches
        ],
    }
