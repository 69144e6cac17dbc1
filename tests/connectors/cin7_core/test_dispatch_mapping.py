"""Which parcels of a sale are dispatches, and what of it cannot be read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.cin7_core.dispatch_mapping import shipments
from domain.records import Received, Reject, ShippedLine
from tests.connectors.cin7_core.harness import Harness
from tests.connectors.making import PERSONAL


def sale(ship: dict[str, Any], pack: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    task = {"TaskID": "task-1", "Pack": {"Status": "AUTHORISED", "Lines": pack}, "Ship": ship}
    shopper = {"Contact": "Wilhelmina", "ShippingAddress": {"Line1": "7 Private Road"}}
    return {"ID": "sale-1", "CustomerReference": "900100200", **shopper, "Fulfilments": [task], **fields}


def ship_line(**fields: Any) -> dict[str, Any]:
    line = {"ID": "line-1", "ShipmentDate": "2026-06-06T00:00:00", "Carrier": "DPD", "Boxes": "Box 1"}
    return {**line, "TrackingNumber": "1550123", "IsShipped": True, **fields}


def goods(sku: str, quantity: Any, box: str | None) -> dict[str, Any]:
    return {"ProductID": "p", "SKU": sku, "Quantity": quantity, "Box": box}


def mapped(payload: dict[str, Any]) -> list[Received | Reject]:
    feed = Harness().connector.dispatch_feed
    return [feed.parse(raw) for raw in shipments(payload)]


@pytest.mark.parametrize("boxes", ["Box 1, Box 2", "Box 1;Box 2", "Box 1|Box 2"])
def test_one_line_may_name_several_boxes(boxes: str) -> None:
    pack = [goods("A", 1, "Box 1"), goods("A", 2, "Box 2"), goods("B", 1, "Box 3")]
    lines = [ship_line(Boxes=boxes), ship_line(ID="line-2", Boxes="Box 3")]
    first, second = mapped(sale({"Status": "AUTHORISED", "Lines": lines}, pack))
    assert isinstance(first, Received)
    assert isinstance(second, Received)
    assert first.record.lines == (ShippedLine(sku="A", quantity=3),)
    assert second.record.lines == (ShippedLine(sku="B", quantity=1),)


def test_a_box_whose_name_holds_a_comma_is_one_box() -> None:
    [entry] = mapped(sale({"Status": "AUTHORISED", "Lines": [ship_line(Boxes="Left, 2")]}, [goods("A", 1, "Left, 2")]))
    assert isinstance(entry, Received)


def test_a_shipment_line_without_an_id_is_named_by_its_task_and_box() -> None:
    [entry] = mapped(sale({"Status": "AUTHORISED", "Lines": [ship_line(ID=None)]}, [goods("A", 1, "Box 1")]))
    assert isinstance(entry, Received)
    assert entry.record.key == "task-1:Box 1"


def test_an_unboxed_parcel_that_is_the_only_one_holds_everything() -> None:
    [entry] = mapped(sale({"Status": "AUTHORISED", "Lines": [ship_line(Boxes=None)]}, [goods("A", 2, None)]))
    assert isinstance(entry, Received)
    assert entry.record.lines == (ShippedLine(sku="A", quantity=2),)


@pytest.mark.parametrize(
    ("status", "shipped", "count"),
    [
        ("AUTHORISED", True, 1),
        ("AUTHORISED", None, 1),
        ("AUTHORISED", "true", 1),
        ("PARTIALLY AUTHORISED", True, 1),
        ("PARTIALLY AUTHORISED", False, 0),
        ("PARTIALLY AUTHORISED", None, 0),
        ("DRAFT", True, 0),
        ("NOT AVAILABLE", None, 0),
        ("VOIDED", True, 0),
    ],
)
def test_only_what_has_left_is_a_dispatch(status: str, shipped: Any, count: int) -> None:
    payload = sale({"Status": status, "Lines": [ship_line(IsShipped=shipped)]}, [goods("A", 1, "Box 1")])
    assert [type(entry) for entry in mapped(payload)] == [Received] * count


@pytest.mark.parametrize(
    ("lines", "pack", "hold_type"),
    [
        ([ship_line(Boxes="Box 9")], [goods("A", 1, "Box 1")], "malformed_payload"),
        ([ship_line(Boxes="")], [], "malformed_payload"),
        ([ship_line(ShipmentDate=None)], [goods("A", 1, "Box 1")], "malformed_payload"),
        ([ship_line(ShipmentDate="soon")], [goods("A", 1, "Box 1")], "malformed_payload"),
        ([ship_line()], [goods("A", 1.5, "Box 1")], "malformed_payload"),
        ([ship_line()], [goods("", 1, "Box 1")], "malformed_payload"),
    ],
)
def test_what_cannot_be_read_is_rejected_by_the_line_it_belongs_to(
    lines: list[Any], pack: list[Any], hold_type: str
) -> None:
    [entry] = mapped(sale({"Status": "AUTHORISED", "Lines": lines}, pack))
    assert isinstance(entry, Reject)
    assert (entry.key, entry.hold_type) == ("line-1", hold_type)
    assert not any(word in f"{entry.raw}{entry.reason}" for word in PERSONAL)


def test_one_box_on_two_lines_is_nobodys() -> None:
    lines = [ship_line(), ship_line(ID="line-2", TrackingNumber="1550124")]
    entries = mapped(sale({"Status": "AUTHORISED", "Lines": lines}, [goods("A", 1, "Box 1")]))
    assert [type(entry) for entry in entries] == [Reject, Reject]


def test_a_status_that_nobody_documented_is_held() -> None:
    [entry] = mapped(sale({"Status": "TELEPORTED", "Lines": [ship_line()]}, [goods("A", 1, "Box 1")]))
    assert isinstance(entry, Reject)
    assert entry.hold_type == "unknown_value"


@pytest.mark.parametrize(
    "text", ["2026-06-06T00:00:00", "2026-06-06T00:00:00.000", "2026-06-06T00:00:00Z", "2026-06-06T00:00:00.0000000Z"]
)
def test_every_spelling_of_a_date_is_the_same_day(text: str) -> None:
    [entry] = mapped(sale({"Status": "AUTHORISED", "Lines": [ship_line(ShipmentDate=text)]}, [goods("A", 1, "Box 1")]))
    assert isinstance(entry, Received)
    assert entry.record.shipped_at == datetime(2026, 6, 6, tzinfo=UTC)
