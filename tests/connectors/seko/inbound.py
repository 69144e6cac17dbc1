"""A pretend SEKO whose pushes arrive here, and what they bring."""

from typing import Any

from connectors.roles import Delivery
from domain.records import Dispatch, Kind, Received
from tests.connectors.seko.harness import Harness, sales_order


class Inbound:
    """A pretend SEKO whose pushes arrive here."""

    def __init__(self, **options: Any) -> None:
        self.harness = Harness(**options)
        for number in range(4):
            self.harness.put_item(f"MUG-{number}", 100)
        self.harness.put_item("BOWL-1", 100)
        self.bodies: list[bytes] = []
        self.harness.sandbox.pushes.push_to = "https://here.example/push"
        self.harness.sandbox.pushes.send = self._receive

    async def _receive(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        assert url == "https://here.example/push"
        assert headers["Content-Type"] == "application/json"
        self.bodies.append(body)
        reply = self.harness.connector.push_reply
        return reply.status, reply.body

    async def order(self, key: str = "5501-A", **changes: Any) -> str:
        order = sales_order(key=key, reference=key.removesuffix("-A"), **changes)
        await self.harness.connector.sales_order_sink.send([order])
        return f"JL-{key}"

    async def pushed(self) -> list[Delivery]:
        self.bodies.clear()
        await self.harness.sandbox.tick()
        return [self.harness.connector.unpack({}, body) for body in self.bodies]

    async def brought(self) -> list[Dispatch]:
        return dispatches(await self.pushed())


def dispatches(deliveries: list[Delivery]) -> list[Dispatch]:
    found = [one for delivery in deliveries for kind, one in delivery.brought if kind is Kind.DISPATCH]
    return [one.record for one in found if isinstance(one, Received)]
