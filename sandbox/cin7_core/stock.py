"""Products and where they lie: rows by location and bin, reservations on rows, the history of what is free."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sandbox.cin7_core.wire import Record, Refused, wire_number, write_moment


@dataclass
class Row:
    """What lies in one bin (or none) of one location."""

    location: str
    bin: str | None
    on_hand: int
    allocated: int = 0

    @property
    def available(self) -> int:
        """Return what is not reserved; reservations never exceed what lies there, so never negative."""
        return self.on_hand - self.allocated


@dataclass
class Reservation:
    """Units of one row that are kept for one order line."""

    row: Row
    quantity: int


@dataclass
class Product:
    """A product with its stock rows; none at all until stock was first booked in."""

    id: str
    number: int
    sku: str
    name: str
    barcode: str
    price: Decimal
    modified_at: datetime
    rows: list[Row] = field(default_factory=list)
    history: list[tuple[datetime, int]] = field(default_factory=list)
    status: str = "Active"

    @property
    def average_cost(self) -> Decimal:
        """Return what a unit cost: half its price, so that the value of stock is never its quantity."""
        return self.price / 2

    @property
    def on_hand(self) -> int:
        """Return what is physically there, in all rows."""
        return sum(row.on_hand for row in self.rows)

    @property
    def free(self) -> int:
        """Return what is there and promised to nobody, in all rows."""
        return sum(row.available for row in self.rows)

    def availability(self, row: Row) -> Record:
        """Return one of its rows as `/ref/productavailability` shows it."""
        return {
            "ID": self.id,
            "SKU": self.sku,
            "Name": self.name,
            "Barcode": self.barcode,
            "Location": row.location,
            "Bin": row.bin,
            "Batch": None,
            "ExpiryDate": None,
            "OnHand": row.on_hand,
            "Allocated": row.allocated,
            "Available": row.available,
            "OnOrder": 0,
            "StockOnHand": wire_number(self.average_cost * row.on_hand),
            "InTransit": 0,
            "NextDeliveryDate": None,
        }

    def wire(self) -> Record:
        """Return the row of `/product`."""
        nothing: Record = dict.fromkeys(f"AdditionalAttribute{number}" for number in range(1, 11))
        tiers = {f"Tier {number}": wire_number(self.price) for number in range(1, 11)}
        lists = ("Suppliers", "ReorderLevels", "Attachments", "Movements", "CustomPrices")
        return {
            "ID": self.id,
            "SKU": self.sku,
            "Name": self.name,
            "Category": "Other",
            "Brand": None,
            "Type": "Stock",
            "CostingMethod": "FIFO",
            "DropShipMode": "No Drop Ship",
            "DefaultLocation": None,
            **dict.fromkeys(("Length", "Width", "Height", "Weight"), 0),
            "UOM": "Item",
            "WeightUnits": "g",
            "DimensionsUnits": "cm",
            "Barcode": self.barcode,
            "MinimumBeforeReorder": 0,
            "ReorderQuantity": 0,
            **{f"PriceTier{number}": wire_number(self.price) for number in range(1, 11)},
            "PriceTiers": tiers,
            "AverageCost": wire_number(self.average_cost),
            "ShortDescription": "",
            "InternalNote": "",
            "Description": "",
            **nothing,
            "AttributeSet": None,
            "Tags": "",
            "Status": self.status,
            "StockLocator": None,
            **dict.fromkeys(("COGSAccount", "RevenueAccount", "ExpenseAccount", "InventoryAccount")),
            "PurchaseTaxRule": None,
            "SaleTaxRule": None,
            "Sellable": True,
            "PickZones": None,
            "HSCode": None,
            "CountryOfOrigin": None,
            "CountryOfOriginCode": None,
            "LastModifiedOn": write_moment(self.modified_at, self.number),
            "BillOfMaterial": False,
            "AutoAssembly": False,
            **{name: [] for name in lists},
        }


class Stock:
    """All products of the company. SKUs are unique, compared character for character."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.on_change: Callable[[Product], None] = lambda _product: None
        self._now = now
        self._by_id: dict[str, Product] = {}
        self.products: dict[str, Product] = {}
        self.rows: list[tuple[Product, Row]] = []

    def add(self, product: Product) -> None:
        """Register a product; raises ValueError when the SKU is taken."""
        if product.sku in self.products:
            raise ValueError(f"cin7_core: SKU {product.sku} exists already; add each product once")
        self.products[product.sku] = self._by_id[product.id] = product
        self.note(product)

    def product_of(self, line: Record) -> Product:
        """Return the product that `ProductID` and `SKU` of a line agree on, or refuse."""
        product = self._by_id.get(str(line["ProductID"]).lower())
        if product is None:
            raise Refused(f"Product with ID {line['ProductID']} was not found in Products reference book")
        if product.sku != line["SKU"]:
            raise Refused(f"Product with ID {line['ProductID']} does not have SKU {line['SKU']}")
        return product

    def by_id(self, product_id: str) -> list[Product]:
        """Return the product of this id, in a list that is empty when there is none."""
        product = self._by_id.get(product_id.lower())
        return [product] if product else []

    def put(self, product: Product, quantity: int, location: str, bin_name: str | None = None) -> None:
        """Book units into a row, opening it at need."""
        row = next((row for row in product.rows if (row.location, row.bin) == (location, bin_name)), None)
        if row is None:
            row = Row(location, bin_name, 0)
            product.rows.append(row)
            self.rows.append((product, row))
        row.on_hand += quantity
        self.note(product)

    def remove(self, product: Product, quantity: int) -> None:
        """Book unreserved units out, row after row; there must be so many."""
        for row in product.rows:
            gone = min(quantity, row.available)
            row.on_hand -= gone
            quantity -= gone
        self.note(product)

    def reserve(self, product: Product, quantity: int, location: str) -> list[Reservation]:
        """Keep up to this many units of the location, bin after bin; fewer when there are fewer."""
        kept = []
        for row in product.rows:
            taken = min(quantity, row.available)
            if row.location == location and taken > 0:
                row.allocated += taken
                quantity -= taken
                kept.append(Reservation(row, taken))
        if kept:
            self.note(product)
        return kept

    def take(self, product: Product, reservations: list[Reservation], quantity: int, *, leaves: bool) -> None:
        """Use up this much of the reservations: the goods leave the building, or become free again."""
        for reservation in reservations:
            used = min(quantity, reservation.quantity)
            reservation.quantity -= used
            reservation.row.allocated -= used
            reservation.row.on_hand -= used if leaves else 0
            quantity -= used
        reservations[:] = [reservation for reservation in reservations if reservation.quantity]
        self.note(product)

    def note(self, product: Product) -> None:
        """Write down what is free now, when it differs from before; one value a moment, the last."""
        moment, history = self._now(), product.history
        if history and history[-1][0] == moment:
            history.pop()
        if not history or history[-1][1] != product.free:
            history.append((moment, product.free))
            self.on_change(product)
