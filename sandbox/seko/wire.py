"""What the hub says and what it checks: the reply envelope in JSON and XML, required fields and their lengths."""

import uuid
from collections.abc import Mapping
from random import Random
from typing import Any
from xml.sax.saxutils import escape

Record = dict[str, Any]

ORDER_LENGTHS = {
    **dict.fromkeys(("SalesOrderNumber", "SalesOrderReference", "CourierShopID"), 50),
    **dict.fromkeys(("SalesInvoiceNumber", "OrderType", "CourierName", "CourierService", "GUID"), 100),
    "CurrencyCode": 3,
    "GiftMessage": 500,
    "Notes": 4000,
    "SpecialInstructions": 400,
}
ADDRESS_LENGTHS = {
    **dict.fromkeys(("Title", "CountryCode", "PostcodeZip", "PhoneNumber"), 20),
    **dict.fromkeys(("FirstName", "LastName", "City", "County"), 50),
    **dict.fromkeys(("Line1", "Line2", "Line3", "Line4", "ContactCode"), 100),
    "EmailAddress": 150,
}
LINE_LENGTHS = {
    **dict.fromkeys(("ProductCode", "EAN", "Channel", "ExternalDocumentNo", "OrderLineMessage", "GUID"), 100),
    "CurrencyCode": 3,
}
ADDRESS_REQUIRED = ("City", "CountryCode", "Line1")


class Refused(Exception):
    """The hub takes the call and says no: `Success` is false and this is the message."""


def guid(dice: Random) -> str:
    """Return a new GUID."""
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def reply(record_guid: str | None = None, **more: Any) -> Record:
    """Return the envelope of a success."""
    return {"CallStatus": {"Success": True, "Code": 0, "Message": ""}, "GUID": record_guid, **more}


def refusal(message: str) -> Record:
    """Return the envelope of a failure; 100 is the only failure code that was ever seen."""
    return {"CallStatus": {"Success": False, "Code": 100, "Message": message}}


def rows(name: str, entries: list[Record], *, bare: bool = False) -> Record:
    """Return a list as the hub writes one; the legacy hub writes a single entry without its list."""
    return {"List": {name: entries[0] if bare and len(entries) == 1 else entries}}


def legacy(answer: Record) -> Record:
    """Return an answer as the legacy hub writes it: wrapped once more, and an empty text as an empty object."""
    return {"Response": _without_empty_texts(answer)}


def _without_empty_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_empty_texts(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_empty_texts(part) for part in value]
    return {} if value in ("", None) else value


def xml(answer: Any, name: str = "Response") -> str:
    """Return an answer as XML, which is what a read without an Accept header gets."""
    if isinstance(answer, Mapping):
        inner = "".join(xml(part, key) for key, part in answer.items())
    elif isinstance(answer, list):
        return "".join(xml(part, name) for part in answer)
    else:
        inner = "" if answer is None else escape(str(answer).lower() if isinstance(answer, bool) else str(answer))
    return f"<{name}>{inner}</{name}>"


def section(body: Mapping[str, Any], name: str) -> Record:
    """Return one object of a body; an absent one is empty."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def faults(fields: Mapping[str, Any], lengths: Mapping[str, int], required: tuple[str, ...] = ()) -> list[str]:
    """Return what the hub's validation says of an object."""
    found = [f"The {name} field is required." for name in required if fields.get(name) in (None, "")]
    for name, longest in lengths.items():
        value = fields.get(name)
        if isinstance(value, str) and len(value) > longest:
            found.append(f"The field {name} must be a string with a maximum length of {longest}.")
    return found
