"""A pretend marketplace with one shop, called in process as any HTTP client would."""

from typing import Any

import httpx

from sandbox.mirakl import Account, Mirakl
from tests.doubles import ManualClock

ACCOUNT, KEY = "harbour", "shop-key"


class Desk:
    """The marketplace, its clock, and a client."""

    def __init__(self, **market: Any) -> None:
        self.clock = ManualClock()
        market = {"frequencies": {}, **market}
        self.market = Mirakl(self.clock, accounts=[Account(ACCOUNT, KEY), Account("meadow", "other", 2002)], **market)

    async def call(self, method: str, path: str, *, key: str | None = KEY, **more: Any) -> httpx.Response:
        headers = {} if key is None else {"authorization": key}
        transport = httpx.ASGITransport(app=self.market.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mirakl.test", headers=headers) as client:
            return await client.request(method, path, **more)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def offer(self, *skus: str, quantity: int = 10) -> None:
        for number, sku in enumerate(skus, start=len(self.market.dump()["accounts"][ACCOUNT]["listings"])):
            self.market.add_product(
                ACCOUNT, stock_number=f"3000000{number}", sku=sku, ean="5000000000012", free_stock=quantity
            )

    async def upload(self, text: str, path: str = "/api/offers/stock/imports", **fields: str) -> httpx.Response:
        return await self.call("POST", path, files={"file": ("f.csv", text.encode(), "text/csv")}, data=fields)

    async def state(self, order_id: str) -> str:
        [order] = (await self.get("/api/orders", order_ids=order_id))["orders"]
        return str(order["order_state"])

    async def accept(self, order_id: str, **decisions: bool) -> httpx.Response:
        [order] = (await self.get("/api/orders", order_ids=order_id))["orders"]
        ids = [line["order_line_id"] for line in order["order_lines"]]
        lines = [{"id": one, "accepted": decisions.get(f"line{n}", True)} for n, one in enumerate(ids, start=1)]
        return await self.call("PUT", f"/api/orders/{order_id}/accept", json={"order_lines": lines})
