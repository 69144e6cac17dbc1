"""A webhook of the pretend back office, all the way: receiver, event, trigger, flow run, ledger."""

import asyncio
import time
from contextlib import closing

import httpx
from sqlalchemy import select

from domain.clock import ScaledClock
from domain.records import Kind
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Message
from tests.e2e.conftest import PUSH_SECRET, Stack


async def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(url, headers=headers, content=body)).status_code


def _owed(stack: Stack) -> list[str]:
    """Return the dispatches that the ledger knows are owed to the marketplace."""
    database = Database(stack.environment["LEDGER_URL"], ScaledClock())
    with closing(database), database.transaction("meadow") as tx:
        message = table(Message)
        return [row.order_key for row in tx.rows(select(message).where(message.c.kind == Kind.DISPATCH))]


def test_a_shipment_is_filed_because_the_back_office_called(stack: Stack) -> None:
    address = stack.environment["RECEIVER_URL"]
    stack.run("items-meadow")
    office, webhooks = stack.world.cin7_core, stack.world.cin7_core.company.webhooks
    assert {one["ExternalURL"] for one in webhooks.known.values()} == {f"{address}/push/meadow/cin7_core/{PUSH_SECRET}"}
    before = stack.world.taken("meadow")
    [reference] = stack.world.buy("meadow", 1)
    stack.run_until("orders-meadow", lambda: reference in stack.world.taken("meadow"))
    assert sorted(stack.world.taken("meadow")) == sorted([*before, reference])
    assert not _owed(stack)
    [order] = [one for one in office.open_orders() if office.order_reference(one) == reference]
    office.ship(order, "DPD", "JD0002")
    ends = time.monotonic() + 120
    while not _owed(stack):
        asyncio.run(webhooks.deliver(_post))
        time.sleep(0.5)
        assert time.monotonic() < ends, "nobody was woken"
    assert all(one["IsActive"] for one in webhooks.known.values())
    log = (stack.folder / "receiver.log").read_text()
    assert "it wakes dispatch" in log
    assert PUSH_SECRET not in log
