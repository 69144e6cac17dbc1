"""What of the shop's own words may be shown, and what a person should do about a 401."""

import re
from typing import Any

from connectors.http import VendorRefusal

_HARMLESS = [
    re.compile(pattern)
    for pattern in (
        r"Unique constraint violation found",
        r"Please provide payment for the order\.",
        r"Maximum SearchCriteria pageSize is [0-9]+",
        r'Maximum items of type "[A-Za-z\\]+" is [0-9]+',
        r'"[A-Za-z_]+" is required\. Enter and try again\.',
        r'"[A-Za-z_]+" is not supported\. Correct the field name and try again\.',
        r'The "[a-z_]+" attribute name is invalid\. Reset the name and try again\.',
        r"Specified request cannot be processed\.",
        r"Request does not match any route\.",
        r"The entity that was requested doesn't exist\. Verify the entity and try again\.",
        r"No linked stock found",
        r"Decoding error\.",
        r"Signature method [A-Z0-9-]+ is not supported",
        r"The signature is invalid\. Verify and try again\.",
    )
]
_RIGHT = re.compile(r"[A-Za-z0-9_]+::[A-Za-z0-9_]+")


def shown(refusal: VendorRefusal) -> str:
    """Return the refusal for a person: the shop's words when they are known to be harmless, else the evidence."""
    message = _filled(refusal.body)
    if any(pattern.fullmatch(message) for pattern in _HARMLESS):
        return f"HTTP {refusal.status}: {message} (kept as {refusal.evidence})"
    return f"HTTP {refusal.status}, message kept as {refusal.evidence}"


def says_number_is_taken(refusal: VendorRefusal) -> bool:
    """Return whether the shop says that the order number exists (in English; shops translate it)."""
    return _filled(refusal.body) == "Unique constraint violation found"


def largest_page(refusal: VendorRefusal) -> int | None:
    """Return the page size that the shop's input limits allow, when that is why it refused a list."""
    parameters = _parameters(refusal.body)
    if isinstance(parameters, dict) and set(parameters) == {"max"} and str(parameters["max"]).isdecimal():
        return int(parameters["max"])
    return None


def denial(body: Any) -> str:
    """Return what to do about a 401; the shop names the missing right, and a wrong token reads the same."""
    parameters = _parameters(body)
    right = str(parameters.get("resources", "")) if isinstance(parameters, dict) else ""
    if _RIGHT.fullmatch(right):
        return (
            f"Grant the right {right} to the integration (System > Extensions > Integrations > API). "
            "If it has it, activate the integration again and put its token into the environment."
        )
    return "Compare the integration's OAuth values (System > Extensions > Integrations) with the environment."


def _parameters(body: Any) -> Any:
    return body.get("parameters") if isinstance(body, dict) else None


def _filled(body: Any) -> str:
    """Return the message with %1 or %name filled in from its parameters (a list or an object)."""
    if not isinstance(body, dict):
        return ""
    message, given = str(body.get("message", "")), _parameters(body)
    if isinstance(given, list):
        given = {str(number): value for number, value in enumerate(given, start=1)}
    if not isinstance(given, dict):
        return message
    return re.sub(r"%(\w+)", lambda place: str(given.get(place.group(1), place.group())), message)
