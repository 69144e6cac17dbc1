"""The door: key, limit, the two kinds of 429, stumbles, searches, and typed JSON in both spellings."""

from typing import Any

import httpx
import pytest

from tests.sandbox.fulfil.desk import CHANNEL, JUG, MUG, Desk, dec, order


async def test_a_wrong_key_is_denied_with_403() -> None:
    answer = await Desk().client.put(
        "/api/v2/model/sale.sale/search", content=b"[[]]", headers={"x-api-key": "another"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, 403)


async def test_too_many_calls_and_too_many_rows_are_both_429_and_only_one_passes_with_time() -> None:
    desk = Desk(calls_per_minute=2)
    big = [[], 0, 501, None, ["id"]]
    too_big = await desk.ask("product.product/search_read", big)
    assert too_big.status_code == 429
    assert too_big.json()["description"].startswith("Page size cannot exceed")
    assert "retry-after" not in too_big.headers
    await desk.value("product.product/search", [[]])
    too_often = await desk.ask("product.product/search", [[]])
    assert (too_often.status_code, too_often.json()["name"]) == (429, "Too Many Requests")
    assert int(too_often.headers["retry-after"]) == 61
    desk.clock.move(61)
    assert (await desk.ask("product.product/search", [[]])).status_code == 200
    assert (await desk.ask("product.product/search_read", big)).status_code == 429
    assert desk.system.limits() == {"tenant": 2}


async def test_more_than_five_hundred_ids_are_no_page() -> None:
    desk = Desk()
    assert (await desk.ask("product.product/read", [[1] * 501, ["code"]])).status_code == 429


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("sale.sale/search", [7]),
        ("sale.sale/search", [[["reference", "resembles", "x"]]]),
        ("sale.sale/search", [[["no_such_field", "=", 1]]]),
        ("sale.sale/read", [[], "id"]),
        ("sale.channel/create_order", [CHANNEL]),
    ],
    ids=str,
)
async def test_a_malformed_argument_is_a_500_with_the_sentrys_number(path: str, arguments: Any) -> None:
    answer = await Desk().ask(path, arguments)
    assert answer.status_code == 500
    assert answer.headers["x-sentry-id"]


@pytest.mark.parametrize("path", ["no.model/search", "sale.sale/no_method", "sale.sale/999/cancel"])
async def test_what_is_not_there_is_404(path: str) -> None:
    assert (await Desk().ask(path, [[]])).status_code == 404


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ([["code", "=", MUG]], [MUG]),
        (["AND", ["code", "=", MUG], ["upc", "=", "5012345678900"]], [MUG]),
        (["OR", ["code", "=", MUG], ["code", "=", JUG]], [MUG, JUG]),
        ([["OR", ["code", "=", "?"], ["code", "in", [JUG]]], ["id", ">", 0]], [JUG]),
        ([["code", "ilike", "%jug%"]], [JUG]),
        ([["code", "like", "%jug%"]], []),
        ([["code", "!=", MUG]], [JUG]),
        ([["code", "not in", [MUG, JUG]]], []),
        ([["upc", "=", None]], [JUG]),
        ([["active", "in", [True, False]]], [MUG, JUG, "OLD"]),
        ([["active", "=", False]], ["OLD"]),
        ([], [MUG, JUG]),
    ],
    ids=str,
)
async def test_a_domain_finds_what_it_says(domain: Any, found: list[str]) -> None:
    desk = Desk()
    desk.system.add_product(sku="OLD", ean=None, quantity=0)
    desk.system.tenant.products["OLD"].active = False
    rows = await desk.value("product.product/search_read", [domain, None, None, None, ["code"]])
    assert [row["code"] for row in rows] == found
    assert await desk.value("product/search_count", {"filters": domain}) == len(found)


async def test_pages_go_forward_by_offset_by_id_and_backwards() -> None:
    desk = Desk()
    first, second = await desk.value("product.product/search", [[], 0, 9, [["id", "ASC"]]])
    assert await desk.value("product.product/search", [[], 1, 1, None]) == [second]
    assert await desk.value("product.product/search", [[["id", ">", first]], 0, 1, [["id", "ASC"]]]) == [second]
    assert await desk.value("product.product/search", [[], 0, 1, [["code", "ASC"]]]) == [second]
    assert await desk.value("product.product/search", [[], 0, 2, [["id", "DESC"]]]) == [second, first]


async def test_a_dotted_field_goes_through_one_record_and_not_through_a_list() -> None:
    desk = Desk()
    sale = await desk.create()
    [line] = await desk.field("sale.sale", sale, "lines")
    assert await desk.field("sale.line", line, "product.code") == MUG
    assert await desk.field("sale.line", line, "sale.channel.code") == "john-lewis"
    assert (await desk.ask("sale.sale/read", [[sale], ["lines.quantity"]])).status_code == 500


async def test_typed_values_come_in_one_piece_and_exploded() -> None:
    desk = Desk()
    sale = await desk.create()
    moments = [await desk.field("sale.sale", sale, "create_date") for _ in range(2)]
    assert {"__class__": "datetime", "iso_string": "2026-03-02T09:00:00"} in moments
    exploded = {"year": 2026, "month": 3, "day": 2, "hour": 9, "minute": 0, "second": 0, "microsecond": 0}
    assert {"__class__": "datetime", **exploded} in moments
    days = [await desk.field("sale.sale", sale, "sale_date") for _ in range(2)]
    assert {"__class__": "date", "iso_string": "2026-03-02"} in days
    assert {"__class__": "date", "year": 2026, "month": 3, "day": 2} in days
    assert await desk.field("sale.sale", sale, "untaxed_amount") == dec("20.00")


async def test_a_time_in_a_domain_is_typed_too() -> None:
    desk = Desk()
    await desk.create()
    for at, found in (("2026-03-02T09:00:00", 1), ("2026-03-02T09:00:01", 0)):
        since = [["create_date", ">=", {"__class__": "datetime", "iso_string": at}]]
        assert await desk.value("sale.sale/search_count", [since]) == found


async def test_one_record_may_be_got_by_its_id_with_all_its_fields() -> None:
    desk = Desk()
    sale = await desk.create()
    answer = await desk.client.get(f"/api/v2/model/sales_order/{sale}")
    assert answer.json()["reference"] == "900100200"


async def test_calls_are_counted_by_model_and_method_and_preferences_answer() -> None:
    desk = Desk()
    assert (await desk.value("res.user/get_preferences", [True]))["timezone"] == "Europe/London"
    await desk.create()
    sale = await desk.create(identifier="JL-2")
    await desk.ask(f"sale.sale/{sale}/cancel")
    counted: httpx.Response = await desk.client.get("/_sandbox/calls")
    calls = counted.json()["calls"]
    assert calls["PUT /api/v2/model/sale.channel/create_order"] == 2
    assert calls["PUT /api/v2/model/sale.sale/{id}/cancel"] == 1
    assert order("JL-9")["channel_identifier"] == "JL-9"
