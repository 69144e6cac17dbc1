"""The marketplaces that the simulator can put before an installation: one entry each."""

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sandbox.kit import Clock
from sandbox.mirakl import Account as ShopAccount
from sandbox.mirakl import Mirakl
from sandbox.virtualstock import Account, Virtualstock
from tests.stateful.folders import EdgeByFiles

NAME = "harbour"


@dataclass(frozen=True)
class Market:
    """How to make one, how the product reaches it, which of its calls write, and how its store is read.

    `accepts_first`: an order is accepted before its address is known. `settles_in`: what it takes it
    works off later, and it is asked seldom: so many more runs are needed to see it. `cancellable` are the line states in
    which a customer may still cancel. `by_files`: it has folders; what writes is then a call on them, or of HTTP, and a path.
    `orders_by_files`: orders come by them too. `jobs`: what of it is its own, and is killed.
    `one_file`: it takes one stock file at a time.
    """

    system: str
    make: Callable[[Clock, int], Any]
    environment: dict[str, str]
    writes: tuple[tuple[str, str], ...]
    cancellable: frozenset[str]
    options: dict[str, Any] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    accepts_first: bool = False
    settles_in: int = 0
    by_files: bool = False
    orders_by_files: bool = False
    jobs: tuple[str, ...] = ("items", "stock", "orders", "dispatch")
    one_file: bool = False

    @property
    def stock_calls(self) -> tuple[tuple[str, str], ...]:
        """Return the calls that set stock, and may be refused."""
        return tuple(call for call in self.writes if call[0] in {"PATCH", "POST"} and "stock" in call[1])

    @property
    def host(self) -> str:
        return f"{self.system}.test"

    def joined(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return an installation's settings with this marketplace."""
        endpoint = {"system": self.system, "account": f"{NAME}-marketplace", "options": self.options}
        return {**settings, "marketplace": endpoint, "orders": {**settings["orders"], **self.orders}}

    def furnish(self, system: Any, home: Path) -> dict[str, str]:
        """Give the system a place for files, and return what of it the product must know."""
        return {}

    def bad_order(self, system: Any, number: int) -> str:
        """Place an order that must be held: unreadable, or of a SKU that nobody has."""
        raise NotImplementedError

    def sends(self, system: Any, request: httpx.Request, body: bytes) -> Mapping[str, int]:
        """Return the numbers that this call sends, by SKU."""
        raise NotImplementedError

    def numbers_shown(self, system: Any, sku: str) -> list[int]:
        """Return every number that was shown for a SKU: what a call set, and what was left after a sale."""
        raise NotImplementedError

    def files(self, system: Any) -> Mapping[str, Mapping[str, int] | None]:
        """Return what each stock file that came has set, None while it is not worked off."""
        return {}

    def waiting(self, system: Any) -> Collection[str]:
        """Return the SKUs that a file names which is not worked off, and which a later one would overtake."""
        return ()

    def repeated(self, system: Any) -> Collection[str]:
        """Return the orders of which a dispatch was reported twice, where the store of the orders does not tell."""
        return ()

    def hidden(self, system: Any) -> Collection[str]:
        """Return the orders that are placed, and that nobody can see yet."""
        return ()


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


class _EdgeByBoth(_Edge):
    def furnish(self, system: Any, home: Path) -> dict[str, str]:
        system.furnish(home)
        return {}

    def files(self, system: Any) -> Mapping[str, Mapping[str, int] | None]:
        system.folders.look()
        return dict(system.folders.numbers)

    def waiting(self, system: Any) -> Collection[str]:
        return system.folders.waiting()  # type: ignore[no-any-return] # a set

    def repeated(self, system: Any) -> Collection[str]:
        return system.folders.repeated  # type: ignore[no-any-return] # a list


class _EdgeByFiles(_EdgeByBoth):
    def furnish(self, system: Any, home: Path) -> dict[str, str]:
        return {"HARBOUR_VIRTUALSTOCK_FILES_LISTINGS": str(system.furnish(home))}

    def bad_order(self, system: Any, number: int) -> str:
        if number % 2:
            return f"malformed {system.folders.put('order', 'no file of five parts')}"
        return super().bad_order(system, number)

    def sends(self, system: Any, request: httpx.Request, body: bytes) -> Mapping[str, int]:
        raise AssertionError("an account of files was called over HTTP")

    def numbers_shown(self, system: Any, sku: str) -> list[int]:
        return []  # a call brings a file; the numbers are set later

    def hidden(self, system: Any) -> Collection[str]:
        return system.folders.hidden  # type: ignore[no-any-return] # a set


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

    def files(self, system: Any) -> Mapping[str, Mapping[str, int] | None]:
        system.state.advance(system.clock.now())
        files = system.state.shop(NAME).offers.imports.items()
        return {
            str(name): {row["offer-sku"]: int(row["quantity"]) for row in one.rows} if one.done else None
            for name, one in files
        }


_EDGE = {
    "HARBOUR_VIRTUALSTOCK_BASE_URL": "http://virtualstock.test",
    "HARBOUR_VIRTUALSTOCK_USERNAME": "user",
    "HARBOUR_VIRTUALSTOCK_PASSWORD": "edge-password",
}
_EDGE_WRITES = (
    ("POST", "/restapi/v4/orders/[0-9]+/acknowledge/"),
    ("POST", "/restapi/v4/orders/[0-9]+/dispatch/"),
    ("POST", "/restapi/v4/orders/[0-9]+/cancel_acknowledge/"),
    ("PATCH", "/api/v4/products/[0-9]+/stock"),
)
_STOCK_FILES = (
    ("write", ".*/inventory/[^/]+"),  # never written there: a file appears whole
    ("write", r".*/own/(sent|being-written)/inventory-[^/]+"),
    ("rename", ".*/own/being-written/.*"),
    ("read|entries|find", ".*"),
)

MARKETS: dict[str, Market] = {
    "virtualstock": _Edge(
        "virtualstock",
        lambda clock, seed: Virtualstock(clock, seed=seed, accounts=[Account(NAME, "user", "edge-password")]),
        _EDGE,
        _EDGE_WRITES,
        frozenset({"ORDER", "ORDER_ACK"}),
        options={"time_zone": "UTC"},
    ),
    "virtualstock_files": _EdgeByFiles(
        "virtualstock_files",
        lambda clock, seed: EdgeByFiles(clock, seed=seed, account=Account(NAME, "user", "edge-password")),
        {
            "HARBOUR_VIRTUALSTOCK_FILES_HOST": "edge.test",
            "HARBOUR_VIRTUALSTOCK_FILES_USERNAME": "user",
            "HARBOUR_VIRTUALSTOCK_FILES_PASSWORD": "edge-password",
            "HARBOUR_VIRTUALSTOCK_FILES_HOST_KEY": "ssh-ed25519 AAAA",
        },
        (
            ("write", r".*/outgoing/(order|dispatch|cancel)-[0-9]+\.(ack|txt)"),
            ("write", r".*/outgoing/[^/]+\.DONE"),
            ("write", r".*/own/sent/[^/]+\.note"),
            ("rename", ".*/incoming/.*"),
            *_STOCK_FILES,
        ),
        frozenset({"ORDER", "ORDER_ACK"}),
        options={
            "time_zone": "UTC",
            "puts_away": True,
            "carriers": ["dpd", "evri", "yodel"],
            "errors_within_minutes": 2,
        },
        orders={"go_live_at": "2026-01-01T00:00:00Z"},  # a file names the day of an order, not its time
        by_files=True,
        orders_by_files=True,
    ),
    "virtualstock_with_files": _EdgeByBoth(
        "virtualstock",
        lambda clock, seed: EdgeByFiles(clock, seed=seed, account=Account(NAME, "user", "edge-password")),
        {
            **_EDGE,
            "HARBOUR_VIRTUALSTOCK_SFTP_HOST": "edge.test",
            "HARBOUR_VIRTUALSTOCK_SFTP_USERNAME": "user",
            "HARBOUR_VIRTUALSTOCK_SFTP_PASSWORD": "edge-password",
            "HARBOUR_VIRTUALSTOCK_SFTP_HOST_KEY": "ssh-ed25519 AAAA",
        },
        (*_EDGE_WRITES, *_STOCK_FILES),
        frozenset({"ORDER", "ORDER_ACK"}),
        options={"time_zone": "UTC", "stock_files": {"minutes_until_taken": 0.02}},  # three numbers are many
        by_files=True,
        jobs=("stock",),
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
        settles_in=3,
        one_file=True,
    ),
}
