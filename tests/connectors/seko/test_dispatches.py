"""Dispatches: what a push brings, and how it is read."""

import json
from typing import Any

import pytest

from connectors.roles import Delivery, Forged
from domain.payloads import join, packed, split, unpacked
from domain.records import Kind, Received, Reject
from tests.connectors.making import PERSONAL
from tests.connectors.seko.harness import Harness, order_line
from tests.connectors.seko.inbound import Inbound, dispatches


def pushed(*responses: Any) -> bytes:
    return json.dumps({"Responses": [{"Response": response} for response in responses]}).encode()


def confirmation(**changes: Any) -> dict[str, Any]:
    fields = {
        "InterfaceRecordId": "guid-1",
        "SalesOrderNumber": "JL-5501-A",
        "SalesOrderReference": "900100200",
        "DispatchId": "dispatch-1",
        "DispatchNumber": "000219",
        "DispatchDate": "2026-03-02T09:02:11Z",
        "Courier": "DPD",
        "CourierService": "Next Day",
        "TrackingNumber": "1550",
        "ShipToAttention": "Wilhelmina Personal",
        "List": {"DispatchLineItem": [{"LineNumber": 1, "ProductCode": "MUG-1", "Quantity": 2}]},
        **changes,
    }
    return {"Dispatch": {name: value for name, value in fields.items() if value is not ...}}


def unpacked_one(**changes: Any) -> Received | Reject:
    [(kind, outcome)] = Harness().connector.unpack({}, pushed(confirmation(**changes))).brought
    assert kind is Kind.DISPATCH
    return outcome


async def test_a_dispatch_is_pushed_with_its_order_carrier_and_units() -> None:
    inbound = Inbound()
    number = await inbound.order()
    guid = inbound.harness.sandbox.warehouse.orders[number].guid
    inbound.harness.sandbox.ship(number, "DPD", "1550")
    [found] = await inbound.brought()
    assert (found.order_id, found.order_reference, found.carrier, found.service) == (guid, "5501", "DPD", "Next Day")
    assert (found.tracking_number, found.shipped_at) == ("1550", inbound.harness.clock.now())
    assert {line.sku: line.quantity for line in found.lines} == {"MUG-1": 2, "BOWL-1": 1}


async def test_lots_are_summed_and_what_did_not_go_is_no_line() -> None:
    inbound = Inbound()
    number = await inbound.order(lines=(order_line("a", "MUG-0", 5), order_line("b", "MUG-2", 3)))
    inbound.harness.sandbox.ship_short(number, "DPD", "1550", {"MUG-0": 5})
    deliveries = await inbound.pushed()
    assert b"LOT-B" in b"".join(inbound.bodies), "the first product lies in two lots"
    [found] = dispatches(deliveries)
    assert {line.sku: line.quantity for line in found.lines} == {"MUG-0": 5}


async def test_two_dispatches_of_an_order_are_two_records() -> None:
    inbound = Inbound()
    number = await inbound.order()
    inbound.harness.sandbox.ship(number, "DPD", "1550", {"MUG-1": 1})
    inbound.harness.sandbox.ship(number, "DPD", "1551")
    first, second = await inbound.brought()
    assert first.key != second.key
    assert [sum(line.quantity for line in one.lines) for one in (first, second)] == [1, 2]


async def test_a_late_tracking_number_comes_with_the_same_key() -> None:
    inbound = Inbound()
    number = await inbound.order()
    inbound.harness.sandbox.ship(number, "DPD", "")
    [before] = await inbound.brought()
    inbound.harness.sandbox.add_tracking(number, "1550")
    [after] = await inbound.brought()
    assert (before.key, before.tracking_number, after.tracking_number) == (after.key, None, "1550")


async def test_five_hundred_in_one_push_and_one_bad_one_spoils_nobody() -> None:
    connector = Harness().connector
    many = [confirmation(DispatchId=f"dispatch-{number}") for number in range(500)]
    many[250] = confirmation(DispatchId="dispatch-250", List={"DispatchLineItem": [{"ProductCode": "MUG-1"}]})
    brought = connector.unpack({}, pushed(*many)).brought
    rejects = [one for _, one in brought if isinstance(one, Reject)]
    assert (len(brought), [one.key for one in rejects]) == (500, ["dispatch-250"])
    assert isinstance(connector.dispatch_feed.parse(rejects[0].raw), Reject)


@pytest.mark.parametrize("quantity", ["Quantity", "DispatchQuantity", "QTY", "quantityDispatched"])
@pytest.mark.parametrize("code", ["ProductCode", "productcode", "SKU"])
@pytest.mark.parametrize("shape", ["listed", "alone", "plain"])
def test_the_spellings_that_are_not_documented_are_all_read(quantity: str, code: str, shape: str) -> None:
    line = {code: "MUG-1", quantity: 2}
    shapes = {"listed": {"DispatchLineItem": [line]}, "alone": {"DispatchLineItem": line}, "plain": [line]}
    outcome = unpacked_one(List=shapes[shape])
    assert isinstance(outcome, Received)
    assert [(one.sku, one.quantity) for one in outcome.record.lines] == [("MUG-1", 2)]


