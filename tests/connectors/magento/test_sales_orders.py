"""Orders in: created whole, or refused before anything is written."""

from decimal import Decimal
from typing import Any

import pytest

from domain.answers import Absent, Done, Found, Refused
from domain.records import LineStatus
from tests.connectors.magento.harness import Harness
from tests.connectors.magento.selling import find, send, stocked, stored
from tests.connectors.making import order_line, sales_order


async def test_an_order_is_created_whole(harness: Harness) -> None:
    answer = await send(harness, sales_order(gift_message="For Bob", delivery_service="Standard"))
    assert isinstance(answer, Done)
    order = stored(harness, answer.external_id)
    assert (order["increment_id"], order["ext_order_id"]) == ("JL-5501-A", "900100200")
    assert (order["state"], order["status"]) == ("processing", "processing")
    rates = ("base_to_order_rate", "base_to_global_rate", "store_to_base_rate", "store_to_order_rate")
    assert [order[rate] for rate in rates] == [1, 1, 1, 1]
    assert (order["subtotal"], order["tax_amount"], order["grand_total"]) == (30, 6, 36)
    assert [(i["sku"], i["product_id"], i["qty_ordered"], i["ext_order_item_id"]) for i in order["items"]] == [
        ("MUG-1", 1, 2, "5501-A-1"),
        ("BOWL-1", 2, 1, "5501-A-2"),
    ]
    address = order["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]
    assert address["street"] == ["7 Private Road", "Secret Cottage"]
    assert (address["firstname"], address["lastname"]) == ("Wilhelmina", "Personal")
    assert "Gift message: For Bob" in [history["comment"] for history in order["status_histories"]]
    assert order["shipping_description"] == "John Lewis Marketplace - Standard"


async def test_skus_are_looked_up_once_for_all_orders(harness: Harness) -> None:
    for number in range(3):
        assert isinstance(await send(harness, sales_order(f"{number}-A", f"90{number}")), Done)
    assert (harness.calls("item"), harness.calls("sales_order")) == (1, 3)


async def test_a_product_id_that_the_order_names_is_not_asked_for(harness: Harness) -> None:
    bowl = order_line("L1", "BOWL-1", 1).model_copy(update={"item_id": "2"})
    answer = await send(harness, sales_order(lines=(bowl,)))
    assert isinstance(answer, Done)
    assert harness.calls("item") == 0
    assert [item["product_id"] for item in stored(harness, answer.external_id)["items"]] == [2]


@pytest.mark.parametrize("sku", ["NOPE-1", "mug-1", "MUG-1 ", None])
async def test_a_sku_that_is_not_exactly_the_shops_is_refused_before_anything_is_written(
    harness: Harness, sku: str | None
) -> None:
    answer = await send(harness, sales_order(lines=(order_line("L1", sku, 1),)))
    assert isinstance(answer, Refused)
    assert (answer.hold_type, harness.count()) == ("unknown_sku", {})
    assert "line L1" in answer.reason


async def test_a_sku_with_comma_slash_space_and_plus_is_found(harness: Harness) -> None:
    for number, sku in enumerate(("A,B", "JL/1002 B", "C+D")):
        harness.put_item(sku)
        order = sales_order(
            f"{number}-A", f"90{number}", lines=(order_line("L1", sku, 1), order_line("L2", "MUG-1", 1))
        )
        assert isinstance(await send(harness, order), Done)


@pytest.mark.parametrize(
    ("key", "reference", "word"),
    [("9" * 48, "900", "50"), ("é-1", "900", "50"), ("1-A", "9" * 33, "32"), ("1-A", "900,901", "32")],
)
async def test_a_number_that_the_shop_would_cut_or_split_is_refused(
    harness: Harness, key: str, reference: str, word: str
) -> None:
    answer = await send(harness, sales_order(key, reference))
    assert isinstance(answer, Refused)
    assert word in answer.reason
    assert harness.count() == {}
    assert await find(harness, sales_order(key, reference)) == Absent()


@pytest.mark.parametrize(
    ("changes", "hold_type"),
    [
        ({"gift_message": "Happy \U0001f382"}, "gift_message"),
        ({"ship_to": sales_order().ship_to.model_copy(update={"street": ("\U00020bb7 1",)})}, "address"),
    ],
)
async def test_text_that_the_shop_would_lose_is_never_altered_in_silence(
    harness: Harness, changes: dict[str, Any], hold_type: str
) -> None:
    answer = await send(harness, sales_order().model_copy(update=changes))
    assert isinstance(answer, Refused)
    assert answer.hold_type == hold_type
    assert harness.count() == {}


async def test_the_longest_numbers_are_taken_and_found(harness: Harness) -> None:
    order = sales_order("9" * 47, "8" * 32)
    assert isinstance(await send(harness, order), Done)
    assert isinstance(await find(harness, order), Found)


async def test_cancelled_lines_are_left_out_and_an_order_of_only_those_is_refused(harness: Harness) -> None:
    gone = order_line("L1", "MUG-1", 2, status=LineStatus.CANCELLED)
    order = sales_order(lines=(gone, order_line("L2", "BOWL-1", 1)))
    answer = await send(harness, order)
    assert [item["sku"] for item in stored(harness, answer.external_id)["items"]] == ["BOWL-1"]
    assert isinstance(await find(harness, order), Found)
    assert isinstance(await send(harness, sales_order("2-A", lines=(gone,))), Refused)


async def test_other_characters_are_kept_as_they_are(harness: Harness) -> None:
    answer = await send(harness, sales_order(gift_message="Well done ♥ Łukasz"))
    comments = [history["comment"] for history in stored(harness, answer.external_id)["status_histories"]]
    assert "Gift message: Well done ♥ Łukasz" in comments


@pytest.mark.parametrize("title", ["Mug 🎉", "M" * 256])
async def test_a_title_that_the_shop_would_change_is_left_out(harness: Harness, title: str) -> None:
    answer = await send(harness, sales_order(lines=(order_line("L1", "MUG-1", 1, name=title),)))
    assert [item["name"] for item in stored(harness, answer.external_id)["items"]] == ["MUG-1"]


async def test_two_lines_of_one_sku_stay_two(harness: Harness) -> None:
    order = sales_order(lines=(order_line("L1", "MUG-1", 1), order_line("L2", "MUG-1", 2)))
    answer = await send(harness, order)
    assert len(stored(harness, answer.external_id)["items"]) == 2
    assert isinstance(await find(harness, order), Found)


async def test_missing_contact_fields_are_filled_only_from_the_options() -> None:
    bare = sales_order(ship_to=sales_order().ship_to.model_copy(update={"email": "", "phone": "", "name": "Cher"}))
    plain = stocked(Harness())
    order = stored(plain, (await send(plain, bare)).external_id)
    assert (order["customer_email"], order["billing_address"]["telephone"]) == ("", "")
    assert (order["customer_firstname"], order["customer_lastname"]) == ("", "Cher")
    chosen = stocked(Harness(fallback_email_domain="orders.seller.example", fallback_phone="02079460000"))
    order = stored(chosen, (await send(chosen, bare)).external_id)
    assert order["customer_email"] == "900100200@orders.seller.example"
    assert order["billing_address"]["telephone"] == "02079460000"


async def test_money_that_the_marketplace_did_not_send_is_zero(harness: Harness) -> None:
    nothing = {"unit_price_net": None, "tax_rate": None, "total_gross": None}
    answer = await send(harness, sales_order(lines=(order_line("L1", "MUG-1", 2, **nothing),)))
    order = stored(harness, answer.external_id)
    assert (order["grand_total"], order["tax_amount"], order["items"][0]["price"]) == (0, 0, 0)
    only_gross = {"unit_price_net": None, "total_gross": Decimal("24.00")}
    answer = await send(harness, sales_order("2-A", lines=(order_line("L1", "MUG-1", 2, **only_gross),)))
    order = stored(harness, answer.external_id)
    assert (order["grand_total"], order["tax_amount"], order["items"][0]["price"]) == (24, 4, 10)
