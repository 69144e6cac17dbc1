"""What a seller's day is to contain: how much trade, and how much trouble."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """The trade of one seller's day. Times are seconds of the world's clock; pairs are ranges to draw from.

    `orders` customers find something to buy; on top come those who want the `sell_outs` (tiny
    stocks) and the troubled listings. The last tenth of the day is left for the work to be finished.
    """

    seconds: float = 43_200
    orders: int = 550
    rush: int = 130
    products: int = 240
    stock: tuple[int, int] = (150, 400)
    sell_outs: int = 30
    contested: int = 10
    sell_out_stock: tuple[int, int] = (1, 4)
    sales_elsewhere: int = 150
    arrivals: int = 30
    breakages: int = 5
    warehouse_round: float = 600
    picking: tuple[float, float] = (1_800, 14_400)
    partial_shipments: float = 0.05
    late_tracking: tuple[float, float] = (1_800, 5_400)
    carriers: tuple[str, ...] = ("DPD", "Royal Mail", "Evri")
    unmapped_carrier: str = "Swift Couriers"
    unapproved_carrier: str = "CitySprint"

    def __post_init__(self) -> None:
        if not 0 <= self.contested <= self.sell_outs or self.products < 1 or self.rush > self.orders:
            raise ValueError("sandbox.world: a plan needs a product, contested <= sell_outs and rush <= orders")


@dataclass(frozen=True)
class Trouble:
    """How often each thing goes wrong in one seller's day; a thing set to 0 never does.

    `lost_answers` is the share of calls to each write route whose answer is lost after the work was
    done; `certain_lost_answers` come on top for each route. Outages and vendor errors are counted for each
    of the two systems. Where two worlds share a marketplace, their troubles there add up.
    """

    outages: int = 1
    outage_seconds: float = 900
    lost_answers: float = 0.01
    certain_lost_answers: int = 1
    rate_limited: int = 1
    server_errors: int = 1
    html_pages: int = 1
    errors_in_200: int = 1
    repeated_pages: int = 1
    overlapping_pages: int = 1
    publishing: int = 6
    publishing_seconds: float = 600
    unknown_skus: int = 1
    trailing_spaces: int = 1
    look_alikes: int = 1
    wrong_eans: int = 1
    malformed_payloads: int = 3
    undocumented_statuses: int = 1
    cancelled_before_creation: int = 3
    cancelled_after_creation: int = 3
    unmapped_carriers: int = 3
    unapproved_carriers: int = 2
    missing_tracking: int = 4
    voided_picks: int = 2
    mends: int = 3

    @classmethod
    def none(cls) -> "Trouble":
        """Return a day on which nothing goes wrong."""
        nothing = dict.fromkeys((name for name in cls.__dataclass_fields__ if not name.endswith("_seconds")), 0)
        return replace(cls(), **nothing)
