"""What the tests of the pretend Magento share."""

from datetime import UTC, datetime
from typing import Any

import httpx

from sandbox.magento import Credentials, Magento
from tests.doubles import ManualClock

KEYS = Credentials("consumer", "consumer-secret", "token", "token-secret")


class Shop:
    """A pretend shop with two products, and a client that is let in."""

    def __init__(self, **switches: Any) -> None:
        self.clock = ManualClock(datetime(2026, 3, 2, 9, 0, 0, 654321, tzinfo=UTC))
        self.magento = Magento(self.clock, credentials=KEYS, **switches)
        self.magento.add_product(sku="MUG", ean="5012345678900", quantity=10, price="12.00")
        self.magento.add_product(sku="PAN/20 CM", ean="5012345678917", quantity=5, price="30.00")
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.magento.app),
            base_url="https://shop.example/rest",
            headers={"Authorization": "Bearer token", "Accept": "application/json"},
        )

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 400, answer.text
        refusal: dict[str, Any] = answer.json()
        return refusal

    async def order(self, quantity: int = 2, sku: str = "MUG", **columns: Any) -> dict[str, Any]:
        created: dict[str, Any] = await self.post("/V1/orders", {"entity": entity(quantity, sku, **columns)})
        return created

    async def stock(self, sku: str = "MUG") -> tuple[float, float]:
        """Return physical and salable, both over the wire."""
        rows = await self.get(f"/V1/inventory/source-items?{one('sku', sku)}")
        salable = await self.get(f"/V1/inventory/get-product-salable-quantity/{sku}/1")
        return sum(row["quantity"] for row in rows["items"] if row["source_code"] == "default"), salable


def one(field: str, value: str, condition: str = "eq") -> str:
    prefix = "searchCriteria[filterGroups][0][filters][0]"
    return f"{prefix}[field]={field}&{prefix}[value]={value}&{prefix}[conditionType]={condition}"


def entity(quantity: int = 2, sku: str = "MUG", **columns: Any) -> dict[str, Any]:
    total = 12.0 * quantity
    address = {"firstname": "Zoe", "lastname": "Bell", "street": ["3 Mill Lane"], "city": "Leeds", "country_id": "GB"}
    shipping = {"address": {**address, "address_type": "shipping"}, "method": "flatrate_flatrate"}
    return {
        "state": "processing",
        "status": "processing",
        "customer_email": "zoe@marketplace.example",
        "grand_total": total,
        "base_grand_total": total,
        "items": [{"sku": sku, "qty_ordered": quantity, "price": 12.0, "price_incl_tax": 12.0, "name": sku}],
        "billing_address": {**address, "address_type": "billing"},
        "payment": {"method": "checkmo"},
        "extension_attributes": {"shipping_assignments": [{"shipping": shipping}]},
        **columns,
    }


def first_item(order: dict[str, Any]) -> int:
    return int(order["items"][0]["item_id"])
