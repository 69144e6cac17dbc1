"""Orders, stock, shipments and pushes, as the vendor's documents tell them."""

import base64
import hmac
import json
from typing import Any

import pytest

from sandbox.audit import audit
from sandbox.fulfil import Fulfil
from tests.doubles import ManualClock
from tests.sandbox.fulfil.desk import ADDRESS, CHANNEL, JUG, MUG, SECRET, Desk, dec, order


async def test_the_same_channel_identifier_is_one_order_and_a_repeat_changes_nothing() -> None:
    desk = Desk()
    first = await desk.create()
    assert await desk.create() == first
    assert await desk.create(reference="another") == first
    assert await desk.field("sale.sale", first, "reference") == "900100200"
    assert await desk.create(identifier="JL-2") != first
    assert await desk.value("sale.sale/search_count", [[]]) == 2


async def test_the_answer_is_a_record_alone_or_in_a_list() -> None:
    desk = Desk()
    answers = [
        await desk.value("sale.channel/create_order", [CHANNEL, order(f"JL-{number}", sale_lines=lines)])
        for number, lines in enumerate([order()["sale_lines"]] * 8)
    ]
    assert {type(answer) for answer in answers} <= {dict, list}
    plain = [answer[0] if isinstance(answer, list) else answer for answer in answers]
    assert all(each["model_name"] == "sale.sale" and each["rec_name"] == f"SO{each['id']}" for each in plain)
    desk.system.switches.wraps = False
    assert isinstance(await desk.value("sale.channel/create_order", [CHANNEL, order("JL-99")]), dict)
    desk.system.switches.async_results = True
    job = await desk.value("sale.channel/create_order", [CHANNEL, order("JL-100")])
    assert job["__class__"] == "AsyncResult"


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": ""},
        {"sale_lines": []},
        {"status": "paid"},
        {"financial_status": "settled"},
        {"fulfillment_status": "sent"},
        {"amount": dec("24.01")},
        {"amount": "many"},
        {"currency_code": "USD"},
        {"payment_term": "NET 31"},
        {"confirmed_at": "2026-03-02T08:00:00"},
        {"shipping_address": {**ADDRESS, "country_code": "United Kingdom"}},
        {"customer": {"name": "Z", "contacts": [["email"]]}},
        {"payments": [{"amount": "24.00", "method": "barter"}]},
        {"sale_lines": [{**order()["sale_lines"][0], "amount": "21.00"}], "amount": "25.00"},
        {"sale_lines": [{**order()["sale_lines"][0], "tax_lines": [{"name": "Tea tax", "rate": 1, "amount": "4"}]}]},
        {"sale_lines": [{**order()["sale_lines"][0], "fulfil_strategy": "carry"}]},
    ],
    ids=str,
)
async def test_what_the_rules_forbid_is_refused_and_nothing_is_made(changes: dict[str, Any]) -> None:
    desk = Desk()
    answer = await desk.ask("sale.channel/create_order", [CHANNEL, order(**changes)])
    assert (answer.status_code, answer.json()["type"]) == (400, "UserError")
    assert await desk.value("sale.sale/search_count", [[]]) == 0


async def test_a_channel_that_is_not_ours_takes_no_order() -> None:
    assert (await Desk().ask("sale.channel/create_order", [999, order()])).status_code == 400


async def test_an_unknown_sku_makes_an_order_without_its_line_or_is_refused() -> None:
    desk = Desk()
    lines = [{**order()["sale_lines"][0], "sku": "NO-SUCH"}]
    sale = await desk.create(sale_lines=lines)
    assert await desk.field("sale.sale", sale, "has_channel_exception") is True
    assert (await desk.field("sale.sale", sale, "lines"), await desk.field("sale.sale", sale, "state")) == ([], "draft")
    desk.system.switches.unknown_sku = "refuse"
    refused = await desk.ask("sale.channel/create_order", [CHANNEL, order("JL-2", sale_lines=lines)])
    assert refused.status_code == 400


async def test_an_order_is_planned_at_once_or_after_its_time_as_a_draft() -> None:
    desk = Desk()
    assert await desk.field("sale.sale", await desk.create(), "state") == "processing"
    desk.system.switches.processing_seconds = 60
    slow = await desk.create(identifier="JL-2")
    assert await desk.field("sale.sale", slow, "state") == "draft"
    assert (await desk.stock())[MUG] == (10, 8), "a draft is not deducted"
    assert desk.system.free(MUG) == 6, "and is promised all the same"
    desk.clock.move(60)
    assert await desk.field("sale.sale", slow, "state") == "processing"
    assert (await desk.stock())[MUG] == (10, 6)
    given_up = await desk.create(identifier="JL-3")
    assert desk.system.free(MUG) == 4
    assert (await desk.ask(f"sale.sale/{given_up}/cancel")).status_code == 200
    desk.clock.move(60)
    assert await desk.field("sale.sale", given_up, "state") == "cancel"
    assert ((await desk.stock())[MUG], desk.system.free(MUG)) == ((10, 6), 6)


