from tests.sandbox.virtualstock.edge import Edge


async def test_a_basket_is_one_order_with_a_line_a_product(edge: Edge) -> None:
    edge.system.add_product("acme", stock_number="12345678", sku="A", ean="", free_stock=3, unit_cost_price="10.00")
    edge.system.add_product("acme", stock_number="12345679", sku="B", ean="", free_stock=1, unit_cost_price="0.99")
    assert edge.system.buy_basket("acme", {"A": 1, "B": 2}) is None
    assert (edge.system.published("acme", "A"), edge.system.published("acme", "B")) == (3, 1)
    reference = edge.system.buy_basket("acme", {"A": 2, "B": 1}, comment="Happy birthday")
    assert reference is not None
    assert (edge.system.published("acme", "A"), edge.system.published("acme", "B")) == (1, 0)
    order = await edge.order(reference)
    assert [(item["supplier_sku_reference"], item["quantity"]) for item in order["items"]] == [("A", 2), ("B", 1)]
    assert [item["line_reference"] for item in order["items"]] == ["1", "2"]
    assert (order["subtotal"], order["tax"], order["total"]) == ("20.99", "4.20", "25.19")
    assert order["comment"] == "Happy birthday"


async def test_a_page_can_repeat_or_overlap_the_one_before(edge: Edge) -> None:
    for _ in range(25):
        edge.place()

    async def page(offset: int) -> list[str]:
        answer = await edge.client.get("/restapi/v4/orders/", params={"limit": 10, "offset": offset})
        return [row["order_reference"] for row in answer.json()["results"]]

    first, second, third = await page(0), await page(10), await page(20)
    edge.system.repeat_page("acme")
    edge.system.repeat_page("acme", 0.4)
    assert await page(0) == first
    assert await page(10) == first
    assert await page(10) == first[6:] + second[:6]
    assert (await page(10), await page(20)) == (second, third)
