"""What a check reads of a shop, and what it says is missing."""

import pytest

from domain.answers import Fatal
from tests.connectors.magento.selling import shop_with


async def test_check_reads_one_row_behind_every_right_and_writes_nothing() -> None:
    harness = shop_with(3)
    said = await harness.connector.check()
    assert said == "website base, 3 products, 0 orders, 0 shipments, 3 source-items, stock at default"
    assert {request.method for request in harness.requests} == {"GET"}
    await harness.connector.close()


@pytest.mark.parametrize(
    "right",
    [
        "Magento_Backend::store",
        "Magento_Catalog::products",
        "Magento_Sales::actions_view",
        "Magento_Sales::shipment",
        "Magento_InventoryApi::source",
        "Magento_InventoryApi::stock",
        "Magento_InventorySalesApi::stock",
        "Magento_InventoryApi::stock_source_link",
    ],
)
async def test_check_names_the_missing_right(right: str) -> None:
    harness = shop_with(1)
    harness.sandbox.denied_resources.add(right)
    with pytest.raises(Fatal) as trouble:
        await harness.connector.check()
    assert f"Grant the right {right} to the integration" in trouble.value.advice


async def test_check_says_which_setting_is_wrong() -> None:
    with pytest.raises(Fatal, match="no website attic"):
        await shop_with(1, website="attic").connector.check()
    with pytest.raises(Fatal, match="store_code"):
        await shop_with(1, store_code="attic").connector.check()
