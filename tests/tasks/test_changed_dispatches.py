"""A shipment that the back office changes before it is told: its newest version counts, judged again."""

from datetime import timedelta

import pytest

from domain.answers import Done, NotNow, Refused
from domain.records import Kind
from ledger import messages
from tests.tasks.shipping import FIRST, SECOND, World


def test_a_corrected_number_goes_out_in_place_of_the_first(world: World) -> None:
    world.show(FIRST)
    world.show(SECOND)
    assert world.held == []
    world.send()
    assert [one.tracking_number for one in world.sent] == [SECOND]
    assert (world.line().shipped, world.line().dispatched) == (2, 2)


def test_a_number_that_becomes_a_word_is_held_and_nothing_goes_out(world: World) -> None:
    world.show(FIRST)
    world.show("TBC")
    assert world.held == ["missing_tracking"]
    world.send()
    assert world.sent == []
    assert world.line().shipped == 0, "as where the first record had been held"
    world.show(SECOND)
    assert world.held == []
    world.send()
    assert [one.tracking_number for one in world.sent] == [SECOND]
    assert (world.line().shipped, world.line().dispatched) == (2, 2)


def test_a_number_of_another_carrier_is_held_until_it_is_corrected(world: World) -> None:
    world.run.installation = world.run.installation.model_copy(update={"tracking_numbers": {"dpd": "[0-9]{14}"}})
    world.show("H001550123456700")
    assert world.held == ["missing_tracking"]
    world.send()
    assert world.sent == []
    world.show(FIRST)
    assert world.held == []
    world.send()
    assert [one.tracking_number for one in world.sent] == [FIRST]


def test_a_carrier_that_nobody_mapped_is_held_and_nothing_goes_out(world: World) -> None:
    world.show()
    world.show(carrier="Pigeon")
    assert world.held == ["unmapped_carrier"]
    world.send()
    assert world.sent == []


@pytest.mark.parametrize(
    ("units", "sent"),
    [({"MUG": 1}, {"a": 1}), ({"MUG": 2, "JUG": 1}, {"a": 2, "b": 1}), ({"JUG": 1}, {"b": 1})],
    ids=["fewer", "more", "others"],
)
def test_corrected_quantities_go_out_and_count(world: World, units: dict[str, int], sent: dict[str, int]) -> None:
    world.show()
    world.show(units=units)
    world.send()
    assert [{line.line: line.quantity for line in one.lines} for one in world.sent] == [sent]
    assert {name: world.line(name).shipped for name in ("a", "b") if world.line(name).shipped} == sent


def test_more_units_than_the_order_has_left_are_held(world: World) -> None:
    world.show(FIRST, key="S2", units={"MUG": 1})
    world.show(FIRST[:-1] + "9", units={"MUG": 1})
    world.show(FIRST[:-1] + "9", units={"MUG": 2})
    assert set(world.held) == {"dispatch_does_not_fit"}
    world.send()
    assert [one.key for one in world.sent] == ["S2"]


def test_a_worker_that_claimed_the_first_version_sends_nothing(world: World) -> None:
    world.show(FIRST)
    with world.run.transaction() as tx:
        [claimed] = messages.claim(tx, Kind.DISPATCH, 10, world.run.lease, looking=False)
    world.show(SECOND)
    with world.run.transaction() as tx:
        assert not messages.note(tx, claimed, attempted_at=tx.now), "its claim is lost"
    world.send()
    assert [one.tracking_number for one in world.sent] == [SECOND]


def test_a_shipment_that_the_marketplace_refused_is_replaced_by_its_correction(world: World) -> None:
    world.shop.dispatch_sink.answer = Refused("no such carrier", "invalid_carrier")
    world.show(carrier="DPD")
    world.send()
    assert world.held == ["invalid_carrier"]
    world.shop.dispatch_sink.answer = Done("it says so")
    world.show(carrier="Evri")
    assert world.held == []
    world.send()
    assert [one.carrier_code for one in world.sent] == ["dpd", "evri"]


def test_what_no_permit_was_left_for_is_not_attempted(world: World) -> None:
    world.show(FIRST)
    world.shop.dispatch_sink.answer = NotNow("shop", world.clock.now() + timedelta(seconds=90))
    world.send()
    world.shop.dispatch_sink.answer = Done("it says so")
    world.show(SECOND)
    world.clock.move(120)
    world.send()
    assert [one.tracking_number for one in world.sent] == [FIRST, SECOND], "of the first nothing left"
    assert world.held == []


def test_its_own_parcel_never_makes_a_changed_shipment_a_repeat(world: World) -> None:
    """Another key with the same number was taken for a repeat of it; if the first is dropped, nothing would be told."""
    world.show(FIRST, key="pushed")
    world.show(FIRST, key="swept")
    world.show(FIRST, key="pushed", units={"MUG": 3})
    assert world.held == ["dispatch_does_not_fit"]


def test_a_shipment_that_is_voided_before_it_is_sent_is_not_sent_until_it_is_shown_again(world: World) -> None:
    world.show(FIRST)
    world.void()
    assert world.held == ["dispatch_does_not_fit"]
    world.send()
    assert world.sent == []
    assert world.line().shipped == 0
    world.show(FIRST)
    assert world.held == []
    world.send()
    assert [one.tracking_number for one in world.sent] == [FIRST]
    assert (world.line().shipped, world.line().dispatched) == (2, 2)
