"""Stock as a file: one import, its report, and what counts; and that no code can delete an offer."""

from pathlib import Path
from typing import Any

import pytest

from connectors import mirakl
from connectors.mirakl.stock_file import Report, Ticket, file_of
from domain.answers import Absent, Accepted, Contradicted, Found, NotNow, NotYet, Unknown
from sandbox.kit import Fault
from tests.connectors.mirakl.cases import STOCK
from tests.connectors.mirakl.harness import Harness
from tests.contract.joint import Joint
from tests.contract.wire import Break, Route, replies
from tests.doubles import BucketBudgets, ManualClock

STATUS, REPORT = Route("GET", f"{STOCK}/[^/]+/status"), Route("GET", f"{STOCK}/[^/]+/error_report")


def joined(*skus: str) -> tuple[Joint, Harness]:
    """Return a shop that offers these, whose connector is on the wire of the suite."""
    joint = Joint.of("mirakl")
    shop = joint.harness
    assert isinstance(shop, Harness)
    shop.connector = joint.connector
    for sku in skus:
        shop.offer(sku)
    return joint, shop


async def sent(shop: Harness, **quantities: int) -> str:
    """Send one file and return its ticket."""
    records = [shop.availability(sku, quantity) for sku, quantity in quantities.items()]
    answers = await shop.connector.availability_sink.send(records)
    tickets = {answer.ticket for answer in answers.values() if isinstance(answer, Accepted)}
    assert len(tickets) == 1, "one file, one ticket"
    return tickets.pop()


async def found(shop: Harness, ticket: str, **quantities: int) -> dict[str, Any]:
    records = [shop.availability(sku, quantity, ticket) for sku, quantity in quantities.items()]
    return dict(await shop.connector.availability_sink.find(records))


async def test_nothing_counts_before_the_file_is_worked_off() -> None:
    shop = Harness()
    for sku in ("A", "B"):
        shop.offer(sku)
    ticket = await sent(shop, A=1, B=2)
    assert {type(one) for one in (await found(shop, ticket, A=1, B=2)).values()} == {NotYet}
    shop.clock.move(60)
    assert {type(one) for one in (await found(shop, ticket, A=1, B=2)).values()} == {Found}
    assert [shop.sandbox.published("harbour", sku) for sku in "AB"] == [1, 2]


async def test_a_rejected_line_is_told_by_its_report_and_the_others_count() -> None:
    shop = Harness()
    for sku in ("A", "C"):
        shop.offer(sku)
    ticket = await sent(shop, C=3, B=2, A=1)  # nobody offers B
    shop.clock.move(60)
    told = await found(shop, ticket, A=1, B=2, C=3)
    assert isinstance(told["A"], Found)
    assert isinstance(told["C"], Found)
    assert isinstance(told["B"], Contradicted)
    assert told["B"].hold_type == "listing_without_item"


@pytest.mark.parametrize(
    "report",
    [
        "",
        '"error-line";"error-message"\n"3";"x"\n',
        '"l";"m";"offer-sku"\n"9";"x";"B"\n',
        '"l";"m";"offer-sku"\n"2";"x";"B"\n',
        '"l";"m";"offer-sku"\n"three";"x";"B"\n',
        '"l";"m";"offer-sku"\n"3";"x";"B"\n"4";"x";"C"\n',
        "<html>",
    ],
    ids=["empty", "no SKU", "no such line", "another line's SKU", "no number", "more rows than counted", "page"],
)
async def test_a_report_that_does_not_fit_is_not_believed_and_the_offers_are_read_back(report: str) -> None:
    joint, shop = joined("A", "C")
    ticket = await sent(shop, A=1, B=2, C=3)
    shop.clock.move(60)
    joint.wire.breaks.append(Break(REPORT, replies(200, report.encode())))
    told = await found(shop, ticket, A=1, B=2, C=3)
    assert {sku: type(one) for sku, one in told.items()} == {"A": Found, "B": Absent, "C": Found}
    assert "offer" in told["A"].evidence, "it was read back"


@pytest.mark.parametrize(
    "status",
    [
        {"lines_in_success": 1, "lines_in_error": 0},
        {"lines_in_success": 3, "lines_in_error": None},
        {"status": "DONE"},
        {"has_error_report": None},
    ],
    ids=["too few", "half a count", "unknown state", "no word of a report"],
)
async def test_a_status_that_does_not_add_up_confirms_nothing(status: dict[str, Any]) -> None:
    joint, shop = joined("A", "B")
    ticket = await sent(shop, A=1, B=2)  # not worked off yet, whatever the status says
    good = {
        "import_id": "1",
        "status": "COMPLETE",
        "has_error_report": False,
        "lines_in_success": 2,
        "lines_in_error": 0,
    }
    joint.wire.breaks.append(Break(STATUS, replies(200, {**good, **status})))
    assert {type(one) for one in (await found(shop, ticket, A=1, B=2)).values()} == {Absent}


