"""A desk with a telephone to the pretend Cin7 Core: a manual clock, a client, and a few standing orders."""

from typing import Any

import httpx

from sandbox.cin7_core import Cin7Core
from tests.doubles import ManualClock

ACCOUNT, KEY = "00000000-0000-4000-8000-00000000aaaa", "00000000-0000-4000-8000-00000000bbbb"
MUG, JUG, VASE = "MUG-BLUE", "JUG-GREEN", "VASE-RED"
VAT = "20% (VAT on Income)"
ADDRESS = {"Line1": "1 Example Road", "City": "Leeds", "Postcode": "LS1 1AA", "Country": "United Kingdom"}


class Desk:
    """10 mugs and 4 jugs in one place, 7 vases in two."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock()
        settings = {"calls_per_minute": 1000, **settings}
        self.system = Cin7Core(self.clock, account_id=ACCOUNT, application_key=KEY, **settings)
        self.system.add_product(sku=MUG, ean="5012345678900", quantity=10)
        self.system.add_product(sku=JUG, ean="5012345678917", quantity=4, price="24.50")
        self.system.add_product(sku=VASE, ean="5012345678924", quantity=7)
        headers = {"api-auth-accountid": ACCOUNT, "api-auth-applicationkey": KEY}
        transport = httpx.ASGITransport(app=self.system.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://cin7.test", headers=headers)

    async def call(self, verb: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return await self.client.request(verb, f"/ExternalApi/v2/{path}", json=body, params=query)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, verb: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = await self.call(verb, path, body, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, verb: str, path: str, body: Any = None, **query: Any) -> str:
        answer = await self.call(verb, path, body, **query)
        assert answer.status_code == 400, answer.text
        (error,) = answer.json()
        assert error["ErrorCode"] == 400
        return str(error["Exception"])

    async def products(self) -> dict[str, Any]:
        return {row["SKU"]: row for row in (await self.get("product"))["Products"]}

    async def header(self, external_id: str = "JL-1-A", **changes: Any) -> Any:
        body = {
            "Customer": "John Lewis Marketplace",
            "SkipQuote": True,
            "Type": "Simple Sale",
            "Location": "Main Warehouse",
            "Terms": "30 days",
            "TaxRule": VAT,
            "TaxCalculation": "Exclusive",
            "CustomerReference": external_id.split("-")[1],
            "ExternalID": external_id,
            "ShippingAddress": {**ADDRESS, "ShipToOther": True},
            **changes,
        }
        return await self.send("POST", "sale", body)

    async def line(self, sku: str = MUG, quantity: int = 1, **changes: Any) -> dict[str, Any]:
        product = (await self.products())[sku]
        price = product["PriceTier1"]
        return {
            "ProductID": product["ID"],
            "SKU": sku,
            "Name": product["Name"],
            "Quantity": quantity,
            "Price": price,
            "Discount": 0,
            "Tax": round(price * quantity * 0.2, 4),
            "TaxRule": VAT,
            "Total": price * quantity,
            "Comment": "line-1",
            **changes,
        }

    async def order(self, units: dict[str, int], status: str = "AUTHORISED", **header: Any) -> Any:
        sale = await self.header(**header)
        lines = [await self.line(sku, quantity) for sku, quantity in units.items()]
        await self.send("POST", "sale/order", {"SaleID": sale["ID"], "Status": status, "Memo": "", "Lines": lines})
        return await self.get("sale", ID=sale["ID"])

    async def stock(self, sku: str) -> tuple[int, ...]:
        rows = (await self.get("ref/productavailability", Sku=sku))["ProductAvailabilityList"]
        return tuple(sum(row[name] for row in rows) for name in ("OnHand", "Allocated", "Available"))
