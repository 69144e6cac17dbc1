"""Webhooks: who wants to be told what, and the telling, which is given up after the sixth failure."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.cin7_core.wire import Record, Refused, required, text_of

TYPES = {
    "Sale/Created",
    "Sale/OrderAuthorised",
    "Sale/Voided",
    "Sale/Backordered",
    "Sale/ShipmentAuthorised",
    "Sale/InvoiceAuthorised",
    "Sale/PickAuthorised",
    "Sale/PackAuthorised",
    "Sale/CreditNoteAuthorised",
    "Sale/Undo",
    "Sale/ShipmentTrackingNumberChanged",
    "Product/Updated",
    "Customer/Updated",
    "Stock/AvailableStockLevelChanged",
}
MOST_OF_A_TYPE = 5
FIRST_AFTER = timedelta(minutes=1)
AGAIN_AFTER = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 15, 20, 25))
_AUTHORISATIONS = {
    "noauth": (),
    "basicauth": ("ExternalUserName", "ExternalPassword"),
    "bearerauth": ("ExternalBearerToken",),
}

Post = Callable[[str, dict[str, str], bytes], Awaitable[int]]
"""Sends a body with headers to an address; returns the status, or 0 when there was no answer."""


@dataclass
class Delivery:
    """One event on its way to one webhook."""

    webhook_id: str
    body: Any
    due_at: datetime
    failures: int = 0


class Webhooks:
    """The webhooks of one company. `post` reaches the world outside; without it every attempt fails."""

    def __init__(self, new_id: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._new_id, self._now = new_id, now
        self.known: dict[str, Record] = {}
        self.waiting: list[Delivery] = []

    def wire(self) -> Record:
        """Return all of them, passwords in clear, as the vendor does."""
        return {"Webhooks": list(self.known.values())}

    def create(self, body: Record) -> Record:
        """Make one, if there are fewer than five of its type."""
        made = {"ID": self._new_id(), **self._fields(body)}
        if sum(one["Type"] == made["Type"] for one in self.known.values()) >= MOST_OF_A_TYPE:
            raise Refused(f"You cannot have more than {MOST_OF_A_TYPE} webhooks of type {made['Type']}")
        self.known[made["ID"]] = made
        return {"Webhooks": [made]}

    def update(self, body: Record) -> Record:
        """Replace all fields of one."""
        webhook_id = self._existing(text_of(body, "ID"))
        self.known[webhook_id] = {"ID": webhook_id, **self._fields(body)}
        return {"Webhooks": [self.known[webhook_id]]}

    def delete(self, webhook_id: str) -> Record:
        """Remove one."""
        del self.known[self._existing(webhook_id)]
        return {"Webhooks": []}

    def happened(self, type_: str, body: Any) -> None:
        """Owe an event to every webhook of its type that is switched on."""
        for webhook in self.known.values():
            if webhook["Type"] == type_ and webhook["IsActive"]:
                self.waiting.append(Delivery(webhook["ID"], body, self._now() + FIRST_AFTER))

    async def deliver(self, post: Post) -> int:
        """Make every attempt that is due; return how many. The sixth failure of an event switches its webhook off."""
        due = [one for one in self.waiting if one.due_at <= self._now()]
        for delivery in due:
            self.waiting.remove(delivery)
            webhook = self.known.get(delivery.webhook_id)
            if webhook is None or not webhook["IsActive"]:
                continue
            status = await post(webhook["ExternalURL"], _headers(webhook), json.dumps(delivery.body).encode())
            if 200 <= status < 300:
                continue
            if delivery.failures == len(AGAIN_AFTER):
                webhook["IsActive"] = False
                continue
            delivery.due_at = self._now() + AGAIN_AFTER[delivery.failures]
            delivery.failures += 1
            self.waiting.append(delivery)
        return len(due)

    def _existing(self, webhook_id: str) -> str:
        if webhook_id not in self.known:
            raise Refused(f"Webhook with ID {webhook_id} was not found")
        return webhook_id

    @staticmethod
    def _fields(body: Record) -> Record:
        required(body, ("Type", "ExternalURL", "ExternalAuthorizationType"), "Webhook")
        if body.get("IsActive") not in (True, False):
            raise Refused("Webhook: IsActive is required")
        type_, authorisation = text_of(body, "Type"), text_of(body, "ExternalAuthorizationType")
        if type_ not in TYPES:
            raise Refused(f"Webhook: Type {type_} is not valid")
        if authorisation not in _AUTHORISATIONS:
            raise Refused("Webhook: ExternalAuthorizationType must be one of noauth, basicauth, bearerauth")
        required(body, _AUTHORISATIONS[authorisation], "Webhook")
        return {
            "Type": type_,
            "Name": type_.replace("/", " "),
            "IsActive": body["IsActive"],
            "ExternalURL": text_of(body, "ExternalURL"),
            "ExternalAuthorizationType": authorisation,
            "ExternalUserName": text_of(body, "ExternalUserName"),
            "ExternalPassword": text_of(body, "ExternalPassword"),
            "ExternalBearerToken": text_of(body, "ExternalBearerToken"),
            "ExternalHeaders": body.get("ExternalHeaders") or [],
        }


def _headers(webhook: Record) -> dict[str, str]:
    headers = {"content-type": "application/json"} | {one["Key"]: one["Value"] for one in webhook["ExternalHeaders"]}
    match webhook["ExternalAuthorizationType"]:
        case "basicauth":
            pair = f"{webhook['ExternalUserName']}:{webhook['ExternalPassword']}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        case "bearerauth":
            headers["authorization"] = f"Bearer {webhook['ExternalBearerToken']}"
    return headers
