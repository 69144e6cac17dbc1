"""The warehouse: it ships what the back office shows, some in parts, some without a number, and gets goods in."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from sandbox.trade import VoidsPicks
from sandbox.world.catalogue import Article
from sandbox.world.day import Day
from sandbox.world.people import tracking_number

ODDITIES = ("unmapped_carriers", "unapproved_carriers", "missing_tracking")
ODD_EVERY = 3
WAIT_FOR_GOODS_SECONDS = (3_000, 4_200)
ARRIVING = (5, 40)


class Warehouse:
    """One seller's warehouse. `baskets` are the marketplace orders; what has another reference is a web order."""

    def __init__(self, day: Day, articles: Sequence[Article], baskets: Mapping[str, dict[str, int]]) -> None:
        self._day, self._articles, self._baskets = day, articles, baskets
        self._seen: set[str] = set()
        self._put_aside: set[str] = set()
        self._without_number: list[str] = []
        self._parcels = 0
        oddities = [name for name in ODDITIES for _ in range(getattr(day.trouble, name))]
        day.random.shuffle(oddities)
        self._oddities = deque(oddities)
        self.shipped = 0

    def plan(self) -> None:
        """Put the rounds, the arrivals, the breakages and the cancellations by telephone on the agenda."""
        day = self._day
        day.agenda.add(day.opens_at + timedelta(seconds=day.plan.warehouse_round), self._round)
        mass = [article for article in self._articles if article.kind == "mass"]
        for _ in range(day.plan.arrivals):
            quantity = day.random.randint(*ARRIVING)
            day.agenda.add(day.between(0.05, 0.85), partial(self._receive, day.random.choice(mass).sku, quantity))
        for _ in range(day.plan.breakages):
            day.agenda.add(day.between(0.05, 0.85), partial(self._receive, day.random.choice(mass).sku, -1))
        for article in self._articles:
            if article.kind == "contested":
                day.agenda.add(day.between(0.8, 0.85), partial(self._receive, article.sku, ARRIVING[0]))
        for _ in range(day.trouble.cancelled_after_creation):
            day.agenda.add(day.between(0.15, 0.6), self._cancel_late, trading=True)
        if isinstance(day.office, VoidsPicks):
            for _ in range(day.trouble.voided_picks):
                day.agenda.add(day.between(0.15, 0.6), self._void_pick, trading=True)

    def _round(self) -> str:
        day, found = self._day, 0
        for order_id in day.office.open_orders():
            if order_id not in self._seen:
                self._seen.add(order_id)
                found += 1
                day.agenda.add(day.later(day.plan.picking), partial(self._ship, order_id))
        day.agenda.add(day.clock.now() + timedelta(seconds=day.plan.warehouse_round), self._round)
        return f"the warehouse finds {found} new orders"

    def _ship(self, order_id: str) -> str:
        reference = self._day.office.order_reference(order_id)
        if reference in self._put_aside:
            return f"the warehouse puts order {reference} aside"
        oddity = self._oddity(reference)
        carrier = self._carrier(oddity)
        number = "" if oddity == "missing_tracking" else tracking_number(carrier, self._day.random)
        part = self._part(reference)
        try:
            self._day.office.ship(order_id, carrier, number, part)
        except ValueError:
            if oddity:
                self._oddities.appendleft(oddity)
            if order_id in self._day.office.open_orders():
                self._day.agenda.add(self._day.later(WAIT_FOR_GOODS_SECONDS), partial(self._ship, order_id))
                return f"the warehouse waits for goods for {order_id}"
            return f"the warehouse has nothing to ship for {order_id}"
        self._sent(order_id, oddity, is_part=part is not None)
        return f"the warehouse ships {reference or order_id} with {carrier}{'' if number else ', no tracking number'}"

    def _sent(self, order_id: str, oddity: str, *, is_part: bool) -> None:
        day = self._day
        self.shipped += 1
        if is_part:
            day.agenda.add(day.later(day.plan.picking), partial(self._ship, order_id))
        if oddity:
            day.happened[oddity] += 1
        if oddity == "missing_tracking":
            if day.happened[oddity] % 2:
                day.agenda.add(day.later(day.plan.late_tracking), partial(self._number_late, order_id))
            else:
                self._without_number.append(order_id)

    def _oddity(self, reference: str) -> str:
        """Return what is odd about the next parcel; every third marketplace parcel is, until all oddities are used."""
        if reference not in self._baskets:
            return ""
        self._parcels += 1
        return self._oddities.popleft() if self._oddities and self._parcels % ODD_EVERY == 0 else ""

    def _carrier(self, oddity: str) -> str:
        plan = self._day.plan
        given = {"unmapped_carriers": plan.unmapped_carrier, "unapproved_carriers": plan.unapproved_carrier}
        return given.get(oddity) or self._day.random.choice(plan.carriers)

    def _part(self, reference: str) -> dict[str, int] | None:
        """Return one unit of an order that has several, now and then."""
        basket = self._baskets.get(reference, {})
        if sum(basket.values()) > 1 and self._day.random.random() < self._day.plan.partial_shipments:
            return {next(iter(basket)): 1}
        return None

    def _number_late(self, order_id: str) -> str:
        try:
            self._day.office.add_tracking(order_id, tracking_number("", self._day.random))
        except ValueError:
            return f"no parcel of {order_id} lacks its tracking number any more"
        return f"the warehouse adds the tracking number of {order_id}"

    def mend(self) -> str:
        """Add the tracking number of the oldest parcel that still lacks one; an empty text when none does."""
        return self._number_late(self._without_number.pop(0)) if self._without_number else ""

    def _receive(self, sku: str, quantity: int) -> str:
        if quantity < 0 and self._day.office.free(sku) < -quantity:
            return f"nothing breaks of {sku!r}"
        self._day.office.receive_stock(sku, quantity)
        return f"the warehouse books {quantity:+} of {sku!r}"

    def _void_pick(self) -> str:
        """Cancel the pick list of a marketplace order; the warehouse forgets it until its queue shows it again."""
        day = self._day
        waiting = [one for one in day.office.open_orders() if day.office.order_reference(one) in self._baskets]
        if not waiting or not isinstance(day.office, VoidsPicks):
            day.agenda.add(day.later((300, 600)), self._void_pick, trading=True)
            return "no pick list to cancel yet"
        order_id = day.random.choice(waiting)
        day.office.void_pick(order_id)
        self._seen.discard(order_id)
        day.happened["voided_picks"] += 1
        return f"the warehouse cancels the pick list of {day.office.order_reference(order_id)}"

    def _cancel_late(self) -> str:
        """Let the customer of an order that the back office has, and that has not left, cancel it.

        The warehouse hears of it in time, except of the first one, which it ships all the same.
        """
        day = self._day
        references = map(day.office.order_reference, day.office.open_orders())
        waiting = [one for one in references if one in self._baskets and one not in self._put_aside]
        if not waiting:
            day.agenda.add(day.later((300, 600)), self._cancel_late, trading=True)
            return "no customer can cancel yet"
        reference = day.random.choice(waiting)
        if not day.marketplace.request_cancellation(day.account, reference):
            day.agenda.add(day.later((300, 600)), self._cancel_late, trading=True)
            return f"order {reference} is past cancelling"
        if day.happened["cancelled_after_creation"]:
            self._put_aside.add(reference)
        day.happened["cancelled_after_creation"] += 1
        return f"order {reference} is cancelled by its customer after its creation"
