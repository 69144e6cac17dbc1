"""What the world (customers, other channels, the warehouse) does in a pretend system, whichever it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from sandbox.kit import Fault


class BackOffice(Protocol):
    """What the world (other channels, the warehouse) does in a back office, whichever it is.

    Quantities are whole eaches. `free(sku)` is the truth that nobody may sell beyond: physically
    there, not promised to any other sale or unshipped order of this back office.
    """

    name: str

    def free(self, sku: str) -> int:
        """Return the physically free units now."""
        ...

    def sell_elsewhere(self, sku: str, quantity: int) -> bool:
        """Sell on another channel of the seller's; False when not enough is free."""
        ...

    def receive_stock(self, sku: str, quantity: int) -> None:
        """Book goods in (or, negative, out: breakage) at the warehouse."""
        ...

    def open_orders(self) -> list[str]:
        """Return the ids of the sales orders that the warehouse could pick now."""
        ...

    def order_reference(self, order_id: str) -> str:
        """Return the Customer Order Number that the order carries, or an empty text."""
        ...

    def ship(self, order_id: str, carrier: str, tracking: str, lines: dict[str, int] | None = None) -> None:
        """Pick, pack and ship (all that is left, or these quantities by SKU); `tracking` may be empty.

        Raises ValueError when the goods are not there or the order is not to be shipped.
        """
        ...

    def add_tracking(self, order_id: str, tracking: str) -> None:
        """Add the tracking number that was missing when the order was shipped."""
        ...


class Marketplace(Protocol):
    """What the world does in a marketplace, whichever it is, in the account of one seller.

    A customer is a mapping with `full_name`, `line_1`, `line_2`, `city`, `postal_code`, `phone`; all
    are optional. A reference names one order of ours for ever.
    """

    name: str
    faults: list[Fault]
    outage_until: datetime | None

    def fail_for(self, seconds: float) -> None:
        """Be down for this many seconds of the clock."""
        ...

    def add_product(
        self,
        account: str,
        *,
        stock_number: str,
        sku: str,
        ean: str,
        free_stock: int = 0,
        unit_cost_price: str | None = "20.00",
    ) -> str:
        """List a product and return its id; the price is what a purchase pays."""
        ...

    def published(self, account: str, sku: str) -> int:
        """Return the units that the listing offers now."""
        ...

    def buy_basket(
        self,
        account: str,
        basket: Mapping[str, int],
        customer: Mapping[str, Any] | None = None,
        comment: str | None = None,
    ) -> str | None:
        """Let a customer buy these units by SKU: all of them, or None. The listing goes down at once."""
        ...

    def request_cancellation(self, account: str, reference: str) -> list[str]:
        """Let a customer cancel an order, or ask for it, as it is there; return the lines that this touched."""
        ...

    def place_unreadable(self, account: str, number: int, customer: Mapping[str, Any]) -> str:
        """Place an order whose lines nobody can read (`number` chooses how) and return its reference."""
        ...

    def place_undocumented(self, account: str, sku: str, customer: Mapping[str, Any]) -> str:
        """Place an order with a line in a state that nobody documented and return its reference."""
        ...

    def repeat_page(self, account: str, share: float = 1.0) -> None:
        """Let the next order page after a first one repeat this share of the page before it."""
        ...

    def publishing(self, account: str, sku: str, seconds: float) -> None:
        """Let the marketplace be busy with a listing for so long, so that its stock cannot be set meanwhile."""


@runtime_checkable
class VoidsPicks(Protocol):
    """A back office whose pick lists can be cancelled."""

    def void_pick(self, order_id: str) -> None:
        """Cancel the pick list of an order, which puts it aside; ValueError when it is on none and can be on none."""
        ...
