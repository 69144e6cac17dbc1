"""What warehouse and web shop do, and what the sandbox tells of it."""

import pytest

from sandbox.magento.answers import Refused
from sandbox.trade import BackOffice
from tests.sandbox.magento.shop import Shop, one


async def test_the_world_sees_the_physical_truth_not_the_salable_number(shop: Shop) -> None:
    world: BackOffice = shop.magento
    await shop.order(8, ext_order_id="JL-1")
    assert (world.free("MUG"), (await shop.stock())[1]) == (2, 10)
    assert world.sell_elsewhere("MUG", 3) is False
    assert world.sell_elsewhere("MUG", 2) is True
    assert (world.free("MUG"), (await shop.stock())[1]) == (0, 8)
    world.receive_stock("MUG", 5)
    world.receive_stock("MUG", -1)
    assert world.free("MUG") == 4
    with pytest.raises(ValueError, match="on the shelf"):
        world.receive_stock("MUG", -100)
    assert [world.order_reference(order_id) for order_id in world.open_orders()] == ["JL-1", ""]


async def test_a_web_shop_that_trusts_the_salable_number_oversells() -> None:
    shop = Shop(web_shop_trusts_salable=True)
    await shop.order(8)
    assert shop.magento.sell_elsewhere("MUG", 9) is True
    assert shop.magento.free("MUG") == -7


async def test_the_warehouse_ships_and_adds_tracking_later(shop: Shop) -> None:
    world: BackOffice = shop.magento
    await shop.order(3, increment_id="JL-2")
    assert world.order_reference("1") == "JL-2"
    world.ship("1", "Royal Mail", "", {"MUG": 1})
    world.ship("1", "dpd:DPD UK", "DPD9")
    assert world.open_orders() == []
    world.add_tracking("1", "RM1")
    with pytest.raises(ValueError, match="no shipment without a tracking number"):
        world.add_tracking("1", "RM2")
    path = f"/V1/shipments?{one('order_id', '1')}&fields=items[tracks[carrier_code,title,track_number]]"
    first, second = (await shop.get(path))["items"]
    assert first["tracks"] == [{"carrier_code": "custom", "title": "Royal Mail", "track_number": "RM1"}]
    assert second["tracks"] == [{"carrier_code": "dpd", "title": "DPD UK", "track_number": "DPD9"}]
    with pytest.raises(Refused, match="does not allow a shipment"):
        world.ship("1", "DPD", "X")


async def test_an_order_keyed_by_hand_can_hide_its_reference(shop: Shop) -> None:
    keyed = shop.magento.key_order_by_hand
    hidden, numbered = keyed("JL-1", {"MUG": 1}, only_in="comment"), keyed("JL-2", {"MUG": 1}, as_increment_id=True)
    bought = keyed("JL-3", {"MUG": 1}, only_in="po_number")
    assert (await shop.get(f"/V1/orders/{hidden}"))["status_histories"][0]["comment"] == "John Lewis order JL-1"
    assert (await shop.get(f"/V1/orders/{numbered}"))["increment_id"] == "JL-2"
    assert (await shop.get(f"/V1/orders/{bought}"))["payment"]["po_number"] == "JL-3"
    assert (await shop.get(f"/V1/orders?{one('ext_order_id', 'JL-1,JL-3', 'in')}"))["total_count"] == 0
    assert [shop.magento.order_reference(each) for each in (hidden, numbered, bought)] == ["JL-1", "JL-2", "JL-3"]


async def test_the_dump_tells_the_whole_story(shop: Shop) -> None:
    await shop.order(3, ext_order_id="JL-1")
    await shop.clock.sleep(60)
    shop.magento.ship("1", "Evri", "EV1", {"MUG": 2})
    await shop.post("/V1/orders/1/cancel")
    dump = (await shop.client.get("https://shop.example/_sandbox/store")).json()
    start, later = "2026-03-02T09:00:00.654321+00:00", "2026-03-02T09:01:00.654321+00:00"
    assert dump["orders"] == [
        {
            "id": "1",
            "reference": "JL-1",
            "channel": "integration",
            "created_at": start,
            "deducted_at": start,
            "state": "canceled",
            "lines": [{"sku": "MUG", "quantity": 3, "shipped": 2, "cancelled": 1}],
            "shipments": [{"id": "1", "at": later, "carrier": "Evri", "tracking": "EV1", "lines": {"MUG": 2}}],
        }
    ]
    mug = dump["stock"][0]
    assert (dump["kind"], mug["sku"], mug["physical"], mug["free"]) == ("back_office", "MUG", 8, 8)
    assert (mug["history"][0], mug["history"][1], mug["history"][-1]) == ([start, 10], [start, 7], [later, 8])
