"""The pretend The Edge with a client of one supplier, on a clock that the test moves."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from sandbox.virtualstock import Account, Virtualstock
from tests.doubles import ManualClock

START = datetime(2025, 3, 4, 9, 15, tzinfo=UTC)
ACME = Account("acme", "acme-user", "acme-pass", supplier_id=77)
ZEPHYR = Account("zephyr", "zephyr-user", "zephyr-pass", supplier_id=78)
RETAILER = Account("retailer", "retailer-user", "retailer-pass")
ALIAS = "https://www.sandbox.the-edge.io"
CALLED = "https://edge.test"
BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {"sub_status": "Pending", "supplier_dispatch_date": "2025-03-05T12:00:00"},
    "backorder": {"sub_status": "Out of Stock", "supplier_dispatch_date": "2025-03-15T12:00:00"},
    "dispatch": {"carrier": "dpd", "supplier_dispatch_date": "2025-03-05", "tracking_number": "15500000000001"},
    "cancel_acknowledge": {"comment": "accepted"},
    "cancel_request": {"reason_code": 126},
}
REQUIRED = ["This field is required."]


class Edge:
    """The server with a client of one supplier; actions are built from the order that the server shows."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock(START)
        settings = {"calls_per_minute": 100_000, "accounts": [ACME, ZEPHYR], "retailer": RETAILER, **settings}
        self.system = Virtualstock(self.clock, **settings)
        self.client = self.client_of(ACME)
        self.nobody = self.client_of(None)

    def client_of(self, account: Account | None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.system.app)
        auth = (account.username, account.password) if account else None
        return httpx.AsyncClient(transport=transport, base_url=CALLED, auth=auth)

    def place(self, quantity: Any = 2, lines: int = 1, **fields: Any) -> str:
        rows = [
            {"retailer_sku_reference": f"1234567{n}", "supplier_sku_reference": f"SKU-{n}", "quantity": quantity}
            for n in range(1, lines + 1)
        ]
        return self.system.place_order("acme", {"items": rows, **fields})

    async def order(self, reference: str) -> dict[str, Any]:
        answer = await self.client.get("/restapi/v4/orders/", params={"order_reference": reference})
        [order] = answer.json()["results"]
        return dict(order)

    async def act(
        self, reference: str, action: str, changes: Mapping[str, Any] | None = None, lines: tuple[str, ...] = ()
    ) -> httpx.Response:
        order = await self.order(reference)
        items = [
            {
                "part_number": item["part_number"],
                "line_ref": item["line_reference"],
                "quantity": item["quantity"],
                **BODIES[action],
                **(changes or {}),
            }
            for item in order["items"]
            if not lines or item["line_reference"] in lines
        ]
        items = [{name: value for name, value in item.items() if value != "left out"} for item in items]
        path = httpx.URL(order["url"]).path + f"{action}/"
        if action == "cancel_request":
            async with self.client_of(RETAILER) as retailer:
                return await retailer.post(path, json={"items": items})
        return await self.client.post(path, json={"items": items})

    async def statuses(self, reference: str) -> tuple[str, list[str]]:
        order = await self.order(reference)
        return order["status"], [item["status"] for item in order["items"]]

    def dumped(self, reference: str) -> dict[str, Any]:
        [order] = [one for one in self.system.dump()["accounts"]["acme"]["orders"] if one["reference"] == reference]
        return dict(order)
