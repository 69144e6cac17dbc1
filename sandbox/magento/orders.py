"""Sales orders: how they are created, updated, found, and what they look like on the wire."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sandbox.magento.answers import Refused, filled, stamp
from sandbox.magento.columns import (
    ITEM_DEFAULTS,
    ITEM_FIELDS,
    ORDER_FIELDS,
    as_stored,
    item_columns,
    order_columns,
)
from sandbox.magento.search import Table
from sandbox.magento.stock import Stock

Channel = Literal["integration", "by_hand", "web"]
FINISHED = {"canceled", "closed", "complete"}


@dataclass
class Line:
    """One order item; the columns hold everything, as in the shop's table."""

    columns: dict[str, Any]

    def number(self, name: str) -> int:
        """Return a quantity column, 0 when it is null."""
        return int(self.columns.get(name) or 0)

    @property
    def sku(self) -> str:
        """Return the SKU as it was sent."""
        return str(self.columns.get("sku") or "")

    @property
    def to_ship(self) -> int:
        """Return the units still to be shipped."""
        gone = self.number("qty_shipped") + self.number("qty_canceled") + self.number("qty_refunded")
        return max(0, self.number("qty_ordered") - gone)

    @property
    def to_invoice(self) -> int:
        """Return the units still to be invoiced."""
        return max(0, self.number("qty_ordered") - self.number("qty_invoiced") - self.number("qty_canceled"))

    def count(self, name: str, quantity: int, at: str) -> None:
        """Add to one of the quantity columns."""
        self.columns[name] = self.number(name) + quantity
        self.columns["updated_at"] = at

    def read_form(self) -> dict[str, Any]:
        """Return the wire form once it has been through the database."""
        return {**ITEM_DEFAULTS, **filled(self.columns), "extension_attributes": {"itemized_taxes": []}}


@dataclass
class Order:
    """One sales order; `reference` and `placed_at` are what the world knows, whatever the columns say."""

    columns: dict[str, Any]
    lines: list[Line]
    channel: Channel
    placed_at: datetime
    reference: str
    payment: dict[str, Any]
    billing: dict[str, Any] | None = None
    assignments: list[dict[str, Any]] = field(default_factory=list)
    histories: list[dict[str, Any]] = field(default_factory=list)
    gift: dict[str, Any] = field(default_factory=dict)
    promised: Counter[str] = field(default_factory=Counter)

    @property
    def order_id(self) -> int:
        """Return the entity id."""
        return int(self.columns["entity_id"])

    @property
    def state(self) -> str | None:
        """Return the state; an order may have none."""
        return self.columns.get("state")

    def move(self, state: str, status: str, at: str) -> None:
        """Change state and status; this is what moves `updated_at`."""
        self.columns |= {"state": state, "status": status, "updated_at": at}

    def echo(self) -> dict[str, Any]:
        """Return the answer of a create call: what was sent, whole, with the new ids."""
        body = filled(self.columns)
        body["items"] = [filled(line.columns) for line in self.lines]
        if self.billing is not None:
            body["billing_address"] = filled(self.billing)
        body["payment"] = self.payment
        body["status_histories"] = [
            {name: value for name, value in filled(each).items() if name != "created_at"} for each in self.histories
        ]
        assignments = [{**each, "items": None} for each in self.assignments]
        body["extension_attributes"] = {"shipping_assignments": assignments, **self.gift}
        return body

    def read_form(self, wanted: Mapping[str, Any] | None = None, *, single: bool = False) -> dict[str, Any]:
        """Return the wire form of a read; only these top-level members when `wanted` says so."""

        def asked(name: str) -> bool:
            return not wanted or name in wanted

        body = filled(self.columns)
        if asked("items"):
            body["items"] = [line.read_form() for line in self.lines]
        if asked("billing_address") and self.billing is not None:
            body["billing_address"] = filled(self.billing)
        if asked("payment"):
            body["payment"] = self.payment
        if asked("status_histories"):
            body["status_histories"] = [filled(each) for each in self.histories]
        if asked("extension_attributes"):
            items = [line.read_form() for line in self.lines]
            texts = self.payment.get("additional_information") or []
            body["extension_attributes"] = {
                "shipping_assignments": [{**each, "items": items} for each in self.assignments],
                "payment_additional_info": [{"key": str(n), "value": text} for n, text in enumerate(texts)],
                "applied_taxes": [],
                "item_applied_taxes": [],
                **self.gift,
            }
            if single:
                body["extension_attributes"] |= {
                    "converting_from_quote": False,
                    "taxes": [],
                    "additional_itemized_taxes": [],
                }
        return body


