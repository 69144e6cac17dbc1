"""Cancelled pick lists: noticed, put back where the API allows, and told where it does not."""

from datetime import timedelta

import pytest

from connectors.roles import OpenOrder
from domain.answers import Done, Later, Refused, Unknown
from domain.progress import Progress, Stage
from sandbox.deposco import warehouse
from sandbox.deposco.tenant import Order
from sandbox.kit import Fault
from tests.connectors.deposco.harness import Harness
from tests.connectors.making import sales_order


async def opened(**settings: object) -> tuple[Harness, OpenOrder, Order]:
    tenant = Harness(**settings)  # type: ignore[arg-type] # options of any kind
    tenant.put_item("MUG-1", 1_000)
    tenant.put_item("BOWL-1", 1_000)
    order = await tenant.created(sales_order())
    return tenant, order, tenant.sandbox.tenant.order(int(order.external_id))


async def shown(tenant: Harness, order: OpenOrder, minutes: float = 10) -> Progress | None:
    since = tenant.clock.now() - timedelta(minutes=minutes)
    return next(iter(await tenant.connector.progress(since, [order])), None)


@pytest.mark.parametrize(
    ("status", "stage", "can_requeue"),
    [
        ("New", Stage.WAITING, True),
        ("Ready for Fulfillment", Stage.WAITING, True),
        ("Wave Built", Stage.ASIDE, True),  # its wave is no more
        ("Hold", Stage.ASIDE, True),
        ("Draft", Stage.ASIDE, True),
        ("Back Ordered", Stage.SHORT, True),
        ("Partially Released", Stage.IN_WORK, False),
        ("Picking", Stage.IN_WORK, False),
        ("Loaded", Stage.IN_WORK, False),
        ("Partially Shipped", Stage.IN_WORK, False),
        ("Ship Complete", Stage.FINISHED, False),
        ("Canceled", Stage.CANCELLED, False),
        ("Melting", Stage.UNHEARD_OF, False),
    ],
)
async def test_every_status_has_its_stage(
    status: str, stage: Stage, *, can_requeue: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, order, entry = await opened()
    monkeypatch.setattr(type(tenant.sandbox.tenant), "plan", lambda _self: None)
    entry.status = status
    assert await shown(tenant, order) == Progress(order.key, stage, can_requeue)


async def test_an_order_in_a_wave_waits() -> None:
    tenant, order, entry = await opened()
    entry.status, entry.pick_wave = "Wave Built", 77
    assert await shown(tenant, order) == Progress(order.key, Stage.WAITING, can_requeue=True)


async def test_an_order_on_hold_is_seen_however_long_ago_it_changed() -> None:
    tenant, order, _ = await opened()
    tenant.sandbox.void_pick(order.external_id)
    tenant.clock.move(86_400)
    assert await shown(tenant, order) == Progress(order.key, Stage.ASIDE, can_requeue=True)


async def test_what_did_not_change_and_stands_nowhere_aside_is_not_told() -> None:
    tenant, order, _ = await opened()
    await shown(tenant, order)
    tenant.clock.move(86_400)
    assert await shown(tenant, order) is None


async def test_an_order_put_back_is_in_the_warehouses_queue() -> None:
    tenant, order, _ = await opened()
    tenant.sandbox.void_pick(order.external_id)
    assert tenant.sandbox.open_orders() == []
    for _ in range(2):  # saying it twice does no harm where the order still stands so
        answer = await tenant.connector.requeue(order)
        assert isinstance(answer, Done | Refused)
        tenant.sandbox.tenant.order(int(order.external_id)).status = "Hold"
    assert isinstance(await tenant.connector.requeue(order), Done)
    assert tenant.sandbox.open_orders() == [order.external_id]
    assert tenant.requests[-1].url.params["value"] == "New"


async def test_a_pick_list_cancelled_half_way_is_refused_and_shown_as_aside() -> None:
    tenant, order, entry = await opened()
    warehouse.void_pick(tenant.sandbox.tenant, entry, halfway=True)
    assert await shown(tenant, order) == Progress(order.key, Stage.ASIDE, can_requeue=False)
    assert isinstance(await tenant.connector.requeue(order), Refused)


async def test_where_people_use_hold_on_purpose_nothing_is_put_back() -> None:
    tenant, order, _ = await opened(requeue_held=False)
    tenant.sandbox.void_pick(order.external_id)
    assert await shown(tenant, order) == Progress(order.key, Stage.ASIDE, can_requeue=False)


async def test_an_order_keyed_by_hand_is_never_put_back() -> None:
    tenant, _, _ = await opened()
    keyed = tenant.sandbox.key_order_by_hand("900100300", {"MUG-1": 1})
    tenant.sandbox.void_pick(keyed)
    order = OpenOrder("k", "900100300", keyed)
    assert await shown(tenant, order) == Progress("k", Stage.ASIDE, can_requeue=False)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=500), Unknown),
        (Fault("html", status=200), Unknown),
        (Fault("error_in_200", body={"errors": []}), Unknown),
        (Fault(status=409, body={}), Later),
    ],
)
async def test_no_answer_is_called_done_that_does_not_show_it(fault: Fault, expected: type) -> None:
    tenant, order, _ = await opened()
    tenant.sandbox.void_pick(order.external_id)
    tenant.fault("status", fault)
    assert isinstance(await tenant.connector.requeue(order), expected)


@pytest.mark.parametrize("ignored", [{"updatedAfter"}, {"orderStatus"}, {"updatedAfter", "orderStatus"}])
async def test_ignored_filters_cost_one_page_each_and_show_nothing_wrong(ignored: set[str]) -> None:
    tenant, order, _ = await opened()
    for number in range(60):
        await tenant.created(sales_order(f"54{number:02d}-A", f"8001002{number:02d}"))
    await shown(tenant, order)
    tenant.clock.move(86_400)
    latest = await tenant.created(sales_order("5600-A", "900100600"))
    tenant.sandbox.void_pick(latest.external_id)
    tenant.sandbox.switches.ignored = frozenset(ignored)
    tenant.requests.clear()
    assert await shown(tenant, latest) == Progress(latest.key, Stage.ASIDE, can_requeue=True)
    assert tenant.calls("find_sales_order") == 2
