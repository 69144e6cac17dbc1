"""The incoming folder: every way in which a file can be wrong, late, doubled or gone."""

import csv
import io
from typing import Any

import pytest

from connectors.virtualstock.files.layout import BadFile, read_flat, written_flat
from domain.records import LineStatus, Received, Reject
from tests.connectors.virtualstock_files.harness import Harness
from tests.connectors.virtualstock_files.order_files import HEADER, ROW, cancel_text, order_text, outcomes, the_one


async def test_an_order_file_becomes_the_order(edge: Harness) -> None:
    edge.edge.put("order", order_text(2, comments='Say "well done", please'))
    order = (await the_one(edge)).record
    assert (order.key, order.reference, order.external_id) == ("SBX-100001", "SBX-100001", "")
    assert order.placed_at.isoformat() == "2026-03-02T00:00:00+00:00"
    assert order.dispatch_by_at.isoformat() == "2026-03-10T00:00:00+00:00"
    assert [(one.line, one.quantity, one.stock_number, one.ean) for one in order.lines] == [
        ("1", 2, "12345678", "5000000000012"),
        ("2", 2, "12345678", "5000000000012"),
    ]
    address = order.ship_to
    assert (address.name, address.street, address.city) == (
        "Ms Sample Person",
        ("1 Sample Street", "Flat 2"),
        "Sampletown",
    )
    assert (address.postcode, address.country) == ("SA1 1AA", "GB")
    assert order.gift_message == 'Say "well done", please'
    assert not order.test


async def test_the_town_can_stand_in_another_column() -> None:
    edge = Harness(town_column="shipping_address_2")
    edge.edge.put("order", order_text(shipping_address_2="Sampletown", shipping_address_3="Sampleshire"))
    address = (await the_one(edge)).record.ship_to
    assert (address.street, address.city, address.region) == (("1 Sample Street",), "Sampletown", "Sampleshire")


async def test_an_order_of_the_test_side_is_a_test() -> None:
    edge = Harness(environment="uat")
    edge.edge.incoming.parent.parent.joinpath("uat", "incoming").mkdir(parents=True)
    place = edge.home / "server" / "uat" / "incoming"
    (place / "order-1.txt").write_text(order_text())
    (place / "order-1.txt.DONE").touch()
    edge.edge.put("order", order_text(order_number="LIVE-1"))
    assert (await the_one(edge)).record.test


async def test_columns_are_read_by_name_in_any_order_with_any_more(edge: Harness) -> None:
    turned = dict(reversed(HEADER.items())) | {"never_heard_of": "x"}
    row = dict(reversed(ROW.items())) | {"another": "y"}
    edge.edge.put("order", written_flat(turned, [row]))
    straight = Harness()
    straight.edge.put("order", order_text())
    assert (await the_one(edge)).record == (await the_one(straight)).record


async def test_a_file_without_its_marker_is_not_looked_at_until_it_has_one(edge: Harness) -> None:
    name = edge.edge.put("order", order_text()[:200], marker=False)
    assert not await outcomes(edge)
    assert ("read", f"/live/incoming/{name}") not in edge.files.calls
    edge.path("incoming", name).write_text(order_text())
    edge.path("incoming", f"{name}.DONE").touch()
    assert isinstance(await the_one(edge), Received)


@pytest.mark.parametrize("cut", range(1, len(order_text(2).encode())))
def test_wherever_a_file_is_cut_off_it_is_noticed(cut: int) -> None:
    whole = order_text(2)
    if whole[cut:] in {"\r\n", "\n"}:
        assert read_flat(whole[:cut]) == read_flat(whole)
        return
    with pytest.raises(BadFile):
        read_flat(whole[:cut])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda text: text.replace('"5"', '"6"'), "counts 6 lines, the file has 5"),
        (lambda text: text.replace('"5"', '"4"'), "counts 4 lines, the file has 5"),
        (lambda text: "\r\n".join(text.split("\r\n")[:4] + text.split("\r\n")[5:]), "counts 5 lines, the file has 4"),
        (lambda text: text.replace('"5"', '"many"'), "no count"),
        (lambda text: text.replace('"12345678","2"', '"12345678","2","7"', 1), "more or fewer fields"),
        (lambda text: text.replace('"po_enduser"', '"order_date"'), "two have the same"),
        (lambda text: text.replace('"quantity"', '"amount"'), "quantity is not a whole number"),
        (lambda text: text.replace('"2026-03-02"', '"yesterday"'), "order_date is not a time"),
        (lambda text: text.replace('"1","12345678"', '"2","12345678"'), "same line_ref"),
        (lambda text: "\x00" + text, "zero bytes"),
        (lambda text: text + '"and","more"\r\n', "no count"),
        (lambda _text: "", "0 of at least 5 lines"),
        (lambda _text: "<html>Sorry</html>", "at least 5 lines"),
    ],
)
async def test_a_bad_file_is_rejected_kept_and_tells_no_person(edge: Harness, spoil: Any, told: str) -> None:
    edge.edge.put("order", spoil(order_text(2)))
    edge.edge.put("order", order_text(order_number="GOOD-1"))
    read = await outcomes(edge)
    [bad] = [one for one in read if isinstance(one, Reject)]
    assert told in bad.reason
    assert "Sample Person" not in bad.reason
    assert [one.record.key for one in read if isinstance(one, Received)] == ["GOOD-1"]
    again = edge.connector.sales_order_feed.parse(bad.raw)
    assert isinstance(again, Reject)
    assert (again.key, again.reason) == (bad.key, bad.reason)


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: text.replace("\r\n", "\r").encode(),
        lambda text: f"\r\n{text}\r\n\r\n".encode(),
    ],
    ids=["mark", "utf-16", "lf", "cr", "blank lines"],
)
async def test_a_file_written_in_another_way_is_the_same_order(edge: Harness, encoded: Any) -> None:
    edge.edge.put("order", encoded(order_text(shipping_full_name="Zoë Sample")))
    assert (await the_one(edge)).record.ship_to.name == "Ms Zoë Sample"


