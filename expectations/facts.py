"""What the records of a page are compared with: plain values, gathered by the step that calls the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.limits import OrderLimits


@dataclass(frozen=True)
class Facts:
    """What we know today about the values of one page.

    Nothing is assumed: an empty set knows, maps and approves nothing, so everything that needs it
    is held. `carriers` is keyed by the back office's (carrier, service); the service "" stands for
    every service that has no entry of its own. `ordered` gives, by order reference, how many of each
    SKU are still to be dispatched; an order that is not in it is unknown here. `tracking_numbers` gives, by code of the
    marketplace, the regular expression that a whole tracking number fits; a code that is not in it is not compared. `elsewhere` gives, by order reference, the other account of the
    marketplace over which an order of that reference came.
    """

    now: datetime
    skus: frozenset[str] = frozenset()
    eans: Mapping[str, str] = field(default_factory=dict)
    carriers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    approved: frozenset[str] = frozenset()
    order_limits: OrderLimits = field(default_factory=OrderLimits)
    currencies: frozenset[str] = frozenset({"GBP"})
    accept_test_orders: bool = False
    ordered: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    tracking_numbers: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def carrier_code(self, carrier: str, service: str) -> str | None:
        """Return the marketplace's code for a carrier of the back office, compared exactly; None if unmapped."""
        return self.carriers.get((carrier, service)) or self.carriers.get((carrier, ""))
