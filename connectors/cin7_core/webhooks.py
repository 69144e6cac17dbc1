"""Webhooks: unsigned and short-lived, so each is a hint only, and whether they still live is looked at."""

import json
from collections.abc import Mapping
from typing import Any

from connectors.cin7_core.api import Api
from connectors.http import VendorRefusal
from connectors.roles import CallsAgain, Delivery
from domain.answers import Fatal, OutcomeUnknown, Unavailable
from domain.records import Kind

NEWS: Mapping[str, frozenset[Kind]] = {
    "Sale/ShipmentAuthorised": frozenset({Kind.DISPATCH}),
    "Sale/ShipmentTrackingNumberChanged": frozenset({Kind.DISPATCH}),
    "Stock/AvailableStockLevelChanged": frozenset({Kind.STOCK_LEVEL}),
    "Product/Updated": frozenset({Kind.ITEM}),
}
"""What each type of webhook is news of. The first two are few; the stock one comes with every change of any SKU."""

_ANYTHING = frozenset({Kind.DISPATCH})
_PATH = "/webhooks"
_ADVICE = (
    "It needs the Automation module, and at most 5 webhooks of one type: "
    "switch the module on, or remove a webhook that nobody uses, in the company's integration settings."
)


def unpack(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Say of what there is news. Nothing of the body is believed: there is no signature.

    What cannot be read, or is of no type that we asked for, is taken for news of dispatches: reading
    them again is cheap, and what was pushed may be one.
    """
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    first = said[0] if isinstance(said, list) and said else said
    named = first.get("EventType") if isinstance(first, Mapping) else None
    if not isinstance(named, str):
        named = headers.get("event-type") or ("Stock/AvailableStockLevelChanged" if isinstance(said, list) else "")
    return Delivery(news=NEWS.get(named, _ANYTHING))


async def subscribe(api: Api, types: tuple[str, ...], address: str) -> str:
    """Register what is missing of ours and switch on what was switched off; touch no other.

    Ours are those whose address is this one up to its last part, the secret, which may have been changed.
    """
    try:
        listed = (await api.read(_PATH)).get("Webhooks")
    except VendorRefusal as refusal:
        raise _refused(api, "the webhooks cannot be read", refusal) from refusal
    if not isinstance(listed, list):
        raise Unavailable(api.name, "GET /webhooks answered without its rows.", "It is tried again.")
    stem = address.rpartition("/")[0] + "/"
    ours = [one for one in listed if isinstance(one, Mapping) and str(one.get("ExternalURL")).startswith(stem)]
    mended = []
    for type_ in types:
        of_type = [one for one in ours if one.get("Type") == type_]
        if any(one.get("ExternalURL") == address and one.get("IsActive") is True for one in of_type):
            continue
        was = next((one for one in of_type if one.get("ExternalURL") == address), of_type[0] if of_type else None)
        await _write(api, type_, address, was)
        mended.append(f"{type_} ({_what_was(was, address)})")
    if mended:
        return CallsAgain(f"registered: {', '.join(mended)}")
    return f"the company calls us for {', '.join(types) or 'nothing'}"


async def _write(api: Api, type_: str, address: str, was: Mapping[str, Any] | None) -> None:
    wanted = {
        "Type": type_,
        "IsActive": True,
        "ExternalURL": address,
        "ExternalAuthorizationType": "noauth",
        "ExternalUserName": "",
        "ExternalPassword": "",
        "ExternalBearerToken": "",
        "ExternalHeaders": [],
    }
    try:
        if was is None:
            await api.write("POST", _PATH, wanted)
        else:
            await api.write("PUT", _PATH, {**wanted, "ID": was.get("ID")})
    except VendorRefusal as refusal:
        raise _refused(api, f"the webhook {type_} cannot be registered", refusal) from refusal
    except OutcomeUnknown as lost:
        told = f"whether the webhook {type_} is registered is not known."
        raise Unavailable(api.name, told, "The list is read again, and what is missing is registered.") from lost


def _what_was(was: Mapping[str, Any] | None, address: str) -> str:
    if was is None:
        return "there was none"
    return "it was switched off" if was.get("ExternalURL") == address else "its address was an older one"


def _refused(api: Api, what: str, refusal: VendorRefusal) -> Fatal:
    return Fatal(api.name, f"{what}: refused (kept as {refusal.evidence}).", _ADVICE)
