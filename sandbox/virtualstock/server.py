"""The pretend The Edge: one server for several suppliers, and what customers and the retailer do in it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.routing import Route

from sandbox.kit import Clock, FixedWindow, System
from sandbox.virtualstock import actions
from sandbox.virtualstock.access import Access
from sandbox.virtualstock.actions import Step
from sandbox.virtualstock.making import product_data, purchase
from sandbox.virtualstock.rest import Rest
from sandbox.virtualstock.state import Account, State

__all__ = ["Account", "Virtualstock"]

WINDOW_SECONDS = 60


class Virtualstock(System):
    """The Edge, REST v4. Each account sees only its own orders and products, and has its own limit.

    `retailer` is a user who may create orders and request cancellations over HTTP; without one,
    only the methods here do. Links in answers carry `alias_host`, never the host that was called.
    With `dispatch_needs_acknowledgement` a line in ORDER may not be dispatched (the vendor does
    not say; every documented workflow acknowledges first).
    """

    name = "virtualstock"

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 0,
        accounts: Sequence[Account],
        calls_per_minute: int = 250,
        alias_host: str = "https://www.sandbox.the-edge.io",
        retailer: Account | None = None,
        dispatch_needs_acknowledgement: bool = True,
    ) -> None:
        self.state = State(accounts, alias_host, seed)
        self.state.dispatch_needs_acknowledgement = dispatch_needs_acknowledgement
        self.window = FixedWindow(calls_per_minute, WINDOW_SECONDS)
        users = [*accounts, retailer] if retailer else accounts
        self.access = Access(clock, seed, {user.username: user.password for user in users})
        super().__init__(clock, seed)

    def routes(self) -> Sequence[Route]:
        """Return the vendor's routes."""
        return Rest(self.state, self.access, self.window, self.clock).routes()

    def limits(self) -> dict[str, Any]:
        """Return the calls a minute that each user has."""
        return {"each user": self.window.limit}

    def dump(self) -> dict[str, Any]:
        """Return all accounts with their orders, listings and refusals."""
        accounts = {name: supplier.dump() for name, supplier in self.state.suppliers.items()}
        return {"system": self.name, "kind": "marketplace", "accounts": accounts}

    @property
    def carriers(self) -> list[dict[str, Any]]:
        """Return the carriers (`id`, `slug`, `name`) that a dispatch may name; the list may be changed."""
        return self.state.carriers

    def place_order(self, account: str, order: Mapping[str, Any]) -> str:
        """Place an order and return its reference.

        `order` has the retailer's create shape; every field is optional, and what is given is shown
        unchecked, so trouble can be put in. Stock is not touched; `buy` does that.
        """
        return self.state.place(self.state.supplier(account), order, self.clock.now()).reference

    def place_raw(self, account: str, wire: dict[str, Any]) -> str:
        """Show any JSON object in the account's order list as it is; return its reference.

        A number at the end of its `url` is its id. The reference of an object without one is "None".
        """
        return self.state.place_raw(self.state.supplier(account), wire, self.clock.now()).reference

    def request_cancellation(self, account: str, reference: str, lines: Collection[str] | None = None) -> list[str]:
        """Ask, for the customer, to cancel these line references (default: all); return those now in CANCEL.

        Lines that are past cancelling (dispatched, or asked for already) are left out, as the vendor refuses them.
        """
        supplier = self.state.supplier(account)
        order = supplier.orders.by_reference(reference)
        if order is None:
            raise LookupError(f"virtualstock sandbox: {account} has no order {reference!r}; check the reference")
        steps = [
            Step(line, line.outstanding, {})
            for line in order.lines
            if line.status in actions.CANCEL_REQUEST.allowed_from and (lines is None or line.reference in lines)
        ]
        if steps:
            self.state.finish(supplier, order, actions.CANCEL_REQUEST, steps, self.clock.now())
        return [step.line.reference for step in steps]

    def add_product(
        self,
        account: str,
        *,
        stock_number: str,
        sku: str,
        ean: str,
        free_stock: int = 0,
        extra: Mapping[str, Any] | None = None,
        unit_cost_price: str | None = "20.00",
    ) -> str:
        """Enrol a product and return its id; `extra` overrides data fields, the price is what `buy` charges."""
        data = product_data(stock_number, sku, ean, free_stock, extra or {})
        supplier = self.state.supplier(account)
        return str(self.state.enrol(supplier, stock_number, sku, data, unit_cost_price, self.clock.now()).id)

    def published(self, account: str, sku: str) -> int:
        """Return the units that the retailer sells at most now."""
        return self.state.supplier(account).products.by_sku(sku).free_stock

    def buy(self, account: str, sku: str, quantity: int, customer: Mapping[str, Any] | None = None) -> str | None:
        """Let a customer buy: return the order reference, or None when less than that is published.

        The channel takes the sold units off its own published number at once. `customer` overrides
        fields of the shipping address (`full_name`, `line_1`, `postal_code`, ...).
        """
        return self.buy_basket(account, {sku: quantity}, customer)

    def buy_basket(
        self,
        account: str,
        basket: Mapping[str, int],
        customer: Mapping[str, Any] | None = None,
        comment: str | None = None,
    ) -> str | None:
        """Let a customer buy these units by SKU in one order, as `buy` does: all of them or nothing.

        `comment` is the order's free text, the only place that v4 has for a gift message.
        """
        supplier, now = self.state.supplier(account), self.clock.now()
        lines = [(supplier.products.by_sku(sku), quantity) for sku, quantity in basket.items()]
        if any(product.free_stock < quantity for product, quantity in lines):
            return None
        for product, quantity in lines:
            product.publish(product.free_stock - quantity, now)
        return self.state.place(supplier, purchase(lines, now, customer or {}, comment), now).reference

    def place_unreadable(self, account: str, number: int, customer: Mapping[str, Any]) -> str:
        """Place an order whose lines cannot be read: null, text, a list of text, or a quantity in words."""
        items: Any = (None, "see attachment", ["a line"], [{"quantity": "two"}])[number % 4]
        return self.place_order(account, {"items": items, "shipping_address": dict(customer)})

    def place_undocumented(self, account: str, sku: str, customer: Mapping[str, Any]) -> str:
        """Place an order with a line in a state that nobody documented."""
        number = self.state.supplier(account).products.by_sku(sku).part_number
        line = {"retailer_sku_reference": number, "supplier_sku_reference": sku, "quantity": 1}
        items = [{**line, "status": "AWAITING_REVIEW"}]
        return self.place_order(account, {"items": items, "shipping_address": dict(customer)})

    def repeat_page(self, account: str, share: float = 1.0) -> None:
        """Let the next order page after a first one repeat this share of the page before it (1.0: all of it)."""
        self.state.supplier(account).repeated_pages.append(share)

    def publishing(self, account: str, sku: str, seconds: float) -> None:
        """Let the product be in its publishing state, in which every write gets 409, for this long."""
        product = self.state.supplier(account).products.by_sku(sku)
        product.publishing_until = self.clock.now() + timedelta(seconds=seconds)
