"""Parcels that do not fit their order: told a second time, by a push and by a read; or of what was cancelled."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from domain.installation import Installation, Side
from domain.orders import LineLife
from domain.records import Dispatch, Kind, Page, Received, ShippedLine
from expectations.gate import Failure
from ledger import holds, messages
from ledger.database import Database, Transaction
from tasks.filing_dispatches import file_dispatches
from tasks.judge import Judged
from tasks.loops import DISPATCH, INTAKES
from tasks.pull import Pulled
from tasks.run import Run
from tests.doubles import ManualClock
from tests.ledger.making import save_order
from tests.stateful.offices import OFFICES

INTAKE = INTAKES[Side.BACK_OFFICE, Kind.DISPATCH]


@pytest.fixture
def run(database: Database, clock: ManualClock) -> Run:
    installation = Installation.model_validate(OFFICES["magento"].installation("harbour", clock.now()))
    office: Any = SimpleNamespace(dispatch_feed=SimpleNamespace(keeps={}))
    return Run(installation, DISPATCH, database, {Side.BACK_OFFICE: office}, run_id="run-1")


@contextmanager
def ordered(run: Run, *, cancelled: int = 0) -> Iterator[Transaction]:
    with run.transaction() as tx:
        save_order(tx, "1", LineLife("a", "MUG", 2, cancel_requested=cancelled, cancelled=cancelled))
        yield tx


def told(run: Run, tx: Transaction, key: str, tracking: str | None, *failures: str) -> None:
    """File one shipment of both mugs, with what the gate said of it."""
    dispatch = Dispatch(
        key=key,
        order_id="office-1",
        order_reference="CON-1",
        carrier="DPD",
        tracking_number=tracking,
        shipped_at=run.clock.now(),
        lines=(ShippedLine(sku="MUG", quantity=2),),
    )
    said = tuple(Failure(key, "expect_something", hold_type, "", "") for hold_type in failures)
    received = [Received(dispatch, {})]
    pulled = Pulled(INTAKE, Page(received, [], began_at=run.clock.now()))
    file_dispatches(run, tx, Judged(pulled, received, {key: said} if said else {}))


def held(tx: Transaction) -> list[str]:
    return [one.type for one in holds.open_holds(tx)]


UNFIT = "dispatch_does_not_fit"


@pytest.mark.parametrize("said", [(), (UNFIT,)], ids=["the gate passed it", "the gate did not"])
def test_the_parcel_of_a_filed_shipment_is_a_repeat_under_another_key(run: Run, said: tuple[str, ...]) -> None:
    with ordered(run) as tx:
        told(run, tx, "pushed", "1550")
        told(run, tx, "swept", "1550", *said)
        assert held(tx) == []
        assert messages.id_of(tx, Kind.DISPATCH, "pushed") is not None
        assert messages.id_of(tx, Kind.DISPATCH, "swept") is None
        assert run.news.lines[-1].what == "repeated"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("1550", "1551", (UNFIT,)),
        (None, None, (UNFIT,)),
        ("1550", "1550", (UNFIT, "unmapped_carrier")),
    ],
    ids=["another parcel", "no number to know it by", "something else is wrong too"],
)
def test_what_is_not_surely_the_same_parcel_is_held(
    run: Run, first: str | None, second: str | None, said: tuple[str, ...]
) -> None:
    with ordered(run) as tx:
        told(run, tx, "pushed", first)
        told(run, tx, "swept", second, *said)
        assert UNFIT in held(tx)


def test_the_parcel_of_a_held_shipment_is_no_repeat(run: Run) -> None:
    with ordered(run) as tx:
        told(run, tx, "pushed", "1550", "unmapped_carrier")
        told(run, tx, "swept", "1550")
        assert messages.id_of(tx, Kind.DISPATCH, "swept") is not None


@pytest.mark.parametrize("said", [(), (UNFIT,)], ids=["cancelled since its gate", "its gate saw it"])
def test_a_parcel_of_what_the_marketplace_has_cancelled_is_held_as_shipped_after_cancellation(
    run: Run, said: tuple[str, ...]
) -> None:
    with ordered(run, cancelled=1) as tx:
        told(run, tx, "1", "15501", *said)
        assert held(tx) == ["cancelled_but_shipped"]
