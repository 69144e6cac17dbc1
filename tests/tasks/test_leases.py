"""A sending, which may be many calls, never outlives its lease: from then on another worker would do the same again."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import update

from domain.answers import Answer
from domain.installation import Side
from domain.records import Item
from ledger import items, levels, schema
from ledger.database import Database
from ledger.rows import table
from ledger.stock_tables import Level
from ledger.tables import Message
from tasks.confirm import go_live
from tasks.loops import ORDERS, STOCK, Loop
from tasks.push import push
from tasks.run import LEASE_SECONDS, Run
from tests.doubles import ManualClock
from tests.stateful.virtual import EPOCH, VirtualClock, VirtualLoop
from tests.tasks.making import NAME, Office, Shop, Sink, installation, know, order, run_of, show


class EndlessSink(Sink):
    """Makes call after call, and notes for how long it was let."""

    def __init__(self) -> None:
        super().__init__()
        self.lasted: list[float] = []

    async def send(self, records: Sequence[Any]) -> Mapping[str, Answer]:
        self.sent.append(list(records))
        now = asyncio.get_running_loop().time
        began = now()
        try:
            await asyncio.sleep(10 * LEASE_SECONDS)
        finally:
            self.lasted.append(now() - began)
        return {}


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


@pytest.fixture
def ledger(loop: VirtualLoop) -> Iterator[Database]:
    opened = Database("sqlite://", VirtualClock(loop))
    schema.create(opened)
    yield opened
    opened.close()


def a_run(ledger: Database, of: Loop, shop: Shop, office: Office) -> Run:
    return run_of(ledger, of, shop, office, installation(ManualClock(EPOCH)))


def test_the_outcome_of_an_order_is_unknown_before_its_lease_ends(ledger: Database, loop: VirtualLoop) -> None:
    office = Office()
    office.sales_order_sink = sink = EndlessSink()
    run = a_run(ledger, ORDERS, Shop(), office)
    go_live(run)
    know(run, "A")
    loop.run_until_complete(show(run, order(run)))
    loop.run_until_complete(push(run))
    with ledger.transaction(NAME) as tx:
        [message] = tx.rows(table(Message).select())
    assert [len(sink.sent), *(lasted < LEASE_SECONDS for lasted in sink.lasted)] == [1, True]
    assert message.attempted_at is not None, "it is looked up"
    assert message.lease_until is None
    assert message.closed_at is None


def test_a_number_whose_sending_is_too_slow_is_owed_again(ledger: Database, loop: VirtualLoop) -> None:
    sink = EndlessSink()
    run = a_run(ledger, STOCK, Shop(sink), Office())
    with run.transaction() as tx:
        items.store(tx, Side.BACK_OFFICE, [Item(sku="A", external_id="A")])
        items.store(tx, Side.MARKETPLACE, [Item(sku="A", stock_number="A", external_id="A")])
        levels.enrol(tx)
        tx.run(update(table(Level)).values(wanted=0, wanted_as_of=tx.now, published=5, owed=True))
    loop.run_until_complete(push(run))
    with ledger.transaction(NAME) as tx:
        [level] = tx.rows(table(Level).select())
    assert [len(sink.sent), *(lasted < LEASE_SECONDS for lasted in sink.lasted)] == [1, True]
    assert (level.owed, level.published, level.lease_until) == (True, None, None)
