"""A desk with a telephone to the pretend Deposco: a manual clock, a client that is signed in, and a few items."""

import base64
from typing import Any

import httpx

from sandbox.deposco import Credentials, Deposco
from tests.doubles import ManualClock

CREDENTIALS = Credentials("client", "client-secret", "api-user", "v1-password", "refresh-token")
MUG, JUG = "MUG-BLUE", "JUG-GREEN"
V2, STOCK = "/latest", "/integration/ACME/enterpriseinventory/JLUK/availability"


class Desk:
    """10 mugs and 4 jugs at the main facility."""

    def __init__(self, **settings: Any) -> None:
        self.clock = ManualClock()
        given = {"calls_per_second": 1_000, "blank_every": 0, **settings}
        self.system = Deposco(self.clock, credentials=CREDENTIALS, **given)
        self.system.add_product(sku=MUG, ean="5012345678900", quantity=10)
        self.system.add_product(sku=JUG, ean="", quantity=4)
        transport = httpx.ASGITransport(app=self.system.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://deposco.test")

    async def sign_in(self, **form: str) -> httpx.Response:
        installed = {"grant_type": "refresh_token", "refresh_token": "refresh-token"}
        client = {"client_id": "client", "client_secret": "client-secret"}
        answer = await self.client.post("/oauth2/token", data=form or installed | client)
        if answer.status_code == 200:
            self.client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer

    async def call(self, verb: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        if "authorization" not in self.client.headers:
            await self.sign_in()
        return await self.client.request(verb, V2 + path, json=body, params=query)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def stock(self, **query: Any) -> httpx.Response:
        both = base64.b64encode(b"api-user:v1-password").decode()
        return await self.client.get(STOCK, params=query, headers={"authorization": f"Basic {both}"})

    async def refused(self, verb: str, path: str, body: Any = None, **query: Any) -> tuple[int, list[str]]:
        answer = await self.call(verb, path, body, **query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, [error["errorMessage"] for error in answer.json()["errors"]]

    async def order(self, number: str, units: dict[str, int] | None = None, **changes: Any) -> Any:
        answer = await self.call("POST", "/orders/salesOrders", body(number, units or {MUG: 1}, **changes))
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


def body(number: str, units: dict[str, int], **changes: Any) -> dict[str, Any]:
    return {
        "businessUnit": {"businessKey": {"code": "JLUK"}},
        "number": number,
        "orderStatus": "New",
        "customerOrderNumber": number.removeprefix("JL-"),
        "shipToContact": {"firstName": "A", "lastName": "Shopper"},
        "shipToAddress": {"line1": "1 Example Road", "city": "Leeds", "postalCode": "LS1 1AA", "country": "GB"},
        "orderLines": {"data": [line(f"{number}-{place}", *unit) for place, unit in enumerate(units.items(), 1)]},
        **changes,
    }


def line(number: str, sku: str, quantity: int) -> dict[str, Any]:
    return {
        "lineNumber": number,
        "customerLineNumber": number,
        "item": {"businessKey": {"number": sku, "businessUnit.code": "JLUK"}},
        "pack": {"businessKey": {"item.number": sku, "quantity": 1, "item.businessUnit.code": "JLUK"}},
        "orderPackQuantity": quantity,
    }
