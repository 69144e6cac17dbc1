"""The published call frequencies: each operation has a budget of its own."""

from dataclasses import dataclass

from connectors.mirakl.settings import MiraklOptions
from domain.budgets import Limit


@dataclass(frozen=True)
class Limits:
    """One budget an operation. Where "per use" is published, it only keeps us from flooding."""

    poll_orders: Limit
    view_orders: Limit
    accept: Limit
    track: Limit
    ship: Limit
    make_shipments: Limit
    list_shipments: Limit
    confirm_shipments: Limit
    view_offers: Limit
    send_stock: Limit
    ask_stock: Limit
    report_stock: Limit
    reference: Limit

    @classmethod
    def of(cls, options: MiraklOptions) -> "Limits":
        """Return the budgets of an account."""

        def per_use(operation: str) -> Limit:
            return Limit(options.calls_per_minute, group=operation)

        return cls(
            poll_orders=Limit(1, group="OR11", seconds=3600 / options.order_polls_per_hour),
            view_orders=per_use("OR11 view"),
            accept=per_use("OR21"),
            track=per_use("OR23"),
            ship=per_use("OR24"),
            make_shipments=per_use("ST01"),
            list_shipments=per_use("ST11"),
            confirm_shipments=per_use("ST24"),
            view_offers=per_use("OF21"),
            send_stock=Limit(1, group="STO01"),
            ask_stock=Limit(1, group="STO02", seconds=15),
            report_stock=Limit(1, group="STO03"),
            # published once a day, and asked once a day; the rest is for days on which an answer was lost
            reference=Limit(24, group="reference", seconds=86_400),
        )
