"""Who acts in the simulated world besides the product: customers, other channels, the warehouse, operators, trouble."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ledger import holds
from sandbox.kit import Fault
from sandbox.trade import VoidsPicks
from tasks import operators
from tests.stateful.folders import MISHAPS

if TYPE_CHECKING:
    from tests.stateful.machine import Machine

PERSONAL = ("Zuleika Quickbourne", "99 Marker Lane", "QX9 9ZZ", "zuleika@marker.example", "07999999999")
_CUSTOMER = dict(zip(("full_name", "line_1", "postal_code", "email", "phone"), PERSONAL, strict=True))
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "truncated", "when": "after"},
    {"kind": "hang", "when": "after", "seconds": 40, "status": 504},
    {"kind": "status", "status": 500, "when": "before"},
    {"kind": "status", "status": 500, "when": "after"},
    {"kind": "html", "status": 502, "when": "before"},
    {"kind": "html", "status": 200, "when": "after"},
    {"kind": "status", "status": 429, "when": "before", "headers": {"retry-after": "7"}},
)


_OF_MISREADING = {"malformed_payload", "contradiction"}
"""Why a message waits of which the order could not be read: it could not be composed, or not be seen to be done."""


class Actors:
    """Acts once when called; every choice comes from the seed."""

    def __init__(self, machine: "Machine") -> None:
        self.machine, self.random = machine, machine.random
        self.edge, self.office = machine.edge, machine.office
        self.skus = [f"SKU-{number}" for number in range(10)]
        self.lost_tracking: list[str] = []
        self.bad_orders = 0
        self.cancelled: set[str] = set()
        self.misread_until: dict[str, datetime] = {}
        unable = set() if isinstance(machine.office, VoidsPicks) else {"void_pick"}
        unable |= {"misread"} if machine.market.orders_by_files else {"spoil_a_file"}
        unable |= set() if machine.market.stock_calls else {"refuse_stock"}
        unable |= set() if machine.market.proves_numbers else {"lose_stock"}
        self.able = {act for act in dir(self) if not act.startswith("_")} - unable

    def stock_the_shop(self) -> None:
        """Put the catalogue into both systems: some SKUs plenty, some nearly sold out."""
        for number, sku in enumerate(self.skus):
            ean = f"50123456{number:04d}"
            ean += str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(ean)) % 10)
            self.office.add_product(sku=sku, ean=ean, quantity=self.random.choice((2, 4, 9, 40)))
            self.edge.add_product("harbour", stock_number=f"{20000000 + number}", sku=sku, ean=ean)

    def buy(self) -> str:
        """Let a customer buy what is published."""
        basket = {
            sku: self.random.randint(1, 2) for sku in self.random.sample(self.skus, self.random.choice((1, 1, 2)))
        }
        reference = self.edge.buy_basket("harbour", basket, _CUSTOMER)
        if reference:
            self.machine.watch.sold(reference, basket)
        return f"buy {basket}: {reference}"

    def sell_elsewhere(self) -> str:
        """Sell on another channel."""
        sku = self.random.choice(self.skus)
        return f"web sale {sku}: {self.office.sell_elsewhere(sku, 1)}"

    def restock(self) -> str:
        """Book goods in."""
        sku = self.random.choice(self.skus)
        self.office.receive_stock(sku, self.random.randint(1, 8))
        return f"restock {sku}"

    def ship(self) -> str:
        """Ship one open order, sometimes by a carrier that nobody mapped, sometimes without its tracking number."""
        open_orders = sorted(self.office.open_orders())
        if not open_orders:
            return "nothing to ship"
        order = self.random.choice(open_orders)
        carrier = self.random.choice(("DPD", "DPD", "Evri", "Tuk Tuk" if self.random.random() < 0.3 else "DPD"))
        tracking = "" if self.random.random() < 0.15 else f"1550{self.random.randrange(10**10):010d}"
        try:
            self.office.ship(order, carrier, tracking)
        except Exception as refused:  # noqa: BLE001 - the pretend systems refuse each in their own way
            return f"ship {order}: {type(refused).__name__}"
        if not tracking:
            self.lost_tracking.append(order)
        return f"ship {order} by {carrier}"

    def void_pick(self) -> str:
        """Cancel the pick list of an open order, where the back office has such lists."""
        open_orders = sorted(self.office.open_orders())
        if not open_orders:
            return "no pick list to cancel"
        order = self.random.choice(open_orders)
        try:
            self.office.void_pick(order)
        except ValueError as refused:
            return f"void the pick of {order}: {type(refused).__name__}"
        return f"void the pick of {order}"

    def add_tracking(self) -> str:
        """Enter a tracking number that was missing."""
        if not self.lost_tracking:
            return "no tracking is missing"
        order = self.lost_tracking.pop()
        self.office.add_tracking(order, f"1551{self.random.randrange(10**10):010d}")
        return f"tracking for {order}"

    def cancel(self) -> str:
        """Let John Lewis ask to cancel an order that is not dispatched."""
        open_ones = sorted(
            order["reference"]
            for order in self.machine.watch.marketplace_orders()
            if {line["status"] for line in order["lines"]} <= self.machine.market.cancellable
            and order["reference"] not in self.cancelled
        )
        if not open_ones:
            return "nothing to cancel"
        reference = self.random.choice(open_ones[-4:])
        self.edge.request_cancellation("harbour", reference)
        self.cancelled.add(reference)
        return f"cancel {reference}"

    @property
    def misread_now(self) -> set[str]:
        """Return the orders that cannot be read now."""
        now = self.machine.clock.now()
        return {reference for reference, until in self.misread_until.items() if now < until}

    def misread(self) -> str:
        """Let an order that is known already be shown for a while in a shape that cannot be read."""
        known = self.machine.watch.known_orders()
        if not known:
            return "no order to misread"
        reference = self.random.choice(known[:4])
        self.misread_until[reference] = self.machine.clock.now() + timedelta(seconds=self.random.randint(60, 600))
        return f"{reference} cannot be read for a while"

    def bad_order(self) -> str:
        """Place an order that must be held."""
        self.bad_orders += 1
        return self.machine.market.bad_order(self.edge, self.bad_orders)

    def spoil_a_file(self) -> str:
        """Let the next file of the marketplace come in bad shape, or let what nobody could read be sent again."""
        folders = self.edge.folders
        if self.random.random() < 0.3:
            return f"{folders.mend()} files are sent again"
        folders.mishaps.append(self.random.choice(MISHAPS))
        return f"the next file is {folders.mishaps[-1]}"

    def trouble(self) -> str:
        """Let one of the writes go wrong in one of many ways, or a system be down, or a product be published."""
        if self.random.random() < 0.1:
            system = self.random.choice((self.edge, self.office))
            system.fail_for(self.random.randint(30, 900))
            return f"{system.name} is down"
        if (
            self.random.random() < 0.2 and not self.machine.market.orders_by_files
        ):  # a file would lose the number unseen
            sku = self.random.choice(self.skus)
            self.edge.publishing("harbour", sku, 400)
            return f"{sku} is being published"
        on_edge = self.random.random() >= self.machine.profile.on_office
        of_edge = [write for write in self.machine.market.writes if self.machine.profile.on_path in write[1]]
        method, path = self.random.choice(of_edge if on_edge else self.machine.office_kind.writes)
        fault = Fault(method=method, path=path, **_FAULTS[self.random.choice(self.machine.profile.faults)])
        (self.edge if on_edge else self.office).faults.append(fault)
        return f"fault {fault.kind} {fault.when} on {method} {path}"

    def refuse_stock(self) -> str:
        """Let the marketplace refuse the next number, or the next few, of whatever SKU: nobody releases it."""
        method, path = self.machine.market.stock_calls[0]
        fault = Fault(method=method, path=path, status=400, body={"detail": "no"}, times=self.random.choice((1, 1, 3)))
        self.edge.faults.append(fault)
        return f"{fault.times} times stock is refused"

    def lose_stock(self) -> str:
        """Let the marketplace say yes to the next number, of whatever SKU, and not take it."""
        method, path = self.machine.market.stock_calls[0]
        self.edge.faults.append(Fault(method=method, path=path, status=204))
        return "a number will be lost"

    def glitch(self) -> str:
        """Let the back office say for one stock scan that nothing is there; two that agree are believed."""
        if self.machine.clock.now() < self.machine.glitch_until + timedelta(minutes=20):
            return "no second glitch so soon"
        self.machine.glitch_until = self.machine.clock.now() + timedelta(seconds=200)
        return "the stock answers show zeroes"

    def operate(self) -> str:
        """Let operators map the carrier that waits, and release what waited for an order that can be read again."""
        return f"{self._map_carrier()}; {self._release_read_again()} released"

    def _release_read_again(self) -> int:
        with self.machine.database.transaction("harbour", "operator") as tx:
            unread = {one.order_key for one in holds.open_holds(tx, subject=holds.INBOX)}
            found = holds.open_holds(tx, subject=holds.MESSAGE) if self.misread_until else []
            mended = [one for one in found if one.type in _OF_MISREADING and one.order_key not in unread]
            for one in mended:
                number = int(one.subject_id)
                operators.release(
                    tx, order="", cause=0, message=number, reason="it can be read", by="Sam", dry_run=False
                )
        return len(mended)

    def _map_carrier(self) -> str:
        with self.machine.database.transaction("harbour", "operator") as tx:
            try:
                plan = operators.map_carrier(
                    tx,
                    carrier="Tuk Tuk",
                    service="",
                    code="yodel",
                    owner="warehouse",
                    review_on="2027-01-31",
                    by="Sam",
                    dry_run=False,
                )
            except operators.NothingToDo as nothing:
                return str(nothing)
        return plan.title
