"""Our own code that breaks on one record: that one waits and is told, its outcome stays unknown, and all others go on."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from domain.answers import Answer, Done, Found, Unknown
from domain.faults import SOFTWARE_FAULT, told_of
from domain.installation import Side
from domain.orders import OrderLife, owes
from domain.records import Deducts, Kind, Page, Received, SalesOrder
from expectations.gate import GateBroken, gate
from ledger import holds, inbox, journal, orders
from ledger.database import Database, LedgerUnusable
from ledger.rows import table
from ledger.tables import Message
from tasks import filing_orders, operators
from tasks import judge as judging
from tasks.confirm import confirm, go_live
from tasks.faults import SoftwareFault, apart, is_fault
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import INTAKES, ORDERS
from tasks.pull import pull
from tasks.push import push
from tasks.reporting import report
from tasks.run import Run, Walk
from tests.doubles import ManualClock
from tests.tasks.making import NAME, Office, Shop, Sink, installation, know, order, run_of, show

SALES_ORDERS = INTAKES[Side.MARKETPLACE, Kind.SALES_ORDER]


class House:
    """One installation, and run after run of its orders, each a process of its own."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self.office, self.shop = database, clock, Office(), Shop()
        first = self.run()
        go_live(first)
        know(first, "A")

    def run(self) -> Run:
        return run_of(self.database, ORDERS, self.shop, self.office, installation(self.clock))

    def show(self, *keys: str) -> Run:
        run = self.run()
        asyncio.run(show(run, *(order(run, key) for key in keys)))
        return run

    def pass_by(self) -> Run:
        """Let one run confirm and push, some time later."""
        self.clock.move(300)
        run = self.run()
        asyncio.run(confirm(run))
        asyncio.run(push(run))
        return run

    def held(self) -> dict[str, str]:
        with self.database.transaction(NAME) as tx:
            return {one.order_key or one.subject_id: one.type for one in holds.open_holds(tx)}

    def messages(self, kind: Kind = Kind.SALES_ORDER) -> dict[str, Any]:
        with self.database.transaction(NAME) as tx:
            return {row.key: row for row in tx.rows(select(table(Message)).where(table(Message).c.kind == kind))}

    def release(self, key: str) -> None:
        with self.database.transaction(NAME) as tx:
            operators.release(tx, order=key, cause=0, message=0, reason="mended", by="Ada", dry_run=False)


@pytest.fixture
def house(database: Database, clock: ManualClock) -> House:
    return House(database, clock)


def test_a_look_up_that_breaks_on_one_order_is_its_own_trouble_alone(house: House) -> None:
    house.show(*"12345")
    house.office.sales_order_sink.answer = Unknown("lost")
    house.pass_by()
    house.office.sales_order_sink.finding = Found("it stands there", "77")
    house.office.sales_order_sink.findings["3"] = KeyError("drift")
    run = house.pass_by()
    taken = house.messages()
    assert [key for key, row in taken.items() if row.closed_as == "done"] == ["1", "2", "4", "5"]
    assert taken["3"].attempted_at is not None
    assert house.held() == {"3": SOFTWARE_FAULT}
    assert len(run.faults) == 1
    assert "drift" not in run.faults[0]  # what an exception says may hold what the record holds


def test_what_our_software_broke_on_is_looked_up_first_once_it_is_released(house: House) -> None:
    house.show("1")
    house.office.sales_order_sink.answer = Unknown("lost")
    house.pass_by()
    house.office.sales_order_sink.finding = KeyError("drift")
    house.pass_by()
    house.office.sales_order_sink.finding = Found("it stands there", "77")
    sent = len(house.office.sales_order_sink.sent)
    house.pass_by()
    assert house.messages()["1"].closed_at is None  # held: nobody asks
    house.release("1")
    house.pass_by()
    assert house.messages()["1"].closed_as == "done"
    assert len(house.office.sales_order_sink.sent) == sent


def test_a_sending_that_breaks_is_looked_up_and_held_when_it_breaks_again(house: House) -> None:
    house.show("1", "2", "3")
    house.office.sales_order_sink.answers["2"] = KeyError("drift")
    run = house.pass_by()
    assert len(run.faults) == 1
    assert house.messages()["2"].attempted_at is not None  # it may have gone
    assert [key for key, row in house.messages().items() if row.closed_as] == ["1", "3"]
    asked = len(house.office.sales_order_sink.asked)
    house.pass_by()
    assert len(house.office.sales_order_sink.asked) > asked
    assert house.held() == {"2": SOFTWARE_FAULT}
    assert house.messages()["2"].attempted_at is not None


def test_in_a_batch_the_others_go_on_once_they_were_looked_for(house: House) -> None:
    house.office.sales_order_sink = Batches(batch=3)
    house.office.sales_order_sink.answers["2"] = KeyError("drift")
    house.show("1", "2", "3")
    house.pass_by()
    assert not any(row.closed_as for row in house.messages().values())
    house.pass_by()
    assert [key for key, row in house.messages().items() if row.closed_as == "done"] == ["1", "3"]
    assert house.held() == {"2": SOFTWARE_FAULT}


