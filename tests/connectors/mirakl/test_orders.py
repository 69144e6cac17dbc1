"""Orders: acceptance, payment, address; one customer's number for several orders; what is held and never guessed."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.mirakl.mapping import read_order
from domain.answers import Absent, Accepted, Contradicted, Done, Fatal, Found, Refused, Unavailable
from domain.records import LineStatus, Received, Reject, SalesOrder
from sandbox.mirakl import Operator
from tests.connectors.mirakl.harness import ACCOUNT, Harness
from tests.contract.joint import walk


async def orders(shop: Harness, cursor: str | None = None) -> tuple[dict[str, SalesOrder], str | None]:
    feed = shop.connector.sales_order_feed
    found: dict[str, SalesOrder] = {}
    while True:
        page = await feed.read(cursor, ())
        found |= {one.record.key: one.record for one in page.received}
        cursor = page.cursor
        if not page.more:
            return found, cursor


def raw(shop: Harness, placed: str, /, **changes: Any) -> dict[str, Any]:
    return {**shop.order(placed).wire("TAX_EXCLUDED", details_before_acceptance=False), **changes}


def status(shop: Harness, order_id: str, **changes: Any) -> LineStatus | str:
    shown = raw(shop, order_id)
    shown["order_lines"][0] |= changes
    outcome = read_order(shown, None)
    return outcome.record.lines[0].status if isinstance(outcome, Received) else outcome.hold_type


async def test_an_order_goes_from_acceptance_over_payment_to_its_address() -> None:
    shop = Harness()
    order_id = shop.place()
    seen, cursor = await orders(shop)
    first = seen[order_id]
    assert (first.address_follows, first.ship_to.name, first.lines[0].status) == (True, "", LineStatus.OPEN)
    assert await shop.connector.acknowledgement_sink.find([shop.acknowledgement(order_id)]) == {order_id: Absent()}
    answer = (await shop.connector.acknowledgement_sink.send([shop.acknowledgement(order_id)]))[order_id]
    assert isinstance(answer, Accepted), "a 204 without a body proves nothing"
    shop.clock.move(30)
    seen, cursor = await orders(shop, cursor)
    assert (seen[order_id].address_follows, seen[order_id].lines[0].status) == (True, LineStatus.ACCEPTED)
    shop.clock.move(200)
    seen, _ = await orders(shop, cursor)
    assert (seen[order_id].address_follows, seen[order_id].ship_to.name) == (False, "Wilhelmina Personal")
    assert seen[order_id].ship_to.country == "GB"


async def test_details_before_acceptance_make_an_order_whole_at_once() -> None:
    shop = Harness(operator=Operator(details_before_acceptance=True))
    order_id = shop.place()
    assert not (await orders(shop))[0][order_id].address_follows


async def test_one_customers_number_is_several_orders_and_they_stay_apart() -> None:
    shop = Harness()
    shop.offer("A"), shop.offer("B")
    ids = shop.sandbox.buy_together("harbour", [{"A": 1}, {"B": 2}])
    assert [one[-2:] for one in ids] == ["-A", "-B"]
    seen, _ = await orders(shop)
    assert {one.reference for one in seen.values()} == set(ids) == {one.key for one in seen.values()}
    assert len({one.rpartition("-")[0] for one in ids}) == 1


async def test_an_order_of_another_shop_is_not_seen() -> None:
    shop = Harness()
    shop.sandbox.place_order("meadow", {"X": 1})
    assert (await orders(shop))[0] == {}


async def test_what_changes_while_we_page_is_brought_by_the_next_walk() -> None:
    shop = Harness()
    placed = [shop.place() for _ in range(150)]
    page = await shop.connector.sales_order_feed.read(None, ())
    shop.clock.move(20)
    shop.order(placed[5]).accept(shop.clock.now())  # on a page that is read already
    rest, cursor = await orders(shop, page.cursor)
    assert {one.record.key for one in page.received} | set(rest) == set(placed)
    again, _ = await orders(shop, cursor)
    assert set(again) == {placed[5]}


@pytest.mark.parametrize("share", [1.0, 0.4, 0.01])
@pytest.mark.parametrize("number", [130, 200, 250, 301])
async def test_a_page_that_repeats_or_overlaps_the_one_before_hides_no_order(number: int, share: float) -> None:
    shop = Harness()
    placed = [shop.place() for _ in range(number)]
    shop.sandbox.repeat_page(ACCOUNT, share)
    seen, cursor = await orders(shop)
    assert sorted(seen) == sorted(placed)
    assert (await orders(shop, cursor))[0] == {}


async def test_a_page_that_is_repeated_again_and_again_is_the_systems_trouble_and_hides_no_order() -> None:
    shop, pages = Harness(), []
    placed = [shop.place() for _ in range(250)]
    for _ in range(4):
        shop.sandbox.repeat_page(ACCOUNT)
    feed = shop.connector.sales_order_feed
    pages.append(await feed.read(None, ()))
    pages.append(await feed.read(pages[-1].cursor, ()))
    with pytest.raises(Unavailable, match="again and again"):
        await feed.read(pages[-1].cursor, ())
    rest, _ = await orders(shop, pages[-1].cursor)
    assert sorted({one.record.key for page in pages for one in page.received} | set(rest)) == sorted(placed)


async def test_an_order_that_enters_the_window_while_we_page_ends_no_walk_and_lengthens_none() -> None:
    shop = Harness()
    old = shop.place()
    shop.clock.move(3_600)
    _, cursor = await orders(shop)
    shop.clock.move(3_600)
    placed = [shop.place() for _ in range(200)]
    page = await shop.connector.sales_order_feed.read(cursor, ())
    shop.order(old).accept(shop.clock.now())  # sorted before all others: every row moves on by one
    rest, cursor = await orders(shop, page.cursor)
    assert sorted({one.record.key for one in page.received} | (set(rest) - {old})) == sorted(placed)
    shop.clock.move(60)
    assert old in rest or old in (await orders(shop, cursor))[0]


async def test_what_was_just_read_costs_no_second_page_each_minute() -> None:
    shop = Harness()
    placed = [shop.place() for _ in range(150)]
    seen, cursor = await orders(shop)
    assert len(seen) == len(placed)
    for _ in range(3):
        shop.clock.move(60)
        _, cursor = await orders(shop, cursor)
    before = shop.sandbox.calls["GET /api/orders"]
    for _ in range(4):
        shop.clock.move(60)
        seen, cursor = await orders(shop, cursor)
        assert seen == {}
    assert shop.sandbox.calls["GET /api/orders"] == before + 4


async def test_an_order_that_shows_nine_minutes_late_is_read_once() -> None:
    shop, given = Harness(), list[str]()
    shop.place()
    _, cursor = await orders(shop)
    for _ in range(15):
        shop.clock.move(60)
        shop.place()  # by which the vendor's clock shows to be right
        _, cursor = await orders(shop, cursor)
    late = shop.place()
    shop.order(late).updated_at -= timedelta(minutes=9)
    for _ in range(25):
        shop.clock.move(60)
        seen, cursor = await orders(shop, cursor)
        given += seen
    assert given == [late]


async def test_a_cursor_of_an_earlier_version_is_walked_from_the_start_of_its_window() -> None:
    shop = Harness()
    order_id = shop.place()
    since = shop.clock.now().isoformat()
    shop.clock.move(60)
    former = {"since": since, "offset": 0, "began_at": None, "seen": [], "shown": [], "again": 0}
    assert set((await orders(shop, json.dumps(former)))[0]) == {order_id}


async def test_a_staged_order_is_left_alone_until_it_is_ours() -> None:
    shop = Harness()
    order_id = shop.place()
    shop.order(order_id).move("STAGING", shop.clock.now())
    seen, cursor = await orders(shop)
    assert seen == {}
    shop.clock.move(30)
    shop.order(order_id).move("WAITING_ACCEPTANCE", shop.clock.now())
    assert set((await orders(shop, cursor))[0]) == {order_id}


async def test_old_history_is_not_read() -> None:
    shop = Harness(options={"history_days": 2})
    shop.place()
    shop.clock.move(3 * 86_400)
    young = shop.place()
    assert young in (await orders(shop))[0]
    assert len((await orders(shop))[0]) == 2, "the old one was refused a day ago: that is a change"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"order_line_state": "WAITING_DEBIT_PAYMENT"}, LineStatus.ACCEPTED),
        ({"order_line_state": "TO_COLLECT"}, LineStatus.DISPATCHED),
        ({"order_line_state": "REFUSED"}, LineStatus.CANCELLED),
        ({"order_line_state": "INCIDENT_OPEN"}, LineStatus.ACCEPTED),
        ({"order_line_state": "INCIDENT_OPEN", "shipped_date": "2026-03-02T09:00:00Z"}, LineStatus.DISPATCHED),
        ({"order_line_state": "REFUNDED"}, LineStatus.CANCELLED),
        ({"order_line_state": "REFUNDED", "shipped_date": "2026-03-02T09:00:00Z"}, LineStatus.RETURNED),
        ({"order_line_state": "SHIPPING", "cancelations": [{"id": "c", "quantity": 2}]}, LineStatus.CANCELLED),
        ({"order_line_state": "SHIPPING", "cancelations": [{"id": "c", "quantity": 1}]}, "contradiction"),
        ({"order_line_state": "MELTED"}, "unknown_value"),
        ({"refunds": [{"id": "r", "refund_state": "WAITING_REFUND", "state": "OLD"}]}, LineStatus.OPEN),
        ({"refunds": [{"id": "r", "state": "REFUNDED"}]}, LineStatus.OPEN),
        ({"refunds": [{"id": "r", "refund_state": "MELTED"}]}, "unknown_value"),
    ],
)
def test_what_a_line_shows_is_read_and_never_guessed(changes: dict[str, Any], shown: LineStatus | str) -> None:
    shop = Harness()
    assert status(shop, shop.place(), **changes) == shown


def test_prices_are_net_whatever_the_tax_mode() -> None:
    shop = Harness()
    shop.offer("A")
    order_id = shop.place({"A": 3})
    for mode in ("TAX_INCLUDED", "TAX_EXCLUDED"):
        outcome = read_order(shop.order(order_id).wire(mode, details_before_acceptance=False), None)
        assert isinstance(outcome, Received)
        [line] = outcome.record.lines
        assert (line.unit_price_net, line.tax, line.total_gross, line.tax_rate) == (20, 12, 72, 20)
    shown = raw(shop, order_id)
    del shown["order_lines"][0]["taxes"]
    outcome = read_order(shown, None)
    assert isinstance(outcome, Received)
    assert (outcome.record.lines[0].tax, outcome.record.lines[0].total_gross) == (None, Decimal(60))


@pytest.mark.parametrize("order_id", ["../admin", "A/B", "", None, 7, "A?b=c", "x" * 200])
def test_an_id_that_could_lead_elsewhere_is_no_id(order_id: Any) -> None:
    shop = Harness()
    assert isinstance(read_order(raw(shop, shop.place(), order_id=order_id), None), Reject)


async def test_an_acceptance_that_came_too_late_is_a_contradiction() -> None:
    shop = Harness()
    record = shop.acknowledgement(shop.place())
    shop.clock.move(49 * 3600)
    answer = (await shop.connector.acknowledgement_sink.send([record]))[record.key]
    assert isinstance(answer, Refused)
    assert answer.hold_type == "contradiction"
    assert isinstance((await shop.connector.acknowledgement_sink.find([record]))[record.key], Contradicted)


async def test_an_acceptance_that_was_done_before_is_done() -> None:
    shop = Harness()
    record = shop.acknowledgement(shop.place())
    await shop.connector.acknowledgement_sink.send([record])
    assert isinstance((await shop.connector.acknowledgement_sink.send([record]))[record.key], Done)
    shop.sandbox.request_cancellation("harbour", record.key)
    found = (await shop.connector.acknowledgement_sink.find([record]))[record.key]
    assert isinstance(found, Found), "nothing is left to accept"


async def test_an_order_with_a_line_left_undecided_is_refused() -> None:
    shop = Harness()
    record = shop.acknowledgement(shop.place())
    part = record.model_copy(update={"lines": record.lines[:1]})
    answer = (await shop.connector.acknowledgement_sink.send([part]))[part.key]
    assert isinstance(answer, Refused)
    assert "ORDER_LINE_ACCEPTANCE_DECISION_MISSING" in answer.reason


async def test_the_key_may_be_a_bearer_token_and_a_wrong_one_is_fatal() -> None:
    shop = Harness(options={"sign_in": "bearer", "shop_id": 2001})
    assert "marketplace" in await shop.connector.check()
    shop.settings = shop.settings.model_copy(update={"api_key": SecretStr("wrong")})
    with pytest.raises(Fatal, match="Check api_key"):
        await shop.connect().check()


async def test_the_check_tells_the_model_and_what_does_not_fit() -> None:
    assert "dropship" in await Harness(operator=Operator(model="DROPSHIP")).connector.check()
    with pytest.raises(Fatal, match="ship_by"):
        await Harness(several_shipments=False).connector.check()
    assert await Harness(several_shipments=False, options={"ship_by": "orders"}).connector.check()
    with pytest.raises(Fatal, match="model"):
        await Harness(operator=Operator(model="BAZAAR")).connector.check()


async def test_offers_are_the_listings() -> None:
    shop = Harness()
    sku = shop.offer()
    case = next(iter(shop.feeds.values()))
    [page] = await walk(shop.connector.item_feed, case)
    item = page.received[0].record
    assert (item.sku, item.ean, page.complete) == (sku, "5000000000012", True)