async def test_available_is_on_hand_without_what_is_promised_and_may_be_negative() -> None:
    desk = Desk()
    tax = [{"name": "UK Standard VAT", "rate": 0.2, "amount": "24.00"}]
    many = [{**order()["sale_lines"][0], "quantity": 12, "amount": "120.00", "tax_lines": tax}]
    sale = await desk.create(sale_lines=many, amount="144.00")
    assert (await desk.stock())[MUG] == (10, -2)
    [shipment] = await desk.field("sale.sale", sale, "shipments")
    assert await desk.field("stock.shipment.out", shipment, "state") == "waiting"
    assert desk.system.open_orders() == []
    with pytest.raises(ValueError, match="assigned"):
        desk.system.ship(str(sale), "DPD", "1")
    desk.system.receive_stock(MUG, 2)
    assert await desk.field("customer_shipment", shipment, "state") == "assigned"
    assert desk.system.open_orders() == [str(sale)]
    desk.system.receive_stock(MUG, -1)
    assert await desk.field("customer_shipment", shipment, "state") == "waiting"
    with pytest.raises(ValueError, match="there"):
        desk.system.receive_stock(MUG, -99)


async def test_stock_is_counted_where_the_context_says_and_several_places_are_summed() -> None:
    desk = Desk()
    desk.system.add_product(sku="LAMP", ean=None, quantity=5, warehouse="OUTLET")
    main, outlet = (desk.system.tenant.warehouses[code].id for code in ("MAIN", "OUTLET"))
    assert (await desk.stock(outlet))["LAMP"] == (5, 5)
    assert (await desk.stock(main))["LAMP"] == (0, 0)
    assert (await desk.stock(main + 1))[MUG] == (10, 10), "its storage zone"
    lamp = desk.system.tenant.products["LAMP"].id
    arguments = [[lamp], ["quantity_available"]]
    both = await desk.value("product.product/read", arguments, locations=[main, outlet])
    nowhere = await desk.value("product.product/read", arguments)
    assert [both[0]["quantity_available"], nowhere[0]["quantity_available"]] == [5, 0]
    places = await desk.value("stock.location/search_read", [[["type", "=", "warehouse"]], None, None, None, ["code"]])
    assert [place["code"] for place in places] == ["MAIN", "OUTLET"]


async def test_the_tenant_routes_by_itself_one_shipment_a_warehouse() -> None:
    desk = Desk()
    desk.system.add_product(sku="LAMP", ean=None, quantity=5, warehouse="OUTLET")
    lines = [order()["sale_lines"][0], {**order()["sale_lines"][0], "sku": "LAMP"}]
    sale = await desk.create(sale_lines=lines, amount="48.00")
    shipments = await desk.field("sale.sale", sale, "shipments")
    assert len(shipments) == 2
    codes = {await desk.field("stock.shipment.out", each, "warehouse.code") for each in shipments}
    assert codes == {"MAIN", "OUTLET"}


async def test_a_shipment_that_left_shows_its_day_its_number_and_moves_of_both_kinds() -> None:
    desk = Desk()
    sale = await desk.create()
    desk.system.ship(str(sale), "Royal Mail|Tracked 24", "JD1")
    [shipment] = await desk.field("sale.sale", sale, "shipments")
    fields = [
        "state",
        "moves",
        "inventory_moves",
        "tracking_number_blurb",
        "carrier.rec_name",
        "carrier_service.rec_name",
    ]
    [row] = await desk.value("stock.shipment.out/read", [[shipment], [*fields, "shipping_instructions", "reference"]])
    assert (row["state"], await desk.field("sale.sale", sale, "state")) == ("done", "done")
    assert (row["carrier.rec_name"], row["carrier_service.rec_name"]) == ("Royal Mail", "Tracked 24")
    assert row["tracking_number_blurb"]["title"] == "JD1"
    assert ["Carrier", "Royal Mail"] in row["tracking_number_blurb"]["subtitle"]
    assert (row["shipping_instructions"], row["reference"]) == ("order 900100200", "900100200")
    assert (len(row["moves"]), len(row["inventory_moves"])) == (2, 1)
    assert set(row["inventory_moves"]) < set(row["moves"])
    desk.system.switches.inner_moves = False
    assert len(await desk.field("stock.shipment.out", shipment, "moves")) == 1
    assert (await desk.stock())[MUG] == (8, 8)
    assert desk.system.open_orders() == []


async def test_a_part_that_leaves_splits_the_shipment() -> None:
    desk = Desk()
    sale = await desk.create()
    desk.system.ship(str(sale), "DPD", "", {MUG: 1})
    with pytest.raises(ValueError, match="cannot ship"):
        desk.system.ship(str(sale), "DPD", "2", {MUG: 2})
    assert (await desk.stock())[MUG] == (9, 8)
    assert desk.system.open_orders() == [str(sale)]
    desk.system.add_tracking(str(sale), "LATE")
    with pytest.raises(ValueError, match="without a tracking number"):
        desk.system.add_tracking(str(sale), "AGAIN")
    desk.system.ship(str(sale), "DPD", "2")
    [dumped] = desk.system.dump()["orders"]
    assert [(each["tracking"], each["lines"]) for each in dumped["shipments"]] == [("LATE", {MUG: 1}), ("2", {MUG: 1})]
    assert (dumped["lines"][0]["shipped"], dumped["state"]) == (2, "done")
    assert (await desk.stock())[MUG] == (8, 8)


