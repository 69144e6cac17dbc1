"""Actions on orders, sent and looked up one at a time."""

from typing import Any

from tests.connectors.virtualstock.harness import Harness


async def send(edge: Harness, role: str, record: Any) -> Any:
    sink = getattr(edge.connector, f"{role}_sink")
    return (await sink.send([record]))[record.key]


async def find(edge: Harness, role: str, record: Any) -> Any:
    sink = getattr(edge.connector, f"{role}_sink")
    return (await sink.find([record]))[record.key]


def ready(edge: Harness, role: str) -> Any:
    """Return a record of this kind that the vendor will take."""
    reference = edge.place_order(2, 3)
    if role == "cancellation":
        edge.cancel(reference)
    if role == "dispatch":
        edge.acknowledge_elsewhere(reference)  # into ORDER_ACK
    return getattr(edge, role)(reference)


ROLES = ["acknowledgement", "cancellation", "dispatch"]
