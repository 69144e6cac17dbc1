"""The customers: they buy what is published, want what sells out, regret, and order what nobody can read."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sandbox.world.catalogue import Article
from sandbox.world.day import Day
from sandbox.world.people import card, customer

LINES, UNITS = (6, 3, 1), (8, 2, 1)  # how many of 10 (11) baskets have 1, 2, 3 lines (units)
TRIES = 5
BUYERS_OF_A_TROUBLED_LISTING = 2
BUYERS_TOO_MANY = 3
BURST_SECONDS = 900
FIRST_SECONDS = 30
REGRET_SECONDS = (2, 20)
LOOK_AGAIN_SECONDS = (120, 600)


class Customers:
    """All customers of one seller; `baskets` holds units by SKU of every order that they placed."""

    def __init__(self, day: Day, articles: Sequence[Article]) -> None:
        self._day = day
        self._articles = articles
        self._mass = [article.listed_sku for article in articles if article.kind == "mass"]
        self.baskets: dict[str, dict[str, int]] = {}
        self.orders = 0
        self.disappointed = 0

    def plan(self) -> None:
        """Put the day's purchases on the agenda."""
        day, plan, trouble = self._day, self._day.plan, self._day.trouble
        begins = day.between(0.35, 0.45)
        for number in range(plan.orders):
            in_rush = number < plan.rush
            at = begins + timedelta(seconds=day.random.uniform(0, 60)) if in_rush else day.between(0.01, 0.85)
            regrets = plan.orders - number <= trouble.cancelled_before_creation
            day.agenda.add(at, self._regret if regrets else self._shop, trading=True)
        for article in self._articles:
            self._plan_wanted(article)
        for number in range(trouble.malformed_payloads):
            day.agenda.add(day.between(0.1, 0.6), partial(self._unreadable, number), trading=True)
        for _ in range(trouble.undocumented_statuses):
            day.agenda.add(day.between(0.1, 0.6), self._undocumented, trading=True)

    def _plan_wanted(self, article: Article) -> None:
        day = self._day
        if article.kind in {"sell_out", "contested"}:
            begins = day.between(0.1, 0.7)
            for _ in range(article.units + BUYERS_TOO_MANY):
                at = begins + timedelta(seconds=day.random.uniform(0, BURST_SECONDS))
                day.agenda.add(at, partial(self._want, {article.listed_sku: 1}), trading=True)
                if article.kind == "contested":
                    at += timedelta(seconds=day.random.uniform(-5, 5))
                    day.agenda.add(at, partial(self.buy_elsewhere, article.sku), trading=True)
        elif article.kind != "mass":
            for number in range(BUYERS_OF_A_TROUBLED_LISTING):
                basket = {article.listed_sku: 1, **({day.random.choice(self._mass): 1} if number else {})}
                # The first comes before any integration can have taken the listing off the market.
                at = day.between(0.03, 0.12) if number else day.later((0, FIRST_SECONDS))
                day.agenda.add(at, partial(self._want, basket, article.kind), trading=True)

    def buy_elsewhere(self, sku: str, quantity: int = 1) -> str:
        """Buy on another channel of the seller's."""
        sold = self._day.office.sell_elsewhere(sku, quantity)
        return f"another channel {'sells' if sold else 'has no'} {quantity} x {sku!r}"

    def _shop(self) -> str:
        reference = self._buy_something()
        if reference is not None:
            return f"order {reference} placed"
        if self._day.clock.now() < self._day.at(0.85):
            self._day.agenda.add(self._day.later(LOOK_AGAIN_SECONDS), self._shop, trading=True)
        return "a customer finds nothing to buy"

    def _regret(self) -> str:
        """Buy, and ask for the cancellation at once or (after the first one) a moment later."""
        reference = self._buy_something()
        if reference is None:
            self._day.agenda.add(self._day.later(LOOK_AGAIN_SECONDS), self._regret, trading=True)
            return "a customer finds nothing to regret"
        if not self._day.happened["cancelled_before_creation"]:
            return self._cancel_early(reference)
        self._day.agenda.add(self._day.later(REGRET_SECONDS), partial(self._cancel_early, reference), trading=True)
        return f"order {reference} placed"

    def _cancel_early(self, reference: str) -> str:
        self._day.marketplace.request_cancellation(self._day.account, reference)
        self._day.happened["cancelled_before_creation"] += 1
        return f"order {reference} is cancelled by its customer before anybody can have created it"

    def _want(self, basket: dict[str, int], kind: str | None = None) -> str:
        """Want exactly this basket and nothing else; a sold-out article disappoints."""
        reference = self._buy(basket)
        if reference is None:
            self.disappointed += 1
            return f"a customer finds {next(iter(basket))!r} sold out"
        if kind:
            self._day.happened[f"{kind}s"] += 1
        return f"order {reference} placed for {next(iter(basket))!r}"

    def _buy_something(self) -> str | None:
        random = self._day.random
        for _ in range(TRIES):
            lines = min(random.choices((1, 2, 3), LINES)[0], len(self._mass))
            basket = {sku: random.choices((1, 2, 3), UNITS)[0] for sku in random.sample(self._mass, lines)}
            reference = self._buy(basket)
            if reference is not None:
                return reference
        return None

    def _buy(self, basket: dict[str, int]) -> str | None:
        day = self._day
        reference = day.marketplace.buy_basket(day.account, basket, customer(day.random), card(day.random))
        if reference is not None:
            self.baskets[reference] = basket
            self.orders += 1
        return reference

    def _unreadable(self, number: int) -> str:
        """Place an order whose lines cannot be read."""
        day = self._day
        return self._placed(
            day.marketplace.place_unreadable(day.account, number, customer(day.random)), "malformed_payloads"
        )

    def _undocumented(self) -> str:
        day, article = self._day, next(article for article in self._articles if article.kind == "mass")
        reference = day.marketplace.place_undocumented(day.account, article.listed_sku, customer(day.random))
        return self._placed(reference, "undocumented_statuses")

    def _placed(self, reference: str, trouble: str) -> str:
        self.orders += 1
        self._day.happened[trouble] += 1
        return f"order {reference} arrives with trouble: {trouble}"
