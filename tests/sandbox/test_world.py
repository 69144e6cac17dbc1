"""The sellers' worlds, alone and with a careless integration between the two systems."""

import time
from dataclasses import fields
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from stdnum import ean as stdnum_ean

from sandbox.audit import audit
from sandbox.virtualstock import Virtualstock
from sandbox.world import Plan, Trouble, World
from sandbox.world.catalogue import articles, ean13
from sandbox.world.people import tracking_number
from tests.doubles import ManualClock
from tests.sandbox.naive import ACME, OPENING, Company, Naive, Shop

SMALL = Plan(
    seconds=18_000,
    orders=150,
    rush=110,
    products=40,
    sell_outs=6,
    contested=2,
    sales_elsewhere=20,
    picking=(900, 3_600),
    late_tracking=(900, 1_800),
)
NOT_COUNTED = {"outage_seconds", "publishing_seconds"}


def day_of(naive: Naive, share: float = 1.0) -> Any:
    return naive.world.closes_at - timedelta(seconds=naive.world._day.plan.seconds * (1 - share))


def audited(naive: Naive) -> dict[str, Any]:
    report = audit([naive.edge.dump(), naive.office.system.dump()])
    found = report["installations"]["acme"]
    assert isinstance(found, dict)
    return found


async def lived(office: type[Shop | Company], plan: Plan, trouble: Trouble, seed: int = 0) -> Naive:
    naive = Naive(office, plan, trouble, seed)
    await naive.live(naive.world.closes_at)
    return naive


@pytest.mark.parametrize("office", [Shop, Company])
async def test_the_same_seed_gives_the_same_trace(office: type[Shop | Company]) -> None:
    first, again, other = [await lived(office, SMALL, Trouble(), seed) for seed in (5, 5, 6)]
    assert len(first.trace) > 300
    assert first.trace == again.trace
    assert first.edge.dump() == again.edge.dump()
    assert first.trace != other.trace


async def test_a_quiet_day_without_trouble_adds_up() -> None:
    naive = await lived(Shop, SMALL, Trouble.none())
    found = audited(naive)
    assert found["orders_offered"] == naive.world.customers.orders >= SMALL.orders
    assert naive.world.trouble_so_far() == {}
    assert naive.failures == 0
    faults = ("orders_missing", "orders_duplicated", "acknowledged_not_in_back_office", "dispatched_before_shipped")
    assert [found[name] for name in faults] == [0, 0, 0, 0]
    assert found["orders_in_back_office"] == found["orders_offered"]
    assert found["dispatches_shipped"] >= found["dispatches_confirmed"] > 0
    assert found["stock_changes"] > 0


@pytest.mark.parametrize("office", [Shop, Company])
async def test_every_trouble_happens(office: type[Shop | Company]) -> None:
    naive = await lived(office, SMALL, Trouble())
    expected = {field.name for field in fields(Trouble)} - NOT_COUNTED - {"certain_lost_answers"}
    if office is Shop:
        expected -= {"errors_in_200"}  # a habit of the other vendor
    expected -= {"voided_picks"}  # neither has pick lists
    trouble = naive.world.trouble_so_far()
    assert set(trouble) == expected
    assert trouble["lost_answers"] >= Trouble().certain_lost_answers
    assert trouble["cancelled_before_creation"] == trouble["cancelled_after_creation"] == 3
    assert trouble["unmapped_carriers"] == 3
    assert trouble["missing_tracking"] == 4
    assert naive.failures > 0
    carriers = {shipment["carrier"] for one in naive.office.system.dump()["orders"] for shipment in one["shipments"]}
    assert carriers == {"DPD", "Royal Mail", "Evri", "Swift Couriers", "CitySprint"}


@pytest.mark.parametrize("office", [Shop, Company])
async def test_the_audit_sees_what_a_careless_integration_did(office: type[Shop | Company]) -> None:
    found = audited(await lived(office, SMALL, Trouble(lost_answers=0.1)))
    assert found["orders_duplicated"] > 0
    assert found["orders_missing"] > 0  # nobody could read the malformed ones
    assert 1 <= found["orders_cancelled"] <= Trouble().cancelled_before_creation
    assert found["oversold_units"] + found["sold_on_stale"] + found["sold_unjustified"] > 0


async def test_sell_outs_sell_out_and_contested_ones_on_both_channels() -> None:
    naive = await lived(Shop, SMALL, Trouble.none())
    rows = {row["sku"]: row for row in naive.office.system.dump()["stock"]}
    wanted = [article for article in naive.world.catalogue if article.kind in {"sell_out", "contested"}]
    assert len(wanted) == SMALL.sell_outs
    assert all(min(free for _, free in rows[article.sku]["history"]) <= 0 for article in wanted)
    contested = {article.sku for article in wanted if article.kind == "contested"}
    channels = {
        (line["sku"], one["channel"])
        for one in naive.office.system.dump()["orders"]
        for line in one["lines"]
        if line["sku"] in contested
    }
    assert len(contested) == SMALL.contested
    assert {channel for _, channel in channels} == {"web", "integration"}


