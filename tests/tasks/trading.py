"""One installation in virtual time, undisturbed: runs of the product, and between them what people do."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from domain.installation import Mode
from ledger import holds
from tasks.operators import Plan
from tests.stateful.machine import Machine, Profile
from tests.stateful.markets import NAME

_CALM = Profile(kill=0, second_worker=0, stall=0, die_before_commit=0)


class Trade:
    """A marketplace, a back office and the loops between them; time passes only in runs and in `wait`."""

    def __init__(self, office: str) -> None:
        self.machine = Machine(0, _CALM, office)
        self.machine.quiet = True
        self.edge, self.office = self.machine.edge, self.machine.office

    def run(self, *loops: str) -> None:
        """Run these loops once each, one after the other."""
        for loop in loops:
            self.machine.event_loop.run_until_complete(self.machine.one_run(loop))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.machine.event_loop.run_until_complete(asyncio.sleep(seconds))

    def set_mode(self, mode: Mode) -> None:
        """Let every loop observe, or trade."""
        old = self.machine.installation
        loops = {name: one.model_copy(update={"mode": mode}) for name, one in old.loops}
        self.machine.installation = old.model_copy(update={"loops": old.loops.model_copy(update=loops)})

    def no_moment_of_going_live(self) -> None:
        """Let the first trading run say when the installation goes live."""
        old = self.machine.installation
        orders = old.orders.model_copy(update={"go_live_at": None})
        self.machine.installation = old.model_copy(update={"orders": orders})

    def order(self, sku: str, quantity: int = 1) -> str:
        """Let a customer buy, as if enough had been shown; return the Customer Order Number."""
        product = self.edge.state.supplier(NAME).products.by_sku(sku)
        product.publish(product.free_stock + quantity, self.machine.clock.now())
        reference = self.edge.buy(NAME, sku, quantity)
        assert reference is not None
        return str(reference)

    def order_of_nothing_known(self, sku: str) -> str:
        """Place an order for a SKU that nobody enrolled; return its Customer Order Number."""
        line = {"line_reference": "1", "quantity": 1, "part_number": "29999999", "supplier_sku_reference": sku}
        return str(self.edge.place_order(NAME, {"items": [line]}))

    def ask(self, action: Callable[..., Plan], **choice: Any) -> Plan:
        """Do what an operator's form does."""
        with self.machine.database.transaction(NAME, "form") as tx:
            return action(tx, **choice)

    def taken(self) -> Counter[str]:
        """Return how many living orders the back office has for each Customer Order Number."""
        gone = {"canceled", "VOIDED", "cancelled"}
        return Counter(one["reference"] for one in self.machine.watch.office_orders() if one["state"] not in gone)

    def acknowledged(self) -> set[str]:
        """Return the orders that the marketplace saw acknowledged."""
        return {one["reference"] for one in self.machine.watch.marketplace_orders() if one["acknowledged_at"]}

    def dispatched(self) -> set[str]:
        """Return the orders of which the marketplace saw a dispatch."""
        orders = self.machine.watch.marketplace_orders()
        return {one["reference"] for one in orders if any(line["dispatches"] for line in one["lines"])}

    def held(self) -> list[Any]:
        """Return the open holds."""
        with self.machine.database.transaction(NAME) as tx:
            return list(holds.open_holds(tx))


@contextmanager
def trading(office: str) -> Iterator[Trade]:
    """Open an installation, and leave nothing behind."""
    with patch.dict(os.environ):
        trade = Trade(office)
        try:
            yield trade
        finally:
            trade.machine.database.close()
            trade.machine.event_loop.close()
