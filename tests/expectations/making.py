"""Good records and the facts under which they pass; a test changes one thing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.records import Address, Deducts, Dispatch, OrderLine, SalesOrder, ShippedLine, StockLevel
from expectations.gate import Facts

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ADDRESS = {
    "name": "Wilhelmina Harcastle",
    "street": ("Flat 7", "14 Quillfeather Mews"),
    "city": "Nethermoor",
    "postcode": "NM4 7QX",
    "country": "GB",
    "phone": "07700900123",
}
FACTS = Facts(
    now=NOW,
    skus=frozenset({"AB-2", "CD-3"}),
    eans={"AB-2": "4006381333931"},
    carriers={("Blue Van", ""): "BLUE", ("Blue Van", "Next Day"): "BLUE-ND", ("Red Van", "Saver"): "RED"},
    approved=frozenset({"BLUE", "BLUE-ND"}),
    ordered={"CON-1": {"AB-2": 2, "CD-3": 1}},
)


def line(**changes: Any) -> OrderLine:
    return OrderLine(**({"line": "1", "sku": "AB-2", "ean": None, "stock_number": None, "quantity": 1} | changes))


def order(*lines: OrderLine, key: str = "K1", address: dict[str, Any] | None = None, **changes: Any) -> SalesOrder:
    values = {"reference": "CON-1", "external_id": "X1", "placed_at": NOW, "lines": lines or (line(),)} | changes
    return SalesOrder(key=key, ship_to=Address(**(ADDRESS | (address or {}))), **values)


def shipped(sku: str = "AB-2", quantity: int = 1) -> ShippedLine:
    return ShippedLine(sku=sku, quantity=quantity)


def dispatch(*lines: ShippedLine, key: str = "S1", **changes: Any) -> Dispatch:
    values = {
        "order_id": "O1",
        "order_reference": "CON-1",
        "carrier": "Blue Van",
        "tracking_number": "JD0002212345678",
        "shipped_at": NOW - timedelta(hours=1),
        "lines": lines or (shipped(),),
    }
    return Dispatch(key=key, **(values | changes))


def level(sku: str = "AB-2", quantity: int = 5) -> StockLevel:
    return StockLevel(sku=sku, pool="main", quantity=quantity, deducts=Deducts.ON_DISPATCH)
