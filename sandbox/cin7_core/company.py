"""One pretend company: its books, its stock, and its sales with what they keep and release."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Literal

from sandbox.cin7_core.books import MAIN_WAREHOUSE, Books, Customer
from sandbox.cin7_core.sale import (
    ADVANCED,
    AUTHORISED,
    DRAFT,
    SIMPLE,
    VOIDED,
    Channel,
    Fulfilment,
    Sale,
)
from sandbox.cin7_core.stock import Product, Stock
from sandbox.cin7_core.webhooks import Webhooks
from sandbox.cin7_core.wire import Record, Refused, new_guid
from sandbox.kit import Clock


@dataclass
class Switches:
    """What the vendor's reference leaves open, or what its clients saw differ; set before or during a run."""

    over_limit_status: Literal[429, 503] = 429
    retry_after: bool = False
    error_shape: Literal["list", "object", "message"] = "list"
    errors_in_200: bool = False
    unknown_sale_status: Literal[400, 404] = 400
    external_id_contains: bool = False
    visible_after_seconds: float = 0.0
    null_addresses: bool = False
    refuse_void_when_shipped: bool = False
    tracking_touches_sale: bool = True
    tracking_separator: str = ", "
    total_tolerance: Decimal = Decimal("0.01")


class Company:
    """The state behind the API and the warehouse. Every change of a sale goes through `touch`."""

    def __init__(self, clock: Clock, random: Random, switches: Switches) -> None:
        self.clock, self.random, self.switches = clock, random, switches
        self.books = Books(self.new_id, clock.now)
        self.stock = Stock(clock.now)
        self.stock.on_change = self._tell_of_stock
        self.webhooks = Webhooks(self.new_id, clock.now)
        self.sales: dict[str, Sale] = {}
        self.tasks: dict[str, tuple[Sale, Fulfilment]] = {}
        self.by_external_id: dict[str, dict[str, Sale]] = {}
        self.latest_last: dict[str, Sale] = {}
        self.search_texts: dict[str, str] = {}
        self.unshipped: dict[str, Sale] = {}
        self.backordered: dict[str, Sale] = {}
        self._order_numbers = 0

    def new_id(self) -> str:
        """Return a fresh GUID."""
        return new_guid(self.random)

    def now(self) -> datetime:
        """Return the present."""
        return self.clock.now()

    def add_product(self, sku: str, ean: str, price: str) -> Product:
        """Register a product without stock."""
        number = len(self.stock.products)
        product = Product(self.new_id(), number, sku, f"Product {sku}", ean, Decimal(price), self.now())
        self.stock.add(product)
        return product

    def open_sale(self, channel: Channel, customer: Customer, header: Record) -> Sale:
        """Make a sale that is a header only; `register` makes it known."""
        moment = self.now()
        sale = Sale(self.new_id(), len(self.sales), channel, customer, header, moment, moment)
        sale.quote_status = AUTHORISED if header["SkipQuote"] else DRAFT
        return sale

    def register(self, sale: Sale) -> None:
        """Make a sale known to searches."""
        self.sales[sale.id] = sale
        self.index_external_id(sale, "")
        self.touch(sale)

    def index_external_id(self, sale: Sale, former: str) -> None:
        """Keep the index of ExternalID, which is not unique, after a change from `former`."""
        self.by_external_id.get(former, {}).pop(sale.id, None)
        if external_id := sale.header["ExternalID"]:
            self.by_external_id.setdefault(external_id, {})[sale.id] = sale

    def touch(self, sale: Sale) -> None:
        """Note that a sale changed: its time, its place in the order of changes, its search text."""
        sale.modified_at = self.now()
        self.latest_last.pop(sale.id, None)
        self.latest_last[sale.id] = sale
        searched = (sale.order_number, sale.status, sale.customer.name, sale.header["CustomerReference"])
        self.search_texts[sale.id] = "\n".join(text or "" for text in searched).lower()
        self._follow(sale)

    def sale(self, sale_id: str) -> Sale:
        """Return the sale of this id, or refuse."""
        if sale_id.lower() not in self.sales:
            raise Refused(f"Sale with ID {sale_id} was not found", self.switches.unknown_sale_status)
        return self.sales[sale_id.lower()]

    def task(self, task_id: str) -> tuple[Sale, Fulfilment]:
        """Return the fulfilment task of this id with its sale, or refuse."""
        if task_id.lower() not in self.tasks:
            raise Refused(f"Fulfilment with TaskID {task_id} was not found", self.switches.unknown_sale_status)
        return self.tasks[task_id.lower()]

    def number(self, sale: Sale) -> None:
        """Give the sale its order number, once."""
        if sale.order_number is None:
            self._order_numbers += 1
            sale.order_number = f"SO-{self._order_numbers:05d}"

    def authorise(self, sale: Sale) -> None:
        """Authorise the order and keep stock for it; what is missing becomes a back-order, in silence."""
        sale.order_status = AUTHORISED
        sale.authorised_at = sale.authorised_at or self.now()
        self.allocate(sale)
        if sale.type == SIMPLE and not sale.fulfilments:
            self.add_task(sale, sale.id)
        self.touch(sale)

    def allocate(self, sale: Sale) -> None:
        """Keep as much as there is of what the sale's lines lack."""
        for line in sale.lines:
            if line.short and not line.drop_ship:
                line.reservations += self.stock.reserve(line.product, line.short, sale.header["Location"])

    def add_task(self, sale: Sale, task_id: str) -> Fulfilment:
        """Add a fulfilment task; a second one makes the sale advanced."""
        task = Fulfilment(task_id, len(sale.fulfilments) + 1)
        sale.fulfilments.append(task)
        self.tasks[task_id] = (sale, task)
        if len(sale.fulfilments) > 1:
            sale.type = ADVANCED
        return task

    def void(self, sale: Sale) -> None:
        """Void the sale and release what it keeps; what has left does not come back."""
        if sale.order_status == VOIDED:
            raise Refused(f"Sale {sale.order_number or sale.id} is already VOIDED")
        if self.switches.refuse_void_when_shipped and sale.shipped:
            raise Refused(f"Sale {sale.order_number} cannot be voided: its shipment is authorised")
        self._release(sale)
        sale.order_status = sale.quote_status = VOIDED
        for task in sale.fulfilments:
            task.pick_status = task.pack_status = task.ship_status = VOIDED
        self.touch(sale)

    def undo(self, sale: Sale) -> None:
        """Take an authorised order back to draft: what `DELETE` does unless it says `Void=true`."""
        if sale.order_status not in {AUTHORISED, DRAFT}:
            raise Refused(f"Sale {sale.id} has no order to undo: Order status is {sale.order_status}")
        if sale.shipped:
            raise Refused(f"Sale {sale.order_number} cannot be undone: its shipment is authorised")
        self._release(sale)
        for task in sale.fulfilments:
            del self.tasks[task.task_id]
        sale.fulfilments.clear()
        sale.order_status = DRAFT
        self.touch(sale)

    def depart(self, sale: Sale, units: dict[str, int]) -> None:
        """Let goods of the sale leave the building, oldest line first."""
        for line in sale.lines:
            leaving = min(units.get(line.product.sku, 0), line.reserved)
            if leaving:
                self.stock.take(line.product, line.reservations, leaving, leaves=True)
                line.shipped += leaving
                units[line.product.sku] -= leaving

    def arrive(self, product: Product, quantity: int) -> None:
        """Book goods in where the product lies first; sales that wait for it keep them, the oldest first."""
        location, bin_name = next(((row.location, row.bin) for row in product.rows), (MAIN_WAREHOUSE, None))
        self.stock.put(product, quantity, location, bin_name)
        for sale in [sale for sale in self.backordered.values() if sale.ordered(product.sku)]:
            self.allocate(sale)
            self.touch(sale)

    def lose(self, product: Product, quantity: int) -> None:
        """Book broken goods out; where they were promised, the youngest unpicked sales go on back-order.

        Raises ValueError when more would break than lies there unpicked.
        """
        missing = quantity - product.free
        if missing > 0:
            self._break_promises(product, missing)
        self.stock.remove(product, quantity)

    def _break_promises(self, product: Product, missing: int) -> None:
        holders = [sale for sale in reversed(self.unshipped.values()) if sale.pickable(product.sku)]
        if missing > sum(sale.pickable(product.sku) for sale in holders):
            raise ValueError(f"cin7_core: fewer {product.sku} than that lie there unpicked; break fewer")
        for sale in holders:
            for line in sale.lines:
                freed = min(missing, line.reserved, sale.pickable(product.sku)) if line.product is product else 0
                if freed:
                    self.stock.take(product, line.reservations, freed, leaves=False)
                    missing -= freed
            self.touch(sale)
            if not missing:
                return

    def tell_of_shipment(self, sale: Sale, task: Fulfilment, type_: str) -> None:
        """Let the webhooks know of a shipment, in the words of the reference."""
        told = {
            "SaleTaskID": task.task_id,
            "OrderNumber": sale.order_number,
            "CustomerName": sale.customer.name,
            "EventType": type_,
        }
        self.webhooks.happened(type_, told)

    def _tell_of_stock(self, product: Product) -> None:
        rows = [
            {"ID": product.id, "SKU": product.sku, "Location": row.location, "Available": row.available}
            for row in product.rows
        ]
        self.webhooks.happened("Stock/AvailableStockLevelChanged", rows)

    def _release(self, sale: Sale) -> None:
        for line in sale.lines:
            if line.reserved:
                self.stock.take(line.product, line.reservations, line.reserved, leaves=False)

    def _follow(self, sale: Sale) -> None:
        is_open = sale.order_status == AUTHORISED and any(line.quantity > line.shipped for line in sale.lines)
        _keep(self.unshipped, sale, is_open)
        _keep(self.backordered, sale, sale.is_backordered)


def _keep(shelf: dict[str, Sale], sale: Sale, belongs: bool) -> None:  # noqa: FBT001 - private, and reads as a sentence
    if belongs:
        shelf.setdefault(sale.id, sale)
    else:
        shelf.pop(sale.id, None)
