"""What every sink of sales orders shares: what is sent of an order, and at which price."""

from decimal import Decimal

from domain.records import LineStatus, OrderLine, SalesOrder

_GONE = {LineStatus.CANCELLED, LineStatus.CANCEL_REQUESTED}


class Unsendable(Exception):
    """The order cannot be put into the vendor's form; says why, and how to hold it."""

    def __init__(self, reason: str, hold_type: str) -> None:
        super().__init__(reason)
        self.reason, self.hold_type = reason, hold_type


def open_lines(order: SalesOrder) -> tuple[OrderLine, ...]:
    """Return the lines that the marketplace still wants; a cancelled line is never sent."""
    return tuple(line for line in order.lines if line.status not in _GONE)


def net_price(line: OrderLine, rate: Decimal, when_unsent: Decimal | None, vendor: str) -> Decimal:
    """Return the net price of an each, worked out from the gross total where that is what was sent.

    Raises `Unsendable` when neither was sent and the installation names no price for that.
    """
    price = line.unit_price_net
    if price is None and line.total_gross is not None and line.quantity > 0:
        net = line.total_gross - line.tax if line.tax is not None else line.total_gross / (1 + rate / 100)
        price = net / line.quantity
    if price is None:
        price = when_unsent
    if price is None:
        raise Unsendable(
            f"Line {line.line} has no price, and {vendor} demands one: set price_when_unsent in the installation.",
            "unknown_value",
        )
    return price
