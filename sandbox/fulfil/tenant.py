"""One tenant: its books and its warehouses, with what is promised, assigned and free."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from sandbox.fulfil.books import (
    ASSIGNED,
    CANCEL,
    DONE,
    PACKED,
    PROCESSING,
    WAITING,
    Channel,
    ChannelKind,
    Move,
    Named,
    Place,
    Product,
    Sale,
    SaleLine,
    Shipment,
    Switches,
)
from sandbox.fulfil.pushes import Pushes
from sandbox.fulfil.views import views
from sandbox.fulfil.wire import Refused
from sandbox.kit import Clock

MAIN = "MAIN"
ZONE = ZoneInfo("Europe/London")
Key = tuple[int, int]


class Tenant:
    """The state behind the API. Counts of stock are by product and warehouse."""

    def __init__(self, clock: Clock, pushes: Pushes, channel: int) -> None:
        self.clock, self.pushes, self.switches = clock, pushes, Switches()
        self._ids = count(101)
        self.models = views(self)
        self.on_hand: Counter[Key] = Counter()
        self.promised: Counter[Key] = Counter()
        self._assigned: Counter[Key] = Counter()
        self._drafted: Counter[int] = Counter()
        self.products: dict[str, Product] = {}
        self.sales: dict[int, Sale] = {}
        self.shipments: dict[int, Shipment] = {}
        self.warehouses: dict[str, Place] = {}
        self.channels: dict[int, Channel] = {}
        self._carriers: dict[tuple[str, str], Named] = {}
        self._drafts: list[tuple[datetime, Sale]] = []
        self._waiting: dict[int, Shipment] = {}
        self.ready: dict[int, Shipment] = {}
        self.add_channel(channel, "john-lewis", "integration")
        self.by_hand = self.add_channel(channel + 1, "manual", "by_hand")
        self.web = self.add_channel(channel + 2, "web", "web")
        self.add_warehouse(MAIN)

    # ---- the books -------------------------------------------------------------------------------

    def new_id(self) -> int:
        """Return the next id: all models share one row of numbers here."""
        return next(self._ids)

    def add_channel(self, channel_id: int, code: str, kind: ChannelKind) -> Channel:
        """Open a sales channel."""
        channel = self.channels[channel_id] = Channel(channel_id, code, kind)
        self.models.named("sale.channel").add(channel)
        return channel

    def add_warehouse(self, code: str) -> Place:
        """Open a warehouse with its storage zone."""
        warehouse = self.warehouses[code] = Place(self.new_id(), code, "warehouse")
        self.models.named("stock.location").add(warehouse)
        self.models.named("stock.location").add(Place(self.new_id(), f"{code}-STO", "storage", warehouse.id))
        return warehouse

    def add_product(self, code: str, upc: str | None, price: Decimal) -> Product:
        """Register a product without stock."""
        product = self.products[code] = Product(self.new_id(), code, upc, price, self.clock.now())
        self.models.named("product.product").add(product)
        self.note(product)
        return product

    def carrier(self, name: str, model: str = "carrier") -> Named:
        """Return the carrier (or the service) of this name, made when it is first used."""
        if (model, name) not in self._carriers:
            self._carriers[model, name] = Named(self.new_id(), name)
            self.models.named(model).add(self._carriers[model, name])
        return self._carriers[model, name]

    def add_sale(self, sale: Sale) -> None:
        """Keep a sale and its lines; it is planned when its time as a draft is over; one of the web shop at once."""
        self.sales[sale.id] = sale
        self.models.named("sale.sale").add(sale)
        for line in sale.lines:
            self.models.named("sale.line").add(line)
        if sale.state == CANCEL or sale.has_exception:
            return
        wait = 0.0 if sale.channel is self.web else self.switches.processing_seconds
        due_at = self.clock.now() + timedelta(seconds=wait)
        self._drafts.append((due_at, sale))
        self._draft(sale, 1)
        self.advance()

    def _draft(self, sale: Sale, times: int) -> None:
        """Count (or, with -1, count no longer) what a draft will promise: available does not know of it, the truth does."""
        for line in sale.lines:
            self._drafted[line.product.id] += 0 if line.is_return else times * line.quantity
            self.note(line.product)

    # ---- stock -----------------------------------------------------------------------------------

    def free(self, product: Product) -> int:
        """Return what is there and promised to nobody, in all warehouses; a draft is a promise too."""
        return sum(self.available(product, place) for place in self.warehouses.values()) - self._drafted[product.id]

    def available(self, product: Product, warehouse: Place) -> int:
        """Return what may be promised from one warehouse; negative when it promised too much."""
        key = (product.id, warehouse.id)
        return self.on_hand[key] - self.promised[key]

    def note(self, product: Product) -> None:
        """Remember what is free now, and tell who listens."""
        free = self.free(product)
        if not product.history or product.history[-1][1] != free:
            product.history.append((self.clock.now(), free))
            self.pushes.note("stock.move", self.new_id())

    def book(self, product: Product, warehouse: Place, quantity: int) -> None:
        """Book goods in, or (negative) out; raises ValueError when so many are not there."""
        key = (product.id, warehouse.id)
        if self.on_hand[key] + quantity < 0:
            raise ValueError(f"fulfil has only {self.on_hand[key]} of {product.code!r} there: book out less")
        self.on_hand[key] += quantity
        for shipment in reversed(list(self.ready.values())):
            if self._assigned[key] <= self.on_hand[key]:
                break
            if shipment.warehouse == warehouse.id and _units(shipment)[product.id]:
                self._unassign(shipment)
        for shipment in list(self._waiting.values()):
            if shipment.warehouse == warehouse.id and _units(shipment)[product.id]:
                self._assign(shipment)
        self.note(product)

    # ---- planning --------------------------------------------------------------------------------

    def advance(self) -> None:
        """Plan the sales whose time as a draft is over."""
        due = [sale for at, sale in self._drafts if at <= self.clock.now()]
        self._drafts = [(at, sale) for at, sale in self._drafts if at > self.clock.now()]
        for sale in due:
            if sale.state not in {CANCEL, DONE}:
                self._plan(sale)

    def _plan(self, sale: Sale) -> None:
        sale.state, sale.planned_at = PROCESSING, self.clock.now()
        for line in sale.lines:
            self._drafted[line.product.id] -= 0 if line.is_return else line.quantity
        lines: dict[int, list[SaleLine]] = {}
        for line in sale.lines:
            if not line.is_return:
                lines.setdefault(self._route(line).id, []).append(line)
        for warehouse, group in lines.items():
            self._open_shipment(sale, warehouse, [(line, line.quantity) for line in group])
        for line in sale.lines:
            self.note(line.product)

    def _route(self, line: SaleLine) -> Place:
        """Choose the warehouse: the one that was demanded, the first that has enough, or the fullest."""
        places = list(self.warehouses.values())
        for place in places:
            if line.warehouse == place.id or (
                line.warehouse is None and self.available(line.product, place) >= line.quantity
            ):
                return place
        return max(places, key=lambda place: self.available(line.product, place))

    def _open_shipment(self, sale: Sale, warehouse: int, units: Iterable[tuple[SaleLine, int]]) -> Shipment:
        instructions = str(sale.order.get("shipping_instructions") or "")
        shipment = Shipment(self.new_id(), sale.id, warehouse, self.clock.now(), sale.reference, instructions)
        sale.shipments.append(shipment)
        self.shipments[shipment.id] = self._waiting[shipment.id] = shipment
        self.models.named("stock.shipment.out").add(shipment)
        for line, quantity in units:
            for inner in (True, False):
                self._add_move(shipment, line, quantity, inner=inner)
            self.promised[line.product.id, warehouse] += quantity
        self._assign(shipment)
        return shipment

    def _add_move(self, shipment: Shipment, line: SaleLine, quantity: int, *, inner: bool) -> None:
        move = Move(self.new_id(), line, quantity, inner, shipment.id)
        shipment.moves.append(move)
        self.models.named("stock.move").add(move)

    def _assign(self, shipment: Shipment) -> None:
        units = _units(shipment)
        keys = {(product, shipment.warehouse): quantity for product, quantity in units.items()}
        if all(self.on_hand[key] - self._assigned[key] >= quantity for key, quantity in keys.items()):
            self._assigned.update(keys)
            self._waiting.pop(shipment.id, None)
            shipment.state, self.ready[shipment.id] = ASSIGNED, shipment

    def _unassign(self, shipment: Shipment) -> None:
        self._assigned.subtract({(product, shipment.warehouse): n for product, n in _units(shipment).items()})
        self.ready.pop(shipment.id, None)
        shipment.state, self._waiting[shipment.id] = WAITING, shipment

    # ---- shipping and cancelling -----------------------------------------------------------------

    def split(self, shipment: Shipment, wanted: Counter[str]) -> None:
        """Leave in a shipment only the wanted units (by SKU); the rest becomes a shipment of its own."""
        rest: list[tuple[SaleLine, int]] = []
        left = Counter(wanted)
        self._unassign(shipment)
        for move in shipment.leaving:
            stays = min(left[move.line.product.code], move.quantity)
            left[move.line.product.code] -= stays
            if move.quantity > stays:
                rest.append((move.line, move.quantity - stays))
                self.promised[move.line.product.id, shipment.warehouse] -= move.quantity - stays
            for twin in shipment.moves:
                if twin.line is move.line:
                    twin.quantity = stays
        shipment.moves = [move for move in shipment.moves if move.quantity]
        self._assign(shipment)
        if rest:
            self._open_shipment(self.sales[shipment.sale], shipment.warehouse, rest)

    def finish(self, shipment: Shipment) -> None:
        """Let an assigned or packed shipment leave."""
        if shipment.state not in {ASSIGNED, PACKED}:
            raise Refused.by_rule(f"Shipment {shipment.number} is {shipment.state} and cannot be done")
        for product, quantity in _units(shipment).items():
            key = (product, shipment.warehouse)
            self.on_hand[key] -= quantity
            self.promised[key] -= quantity
            self._assigned[key] -= quantity
        self._close(shipment, DONE)
        shipment.shipped_at = self.clock.now()
        shipment.effective_on = shipment.shipped_at.astimezone(ZONE).date()
        for move in shipment.leaving:
            move.line.shipped += move.quantity
        sale = self.sales[shipment.sale]
        if all(each.state in {DONE, CANCEL} for each in sale.shipments):
            sale.state = DONE
        self.pushes.note("stock.shipment.out", shipment.id)

    def pack(self, shipment: Shipment) -> None:
        """Pack an assigned shipment: the point of no return."""
        if shipment.state != ASSIGNED:
            raise Refused.by_rule(f"Shipment {shipment.number} is {shipment.state} and cannot be packed")
        shipment.state = PACKED

    def cancel_shipment(self, shipment: Shipment) -> None:
        """Cancel a shipment that is not packed; what it promised is free again."""
        if shipment.state not in {WAITING, ASSIGNED}:
            raise Refused.by_rule(f"Shipment {shipment.number} is {shipment.state} and cannot be cancelled")
        if shipment.state == ASSIGNED:
            self._unassign(shipment)
        for product, quantity in _units(shipment).items():
            self.promised[product, shipment.warehouse] -= quantity
        self._close(shipment, CANCEL)
        for move in shipment.leaving:
            self.note(move.line.product)

    def _close(self, shipment: Shipment, state: str) -> None:
        self._waiting.pop(shipment.id, None)
        self.ready.pop(shipment.id, None)
        shipment.state = state
        for move in shipment.moves:
            move.state = state

    def cancel_sale(self, sale: Sale) -> None:
        """Cancel a sale of which nothing has left and no shipment is open."""
        if sale.state in {DONE, CANCEL} or any(each.state != CANCEL for each in sale.shipments):
            raise Refused.by_rule(f"Sale {sale.number} is {sale.state}: cancel its shipments first")
        if sale.planned_at is None and not sale.has_exception:
            self._draft(sale, -1)
        sale.state = CANCEL


def _units(shipment: Shipment) -> Counter[int]:
    units: Counter[int] = Counter()
    for move in shipment.leaving:
        units[move.line.product.id] += move.quantity
    return units
