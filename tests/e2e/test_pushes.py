"""A webhook of the pretend back office, all the way: receiver, event, trigger, flow run, ledger."""

import asyncio
import os
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
from sqlalchemy import select

from deployments.demo.processes import Children, free_port, wait_for_port
from domain.clock import ScaledClock
from domain.records import Kind
from ledger.database import Database
from ledger.rows import table
from ledger.tables import Message
from tests.e2e.conftest import Stack, started

SECRET = "a-path-that-nobody-can-guess"


async def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(url, headers=headers, content=body)).status_code


def _owed(stack: Stack) -> list[str]:
    """Return the dispatches that the ledger knows are owed to the marketplace."""
    database = Database(stack.environment["LEDGER_URL"], ScaledClock())
    with closing(database), database.transaction("meadow") as tx:
        message = table(Message)
        return [row.order_key for row in tx.rows(select(message).where(message.c.kind == Kind.DISPATCH))]


def test_a_shipment_is_filed_because_the_back_office_called(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    given = {"MEADOW_CIN7_CORE_PUSH_SECRET": SECRET, "RECEIVER_URL": address, "RECEIVER_PORT": str(port)}
    with started(tmp_path, **given) as stack, Children(tmp_path, os.environ) as children:
        child = children.start("receiver", sys.executable, "-m", "flows.receiver", **stack.environment)
        wait_for_port(port, child)
        stack.run("items-meadow")
        office, webhooks = stack.world.cin7_core, stack.world.cin7_core.company.webhooks
        assert {one["ExternalURL"] for one in webhooks.known.values()} == {f"{address}/push/meadow/cin7_core/{SECRET}"}
        [reference] = stack.world.buy("meadow", 1)
        stack.run_until("orders-meadow", lambda: stack.world.taken("meadow") == [reference])
        [order] = office.open_orders()
        office.ship(order, "DPD", "JD0002")
        ends = time.monotonic() + 120
        while not _owed(stack):
            asyncio.run(webhooks.deliver(_post))
            time.sleep(0.5)
            assert time.monotonic() < ends, "nobody was woken"
        assert all(one["IsActive"] for one in webhooks.known.values())
        log = (tmp_path / "receiver.log").read_text()
        assert "it wakes dispatch" in log
        assert SECRET not in log
