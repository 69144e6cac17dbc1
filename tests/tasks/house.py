"""A seller who moves house: an account with both its roads, another marketplace beside it, one back office, one ledger."""

import os
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from domain.installation import Installation, Mode
from ledger import accounts, holds
from ledger.rows import table
from ledger.schema import METADATA
from ledger.stock_tables import Level
from ledger.tables import Hold, Message
from sandbox.kit import Fault
from sandbox.mirakl import Account as ShopAccount
from sandbox.mirakl import Mirakl
from tasks import moving
from tasks.loops import LOOPS
from tasks.operators import Plan
from tasks.run import Run, open_connectors, open_formers, surroundings
from tests.connectors.virtualstock_files.shop import EAN, EDGE_HOST, NAME, OFFICE, SKUS, Shop
from tests.stateful.effects import ByHost
from tests.stateful.markets import MARKETS
from tests.walking import walked

OLD, NEW = "harbour-marketplace", "harbour-shop"
_MIRAKL = MARKETS["mirakl"]
_CODES = [{"carrier": "DPD", "code": "parcel-force", "owner": "warehouse", "review_on": "2027-01-31"}]


class House(Shop):
    """The world. Time passes with every run of a loop."""

    def __init__(self, home: Path, road: str) -> None:
        super().__init__(home)
        os.environ.update(_MIRAKL.environment)
        self.mirakl = Mirakl(self.clock, accounts=[ShopAccount(NAME, "shop-key")])
        for sku in SKUS:
            self.mirakl.add_product(NAME, sku=sku, ean=EAN, stock_number=f"P-{sku}")
        self.transport = ByHost({EDGE_HOST: self.edge.app, OFFICE.host: self.office.app, _MIRAKL.host: self.mirakl.app})
        live = self.clock.now() - timedelta(days=2)  # an order in a file has a date and no time
        self._settings["orders"] = {**self._settings["orders"], "go_live_at": live}
        self.by_rest() if road == "rest" else self.by_files()
        self.parcels = 0

    def at_the_new_account(self) -> None:
        """Let the installation's file name the new account, and the one that is left."""
        left = self.installation.marketplace.model_dump()
        settings = _MIRAKL.joined(dict(self._settings))
        settings["marketplace"] = {**settings["marketplace"], "account": NEW}
        settings["carriers"] = _CODES
        settings["former_marketplaces"] = [{**left, "orders": self._settings["orders"]}]
        self.installation = Installation.model_validate(settings)

    async def work(self, *names: str, minutes: float = 2) -> None:
        """Run these loops as their flows do, over every account, each as a process of its own."""
        for name in names:
            around = surroundings(self.database, self.transport, self.files)
            run = Run(
                self.installation,
                LOOPS[name],
                self.database,
                open_connectors(self.installation, around),
                run_id=f"{name}-{self.clock.now():%H%M%S}",
            )
            open_formers(run, around)
            for account in run.accounts():
                await walked(account)
            self.clock.move(minutes * 60)
            self.folders.look()

    async def observe(self, name: str) -> None:
        """Run a loop that only observes: what it owes is filed and not sent."""
        trading = self.installation
        observing = getattr(trading.loops, name).model_copy(update={"mode": Mode.OBSERVE})
        loops = trading.loops.model_copy(update={name: observing})
        self.installation = trading.model_copy(update={"loops": loops})
        await self.work(name)
        self.installation = trading

    async def days_work(self, rounds: int = 4) -> None:
        """Run every loop again and again, long enough for what is looked up late."""
        for _ in range(rounds):
            await self.work("items", "orders", "stock", "orders", "dispatch", minutes=5)

    def move(self, *, dry_run: bool = False) -> Plan:
        """Do what the form `move` does."""
        with self.database.transaction(NAME, "form") as tx:
            return moving.move(tx, self.installation, by="Sam", reason="the contract", dry_run=dry_run)

    def whole_ledger(self) -> dict[str, list[Any]]:
        """Return every row of the ledger."""
        with self.database.transaction(NAME) as tx:
            return {name: tx.rows(select(rows)) for name, rows in METADATA.tables.items()}

    def levels(self) -> list[Any]:
        """Return every level."""
        with self.database.transaction(NAME) as tx:
            return tx.rows(select(table(Level)))

    def show_at_the_new_account(self, reference: str) -> None:
        """Let the new account show an order under a number that the old one gave."""
        orders = self.mirakl.state.shop(NAME).orders
        order = orders.pop(self.mirakl.place_order(NAME, {"CUP-1": 1}))
        order.id = reference
        orders[reference] = order

    def carriers_named(self) -> dict[str, list[str]]:
        """Return, by order of either account, the carrier of each dispatch that it saw."""
        dumps = (self.edge.dump(), self.mirakl.dump())
        orders = [one for dump in dumps for one in dump["accounts"][NAME]["orders"]]
        return {
            one["reference"]: [sent["carrier"] for line in one["lines"] for sent in line["dispatches"]]
            for one in orders
        }

    def unfinished(self) -> dict[str, dict[str, int]]:
        """Return what is open over accounts that were left."""
        with self.database.transaction(NAME) as tx:
            return accounts.unfinished(tx)

    def held(self) -> list[tuple[str, str]]:
        """Return type and order of the open holds."""
        with self.database.transaction(NAME) as tx:
            return [(one.type, one.order_key) for one in holds.open_holds(tx)]

    def buy(self) -> str:
        """Let a customer buy at the old account."""
        reference = self.edge.buy(NAME, "CUP-1", 1)
        assert reference
        return str(reference)

    def ship_all(self, *only: str) -> None:
        """Ship the open orders of the back office, or only these."""
        for order in self.office.open_orders():
            if not only or self.office.order_reference(order) in only:
                self.parcels += 1
                self.office.ship(order, "DPD", f"15501234567{self.parcels:03d}")

    def lose_the_answer(self, system: Any, method: str, path: str) -> None:
        """Let the next such call be done and its answer be lost."""
        system.faults.append(Fault(method=method, path=path, when="after", status=502))

    def created(self) -> list[str]:
        """Return the order numbers of all sales orders that the back office ever took."""
        return sorted(order["reference"] for order in self.office.dump()["orders"])

    def dispatches_at_the_old_account(self) -> Counter[str]:
        """Return how many dispatches that account saw for each order."""
        orders = self.edge.dump()["accounts"][NAME]["orders"]
        return Counter({one["reference"]: sum(len(line["dispatches"]) for line in one["lines"]) for one in orders})

    def mirakl_dispatches(self) -> list[str]:
        """Return the order of each dispatch that the new account saw."""
        orders = self.mirakl.dump()["accounts"][NAME]["orders"]
        return [one["reference"] for one in orders for line in one["lines"] for _ in line["dispatches"]]

    def owed(self) -> list[tuple[str, str]]:
        """Return kind and key of the messages that are open."""
        return [(row.kind, row.key) for row in self.rows(Message) if row.closed_at is None]

    def refusals(self) -> Any:
        """Return what the old account refused."""
        return self.edge.dump()["accounts"][NAME]["refusals"]

    def no_hold(self) -> None:
        """See that nothing waits for a person."""
        assert [(row.type, row.detail) for row in self.rows(Hold)] == []
