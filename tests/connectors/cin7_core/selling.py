"""Sales orders, sent one at a time."""

from domain.answers import Answer
from domain.records import SalesOrder
from tests.connectors.cin7_core.harness import SECRETS, Harness
from tests.connectors.making import PERSONAL


async def send(harness: Harness, order: SalesOrder) -> Answer:
    answer = (await harness.connector.sales_order_sink.send([order]))[order.key]
    assert not any(word in repr(answer) for word in (*PERSONAL, *SECRETS))
    return answer
