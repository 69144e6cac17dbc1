"""What the hub's words about an order mean, and which of them may be shown: its texts can repeat what we sent."""

import re
from typing import NamedTuple

from connectors.seko.api import HubFailure

_PREFIX = re.compile(r"(Error Submitting SalesOrder: \S+ - )?Error\. ")
_NO_STOCK = re.compile(r"Product (?P<code>.{1,100}) has no free stock\.?")
_MAPPING = re.compile(r"Invalid Mapping - (?P<what>DC|Product|Courier|CourierService|Country|Currency)")
_ADDRESS = "FirstName|LastName|Line[1-4]|City|County|PostcodeZip|CountryCode|PhoneNumber|EmailAddress"
_NAMES = f"{_ADDRESS}|SalesOrderNumber|SalesOrderReference|GiftMessage|LineNumber|ProductCode|EAN|Quantity|Channel"
_FIELD = rf"The (?:{_NAMES}) field is required\.|The field (?:{_NAMES}) must be a string with a maximum length of \d{{1,5}}\."
_FIELDS = re.compile(rf"(?:{_FIELD})(?:; (?:{_FIELD}))*", re.ASCII)
_OF_ADDRESS = re.compile(rf"The (?:field )?(?:{_ADDRESS}) ")
_NUMBER_IS_TAKEN = re.compile(r".*\border ?number\b.*\b(?:exists?|unique|duplicated?|used)\b.*", re.IGNORECASE)


class Meaning(NamedTuple):
    """What a failure says: the hold that it makes, and words that hold no personal data."""

    reason: str
    hold_type: str = "refused"
    number_is_taken: bool = False


def meaning(failure: HubFailure, skus: set[str]) -> Meaning:
    """Return what a refused order means. `skus` are its own: no other code is repeated."""
    words = _PREFIX.sub("", failure.message, count=1).strip()
    kept = f"kept as {failure.evidence}"
    if (short := _NO_STOCK.fullmatch(words)) and short["code"] in skus:
        return Meaning(
            f"SEKO has no free stock of {short['code']!a} and took nothing of the order ({kept}). "
            "Supply it and release, or tell John Lewis.",
            "no_free_stock",
        )
    if unmapped := _MAPPING.fullmatch(words):
        what = unmapped["what"]
        return Meaning(
            f"SEKO does not know the {what} that the order names ({kept}).",
            "unknown_sku" if what == "Product" else "refused",
        )
    if _FIELDS.fullmatch(words):
        is_address = len(_OF_ADDRESS.findall(words)) == len(words.split("; "))
        return Meaning(f"SEKO refuses fields: {words} ({kept})", "address" if is_address else "refused")
    if _NUMBER_IS_TAKEN.fullmatch(words):
        return Meaning(f"SEKO says that the order number is taken ({kept}).", "contradiction", number_is_taken=True)
    return Meaning(f"SEKO refuses it; its message is {kept}.")
