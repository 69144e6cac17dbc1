"""A careless integration, for tests of the pretend world: it polls, writes, and sends again whatever failed.

It is the opposite of what the project builds: it never looks before it resends and knows nothing
after a crash, so it loses nothing and doubles what it should not.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from sandbox.cin7_core import Cin7Core
from sandbox.magento import Magento
from sandbox.magento.oauth import Credentials
from sandbox.virtualstock import Account, Virtualstock
from sandbox.world import Plan, Trouble, World
from tests.doubles import ManualClock

ACME = Account("acme", "acme-user", "acme-pass")
EVERY = timedelta(minutes=5)
OPENING = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


class Shop:
    """Writes one order into the pretend Magento."""

    def __init__(self, clock: ManualClock) -> None:
        self.system = Magento(clock, credentials=Credentials("ck", "cs", "at", "as"))
        self._client = _client(self.system.app, {"Authorization": "Bearer at"})

    async def create(self, reference: str, units: dict[str, int]) -> None:
        items = [{"sku": sku, "qty_ordered": quantity, "price": 1.0, "name": sku} for sku, quantity in units.items()]
        # Without increment_id, the shop's own key against duplicates is not used.
        entity = {"ext_order_id": reference, "state": "new", "status": "pending", "grand_total": 1.0, "items": items}
        answer = await self._client.post("/rest/V1/orders", json={"entity": {**entity, "payment": {"method": "free"}}})
        answer.raise_for_status()
        answer.json()


class Company:
    """Writes one order into the pretend Cin7 Core."""

    def __init__(self, clock: ManualClock) -> None:
        self.system = Cin7Core(clock, account_id="id", application_key="key", calls_per_minute=100_000)
        self._client = _client(self.system.app, {"api-auth-accountid": "id", "api-auth-applicationkey": "key"})

    async def create(self, reference: str, units: dict[str, int]) -> None:
        products = {product.sku: product.id for product in self.system.company.stock.products.values()}
        header = {"Customer": "John Lewis Marketplace", "Location": "Main Warehouse", "SkipQuote": True}
        sale = await self._post("sale", {**header, "CustomerReference": reference})
        rest = {"Price": 10, "Discount": 0, "Tax": 0, "TaxRule": "Zero Rated Income"}
        lines = [
            {"ProductID": products[sku], "SKU": sku, "Name": sku, "Quantity": units[sku], "Total": 10 * units[sku]}
            | rest
            for sku in units
        ]
        await self._post("sale/order", {"SaleID": sale["ID"], "Status": "AUTHORISED", "Memo": "", "Lines": lines})

    async def _post(self, path: str, body: Any) -> Any:
        answer = await self._client.post(f"/ExternalApi/v2/{path}", json=body)
        body = answer.raise_for_status().json()
        if not isinstance(body, dict):
            raise ValueError("an error in HTTP 200")  # noqa: TRY004 - what the loop takes for a failure
        return body


class Naive:
    """The account, its world, and a loop over both sides every five minutes."""

    def __init__(self, office: type[Shop | Company], plan: Plan, trouble: Trouble, seed: int = 0) -> None:
        self.clock = ManualClock(OPENING)
        self.office = office(self.clock)
        self.edge = Virtualstock(self.clock, accounts=[ACME], seed=seed, calls_per_minute=100_000)
        self.world = World(self.edge, "acme", self.office.system, self.clock, seed=seed, plan=plan, trouble=trouble)
        self._client = _client(self.edge.app, None, (ACME.username, ACME.password))
        self._wire: dict[str, dict[str, Any]] = {}
        self._told: set[str] = set()
        self.trace: list[str] = []
        self.failures = 0

    async def live(self, until: datetime) -> None:
        """Interleave the world's actions with the rounds of the integration."""
        round_at = self.clock.now() + EVERY
        while (at := min(self.world.next_at(), round_at)) <= until:
            self.clock.reach(at)
            if at == round_at:
                await self._round()
                round_at = at + EVERY
            else:
                self.trace.append(f"{at.isoformat()} {self.world.act()}")
        self.clock.reach(until)

    async def _round(self) -> None:
        try:
            await self._orders()
            await self._stock()
            if self.clock.now().minute < 5:
                await self._dispatches()
        except (httpx.HTTPError, ValueError, KeyError):
            self.failures += 1  # and all is sent again in the next round

    async def _orders(self) -> None:
        offset, following = 0, True
        while following:
            params = {"status": "ORDER", "offset": str(offset)}
            page = (await self._call("GET", "/restapi/v4/orders/", params=params)).json()
            for order in page["results"]:
                await self._order(order)
            offset, following = offset + 100, page["next"] is not None

    async def _order(self, order: dict[str, Any]) -> None:
        known = self.office.system.free
        items = order["items"] if isinstance(order["items"], list) else []
        try:
            units = {item["supplier_sku_reference"]: int(item["quantity"]) for item in items}
            if not units or any(known(sku) < 0 for sku in units):
                return
        except (KeyError, TypeError, ValueError):
            return
        try:
            self._wire[order["order_reference"]] = order
            await self.office.create(order["order_reference"], units)
            rows = [
                {"part_number": item["part_number"], "line_ref": item["line_reference"], "quantity": item["quantity"]}
                for item in items
            ]
            await self._act(order, "acknowledge", rows)
        except (httpx.HTTPError, ValueError, KeyError):
            self.failures += 1

    async def _stock(self) -> None:
        for row in (await self._call("GET", "/api/v4/products/")).json()["results"]:
            sku, number = row["data"]["modelNo"], row["url"].partition("?")[0].rstrip("/").rpartition("/")[2]
            try:
                free = max(0, self.office.system.free(sku))
                if str(free) != row["data"]["free_stock"]:
                    await self._call("PATCH", f"/api/v4/products/{number}/stock", json={"supplier_free_stock": free})
            except (httpx.HTTPError, KeyError):
                self.failures += 1

    async def _dispatches(self) -> None:
        """Tell of every shipment that has a number, once its answer was a good one."""
        for taken in self.office.system.dump()["orders"]:
            for shipment in taken["shipments"]:
                if shipment["tracking"] and taken["reference"] in self._wire and shipment["id"] not in self._told:
                    await self._dispatch(self._wire[taken["reference"]], shipment)

    async def _dispatch(self, order: dict[str, Any], shipment: dict[str, Any]) -> None:
        facts = {
            "carrier": shipment["carrier"].lower().replace(" ", "-"),
            "tracking_number": shipment["tracking"],
            "supplier_dispatch_date": shipment["at"][:10],
        }
        rows = [
            {"part_number": item["part_number"], "line_ref": item["line_reference"], "quantity": quantity, **facts}
            for item in order["items"]
            if (quantity := shipment["lines"].get(item["supplier_sku_reference"], 0))
        ]
        try:
            await self._act(order, "dispatch", rows)
            self._told.add(shipment["id"])
        except (httpx.HTTPError, ValueError):
            self.failures += 1

    async def _act(self, order: dict[str, Any], action: str, rows: list[dict[str, Any]]) -> None:
        number = order["url"].rstrip("/").rpartition("/")[2]
        await self._call("POST", f"/restapi/v4/orders/{number}/{action}/", json={"items": rows})

    async def _call(self, method: str, path: str, **given: Any) -> httpx.Response:
        answer = await self._client.request(method, path, **given)
        return answer.raise_for_status()


def _client(app: Any, headers: dict[str, str] | None, auth: tuple[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x", headers=headers, auth=auth)
