"""A marketplace that works stock files off later: one file in flight, what its report says, and its limit."""

from datetime import timedelta

import pytest

from domain.answers import Absent, Accepted, Contradicted, Found, NotNow, NotYet, Refused, Unknown
from domain.installation import Side, StockPolicy
from domain.records import Availability, Deducts, Item, StockLevel
from ledger import holds, items, journal, levels, tickets
from ledger.database import Database
from ledger.rows import table
from ledger.stock_tables import Level
from tasks import operators
from tasks.confirm import confirm
from tasks.loops import STOCK
from tasks.push import push
from tasks.run import Run
from tests.doubles import ManualClock
from tests.scanning import scan
from tests.tasks.making import FileSink, Office, Shop, installation, run_of

SKUS = ("A", "B", "C")


@pytest.fixture
def sink() -> FileSink:
    sink = FileSink(batch=5_000)
    sink.answer, sink.finding = Accepted("file-1"), NotYet("it waits")
    return sink


def begin(database: Database, sink: FileSink, clock: ManualClock, name: str = "run") -> Run:
    return run_of(database, STOCK, Shop(sink), Office(), installation(clock), name)


def count(run: Run, **units: int) -> None:
    """Let a whole scan count these, and the orders be pulled after it."""
    with run.transaction() as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku=sku, external_id=sku) for sku in SKUS])
        items.store(tx, Side.MARKETPLACE, [Item(sku=sku, stock_number=sku, external_id=sku) for sku in SKUS])
        levels.enrol(tx)
        counts = [StockLevel(sku=sku, pool="main", quantity=n, deducts=Deducts.NEVER) for sku, n in units.items()]
        scan(tx, counts)
        levels.recompute(tx, units, StockPolicy())
        later = tx.now + timedelta(seconds=1)
        journal.set_watermark(tx, "marketplace:sales_order", None, later, later)


def sent(sink: FileSink) -> list[dict[str, int]]:
    return [{one.sku: one.quantity for one in file} for file in sink.sent]


def held(run: Run) -> list[tuple[str, str]]:
    with run.transaction() as tx:
        return sorted((one.type, one.subject_id) for one in holds.open_holds(tx))


def published(run: Run) -> dict[str, int | None]:
    with run.transaction() as tx:
        return {row.sku: row.published for row in tx.rows(table(Level).select())}


async def test_a_file_goes_alone_and_counts_only_when_its_report_was_read(
    database: Database, sink: FileSink, clock: ManualClock
) -> None:
    run, other = begin(database, sink, clock), begin(database, sink, clock, "other")
    count(run, A=1, B=2, C=3)
    await push(run)
    count(run, A=0, B=2, C=3)
    await push(other)
    await push(run)
    assert sent(sink) == [{"A": 1, "B": 2, "C": 3}]
    await confirm(run)
    assert set(published(run).values()) == {None}, "it waits still"
    assert {one.ticket for one in sink.asked[-1]} == {"file-1"}
    sink.finding = Found("the report is clean")
    await confirm(other)
    assert published(run) == {"A": 1, "B": 2, "C": 3}
    await push(run)
    assert sent(sink)[1:] == [{"A": 0}], "the newest number follows"


async def test_a_rejected_line_is_held_and_the_others_count(
    database: Database, sink: FileSink, clock: ManualClock
) -> None:
    run = begin(database, sink, clock)
    count(run, A=1, B=2, C=3)
    await push(run)
    sink.finding = Found("clean")
    sink.findings = {"B": Contradicted("line 3 was rejected", "refused"), "C": Absent()}
    await confirm(run)
    assert held(run) == [("refused", "B")]
    assert published(run) == {"A": 1, "B": None, "C": None}
    count(run, A=1, B=9, C=8)
    await push(run)
    assert sent(sink)[1:] == [{"C": 8}], "C owes the newest, B waits for a person"