async def test_a_sale_is_cancelled_after_its_shipments_and_never_once_packed() -> None:
    desk = Desk()
    sale = await desk.create()
    [shipment] = await desk.field("sale.sale", sale, "shipments")
    assert (await desk.ask(f"sale.sale/{sale}/cancel")).status_code == 400
    assert (await desk.ask(f"stock.shipment.out/{shipment}/cancel")).status_code == 200
    assert (await desk.ask(f"sale.sale/{sale}/cancel")).status_code == 200
    assert await desk.field("sale.sale", sale, "state") == "cancel"
    desk.system.switches.cancelled_is = "cancelled"
    assert await desk.field("sale.sale", sale, "state") == "cancelled"
    assert (await desk.stock())[MUG] == (10, 10)
    other = await desk.create(identifier="JL-2")
    [packed] = await desk.field("sale.sale", other, "shipments")
    assert (await desk.ask(f"stock.shipment.out/{packed}/pack")).status_code == 200
    assert (await desk.ask(f"stock.shipment.out/{packed}/cancel")).status_code == 400
    assert (await desk.ask(f"stock.shipment.out/{packed}/done")).status_code == 200
    assert await desk.field("sale.sale", other, "state") == "done"


async def test_the_web_shop_sells_only_what_is_free_and_a_return_is_no_order() -> None:
    desk = Desk()
    desk.system.switches.processing_seconds = 60
    assert desk.system.sell_elsewhere(JUG, 4)
    assert (await desk.stock())[JUG] == (4, 0)
    assert not desk.system.sell_elsewhere(JUG, 1)
    desk.system.key_order_by_hand("900100200", {MUG: 1}, is_return=True)
    assert [one["channel"] for one in desk.system.dump()["orders"]] == ["web"]
    assert desk.system.free(MUG) == 10


async def test_the_audit_reads_the_dump_and_a_cancelled_order_counts_as_gone() -> None:
    desk = Desk()
    sale = await desk.create()
    [shipment] = await desk.field("sale.sale", sale, "shipments")
    listing = {"sku": MUG, "published": [["2026-03-02T09:00:00+00:00", 10]]}
    line = {"line": "1", "sku": MUG, "quantity": 2, "status": "ORDER_ACK", "dispatches": []}
    times = {"placed_at": "2026-03-02T08:00:00+00:00", "acknowledged_at": "2026-03-02T09:00:00+00:00"}
    offered = {"reference": "900100200", "lines": [line], "cancel_requested_at": None, **times}
    account = {"orders": [offered], "listings": [listing]}
    dumps = [{"system": "edge", "kind": "marketplace", "accounts": {"acme": account}}, desk.system.dump()]
    total = audit(dumps)["total"]
    assert (total["orders_in_back_office"], total["orders_missing"], total["orders_duplicated"]) == (1, 0, 0)
    await desk.ask(f"stock.shipment.out/{shipment}/cancel")
    await desk.ask(f"sale.sale/{sale}/cancel")
    assert audit([dumps[0], desk.system.dump()])["total"]["orders_missing"] == 1


# ---- pushes


async def test_news_is_pushed_signed_and_kept_until_it_is_taken() -> None:
    desk = Desk(push_to="https://ours.example/p", webhook_secret=SECRET)
    desk.system.pushes.outbox.clear()
    sale = await desk.create()
    desk.system.ship(str(sale), "DPD", "")
    desk.system.add_tracking(str(sale), "LATE")
    sent: list[tuple[str, dict[str, str], bytes]] = []
    answers = [200, 503]

    async def send(url: str, headers: dict[str, str], body: bytes) -> int:
        sent.append((url, headers, body))
        return answers.pop(0) if answers else 204

    assert await desk.system.pushes.deliver(send) == 1
    assert await desk.system.pushes.deliver(send) == 2
    assert not desk.system.pushes.outbox
    models = [json.loads(body)["model"] for _, _, body in sent]
    assert models == ["stock.move", "stock.shipment.out", "stock.shipment.out", "stock.shipment.out"]
    for url, headers, body in sent:
        assert url == "https://ours.example/p"
        proof = hmac.digest(base64.b64decode(SECRET), body, "sha256")
        assert base64.b64decode(headers["X-Fulfil-Hmac-SHA256"]) == proof


async def test_nothing_is_pushed_where_nobody_listens_and_never_unsigned() -> None:
    desk = Desk()
    await desk.create()
    assert not desk.system.pushes.outbox
    with pytest.raises(ValueError, match="webhook_secret"):
        Fulfil(ManualClock(), api_key="k", push_to="https://ours.example/p")
