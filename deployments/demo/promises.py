"""What the demo's day promises, each with its figure: counted by the vendors' side, or from our ledger."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

_BY_BOTH = 2  # a seller's marketplace and its back office
_TROUBLES = {
    "outages": ("outages of each seller's marketplace and back office", _BY_BOTH),
    "rate_limited": ("calls of each seller answered with 429", 1),
    "server_errors": ("calls of each seller answered with 500", 1),
    "html_pages": ("calls of each seller answered with an HTML page", 1),
    "unknown_skus": ("orders of each seller for an unknown SKU", 1),
    "trailing_spaces": ("orders of each seller for a SKU with a space", 1),
    "wrong_eans": ("orders of each seller for a wrong EAN", 1),
    "unmapped_carriers": ("shipments of each seller by a carrier without a code", 1),
}
_OF_THE_OFFICE = {"errors_in_200": ("calls answered with an error and HTTP 200, where the vendor does that", 1)}


@dataclass(frozen=True)
class Promise:
    """One thing that the day promises, what came of it, and whether that is kept."""

    what: str
    wanted: str
    figure: Any
    kept: bool

    def shown(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"what": self.what, "wanted": self.wanted, "figure": self.figure, "kept": self.kept}


def promises(told: Mapping[str, Any], *, all_trade: bool, errs_in_200: Collection[str]) -> list[Promise]:
    """Return what the report of a day kept of what was promised, for those who traded.

    `errs_in_200` are the accounts whose back office answers errors with HTTP 200.
    """
    troubles = told["trouble"]
    return [
        _promise("orders offered", told["orders_offered"], "at least", 1000 if all_trade else 1),
        _promise("orders lost", told["orders_lost"], "exactly", 0),
        _promise("orders duplicated", told["orders_duplicated"], "exactly", 0),
        _promise("orders still waiting", told["orders_waiting"], "exactly", 0),
        Promise("every order in one class", "yes", told["explained"], kept=told["explained"] is True),
        _promise("units oversold", told["oversold_units"], "exactly", 0),
        _promise("SKUs that sold out", told["skus_sold_out"], "at least", 30),
        _promise("of them on two channels at once", told["skus_sold_out_at_once"], "at least", 10),
        _promise("kills of the worker in the middle of runs", told["kills"], "at least", 2),
        _promise("writes whose outcome was unknown", told["unknown_outcomes"], "at least", 1),
        *(_of_each(name, troubles, list(troubles), *wanted) for name, wanted in _TROUBLES.items()),
        *(_of_each(name, troubles, errs_in_200, *wanted) for name, wanted in _OF_THE_OFFICE.items() if errs_in_200),
    ]


def _of_each(
    name: str, troubles: Mapping[str, Mapping[str, int]], accounts: Collection[str], what: str, least: int
) -> Promise:
    """Return whether every one of these accounts had so many; the figure is that of the one that had fewest."""
    return _promise(what, min((troubles.get(one, {}).get(name, 0) for one in accounts), default=0), "at least", least)


_KEPT: dict[str, Callable[[int, int], bool]] = {
    "at least": lambda figure, wanted: figure >= wanted,
    "exactly": lambda figure, wanted: figure == wanted,
}


def _promise(what: str, figure: int, how: str, wanted: int) -> Promise:
    return Promise(what, f"{how} {wanted:,}", figure, kept=_KEPT[how](figure, wanted))