async def test_after_a_lost_answer_every_line_is_unknown_and_the_next_file_carries_the_newest(
    database: Database, sink: FileSink, clock: ManualClock
) -> None:
    run = begin(database, sink, clock)
    count(run, A=1, B=2, C=3)
    sink.answers = {sku: Unknown("no readable answer") for sku in SKUS}
    sink_sent_one = len(sink.sent)
    run.ends_at = clock.now() + timedelta(seconds=0)
    await push(run)
    assert len(sink.sent) == sink_sent_one, "no time was left"
    run.ends_at = clock.now() + timedelta(seconds=45)
    sink.answers, answers = {}, sink.answers

    async def once(records: list[Availability]) -> dict[str, object]:
        sink.sent.append(list(records))
        del sink.send  # the class's own again
        count(run, A=7, B=2, C=3)
        return dict(answers)

    sink.send = once  # type: ignore[assignment,method-assign] # this once
    await push(run)
    assert sent(sink) == [{"A": 1, "B": 2, "C": 3}], "no SKU is tried twice in a run"
    clock.move(60)
    await push(begin(database, sink, clock))
    assert sent(sink)[1:] == [{"A": 7, "B": 2, "C": 3}]


async def test_a_ticket_past_its_limit_is_held_and_nothing_is_sent_until_a_person_gives_it_up(
    database: Database, sink: FileSink, clock: ManualClock
) -> None:
    count(run := begin(database, sink, clock), A=1, B=2, C=3)
    await push(run)
    clock.move(31 * 60)
    run = begin(database, sink, clock)
    count(run, A=0, B=2, C=3)
    await confirm(run)
    await confirm(run)
    await push(run)
    assert (held(run), len(sink.sent)) == ([("file_not_worked_off", "towels")], 1)
    with run.transaction() as tx:
        [one] = holds.open_holds(tx)
        operators.release(
            tx, order="", cause=one.cause_id, message=0, reason="support deleted it", by="Sam", dry_run=False
        )
    sink.answer = Accepted("file-2")
    await push(run)
    assert sent(sink)[1:] == [{"A": 0, "B": 2, "C": 3}]
    assert held(run) == []


async def test_a_late_report_mends_the_hold(database: Database, sink: FileSink, clock: ManualClock) -> None:
    count(run := begin(database, sink, clock), A=1, B=2, C=3)
    await push(run)
    clock.move(31 * 60)
    await confirm(run := begin(database, sink, clock))
    sink.finding = Found("clean")
    await confirm(run)
    assert (held(run), published(run)) == ([], {"A": 1, "B": 2, "C": 3})


async def test_a_file_of_which_nothing_was_taken_calls_a_person_and_the_newest_is_owed(
    database: Database, sink: FileSink, clock: ManualClock
) -> None:
    run = begin(database, sink, clock)
    count(run, A=1, B=2, C=3)
    await push(run)
    sink.finding = Absent()
    await confirm(run)
    assert held(run) == [("file_not_worked_off", "towels")]
    sink.answer, sink.finding = Accepted("file-2"), NotYet()
    await push(run)
    assert len(sink.sent) == 2
    sink.finding = Found("clean")
    await confirm(run)
    assert held(run) == []


async def test_a_spent_budget_leaves_the_tickets_open(database: Database, sink: FileSink, clock: ManualClock) -> None:
    run = begin(database, sink, clock)
    count(run, A=1, B=2, C=3)
    await push(run)
    sink.finding = NotNow("shop", clock.now() + timedelta(minutes=1))
    await confirm(run)
    with run.transaction() as tx:
        assert sum(tickets.unanswered(tx).values()) == 3


async def test_a_refused_file_holds_its_lines(database: Database, sink: FileSink, clock: ManualClock) -> None:
    run = begin(database, sink, clock)
    count(run, A=1, B=2, C=3)
    sink.answer = Refused("the file cannot be read")
    await push(run)
    assert [kind for kind, _ in held(run)] == ["refused"] * 3
