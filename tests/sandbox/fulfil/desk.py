"""A desk with a telephone to the pretend Fulfil: a manual clock, a client, and an order as the vendor wants one."""

import json
from typing import Any

import httpx

from sandbox.fulfil import Fulfil
from tests.doubles import ManualClock

KEY, SECRET, CHANNEL = "desk-key", "c2VjcmV0", 37
MUG, JUG = "MUG-BLUE", "JUG-GREEN"
ADDRESS = {"name": "Zoe Bell", "address1": "3 Mill Lane", "city": "Leeds", "zip": "LS1 1AA", "country_code": "GB"}


def dec(text: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": text}


def order(identifier: str = "JL-1", **changes: Any) -> dict[str, Any]:
    """Return an order of two mugs at 10.00 net, taxed at 20 %."""
    line = {
        "channel_identifier": f"{identifier}-1",
        "sku": MUG,
        "quantity": 2,
        "unit_price": dec("10.00"),
        "amount": "20.00",
        "tax_lines": [{"name": "UK Standard VAT", "rate": 0.20, "amount": "4.00"}],
    }
    return {
        "channel_identifier": identifier,
        "reference": "900100200",
        "confirmed_at": "2026-03-02T08:00:00+00:00",
        "customer": {"name": "Zoe Bell", "contacts": [["email", "zoe@mp.example"]]},
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "sale_lines": [line],
        "amount": dec("24.00"),
        "currency_code": "GBP",
        "shipping_instructions": "order 900100200",
        **changes,
    }


class Desk:
    """Ten mugs and four jugs in the main warehouse."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock()
        self.system = Fulfil(self.clock, api_key=KEY, channel=CHANNEL, **settings)
        self.system.add_product(sku=MUG, ean="5012345678900", quantity=10)
        self.system.add_product(sku=JUG, ean=None, quantity=4)
        transport = httpx.ASGITransport(app=self.system.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://f.test", headers={"x-api-key": KEY})

    async def ask(self, path: str, arguments: Any = None, **context: Any) -> httpx.Response:
        body = b"" if arguments is None else json.dumps(arguments).encode()
        return await self.client.put(f"/api/v2/model/{path}", content=body, params={"context": json.dumps(context)})

    async def value(self, path: str, arguments: Any = None, **context: Any) -> Any:
        answer = await self.ask(path, arguments, **context)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def create(self, **changes: Any) -> int:
        answer = await self.value("sale.channel/create_order", [CHANNEL, order(**changes)])
        return int((answer[0] if isinstance(answer, list) else answer)["id"])

    async def field(self, model: str, record_id: int, name: str) -> Any:
        [row] = await self.value(f"{model}/read", [[record_id], [name]])
        return row[name]

    async def stock(self, place: int | None = None) -> dict[str, tuple[float, float]]:
        """Return what is on hand and available of each product at one location (the main warehouse)."""
        place = place or self.system.tenant.warehouses["MAIN"].id
        ids = await self.value("product.product/search", [[], 0, None, None])
        fields = ["code", "quantity_on_hand", "quantity_available"]
        rows = await self.value("product.product/read", [ids, fields], locations=[place])
        return {row["code"]: (row["quantity_on_hand"], row["quantity_available"]) for row in rows}
