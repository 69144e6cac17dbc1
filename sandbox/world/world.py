"""One seller's world: a marketplace account joined to one back office, and everybody who acts on the two."""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sandbox.kit import Clock, iso
from sandbox.trade import Marketplace
from sandbox.world.catalogue import Article, articles
from sandbox.world.customers import Customers
from sandbox.world.day import Day, Office
from sandbox.world.mishaps import Mishaps
from sandbox.world.plan import Plan, Trouble
from sandbox.world.warehouse import Warehouse

MENDED_UNITS = 5


class World:
    """Customers, other channels, a warehouse and trouble, all from one seed.

    Making it enrols the catalogue in both systems. `open()` plans the whole day, which begins at the clock's
    present; it is done at once unless `opens` says that somebody will. Then either `await run(until)`, which waits on the clock between the actions, or ask
    `next_at()` and call `act()` when that moment has come; the agenda never ends. With the same
    seed, clock and calls from outside, the same things happen.
    """

    def __init__(
        self,
        marketplace: Marketplace,
        account: str,
        office: Office,
        clock: Clock,
        *,
        seed: int = 0,
        plan: Plan | None = None,
        trouble: Trouble | None = None,
        opens: bool = True,
    ) -> None:
        dice = random.Random(f"world-{account}-{seed}")  # noqa: S311 - pretend trade, not secrets
        plan, trouble = plan or Plan(), trouble or Trouble()
        self._day = day = Day(marketplace, account, office, clock, dice, plan, trouble, clock.now())
        self.catalogue = articles(plan, trouble, dice)
        self._enrol(self.catalogue)
        self.customers = Customers(day, self.catalogue)
        self.warehouse = Warehouse(day, self.catalogue, self.customers.baskets)
        self._mishaps = Mishaps(day)
        self._missing = [article for article in self.catalogue if not article.in_office]
        if opens:
            self.open()

    def open(self) -> None:
        """Let the day begin now: plan all that happens in it."""
        self._day.opens_at = self._day.clock.now()
        self.customers.plan()
        self.warehouse.plan()
        self._mishaps.plan([article.listed_sku for article in self.catalogue if article.kind == "mass"])
        self._plan_the_rest()

    def _enrol(self, catalogue: list[Article]) -> None:
        day = self._day
        for one in catalogue:
            if one.in_office:
                day.office.add_product(sku=one.sku, ean=one.ean, quantity=one.units)
            day.marketplace.add_product(
                day.account,
                stock_number=one.stock_number,
                sku=one.listed_sku,
                ean=one.listed_ean,
                free_stock=one.units,
                unit_cost_price=one.price,
            )

    def _plan_the_rest(self) -> None:
        day = self._day
        mass = [article.sku for article in self.catalogue if article.kind == "mass"]
        for _ in range(day.plan.sales_elsewhere):
            sale = partial(self.customers.buy_elsewhere, day.random.choice(mass), day.random.randint(1, 2))
            day.agenda.add(day.between(0.01, 0.85), sale, trading=True)
        for _ in range(day.trouble.mends):
            day.agenda.add(day.between(0.65, 0.85), self.mend)

    def next_at(self) -> datetime:
        """Return when the next action is due."""
        return self._day.agenda.next_at()

    def act(self) -> str:
        """Do exactly one action, the next one, and return its short description."""
        return f"{self._day.account}: {self._day.agenda.pop()()}"

    async def run(self, until: datetime) -> None:
        """Do every action when it is due, up to this moment of the clock."""
        clock = self._day.clock
        while (at := min(self.next_at(), until)) < until:
            await clock.sleep(max(0.0, (at - clock.now()).total_seconds()))
            self.act()
        await asyncio.sleep(0)
        if (left := until - clock.now()) > timedelta(0):
            await clock.sleep(left.total_seconds())

    def mend(self) -> str:
        """Do what a person does to mend one hold: create the SKU that is missing, or add a tracking number."""
        day = self._day
        if self._missing:
            article = self._missing.pop(0)
            day.office.add_product(sku=article.sku, ean=article.ean, quantity=MENDED_UNITS)
            done = f"somebody creates {article.sku!r} in {day.office.name}"
        else:
            done = self.warehouse.mend()
        if not done:
            return "nobody finds anything to mend"
        day.happened["mends"] += 1
        return done

    def quiet(self) -> None:
        """Let faults stop and nobody buy or cancel any more; the warehouse goes on with what was ordered."""
        self._day.agenda.stop_trading()
        self._mishaps.stop()

    @property
    def closes_at(self) -> datetime:
        """Return when the day ends."""
        return self._day.closes_at

    def trouble_so_far(self) -> dict[str, int]:
        """Return how often each trouble has happened, under the names of `Trouble`."""
        return dict(sorted((self._day.happened + Counter(self._mishaps.struck())).items()))

    def progress(self) -> dict[str, Any]:
        """Return what has happened so far, as plain JSON."""
        now = self._day.clock.now()
        return {
            "account": self._day.account,
            "orders_offered": self.customers.orders,
            "shipped": self.warehouse.shipped,
            "disappointed": self.customers.disappointed,
            "now": iso(now),
            "closes_at": iso(self.closes_at),
            "finished": now >= self.closes_at,
            "trouble": self.trouble_so_far(),
        }