async def test_a_part_of_a_files_lines_is_read_back() -> None:
    shop = Harness()
    for sku in ("A", "B"):
        shop.offer(sku)
    ticket = await sent(shop, A=1, B=2)
    shop.clock.move(60)
    assert "offer" in (await found(shop, ticket, B=2))["B"].evidence


async def test_a_failed_import_took_nothing() -> None:
    shop = Harness()
    shop.offer("A")
    ticket = await sent(shop, A=1)
    next(iter(shop.shop.offers.imports.values())).failed = True
    shop.clock.move(60)
    assert await found(shop, ticket, A=1) == {"A": Absent()}


async def test_a_lost_201_makes_every_line_unknown() -> None:
    shop = Harness()
    shop.sandbox.faults.append(Fault("truncated", "POST", STOCK, "after"))
    answers = await shop.connector.availability_sink.send([shop.availability(shop.offer(), 7) for _ in range(3)])
    assert [type(one) for one in answers.values()] == [Unknown] * 3


async def test_each_operation_has_its_published_frequency_and_no_more_is_called() -> None:
    clock = ManualClock()
    shop = Harness(clock=clock, budgets=BucketBudgets(clock), frequencies={"STO01": (1, 60), "STO02": (1, 15)})
    shop.offer("A")
    ticket = await sent(shop, A=1)
    with pytest.raises(NotNow):
        await sent(shop, A=2)
    assert isinstance((await found(shop, ticket, A=1))["A"], NotYet)
    with pytest.raises(NotNow):
        await found(shop, ticket, A=1)
    clock.move(61)
    assert isinstance((await found(shop, ticket, A=1))["A"], Found)
    await sent(shop, A=2)
    assert not shop.sandbox.throttled


async def test_a_429_closes_the_budget_of_its_operation() -> None:
    shop = Harness(frequencies={"STO01": (1, 60)})
    shop.offer("A")
    await sent(shop, A=1)
    with pytest.raises(NotNow) as wait:
        await sent(shop, A=2)
    assert (wait.value.at - shop.clock.now()).total_seconds() == 60
    assert len(shop.budgets.closed) == 1


def test_a_file_has_its_lines_in_order_and_never_a_negative_number_or_a_deletion() -> None:
    shop = Harness()
    records = [shop.availability("B;2", 3), shop.availability('A"1', -4)]
    assert file_of(records).decode().splitlines() == [
        '"offer-sku";"quantity";"warehouse-code";"update-delete"',
        '"A""1";"0";"";"UPDATE"',
        '"B;2";"3";"";"UPDATE"',
    ]
    assert Report.read('"error-line";"error-message";"offer-sku"\n"3";"no";"B;2"\n', records).errors == {"B;2": "no"}


def test_a_report_may_have_commas_between_its_columns() -> None:
    shop = Harness()
    records = [shop.availability(sku, 1) for sku in ("A;1", "B,2")]
    assert Report.read('"error-line","error-message","offer-sku"\n"3","no; not now","B,2"\n', records).errors == {
        "B,2": "no; not now"
    }


def test_a_ticket_is_read_again_and_nothing_else_is() -> None:
    assert Ticket.parsed(str(Ticket("4001", 7))) == Ticket("4001", 7)
    for text in ("", "4001", "stock import ../x, 7 lines", "stock 2026-03-02T09:00:00Z"):
        assert Ticket.parsed(text) is None


async def test_no_code_can_send_a_file_that_deletes_offers() -> None:
    """Nothing names the mode or the address; and all that is sent, in every role, goes elsewhere."""
    source = "\n".join(file.read_text() for file in Path(mirakl.__file__).parent.glob("*.py"))
    for word in ("REPLACE", "import_mode", '"delete"', "DELETE", "offers/imports"):
        assert word not in source
    joint = Joint.of("mirakl")
    for role, case in joint.harness.sinks.items():
        record = await case.record()
        await joint.sink(role).send([record])
    assert not any(request.url.path.endswith("/offers/imports") for request in joint.wire.requests)
    assert not any(b"REPLACE" in request.content for request in joint.wire.requests)
    assert isinstance(joint.harness, Harness)
    assert joint.harness.shop.offers.deleted == []