@pytest.mark.parametrize(
    "changes",
    [
        {"DispatchId": ...},
        {"DispatchDate": "yesterday"},
        {"DispatchDate": ...},
        {"SalesOrderReference": None},
        {"List": ...},
        {"List": {"DispatchLineItem": [{"ProductCode": "MUG-1", "Quantity": 1.5}]}},
        {"List": {"DispatchLineItem": [{"ProductCode": "MUG-1", "Quantity": -1}]}},
        {"List": {"DispatchLineItem": [{"ProductCode": "", "Quantity": 1}]}},
        {"List": {"DispatchLineItem": ["junk"]}},
    ],
)
def test_a_confirmation_that_cannot_be_read_is_a_reject(changes: dict[str, Any]) -> None:
    outcome = unpacked_one(**changes)
    assert isinstance(outcome, Reject)
    assert outcome.hold_type == "malformed_payload"


def test_a_confirmation_in_which_nothing_went_is_a_record_without_lines() -> None:
    outcome = unpacked_one(List={"DispatchLineItem": [{"ProductCode": "MUG-1", "Quantity": 0, "LotNo": None}]})
    assert isinstance(outcome, Received)
    assert outcome.record.lines == ()


def test_what_is_kept_of_a_push_holds_no_person_and_is_read_again() -> None:
    feed, outcome = Harness().connector.dispatch_feed, unpacked_one()
    assert isinstance(outcome, Received)
    skeleton, person = split(outcome.raw, feed.keeps)
    assert "Wilhelmina" not in json.dumps(outcome.raw)
    again = feed.parse(join(unpacked(packed(skeleton)), person))
    assert isinstance(again, Received)
    assert again.record == outcome.record


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<xml/>", b"[]", b"7", b'{"Something": 1}', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_kept_as_personal_and_held(body: bytes) -> None:
    connector = Harness().connector
    [(kind, outcome)] = connector.unpack({}, body).brought
    assert isinstance(outcome, Reject)
    assert (kind, outcome.hold_type) == (Kind.DISPATCH, "malformed_payload")
    assert split(outcome.raw, connector.dispatch_feed.keeps)[0] == {}
    assert isinstance(connector.dispatch_feed.parse(outcome.raw), Reject)


def test_two_unreadable_bodies_are_two_rejects_and_one_twice_is_one() -> None:
    connector = Harness().connector
    keys = [connector.unpack({}, body).brought[0][1].key for body in (b"a", b"b", b"a")]  # type: ignore[union-attr] # all rejects
    assert keys[0] == keys[2] != keys[1]


def test_a_service_that_nobody_documented_is_held_and_never_guessed() -> None:
    [(_, outcome)] = Harness().connector.unpack({}, pushed({"PickWaveBegun": {"Name": PERSONAL[0]}})).brought
    assert isinstance(outcome, Reject)
    assert outcome.hold_type == "unknown_value"
    assert PERSONAL[0] not in outcome.reason + outcome.key


def test_orders_of_other_channels_and_cartons_bring_nothing() -> None:
    connector = Harness().connector
    other = confirmation(SalesOrderNumber="WEB-1")
    carton = confirmation(CartonLineItems=[{"ProductCode": "MUG-1", "PackedQty": 2}])
    assert connector.unpack({}, pushed(other, carton)).brought == ()


def test_the_same_dispatch_twice_in_a_push_is_brought_once_as_it_stands_last() -> None:
    brought = Harness().connector.unpack({}, pushed(confirmation(TrackingNumber=None), confirmation())).brought
    [(_, outcome)] = brought
    assert isinstance(outcome, Received)
    assert outcome.record.tracking_number == "1550"


@pytest.mark.parametrize("act", ["receive", "break", "move", "end the day"])
async def test_stock_that_moves_is_news_of_the_stock_and_brings_nothing(act: str) -> None:
    inbound = Inbound()
    sandbox = inbound.harness.sandbox
    match act:
        case "receive":
            sandbox.receive_stock("MUG-1", 5)
        case "break":
            sandbox.receive_stock("MUG-1", -1)
        case "move":
            sandbox.move_stock("MUG-1", 1, "Quarantine")
        case _:
            sandbox.end_day()
    deliveries = await inbound.pushed()
    assert deliveries
    assert {(one.brought, one.news) for one in deliveries} == {((), frozenset({Kind.STOCK_LEVEL}))}


async def test_goods_that_have_only_arrived_are_no_news() -> None:
    inbound = Inbound()
    inbound.harness.sandbox.pushes.note("DeliveryArrive", {"DCCode": "DCCL01", "DeliveryNumber": "ASN-1"})
    assert await inbound.pushed() == [Delivery()]


def test_a_push_is_never_called_forged_because_nothing_is_signed() -> None:
    try:
        Harness().connector.unpack({"authorization": "Basic nobody"}, pushed(confirmation()))
    except Forged:  # pragma: no cover - the failure that is looked for
        pytest.fail("SEKO signs nothing: the secret of the address is the receiver's to prove")


@pytest.mark.parametrize(
    ("number", "revision"), [(4711, 4711), (None, None), ("4711", None), (True, None), (..., None)]
)
def test_the_number_of_a_push_tells_the_newer_version_from_the_older(number: Any, revision: int | None) -> None:
    outcome = unpacked_one(SequenceNumber=number)
    assert isinstance(outcome, Received)
    assert outcome.revision == revision
    again = Harness().connector.dispatch_feed.parse(unpacked(packed(outcome.raw)))
    assert isinstance(again, Received)
    assert again.revision == revision