def test_customers_never_buy_more_than_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    naive = Naive(Shop, SMALL, Trouble.none())
    bought, true_buy = [], Virtualstock.buy_basket

    def watched(self: Virtualstock, account: str, basket: dict[str, int], *rest: Any) -> str | None:
        before = {sku: self.published(account, sku) for sku in basket}
        reference = true_buy(self, account, basket, *rest)
        taken = {sku: before[sku] - self.published(account, sku) for sku in basket}
        assert taken == (basket if reference else dict.fromkeys(basket, 0))
        assert all(self.published(account, sku) >= 0 for sku in basket)
        bought.append(reference)
        return reference

    monkeypatch.setattr(Virtualstock, "buy_basket", watched)
    while naive.world.next_at() <= naive.world.closes_at:
        naive.clock.reach(naive.world.next_at())
        naive.world.act()
    assert bought.count(None) == naive.world.progress()["disappointed"] > 0
    assert len(naive.edge.dump()["accounts"]["acme"]["orders"]) == len(bought) - bought.count(None) > SMALL.orders


async def test_when_made_quiet_nobody_buys_and_nothing_breaks_while_the_warehouse_goes_on() -> None:
    naive = Naive(Company, SMALL, Trouble(lost_answers=0.2))
    await naive.live(day_of(naive, 0.5))
    before = naive.world.progress()
    assert before["finished"] is False
    naive.office.system.fail_for(100_000)
    naive.world.quiet()
    await naive.live(naive.world.closes_at)
    after = naive.world.progress()
    assert (after["orders_offered"], after["finished"]) == (before["orders_offered"], True)
    assert {**after["trouble"], "mends": 0} == {**before["trouble"], "mends": 0} | {
        name: after["trouble"][name]
        for name in ("missing_tracking", "unmapped_carriers", "unapproved_carriers")
        if name in after["trouble"]
    }
    assert (naive.office.system.outage_until, naive.edge.outage_until) == (None, None)
    assert after["shipped"] > before["shipped"]


async def test_people_mend_what_is_missing() -> None:
    naive = await lived(Shop, SMALL, Trouble(mends=0, outages=0))
    world, missing = naive.world, [one for one in naive.world.catalogue if one.kind == "unknown_sku"]
    [article] = missing
    assert article.sku not in {row["sku"] for row in naive.office.system.dump()["stock"]}
    assert world.mend() == f"somebody creates {article.sku!r} in magento"
    assert naive.office.system.free(article.sku) > 0
    silent = [s for one in naive.office.system.dump()["orders"] for s in one["shipments"] if not s["tracking"]]
    assert len(silent) == 2
    assert [world.mend().startswith("the warehouse adds") for _ in silent] == [True, True]
    assert world.mend() == "nobody finds anything to mend"
    silent = [s for one in naive.office.system.dump()["orders"] for s in one["shipments"] if not s["tracking"]]
    assert silent == []


async def test_a_world_runs_by_itself_on_its_clock() -> None:
    by_hand, by_itself = Naive(Shop, SMALL, Trouble()), Naive(Shop, SMALL, Trouble())
    until = by_hand.clock.now() + timedelta(hours=2)
    while by_hand.world.next_at() < until:
        by_hand.clock.reach(by_hand.world.next_at())
        by_hand.world.act()
    await by_itself.world.run(until)
    assert by_itself.clock.now() == until
    assert by_itself.edge.dump() == by_hand.edge.dump()


def test_the_catalogue_has_what_the_day_needs() -> None:
    clock = ManualClock(OPENING)
    made = World(Virtualstock(clock, accounts=[ACME]), "acme", Shop(clock).system, clock).catalogue
    plan, trouble = Plan(), Trouble()
    assert len(made) == plan.products + plan.sell_outs + 4
    for name in ("stock_number", "sku", "listed_sku", "ean"):
        assert len({getattr(article, name) for article in made}) == len(made)
    assert all(len(article.stock_number) == 8 and article.stock_number.isdecimal() for article in made)
    assert all(stdnum_ean.is_valid(article.ean) for article in made)
    assert [one.kind for one in made if not stdnum_ean.is_valid(one.listed_ean)] == ["wrong_ean"]
    [spaced], [alike] = ([one for one in made if one.kind == kind] for kind in ("trailing_space", "look_alike"))
    assert spaced.listed_sku == f"{spaced.sku} "
    assert (len(alike.listed_sku), alike.listed_sku.isascii(), alike.sku.isascii()) == (len(alike.sku), False, True)
    assert any("/" in article.sku for article in made)
    assert any(" " in article.sku for article in made)
    assert ean13("501234567890") == "5012345678900"
    assert sum(one.kind in {"sell_out", "contested"} for one in made) == plan.sell_outs
    assert articles(plan, trouble, Random(1)) != made  # noqa: S311 - a catalogue, not secrets


@pytest.mark.parametrize(
    ("carrier", "shape"), [("DPD", "155"), ("Evri", "H00"), ("Royal Mail", "QX"), ("Other", "155")]
)
def test_tracking_numbers_have_the_shape_of_their_carrier(carrier: str, shape: str) -> None:
    dice = Random(1)  # noqa: S311 - parcels, not secrets
    numbers = {tracking_number(carrier, dice) for _ in range(50)}
    assert len(numbers) == 50
    assert all(number.startswith(shape) and number.isalnum() and 13 <= len(number) <= 16 for number in numbers)


def test_a_plan_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="contested <= sell_outs"):
        Plan(sell_outs=1, contested=2)


@pytest.mark.parametrize("office", [Shop, Company])
def test_a_thousand_orders_take_few_seconds(office: type[Shop | Company]) -> None:
    began = time.process_time()
    naive = Naive(office, Plan(orders=1_000), Trouble())
    while naive.world.next_at() <= naive.world.closes_at:
        naive.clock.reach(naive.world.next_at())
        naive.world.act()
    assert naive.world.progress()["orders_offered"] >= 1_000
    assert time.process_time() - began < 10