class Orders:
    """The order book: counters, indexes, and the unique key on increment id and store."""

    def __init__(self, stock: Stock, store_id: int, website_name: str) -> None:
        self._stock, self._store_id, self._website_name = stock, store_id, website_name
        self.table: Table[Order] = Table(
            ORDER_FIELDS,
            ("entity_id", "increment_id", "ext_order_id"),
            lambda row, name: row.columns.get(name),
        )
        self.lines: Table[Line] = Table(
            ITEM_FIELDS, ("item_id", "order_id", "ext_order_item_id"), lambda row, name: row.columns.get(name)
        )
        self.open: dict[int, None] = {}
        self._numbers: Counter[str] = Counter()
        self._taken: set[tuple[str, int]] = set()

    def next(self, counter: str) -> int:
        """Return the next number of a counter, from 1; a number taken for a refused call is gone."""
        self._numbers[counter] += 1
        return self._numbers[counter]

    def get(self, order_id: int) -> Order:
        """Return an order; raise `Refused` 404."""
        order = self.table.rows.get(order_id)
        if order is None:
            raise Refused.no_entity()
        return order

    def create(
        self, entity: Mapping[str, Any], now: datetime, channel: Channel = "integration", reference: str | None = None
    ) -> dict[str, Any]:
        """Save a new order, reserving nothing, and return the echo; only a payment is asked for."""
        columns = order_columns(entity)
        lines = [Line(item_columns(item)) for item in entity.get("items") or []]
        if not entity.get("payment"):
            raise Refused(400, "Please provide payment for the order.")
        columns["store_id"] = store_id = columns.get("store_id") or self._store_id
        columns["increment_id"] = columns.get("increment_id") or f"{self.next('order number'):09d}"
        order_id = self.next("order")
        self._take(columns["increment_id"], store_id)
        at = stamp(now)
        columns |= {
            "entity_id": order_id,
            "created_at": columns.get("created_at") or at,
            "updated_at": at,
            "protect_code": f"{order_id:032x}",
            "store_name": f"{self._website_name}\n{self._website_name} Store\nDefault Store View",
            "total_due": columns.get("grand_total") or 0,
            "base_total_due": columns.get("base_grand_total") or 0,
        }
        order = Order(columns, lines, channel, now, reference or "", {})
        self._attach(order, entity, at)
        echo = order.echo()
        self._settle_into_database(order, reference)
        self.table.add(order_id, order)
        for line in order.lines:
            self.lines.add(line.columns["item_id"], line)
        self.recount(order)
        return echo

    def _take(self, increment_id: str, store_id: int) -> None:
        key = (as_stored(increment_id, "increment_id"), store_id)
        if key in self._taken:
            raise Refused(400, "Unique constraint violation found")
        self._taken.add(key)

    def _attach(self, order: Order, entity: Mapping[str, Any], at: str) -> None:
        order_id = order.order_id
        for line in order.lines:
            own = {"item_id": self.next("item"), "order_id": order_id, "created_at": at, "updated_at": at}
            line.columns |= own
        if entity.get("billing_address"):
            order.billing = self._address(entity["billing_address"], order_id)
            order.columns["billing_address_id"] = order.billing["entity_id"]
        extra = entity.get("extension_attributes") or {}
        if extra.get("gift_message"):
            order.gift = {"gift_message": extra["gift_message"]}
        for each in extra.get("shipping_assignments") or []:
            shipping = dict(each.get("shipping") or {})
            if shipping.get("address"):
                shipping["address"] = filled(self._address(shipping["address"], order_id))
            order.assignments.append({"shipping": shipping})
        own = {"entity_id": self.next("payment"), "parent_id": order_id}
        order.payment = {"account_status": None, "cc_last4": None, "additional_information": []}
        order.payment |= {**entity["payment"], **own}
        self._add_histories(order, entity.get("status_histories") or [], at)

    def _add_histories(self, order: Order, given: Sequence[Mapping[str, Any]], at: str) -> None:
        for each in given:
            own = {"entity_id": self.next("history"), "parent_id": order.order_id, "created_at": at}
            order.histories.append({**each, **own})

    def _address(self, given: Mapping[str, Any], order_id: int) -> dict[str, Any]:
        address = {**given, "entity_id": self.next("address"), "parent_id": order_id}
        if given.get("region"):
            address.setdefault("region_code", given["region"])
        return address

    def _settle_into_database(self, order: Order, reference: str | None) -> None:
        order.columns, order.payment = as_stored(order.columns), as_stored(order.payment)
        order.billing, order.assignments = as_stored(order.billing), as_stored(order.assignments)
        order.histories, order.gift = as_stored(order.histories), as_stored(order.gift)
        if order.gift:
            order.gift["gift_message"] |= {"gift_message_id": self.next("gift message"), "customer_id": 0}
        for line in order.lines:
            line.columns = as_stored(line.columns)
        if reference is None:
            order.reference = order.columns.get("ext_order_id") or order.columns["increment_id"]

    def update(self, entity: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Change only the given columns; the answer shows nulls where the order has values."""
        columns = order_columns(entity)
        order = self.get(columns.pop("entity_id"))
        if set(entity) & {"items", "billing_address", "payment", "extension_attributes"}:
            raise Refused(501, "The sandbox updates plain columns and status_histories of an order, nothing else.")
        increment_id, store_id = columns.get("increment_id"), order.columns["store_id"]
        if increment_id and increment_id != order.columns["increment_id"]:
            self._take(increment_id, store_id)
            self._taken.discard((order.columns["increment_id"], store_id))
        at = stamp(now)
        self.table.change(order.order_id, lambda: order.columns.update(as_stored(columns), updated_at=at))
        if order.channel == "integration":
            order.reference = order.columns.get("ext_order_id") or order.columns["increment_id"]
        self._add_histories(order, as_stored(entity.get("status_histories") or []), at)
        self.recount(order)
        body: dict[str, Any] = {"base_grand_total": None, "grand_total": None, "customer_email": None}
        body |= filled(columns) | {"created_at": order.columns["created_at"]}
        if order.billing is not None:
            body["billing_address_id"] = order.billing["entity_id"]
        body |= {"entity_id": order.order_id, "updated_at": at, "total_due": 0, "base_total_due": 0}
        body["items"] = [line.read_form() for line in order.lines]
        if order.billing is not None:
            body["billing_address"] = filled(order.billing)
        return body | {"payment": order.payment, "status_histories": [filled(each) for each in order.histories]}

    def recount(self, order: Order) -> None:
        """Bring the promised units and the list of pickable orders up to date with an order's lines."""
        owed: Counter[str] = Counter()
        if order.state not in FINISHED:
            for line in order.lines:
                owed[line.sku] += line.to_ship
        for sku in {*owed, *order.promised}:
            if owed[sku] != order.promised[sku]:
                self._stock.promise(sku, owed[sku] - order.promised[sku])
        order.promised = owed
        if order.state in {"new", "processing"} and owed.total():
            self.open[order.order_id] = None
        else:
            self.open.pop(order.order_id, None)
