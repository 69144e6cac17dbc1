"""One ledger, one depot that pushes, and what it pushes."""

from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from domain.installation import Installation, Side
from domain.orders import LineLife
from domain.records import Kind
from ledger import holds, inbox, items, orders, tables
from ledger.database import Database, Transaction
from ledger.rows import table
from tasks.doors import Door, Doors
from tasks.filing import file
from tasks.judge import judge
from tasks.loops import DISPATCH
from tasks.pull import pull
from tasks.receive import Reception, Reply
from tasks.run import Run, surroundings
from tests.depot import INSTALLATION, PUSH_SECRET, Depot, DepotOptions, DepotSettings, push, shipment
from tests.doubles import ManualClock

HARBOUR = Installation.model_validate(INSTALLATION)


PUSHED = (
    shipment(1, "p-1", "1001"),
    shipment(2, "p-2", "1002", lines={"MUG-1": 1}),
    shipment(3, "p-3", "1002", tracking="JD0003", lines={"MUG-2": 2}),
    shipment(4, "p-4", "1003", tracking=None),
    shipment(5, "p-5", "not-ours"),
    {"number": 6, "id": "p-6", "order": "1001"},
    shipment(7, "p-4", "1003", tracking="JD0004"),
    shipment(8, "p-7", "1003", carrier="Pigeon", lines={"MUG-2": 1}),
)
"""Two parcels of one order, one whose number comes later, one of nobody's order, one unreadable, one unmapped carrier."""


FIRST_OF_UNREADABLE = {"number": 0, "id": "p-1", "order": "1001"}


class Depots:
    """One ledger with three orders, one depot, and the door at which it calls."""

    def __init__(self, url: str) -> None:
        self.clock = ManualClock()
        self.database = Database(url, self.clock)
        self.depot = Depot("harbour-depot", DepotSettings(), DepotOptions(), surroundings(self.database))
        self.door = Door(HARBOUR, Side.BACK_OFFICE, self.depot, SecretStr(PUSH_SECRET))
        self.reception = Reception(self.database, Doors([self.door]))
        assert self.reception.usable()
        with self.database.transaction("harbour") as tx:
            items.map_carrier(tx, "DPD", "", "dpd", owner="warehouse", review_on="2027-01-31", by="a test")
            items.approve_carriers(tx, {"dpd": "DPD"}, "a test")
            for key in ("1001", "1002", "1003"):
                known_order(tx, key)

    def take(self, *parcels: dict[str, Any], **more: Any) -> Reply:
        """Let the depot push once."""
        self.clock.move(1)
        return self.reception.take(self.door, *push(*parcels, **more))

    async def run(self) -> Run:
        """Run the dispatch loop once, without its sending."""
        self.clock.move(60)
        run = Run(HARBOUR, DISPATCH, self.database, {Side.BACK_OFFICE: self.depot}, run_id="run")
        async for chunk in pull(run):
            await file(run, await judge(run, chunk))
        return run

    def rows(self, model: Any, *columns: str) -> list[tuple[Any, ...]]:
        """Return some columns of a table, sorted."""
        with self.database.transaction("harbour") as tx:
            found = tx.rows(select(*(table(model).c[name] for name in columns)))
        return sorted((tuple(row) for row in found), key=str)

    def gates(self) -> dict[str, str]:
        """Return what the gate said of each parcel."""
        return {key: gate for kind, key, gate in self.rows(tables.Inbox, "kind", "key", "gate") if kind == "dispatch"}

    def state(self) -> dict[str, Any]:
        """Return all that counts of the ledger; not when things were noted, nor what was open in between."""
        with self.database.transaction("harbour") as tx:
            held = sorted((one.type, one.order_key, one.detail) for one in holds.open_holds(tx))
        return {
            "orders": self.rows(tables.SalesOrderRow, "key", "back_office_id", "awaits_tracking"),
            "lines": self.rows(tables.OrderLineRow, "order_key", "line", "shipped", "dispatched"),
            "owed": self.rows(tables.Message, "kind", "key", "order_key", "lines", "closed_as"),
            "inbox": self.rows(tables.Inbox, "kind", "key", "fingerprint", "payload_id", "order_key", "gate"),
            "held": held,
        }


def known_order(tx: Transaction, key: str) -> None:
    arrival = inbox.Arrival(Side.MARKETPLACE, Kind.SALES_ORDER, key, "print", {"n": key}, {}, inbox.PASSED, key)
    [inbox_id] = inbox.store(tx, [arrival]).values()
    row = {
        "key": key,
        "reference": key,
        "external_id": key,
        "inbox_id": inbox_id,
        "back_office_id": "",
        "placed_at": tx.now,
        "dispatch_by_at": tx.now + timedelta(days=2),
        "filed_at": tx.now,
        "awaits_tracking": False,
    }
    orders.save(tx, [row], [(key, LineLife("1", "MUG-1", 1)), (key, LineLife("2", "MUG-2", 2))])
