"""A shop with two products, and sales orders sent to it and looked up."""

from typing import Any

from domain.records import SalesOrder
from tests.connectors.magento.harness import Harness


def stocked(made: Harness) -> Harness:
    made.put_item("MUG-1", 10)
    made.put_item("BOWL-1", 5, ean=None)
    return made


def shop_with(products: int, **kwargs: Any) -> Harness:
    harness = Harness(**kwargs)
    for number in range(products):
        harness.put_item(f"SKU-{number:03d}", 10 + number)
    return harness


async def send(harness: Harness, *records: SalesOrder) -> Any:
    answers = await harness.connector.sales_order_sink.send(list(records))
    return answers[records[0].key] if len(records) == 1 else answers


async def find(harness: Harness, *records: SalesOrder) -> Any:
    findings = await harness.connector.sales_order_sink.find(list(records))
    return findings[records[0].key] if len(records) == 1 else findings


def stored(harness: Harness, entity_id: str) -> dict[str, Any]:
    read: dict[str, Any] = harness.sandbox.orders.get(int(entity_id)).read_form(single=True)
    return read
