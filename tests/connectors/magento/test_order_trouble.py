"""Lost answers, refusals, spent permits: nothing is doubled, and nothing is shown that must not be."""

from typing import Any

import pytest

from domain.answers import Absent, Done, Fatal, Found, Later, NotNow, Refused, Unavailable, Unknown
from sandbox.kit import Fault
from tests.connectors.magento.harness import SECRETS, Harness
from tests.connectors.magento.selling import find, send, stocked
from tests.connectors.making import PERSONAL, sales_order
from tests.doubles import BucketBudgets


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", status=500, body={"message": "Internal Error. Report ID: webapi-1"}, when="after"),
        Fault(kind="html", status=503, when="after"),
        Fault(kind="html", status=200, when="after"),
        Fault(kind="truncated", when="after"),
        Fault(kind="error_in_200", body={"message": "odd"}, when="after"),
        Fault(kind="error_in_200", body=["odd"], when="after"),
    ],
    ids=["500", "503 html", "200 html", "truncated", "error in 200", "list in 200"],
)
async def test_a_lost_answer_is_unknown_and_then_found_and_never_doubled(harness: Harness, fault: Fault) -> None:
    order = sales_order()
    harness.fault("sales_order", fault)
    assert isinstance(await send(harness, order), Unknown)
    found = await find(harness, order)
    assert isinstance(found, Found)
    again = await send(harness, order)
    assert again == Done(found.evidence, found.external_id)
    assert harness.count() == {"5501-A": 1}


@pytest.mark.parametrize("kind", ["status", "html", "truncated"])
async def test_trouble_before_the_shop_did_anything_is_unknown_then_absent_then_created(
    harness: Harness, kind: Any
) -> None:
    order = sales_order()
    harness.fault("sales_order", Fault(kind=kind, status=502, body={"message": "x"}))
    assert isinstance(await send(harness, order), Unknown)
    assert await find(harness, order) == Absent()
    assert isinstance(await send(harness, order), Done)
    assert harness.count() == {"5501-A": 1}


async def test_a_429_closes_the_budget_until_the_hosts_time(harness: Harness) -> None:
    harness.fault(
        "sales_order", Fault(status=429, headers={"retry-after": "30"}, body={"message": "Too Many Requests"})
    )
    with pytest.raises(NotNow) as wait:
        await send(harness, sales_order())
    assert (wait.value.at - harness.clock.now()).total_seconds() == 30
    assert len(harness.budgets.closed) == 1


async def test_a_spent_budget_stops_the_route_and_calls_nobody(harness: Harness) -> None:
    harness.budgets.spent_until = harness.clock.now().replace(hour=23)
    with pytest.raises(NotNow):
        await send(harness, sales_order("1-A", "901"), sales_order("2-A", "902"))
    assert harness.requests == []


async def test_when_the_budget_ends_on_the_way_the_answers_so_far_are_kept(harness: Harness) -> None:
    harness.budgets.spent_until = harness.clock.now().replace(hour=23)
    harness.budgets.permits = 2  # one look at the products, one create
    answers = await send(harness, sales_order("1-A", "901"), sales_order("2-A", "902"))
    assert isinstance(answers["1-A"], Done)
    assert answers["2-A"] == Later(harness.budgets.spent_until, answers["2-A"].reason)


async def test_a_shop_that_is_down_before_the_first_answer_is_raised(harness: Harness) -> None:
    harness.fault("item", Fault(kind="html", status=503))
    with pytest.raises(Unavailable):
        await send(harness, sales_order())


async def test_a_missing_right_is_named_to_a_person(harness: Harness) -> None:
    harness.sandbox.denied_resources.add("Magento_Sales::create")
    with pytest.raises(Fatal, match="Magento_Sales::create"):
        await send(harness, sales_order())
    assert harness.calls("sales_order") == 1


async def test_a_repeat_that_may_not_be_looked_up_is_unknown(harness: Harness) -> None:
    assert isinstance(await send(harness, sales_order("1-A", "901")), Done)
    harness.fault("find_sales_order", Fault(status=401, body={"message": "no"}))
    answer = await send(harness, sales_order("1-A", "901"))
    assert isinstance(answer, Unknown)  # refused as a repeat, and nobody may look it up


async def test_a_translated_refusal_of_a_repeat_is_looked_up_all_the_same(harness: Harness) -> None:
    order = sales_order()
    assert isinstance(await send(harness, order), Done)
    harness.fault("sales_order", Fault(status=400, body={"message": "Eindeutigkeit verletzt"}))
    assert isinstance(await send(harness, order), Done)


async def test_a_number_that_is_taken_but_not_shown_is_unknown(harness: Harness) -> None:
    harness.fault("sales_order", Fault(status=400, body={"message": "Unique constraint violation found"}))
    assert isinstance(await send(harness, sales_order()), Unknown)


async def test_only_known_words_of_the_shop_are_shown(harness: Harness) -> None:
    harness.fault("sales_order", Fault(status=400, body={"message": "Wilhelmina of 7 Private Road is not welcome"}))
    answer = await send(harness, sales_order())
    assert answer == Refused("HTTP 400, message kept as evidence-1")
    harness.fault("sales_order", Fault(status=400, body={"message": "Please provide payment for the order."}))
    answer = await send(harness, sales_order())
    assert "Please provide payment for the order." in answer.reason


async def test_nothing_personal_and_no_secret_leaves_in_answers_or_exceptions(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    order = sales_order()
    said = [repr(await send(harness, order)), repr(await find(harness, order))]
    echo = {"message": f"The order of {order.ship_to.name} <{order.ship_to.email}> failed"}
    for fault in (
        Fault(status=400, body=echo),
        Fault(status=404, body=echo),
        Fault(status=500, body=echo),
        Fault(kind="error_in_200", body=echo),
    ):
        harness.fault("sales_order", fault)
        said.append(repr(await send(harness, sales_order("x-1", "77"))))
    harness.fault("sales_order", Fault(status=401, body=echo))
    with pytest.raises(Fatal) as trouble:
        await send(harness, sales_order("x-2", "78"))
    said += [str(trouble.value), repr(harness.connector), repr(harness.settings), caplog.text]
    assert [word for word in (*PERSONAL, *SECRETS) if any(word in text for text in said)] == []


async def test_real_buckets_hold_the_calls_to_the_rate() -> None:
    harness = stocked(Harness(calls_per_minute=60))
    budgets = BucketBudgets(harness.clock)
    object.__setattr__(harness.surroundings, "budgets", budgets)
    began_at = harness.clock.now()
    for number in range(70):
        assert isinstance(await send(harness, sales_order(f"{number}-A", f"90{number}")), Done)
    assert (harness.clock.now() - began_at).total_seconds() > 60
