"""The marketplaces that the simulator can put before an installation: one entry each."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.kit import Clock
from sandbox.mirakl import Account as ShopAccount
from sandbox.mirakl import Mirakl
from sandbox.virtualstock import Account, Virtualstock

NAME = "harbour"


@dataclass(frozen=True)
class Market:
    """How to make one, how the product reaches it, which of its calls write, and how its store is read.

    `accepts_first`: an order is accepted before its address is known. `settles_later`: what it takes it
    works off later, and it is asked seldom: a few more runs are needed to see it. `cancellable` are the line states in
    which a customer may still cancel.
    """

    system: str
    make: Callable[[Clock, int], Any]
    environment: dict[str, str]
    writes: tuple[tuple[str, str], ...]
    cancellable: frozenset[str]
    options: dict[str, Any] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    accepts_first: bool = False
    settles_later: bool = False

    @property
    def host(self) -> str:
        return f"{self.system}.test"

    def joined(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return an installation's settings with this marketplace."""
        endpoint = {"system": self.system, "account": f"{NAME}-marketplace", "options": self.options}
        return {**settings, "marketplace": endpoint, "orders": {**settings["orders"], **self.orders}}

    def bad_order(self, system: Any, number: int) -> str:
        """Place an order that must be held: unreadable, or of a SKU that nobody has."""
        raise NotImplementedError

    def sends(self, system: Any, request: httpx.Request, body: bytes) -> Mapping[str, int]:
        """Return the numbers that this call sends, by SKU."""
        raise NotImplementedError

    def numbers_shown(self, system: Any, sku: str) -> list[int]:
        """Return every number that was shown for a SKU: what a call set, and what was left after a sale."""
        raise NotImplementedError

    def files(self, system: Any) -> list[Mapping[str, int] | None]:
        """Return what each file that was taken has set, None while it is not worked off."""
        raise NotImplementedError


class _Edge(Market):
    def bad_order(self, system: Any, number: int) -> str:
        line = {
            "line_reference": "1",
            "quantity": 1,
            "part_number": "29999999",
            "supplier_sku_reference": "NO-SUCH-SKU",
        }
        if number % 2:
            wire = {"url": f"x/77{number:02d}/", "order_reference": f"bad{number}", "status": "ORDER", "items": "none"}
            return f"malformed {system.place_raw(NAME, wire)}"
        return f"unknown SKU {system.place_order(NAME, {'items': [line]})}"

    def sends(self, system: Any, request: httpx.Request, body: bytes) -> Mapping[str, int]:
        found = re.fullmatch(r"/api/v4/products/([0-9]+)/stock", request.url.path)
        if request.method != "PATCH" or found is None:
            return {}
        product = system.state.supplier(NAME).products.get(int(found.group(1)))
        return {} if product is None else {product.sku: int(json.loads(body)["supplier_free_stock"])}

    def numbers_shown(self, system: Any, sku: str) -> list[int]:
        return [quantity for _, quantity in system.state.supplier(NAME).products.by_sku(sku).published]

    def files(self, system: Any) -> list[Mapping[str, int] | None]:
        return []


class _Mirakl(Market):
    def bad_order(self, system: Any, number: int) -> str:
        if number % 2:
            wire = {"order_id": f"bad{number}", "order_state": "WAITING_ACCEPTANCE", "order_lines": "none"}
            return f"malformed {system.place_raw(NAME, wire)}"
        return f"unknown SKU {system.place_order(NAME, {'NO-SUCH-SKU': 1})}"

    def sends(self, system: Any, request: httpx.Request, body: bytes) -> Mapping[str, int]:
        if request.method != "POST" or request.url.path != "/api/offers/stock/imports":
            return {}
        text = body.decode().partition("\r\n\r\n")[2].partition("\r\n--")[0]
        rows = csv.DictReader(io.StringIO(text), delimiter=";")
        return {row["offer-sku"]: int(row["quantity"]) for row in rows}

    def numbers_shown(self, system: Any, sku: str) -> list[int]:
        return []  # a call takes a file; the numbers are set later

    def files(self, system: Any) -> list[Mapping[str, int] | None]:
        system.state.advance(system.clock.now())
        files = system.state.shop(NAME).offers.imports.values()
        return [{row["offer-sku"]: int(row["quantity"]) for row in one.rows} if one.done else None for one in files]


MARKETS: dict[str, Market] = {
    "virtualstock": _Edge(
        "virtualstock",
        lambda clock, seed: Virtualstock(clock, seed=seed, accounts=[Account(NAME, "user", "edge-password")]),
        {
            "HARBOUR_VIRTUALSTOCK_BASE_URL": "http://virtualstock.test",
            "HARBOUR_VIRTUALSTOCK_USERNAME": "user",
            "HARBOUR_VIRTUALSTOCK_PASSWORD": "edge-password",
        },
        (
            ("POST", "/restapi/v4/orders/[0-9]+/acknowledge/"),
            ("POST", "/restapi/v4/orders/[0-9]+/dispatch/"),
            ("POST", "/restapi/v4/orders/[0-9]+/cancel_acknowledge/"),
            ("PATCH", "/api/v4/products/[0-9]+/stock"),
        ),
        frozenset({"ORDER", "ORDER_ACK"}),
        options={"time_zone": "UTC"},
    ),
    "mirakl": _Mirakl(
        "mirakl",
        lambda clock, seed: Mirakl(clock, seed=seed, accounts=[ShopAccount(NAME, "shop-key")]),
        {"HARBOUR_MIRAKL_BASE_URL": "http://mirakl.test", "HARBOUR_MIRAKL_API_KEY": "shop-key"},
        (
            ("PUT", "/api/orders/[^/]+/accept"),
            ("POST", "/api/shipments"),
            ("PUT", "/api/shipments/ship"),
            ("POST", "/api/offers/stock/imports"),
        ),
        frozenset({"WAITING_ACCEPTANCE", "WAITING_DEBIT", "WAITING_DEBIT_PAYMENT", "SHIPPING"}),
        orders={"acceptance_first": True, "accept_within_hours": 48},
        accepts_first=True,
        settles_later=True,
    ),
}
