"""The pretend marketplace's offers and files: worked off later, one after the other, with a report."""

import csv
import io
from typing import Any

import pytest

from sandbox.mirakl.server import MAXIMUM_FREQUENCIES
from tests.sandbox.mirakl.shop import ACCOUNT, Desk

HEADER = '"offer-sku";"quantity";"warehouse-code";"update-delete"\n'


def stock(**quantities: object) -> str:
    return HEADER + "".join(f'"{sku}";"{quantity}";"";"UPDATE"\n' for sku, quantity in quantities.items())


async def status(desk: Desk, import_id: str) -> Any:
    return await desk.get(f"/api/offers/stock/imports/{import_id}/status")


async def test_a_stock_file_is_taken_at_once_and_worked_off_later() -> None:
    desk = Desk()
    desk.offer("A")
    answer = await desk.upload(stock(A=3))
    import_id = answer.json()["import_id"]
    assert (answer.status_code, type(import_id)) == (201, str)
    assert answer.headers["location"].endswith(f"/{import_id}/status")
    seen = []
    for seconds in (1, 14, 14):
        desk.clock.move(seconds)
        seen.append(((await status(desk, import_id))["status"], desk.market.published(ACCOUNT, "A")))
    assert seen == [("WAITING", 10), ("RUNNING", 10), ("COMPLETE", 3)]


async def test_files_are_worked_off_in_the_order_in_which_they_came() -> None:
    desk = Desk()
    desk.offer("A")
    await desk.upload(stock(A=3))
    await desk.upload(stock(A=4))
    desk.clock.move(26)
    assert desk.market.published(ACCOUNT, "A") == 3
    desk.clock.move(25)
    assert desk.market.published(ACCOUNT, "A") == 4


async def test_a_complete_file_may_have_errors_and_a_report_of_them() -> None:
    desk = Desk()
    desk.offer("A", "B")
    import_id = (await desk.upload(stock(A=3, NOBODY=1, B="two"))).json()["import_id"]
    desk.clock.move(26)
    told = await status(desk, import_id)
    assert {name: told[name] for name in ("status", "has_error_report", "lines_in_success", "lines_in_error")} == {
        "status": "COMPLETE",
        "has_error_report": True,
        "lines_in_success": 1,
        "lines_in_error": 2,
    }
    report = await desk.call("GET", f"/api/offers/stock/imports/{import_id}/error_report")
    assert report.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(report.text), delimiter=";"))
    assert [(row["error-line"], row["offer-sku"]) for row in rows] == [("3", "NOBODY"), ("4", "B")]


async def test_a_clean_file_has_no_report_and_a_wrong_one_fails() -> None:
    desk = Desk()
    desk.offer("A")
    clean = (await desk.upload(stock(A=3))).json()["import_id"]
    wrong = (await desk.upload("sku,units\nA,3\n")).json()["import_id"]
    desk.clock.move(60)
    assert (await desk.call("GET", f"/api/offers/stock/imports/{clean}/error_report")).status_code == 404
    assert (await status(desk, wrong))["status"] == "FAILED"
    assert (await desk.call("GET", "/api/offers/stock/imports/99/status")).status_code == 404
    assert (await desk.call("POST", "/api/offers/stock/imports", json={})).status_code == 415


async def test_a_busy_catalogue_lets_files_wait() -> None:
    desk = Desk()
    desk.offer("A")
    await desk.upload(stock(A=3))
    desk.market.publishing(ACCOUNT, "A", 400)
    desk.clock.move(300)
    assert desk.market.published(ACCOUNT, "A") == 10
    desk.clock.move(101)
    assert desk.market.published(ACCOUNT, "A") == 3


async def test_replace_mode_truly_deletes_what_the_file_does_not_name() -> None:
    desk = Desk()
    desk.offer("A", "B", "C")
    file = '"sku";"quantity"\n"A";"5"\n'
    assert (await desk.upload(file, "/api/offers/imports", import_mode="PARTIAL")).status_code == 400
    await desk.upload(file, "/api/offers/imports", import_mode="NORMAL")
    desk.clock.move(26)
    assert len((await desk.get("/api/offers"))["offers"]) == 3
    await desk.upload(file, "/api/offers/imports", import_mode="REPLACE")
    desk.clock.move(26)
    assert [one["shop_sku"] for one in (await desk.get("/api/offers"))["offers"]] == ["A"]
    assert sorted(desk.market.dump()["accounts"][ACCOUNT]["deleted_offers"]) == ["B", "C"]


async def test_an_offer_that_is_sent_without_a_field_loses_it() -> None:
    desk = Desk()
    desk.offer("A")
    offer = {"shop_sku": "A", "state_code": "11", "price": 20, "update_delete": ""}
    answer = await desk.call("POST", "/api/offers", json={"offers": [offer]})
    assert (answer.status_code, type(answer.json()["import_id"])) == (201, int)
    desk.clock.move(26)
    [shown] = (await desk.get("/api/offers", sku="A"))["offers"]
    assert (shown["quantity"], "leadtime_to_ship" in shown) == (0, False)
    del offer["price"]
    assert (await desk.call("POST", "/api/offers", json={"offers": [offer]})).status_code == 400


async def test_a_purchase_takes_all_of_it_off_the_offers_or_nothing() -> None:
    desk = Desk()
    desk.offer("A", "B", quantity=2)
    assert desk.market.buy_basket(ACCOUNT, {"A": 1, "B": 3}) is None
    assert desk.market.buy_basket(ACCOUNT, {"A": 1, "B": 2})
    assert [desk.market.published(ACCOUNT, sku) for sku in "AB"] == [1, 0]
    ids = desk.market.buy_together(ACCOUNT, [{"A": 1}, {}])
    assert [one.rpartition("-")[2] for one in ids] == ["A", "B"]


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("OR11", "GET", "/api/orders"),
        ("STO01", "POST", "/api/offers/stock/imports"),
        ("STO02", "GET", "/api/offers/stock/imports/1/status"),
        ("STO03", "GET", "/api/offers/stock/imports/1/error_report"),
        ("OF24", "POST", "/api/offers"),
    ],
)
async def test_each_operation_has_its_published_frequency(name: str, method: str, path: str) -> None:
    desk = Desk(frequencies=MAXIMUM_FREQUENCIES)
    assert (await desk.call(method, path)).status_code != 429
    refused = await desk.call(method, path)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == MAXIMUM_FREQUENCIES[name][1]
    desk.clock.move(MAXIMUM_FREQUENCIES[name][1])
    assert (await desk.call(method, path)).status_code != 429


async def test_further_pages_and_orders_by_id_are_page_views() -> None:
    desk = Desk(frequencies=MAXIMUM_FREQUENCIES)
    for _ in range(3):
        await desk.get("/api/orders", offset=10)
        await desk.get("/api/orders", order_ids="x")
    await desk.get("/api/orders")
    assert (await desk.call("GET", "/api/orders")).status_code == 429


async def test_shops_see_their_own_only() -> None:
    desk = Desk()
    desk.offer("A")
    desk.market.place_order(ACCOUNT, {"A": 1})
    for path, name in (("/api/orders", "orders"), ("/api/offers", "offers")):
        answer = await desk.call("GET", path, key="other")
        assert answer.json()[name] == []
