"""What goes wrong with the systems themselves: outages, lost answers, vendor errors, pages that repeat."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sandbox.kit import Fault, FaultKind
from sandbox.trade import Marketplace
from sandbox.world.day import Day, Office

WRITES = {
    "Virtualstock": (
        ("POST", r"/restapi/v4/orders/[^/]+/acknowledge/"),
        ("POST", r"/restapi/v4/orders/[^/]+/dispatch/"),
        ("PATCH", r"/api/v4/products/[^/]+/stock"),
    ),
    "Mirakl": (
        ("PUT", r"/api/orders/[^/]+/accept"),
        ("POST", r"/api/shipments"),
        ("POST", r"/api/offers/stock/imports"),
    ),
    "Magento": (("POST|PUT", r"/rest/(.+/)?V1/orders(/create)?"),),
    "Deposco": (("POST", "/latest/orders/salesOrders"),),
    "Cin7Core": (("POST", "/ExternalApi/v2/sale"), ("POST", "/ExternalApi/v2/sale/order")),
    "Fulfil": (("PUT", r"/api/v2/model/sale\.channel/create_order"),),
    "Seko": (("POST", "/api/salesorders/v4/websubmit"),),
}
"""The routes by which orders, acknowledgements, dispatches and stock are written, by the system's class."""

BUSINESS = r"(?!.*/token).*"  # signing in has troubles of its own kind
HANG_SECONDS = 120.0
ALWAYS = 1_000_000


class Mishaps:
    """The broken hours of a marketplace and a back office."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._installed: list[tuple[str, Fault, int]] = []

    def plan(self, listed_skus: list[str]) -> None:
        """Put all troubles of the systems on the agenda."""
        day, trouble = self._day, self._day.trouble
        systems: tuple[Marketplace | Office, ...] = (day.marketplace, day.office)
        for system in systems:
            self._repeat(trouble.outages, partial(self._outage, system))
            for method, path in WRITES[type(system).__name__]:
                self._plan_lost_answers(system, method, path)
            for name, fault in _VENDOR_ERRORS.items():
                self._repeat(getattr(trouble, name), partial(self._break, system, name, fault))
        if type(day.office).__name__ == "Cin7Core":
            self._repeat(trouble.errors_in_200, partial(self._break, day.office, "errors_in_200", _error_in_200))
        for share, name in ((1.0, "repeated_pages"), (0.4, "overlapping_pages")):
            self._repeat(getattr(trouble, name), partial(self._repeat_page, share, name), (0.2, 0.34))
        for _ in range(trouble.publishing):
            self._repeat(1, partial(self._publish, day.random.choice(listed_skus)))

    def _plan_lost_answers(self, system: Marketplace | Office, method: str, path: str) -> None:
        trouble = self._day.trouble
        kinds: tuple[FaultKind, ...] = ("truncated", "hang")
        if trouble.lost_answers:
            for kind in kinds:
                lost = _lost(kind, method, path, ALWAYS, trouble.lost_answers / len(kinds))
                self._install(system, "lost_answers", lost)
        for number in range(trouble.certain_lost_answers):
            kind = kinds[number % len(kinds)]
            self._repeat(1, partial(self._break, system, "lost_answers", partial(_lost, kind, method, path)))

    def _repeat(self, times: int, act: Callable[[], str], during: tuple[float, float] = (0.1, 0.75)) -> None:
        for _ in range(times):
            self._day.agenda.add(self._day.between(*during), act, trading=True)

    def _install(self, system: Marketplace | Office, name: str, fault: Fault) -> None:
        system.faults.append(fault)
        self._installed.append((name, fault, fault.times))

    def _outage(self, system: Marketplace | Office) -> str:
        system.fail_for(self._day.trouble.outage_seconds)
        self._day.happened["outages"] += 1
        return f"{system.name} is down for {self._day.trouble.outage_seconds:.0f} s"

    def _break(self, system: Marketplace | Office, name: str, fault: Callable[[], Fault]) -> str:
        self._install(system, name, fault())
        return f"{system.name} is about to have trouble: {name}"

    def _repeat_page(self, share: float, name: str) -> str:
        self._day.marketplace.repeat_page(self._day.account, share)
        self._day.happened[name] += 1
        return f"the next further page of orders repeats {share:.0%} of the one before"

    def _publish(self, listed_sku: str) -> str:
        day = self._day
        day.marketplace.publishing(day.account, listed_sku, day.trouble.publishing_seconds)
        day.happened["publishing"] += 1
        return f"{listed_sku!r} is being published"

    def struck(self) -> dict[str, int]:
        """Return how many calls each kind of fault has broken so far."""
        struck: dict[str, int] = {}
        for name, fault, times in self._installed:
            struck[name] = struck.get(name, 0) + times - fault.times
        return struck

    def stop(self) -> None:
        """Let all faults and outages end now."""
        for _, fault, _ in self._installed:
            fault.probability = 0.0
        self._day.marketplace.outage_until = self._day.office.outage_until = None


def _lost(kind: FaultKind, method: str, path: str, times: int = 1, probability: float = 1.0) -> Fault:
    """Return the fault that lets the system do its work and then loses the answer."""
    return Fault(kind, method, path, "after", times, probability, seconds=HANG_SECONDS)


def _error_in_200() -> Fault:
    body: Any = [{"ErrorCode": 500, "Exception": "Internal error. Please try again later"}]
    return Fault("error_in_200", path="/ExternalApi/v2/sale.*", body=body)


_VENDOR_ERRORS: dict[str, Callable[[], Fault]] = {
    "rate_limited": lambda: Fault(
        path=BUSINESS, status=429, body={"detail": "slow down"}, headers={"Retry-After": "20"}
    ),
    "server_errors": lambda: Fault(path=BUSINESS, status=500, body={"detail": "internal error"}),
    "html_pages": lambda: Fault("html", path=BUSINESS, status=502),
}
