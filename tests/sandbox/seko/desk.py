"""A desk with a telephone to the pretend SEKO: a manual clock, a client, and a place where its pushes arrive."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.seko import Seko
from tests.doubles import ManualClock

TOKEN = "00000000-0000-4000-8000-00000000cccc"
MUG, JUG, VASE = "MUG-BLUE", "JUG-GREEN", "VASE-RED"
SUCCESS = json.dumps({"CallStatus": {"Success": True, "Code": 0, "Message": ""}}).encode()


@dataclass
class Door:
    """Where pushes arrive; `answers` are given one after the other, then successes."""

    answers: list[tuple[int, bytes] | OSError] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, _url: str, _headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.bodies.append(json.loads(body))
        answer = self.answers.pop(0) if self.answers else (200, SUCCESS)
        if isinstance(answer, OSError):
            raise answer
        return answer

    def records(self, service: str) -> list[dict[str, Any]]:
        """Return what arrived of one service, in its order."""
        responses = [one["Response"] for body in self.bodies for one in body["Responses"]]
        return [one[service] for one in responses if service in one]


class Desk:
    """10 mugs in two lots, 4 jugs, 7 vases."""

    def __init__(self, **settings: Any) -> None:
        self.clock, self.door = ManualClock(), Door()
        settings = {"push_to": "https://here.example/push", "send": self.door.send, **settings}
        self.system = Seko(self.clock, token=TOKEN, **settings)
        for sku, quantity in ((MUG, 10), (JUG, 4), (VASE, 7)):
            self.system.add_product(sku=sku, ean="5012345678900", quantity=quantity)
        transport = httpx.ASGITransport(app=self.system.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://seko.test")

    async def call(
        self, verb: str, path: str, body: Any = None, *, as_json: bool = True, **query: Any
    ) -> httpx.Response:
        name = "token" if path.startswith("/hub/") else "api_key"
        headers = {"accept": "application/json"} if as_json else {}
        return await self.client.request(verb, path, json=body, params={name: TOKEN, **query}, headers=headers)

    async def said(self, verb: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        answer = await self.call(verb, path, body, **query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refused(self, verb: str, path: str, body: Any = None, **query: Any) -> str:
        answer = await self.said(verb, path, body, **query)
        status = answer.get("Response", answer)["CallStatus"]
        assert (status["Success"], status["Code"]) == (False, 100)
        return str(status["Message"])

    async def submit(self, number: str, units: dict[str, int], **head: Any) -> dict[str, Any]:
        return await self.said("POST", "/api/salesorders/v4/websubmit", order(number, units, **head))

    async def refuses(self, number: str, units: dict[str, int], **head: Any) -> str:
        return await self.refused("POST", "/api/salesorders/v4/websubmit", order(number, units, **head))

    async def stock(self, **query: str) -> dict[tuple[str, str], int]:
        rows = (await self.said("GET", "/api/stock/v3/quantity", **query))["List"]["StockQuantityLineItem"]
        return {(row["ProductCode"], row["LocationType"]): row["Quantity"] for row in rows}


def order(number: str, units: dict[str, int], **head: Any) -> dict[str, Any]:
    lines = [{"LineNumber": n, "ProductCode": sku, "Quantity": units[sku]} for n, sku in enumerate(units, 1)]
    return {
        "WebSalesOrder": {"SalesOrderNumber": number, "SalesOrderReference": number.removeprefix("JL-"), **head},
        "SalesOrderHeader": {"DCCode": "DCCL01"},
        "DeliveryDetails": {"LastName": "Example", "Line1": "1 High Street", "City": "Leeds", "CountryCode": "GB"},
        "List": {"SalesOrderLineItem": lines},
    }
