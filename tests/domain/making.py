"""Invented records."""

from datetime import UTC, datetime

from domain.records import Address, Dispatch, LineStatus, OrderLine, SalesOrder, ShippedLine

PLACED_AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def order_line(
    line: str = "1",
    sku: str | None = "TOWEL-01",
    quantity: int = 2,
    status: LineStatus = LineStatus.OPEN,
    stock_number: str | None = "81000001",
) -> OrderLine:
    return OrderLine(
        line=line, sku=sku, ean="4006381333931", stock_number=stock_number, quantity=quantity, status=status
    )


def sales_order(*lines: OrderLine, key: str = "order-1", gift_message: str = "") -> SalesOrder:
    return SalesOrder(
        key=key,
        reference=f"CON-{key}",
        external_id=f"ext-{key}",
        placed_at=PLACED_AT,
        lines=lines or (order_line(),),
        ship_to=Address(name="Ada Sample", street=("1 Sample Street",), city="Leeds", postcode="LS1 1AA", country="GB"),
        gift_message=gift_message,
    )


def dispatch(*lines: tuple[str, int] | tuple[str, int, str], key: str = "shipment-1") -> Dispatch:
    return Dispatch(
        key=key,
        order_id="back-1",
        order_reference="CON-order-1",
        carrier="Parcel Post",
        tracking_number="JD0002233445566",
        shipped_at=PLACED_AT,
        lines=tuple(
            ShippedLine(sku=sku, quantity=quantity, line=rest[0] if rest else None) for sku, quantity, *rest in lines
        ),
    )