async def test_another_encoding_is_rejected_not_guessed(edge: Harness) -> None:
    edge.edge.put("order", order_text(shipping_full_name="Zoë Sample").encode("latin-1"))
    assert "not UTF-8" in (await the_one(edge)).reason


async def test_a_repeat_is_the_same_record_also_under_another_name(edge: Harness) -> None:
    edge.edge.put("order", order_text(), "order-20260302090000000001.txt")
    first = await the_one(edge)
    edge.edge.put("order", order_text(), "order-20260303090000000009.txt")
    second = await the_one(edge)
    assert second.fingerprint == first.fingerprint
    assert second.record.key == first.record.key


async def test_an_unknown_kind_of_file_is_rejected_and_a_return_is_left(edge: Harness) -> None:
    edge.edge.put("return", "anything", "return-20260302090000000001.txt")
    edge.edge.put("x", order_text(), "recall-20260302090000000001.txt")
    assert (await the_one(edge)).hold_type == "unknown_value"


@pytest.mark.parametrize("first", ["order", "cancel"])
async def test_an_order_and_its_cancellation_are_one_record_in_any_order(edge: Harness, first: str) -> None:
    names = ["1-a", "2-b"] if first == "order" else ["2-b", "1-a"]
    edge.edge.put("order", order_text(2), f"order-{names[0]}.txt")
    edge.edge.put("cancel", cancel_text("2"), f"cancel-{names[1]}.txt")
    order = (await the_one(edge)).record
    assert [line.status for line in order.lines] == [LineStatus.OPEN, LineStatus.CANCEL_REQUESTED]


async def test_parts_that_come_apart_join_with_what_is_kept(edge: Harness) -> None:
    feed = edge.connector.sales_order_feed
    edge.edge.put("cancel", cancel_text("1"), "cancel-1.txt")
    early = await the_one(edge)
    assert isinstance(early, Reject)
    assert early.key == "SBX-100001"
    other = Harness()
    other.edge.put("order", order_text(2), "order-2.txt")
    late = await the_one(other)
    for former, latter in ((early, late), (late, early)):
        whole = feed.parse(feed.joined(former.raw, latter.raw))
        assert isinstance(whole, Received)
        assert [line.status for line in whole.record.lines] == [LineStatus.CANCEL_REQUESTED, LineStatus.OPEN]
    other.edge.put("cancel", cancel_text("2"), "cancel-3.txt")
    both = feed.joined(feed.joined(late.raw, early.raw), (await the_one(other)).raw)
    assert {line.status for line in feed.parse(both).record.lines} == {LineStatus.CANCEL_REQUESTED}  # type: ignore[union-attr] # a Reject fails


@pytest.mark.parametrize(
    ("text", "hold_type"),
    [
        (cancel_text("1", quantity="1"), "quantity"),
        (cancel_text("9"), "contradiction"),
        (cancel_text("1")[:60], "malformed_payload"),
    ],
    ids=["a part of a line", "another line", "cut off"],
)
async def test_a_cancellation_that_does_not_fit_holds_the_order(edge: Harness, text: str, hold_type: str) -> None:
    edge.edge.put("order", order_text(2))
    edge.edge.put("cancel", text)
    held = await the_one(edge)
    assert isinstance(held, Reject)
    assert (held.key, held.hold_type) == ("SBX-100001", hold_type)
    assert held.sold is not None, "what the order file says is sold"


async def test_a_bad_file_sent_again_whole_mends_the_order(edge: Harness) -> None:
    feed = edge.connector.sales_order_feed
    edge.edge.put("order", order_text(2)[:-20], "order-1.txt")
    bad = await the_one(edge)
    assert isinstance(bad, Reject)
    assert bad.key == "SBX-100001", "the number of its header names the order, so that the repeat finds it"
    other = Harness()
    other.edge.put("order", order_text(2), "order-2.txt")
    good = await the_one(other)
    assert isinstance(feed.parse(feed.joined(bad.raw, good.raw)), Received)


def test_every_field_is_quoted_and_line_breaks_are_blanks() -> None:
    text = written_flat({"a": 'say "no"', "b": "two\r\nlines"}, [{"c": "1,2"}]).decode()
    assert text == '"a","b"\r\n"say ""no""","two lines"\r\n"c"\r\n"1,2"\r\n"4"\r\n'
    assert [len(row) for row in csv.reader(io.StringIO(text))] == [2, 2, 1, 1, 1]
