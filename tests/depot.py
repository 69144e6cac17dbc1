"""A back office of the tests' own that pushes: signed, what it shipped in full and what else happened as hints."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, SecretStr

from connectors.http import Surroundings
from connectors.roles import Delivery, FeedShape, Forged, GivesDispatches, OpenOrder, PushesNews, PushReply
from connectors.settings import SystemSettings
from domain.records import Dispatch, Kind, Page, Received, Reject, ShippedLine

SIGNING_KEY = "the-depot-signs-with-this"
PUSH_SECRET = "a-path-that-nobody-can-guess"
PERSON = "Wilhelmina Private"
KEEPS = dict.fromkeys(("id", "order", "carrier", "tracking", "at", "lines", "number"), True)


class DepotSettings(SystemSettings):
    signing_key: SecretStr = SecretStr(SIGNING_KEY)


class DepotOptions(BaseModel):
    pass


def shipment(number: int, key: str, order: str, tracking: str | None = "JD0002", **changes: Any) -> dict[str, Any]:
    """Return what the depot says of one parcel; `number` grows with everything it says."""
    return {
        "number": number,
        "id": key,
        "order": order,
        "carrier": "DPD",
        "tracking": tracking,
        "at": "2026-03-02T08:00:00Z",
        "lines": {"MUG-1": 1},
        "to": PERSON,
        **changes,
    }


class DepotFeed:
    """The parcels that a sweep can still read."""

    shape = FeedShape.LOG
    keeps: Mapping[str, Any] = KEEPS
    absent_is_zero = False

    def __init__(self, clock: Any, shown: list[dict[str, Any]]) -> None:
        self._clock, self.shown = clock, shown

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:
        began_at, parsed = self._clock.now(), [self.parse(raw) for raw in self.shown]
        received = [one for one in parsed if isinstance(one, Received)]
        return Page(received, [one for one in parsed if isinstance(one, Reject)], began_at=began_at, cursor="read")

    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        try:
            record = Dispatch(
                key=raw["id"],
                order_id=f"depot-{raw['order']}",
                order_reference=raw["order"],
                carrier=raw["carrier"],
                tracking_number=raw["tracking"],
                shipped_at=datetime.fromisoformat(raw["at"]),
                lines=tuple(ShippedLine(sku=sku, quantity=int(n)) for sku, n in raw["lines"].items()),
            )
        except (KeyError, AttributeError):
            return Reject(str(raw.get("id", "no id")), raw, "a parcel lacks a part")
        return Received(record, raw, revision=raw.get("number"))


class Depot(GivesDispatches, PushesNews):
    Settings: ClassVar[type[SystemSettings]] = DepotSettings
    Options: ClassVar[type[BaseModel]] = DepotOptions
    push_reply = PushReply(202, b'{"taken":true}')

    def __init__(
        self, account: str, settings: DepotSettings, options: DepotOptions, surroundings: Surroundings
    ) -> None:
        self._key = settings.signing_key.get_secret_value().encode()
        self.dispatch_feed = DepotFeed(surroundings.clock, [])

    def unpack(self, headers: Mapping[str, str], body: bytes) -> Delivery:
        if not hmac.compare_digest(headers.get("x-depot-signature", ""), signature(body, self._key)):
            raise Forged
        said = json.loads(body)
        brought = tuple(
            (Kind(said.get("kind", "dispatch")), self.dispatch_feed.parse(raw)) for raw in said.get("parcels", ())
        )
        return Delivery(brought, frozenset(Kind(kind) for kind in said.get("news", ())))

    async def subscribe(self, address: str) -> str:
        return "ask the depot's people"

    async def check(self) -> str:
        return "a depot"

    async def close(self) -> None:
        pass


def signature(body: bytes, key: bytes = SIGNING_KEY.encode()) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def push(*parcels: dict[str, Any], **more: Any) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of one push."""
    body = json.dumps({"parcels": parcels, **more}).encode()
    return {"x-depot-signature": signature(body)}, body


INSTALLATION = {
    "name": "harbour",
    "marketplace": {"system": "virtualstock", "account": "harbour-the-edge"},
    "back_office": {"system": "depot", "account": "harbour-depot"},
    "product_master": "back_office",
    "loops": {
        "orders": {"mode": "off"},
        "stock": {"mode": "off"},
        "items": {"mode": "off"},
        "dispatch": {"mode": "trade"},
    },
    "carriers": [{"carrier": "DPD", "code": "dpd", "owner": "warehouse", "review_on": "2027-01-31"}],
}
