"""Products out: whose SKU may be sold, and by which EAN."""

from typing import Any

import pytest

from connectors.magento.stock_mapping import item
from domain.records import Reject
from tests.connectors.magento.harness import Harness
from tests.connectors.making import scan

PRODUCT = {
    "id": 7,
    "sku": "MUG-1",
    "status": 1,
    "type_id": "simple",
    "custom_attributes": [{"attribute_code": "ean", "value": "5012345678900"}],
}


@pytest.mark.parametrize(
    ("changes", "sellable"),
    [
        ({}, True),
        ({"type_id": "virtual"}, True),
        ({"type_id": "configurable"}, False),
        ({"type_id": "bundle"}, False),
        ({"status": 2}, False),
    ],
    ids=str,
)
def test_only_enabled_simple_and_virtual_products_are_sellable(changes: dict[str, Any], sellable: bool) -> None:  # noqa: FBT001 - a pytest parameter
    received = item({**PRODUCT, **changes}, "ean")
    assert not isinstance(received, Reject)
    assert (received.record.sellable, received.record.ean, received.record.external_id) == (
        sellable,
        "5012345678900",
        "7",
    )


@pytest.mark.parametrize(
    ("changes", "hold_type"),
    [
        ({"status": 3}, "unknown_value"),
        ({"sku": None}, "malformed_payload"),
        ({"id": "seven"}, "malformed_payload"),
        ({"custom_attributes": [{"attribute_code": "ean", "value": ["1", "2"]}]}, "malformed_payload"),
        ({"custom_attributes": None}, "malformed_payload"),
    ],
    ids=str,
)
def test_a_product_that_cannot_be_read_is_rejected(changes: dict[str, Any], hold_type: str) -> None:
    outcome = item({**PRODUCT, **changes}, "ean")
    assert isinstance(outcome, Reject)
    assert (outcome.key or "?", outcome.hold_type) == (str(changes.get("sku", "MUG-1") or "?"), hold_type)


async def test_products_are_read_with_the_merchants_own_ean_attribute_and_nothing_else() -> None:
    harness = Harness(page_size=2, ean_attribute="gtin")
    for number in range(3):
        harness.put_item(f"SKU-{number}", ean=None)
        harness.sandbox.stock.product(f"SKU-{number}").attributes = {"gtin": f"501234567890{number}", "story": "long"}  # type: ignore[union-attr] # put above
    pages = await scan(harness.connector.item_feed)
    received = [each for page in pages for each in page.received]
    assert [each.record.ean for each in received] == ["5012345678900", "5012345678901", "5012345678902"]
    assert pages[-1].complete
    assert received[0].raw["custom_attributes"] == [{"attribute_code": "gtin", "value": "5012345678900"}]
    again = harness.connector.item_feed.parse(received[0].raw)
    assert not isinstance(again, Reject)
    assert again.record == received[0].record