def test_what_cannot_be_put_into_words_stands_in_nobodys_way(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.show("1", "2", "3")
    parse = house.shop.sales_order_feed.parse

    def breaks(raw: dict[str, Any]) -> Any:
        if raw["key"] == "2":
            raise KeyError("drift")
        return parse(raw)

    monkeypatch.setattr(house.shop.sales_order_feed, "parse", breaks)
    house.pass_by()
    assert [key for key, row in house.messages().items() if row.closed_as == "done"] == ["1", "3"]
    assert house.held() == {"2": SOFTWARE_FAULT}


def test_an_order_that_the_gate_breaks_on_is_held_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:

    def breaks(records: Sequence[SalesOrder], facts: Any) -> Any:
        if any(one.key == "2" for one in records):
            raise KeyError("drift")
        return gate(records, facts)

    monkeypatch.setattr(judging, "gate", breaks)
    run = house.show("1", "2", "3")
    assert sorted(house.messages()) == ["1", "3"]
    assert house.held() == {"2": SOFTWARE_FAULT}
    assert len(run.faults) == 1


def test_a_gate_that_is_broken_stops_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise GateBroken("nothing may go on")

    monkeypatch.setattr(judging, "gate", broken)
    with pytest.raises(GateBroken):
        house.show("1", "2")
    assert not house.messages()


def test_an_order_that_filing_breaks_on_is_kept_and_held_and_what_it_sold_is_sold(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:

    def breaks(life: OrderLife, policy: Any) -> Any:
        if life.key == "2":
            raise KeyError("drift")
        return owes(life, policy)

    monkeypatch.setattr(filing_orders, "owes", breaks)
    run = house.show("1", "2", "3")
    assert sorted(house.messages()) == ["1", "3"]
    assert house.held() == {"2": SOFTWARE_FAULT}
    assert len(run.faults) == 1
    with house.database.transaction(NAME) as tx:
        assert inbox.current(tx, Side.MARKETPLACE, Kind.SALES_ORDER, ["2"])["2"].gate == inbox.REJECTED
        assert journal.watermark(tx, SALES_ORDERS.name) is not None
        assert orders.in_flight(tx, ["A"], None)["A"][Deducts.NEVER] == 6
    monkeypatch.undo()
    house.release("2")
    run = house.run()
    asyncio.run(_pull_released(run))
    assert sorted(house.messages()) == ["1", "2", "3"]


def test_where_no_record_is_to_blame_nothing_of_the_chunk_is_filed_and_nothing_after_it_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise KeyError("drift")

    monkeypatch.setattr(journal, "set_watermark", breaks)
    run = house.run()
    run.walks[SALES_ORDERS.name] = Walk(began_at=house.clock.now())
    with pytest.raises(KeyError):
        asyncio.run(show(run, order(run, "1")))
    assert not house.messages()
    assert run.walks[SALES_ORDERS.name].broken  # a later page would move the watermark past what was not filed


def test_a_read_that_breaks_ends_its_walk_and_what_was_read_before_is_filed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = house.run()
    pages = [Page([_received(order(run, "1"))], [], cursor="next", more=True, began_at=house.clock.now())]

    async def read(*_: Any) -> Page:
        if not pages:
            raise KeyError("drift")
        return pages.pop()

    monkeypatch.setattr(house.shop.sales_order_feed, "read", read)
    asyncio.run(_pull_released(run))
    assert sorted(house.messages()) == ["1"]
    assert len(run.faults) == 1
    with house.database.transaction(NAME) as tx:
        mark = journal.watermark(tx, SALES_ORDERS.name)
        assert mark is not None
        assert mark.completed_at is None  # the walk is not whole


async def test_a_run_that_met_a_fault_fails_once_all_else_had_its_turn(house: House) -> None:
    run = house.run()
    run.faults.append("our software fails on it (KeyError at connectors/x.py:1)")
    with pytest.raises(SoftwareFault, match=r"connectors/x\.py:1"):
        await report(run)


async def test_the_search_ends_at_a_system_in_trouble_and_keeps_what_it_found(house: House) -> None:
    run = house.run()

    async def act(some: Sequence[int]) -> Mapping[str, int]:
        if 1 in some:
            raise KeyError("drift")
        raise LedgerUnusable("away")

    answers, failed = await apart(run, [1, 2, 3, 4], act)
    assert not answers
    assert [one for one, _ in failed] == [1]
    with pytest.raises(LedgerUnusable):
        await apart(run, [2, 3], act)


def test_a_cancelled_run_is_no_fault() -> None:
    assert not is_fault(asyncio.CancelledError())
    assert is_fault(KeyError("drift"))


def test_what_is_told_of_a_fault_repeats_nothing_of_the_record() -> None:
    with pytest.raises(ValueError, match="Ada") as raised:
        datetime.fromisoformat("Ada Sample, 1 Invented Street")
    assert "Ada" not in told_of(raised.value)
    assert "ValueError" in told_of(raised.value)


class Batches(Sink):
    """Answers a batch as a whole, or breaks on it."""

    async def send(self, records: Sequence[Any]) -> Mapping[str, Answer]:
        self.sent.append(list(records))
        for one in records:
            if isinstance(fault := self.answers.get(one.key), BaseException):
                raise fault
        return {one.key: Done("it says so") for one in records}


async def _pull_released(run: Run) -> None:
    async for chunk in pull(run):
        await file(run, await judge(run, chunk))


def _received(one: SalesOrder) -> Received:
    return Received(one, one.model_dump(mode="json"))
