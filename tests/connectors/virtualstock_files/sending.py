"""Files that we send, one record at a time, and the vendor who takes them."""

from datetime import timedelta
from typing import Any

from domain.records import Availability
from tests.connectors.virtualstock_files.harness import Harness


def take(edge: Harness) -> None:
    """Let the vendor take what lies there now."""
    waits, edge.edge.takes_after = edge.edge.takes_after, timedelta()
    edge.edge.look()
    edge.edge.takes_after = waits


async def sent(edge: Harness, sink: Any, record: Any) -> Any:
    return (await sink.send([record]))[record.key]


async def standing(edge: Harness, sink: Any, record: Any) -> Any:
    return (await sink.find([record]))[record.key]


def outgoing(edge: Harness, ending: str) -> list[str]:
    return sorted(name for name in edge.names("outgoing") if name.endswith(ending))


def with_ticket(record: Any, answer: Any) -> Any:
    return record.model_copy(update={"ticket": answer.ticket})


async def seven_sent(edge: Harness) -> Availability:
    """List a product, send a file that says 7 of it, and return the record with its ticket."""
    edge.list_product()
    record = edge.availability(7)
    ticketed: Availability = with_ticket(record, await sent(edge, edge.connector.availability_sink, record))
    return ticketed
