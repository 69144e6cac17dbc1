"""SKU, EAN and tracking numbers: what is wrong with one, and how to show it to a person."""

import re
import unicodedata
from collections.abc import Iterable

from stdnum import ean as stdnum_ean

_EAN_13 = re.compile(r"[0-9]{13}")  # \d would accept Arabic digits
_TRACKING = re.compile(r"[A-Za-z0-9][A-Za-z0-9 /-]{4,38}[A-Za-z0-9]")
_NEVER_A_NUMBER = re.compile(r"(?i)(n/?a|none|null|tbc|tba|unknown|test|pending|0+|x+)")


def sku_fault(sku: str) -> str | None:
    """Return what is wrong with the form of a SKU, or None; nothing is repaired."""
    if not sku:
        return "it is empty"
    if sku != sku.strip():
        return f"it begins or ends with white space: {visible(sku)}"
    for character in sku:
        if character == " " or (character.isprintable() and character.isascii()):
            continue
        name = unicodedata.name(character, f"U+{ord(character):04X}")
        return f"it holds {name}, which looks like something else: {visible(sku)}"
    return None


def ean_fault(ean: str) -> str | None:
    """Return what is wrong with an EAN-13 (13 digits, true check digit), or None."""
    if not _EAN_13.fullmatch(ean):
        return f"it is not 13 digits: {visible(ean)}"
    if not stdnum_ean.is_valid(ean):
        return f"its check digit should be {stdnum_ean.calc_check_digit(ean[:-1])}: {ean}"
    return None


def tracking_fault(tracking_number: str | None) -> str | None:
    """Return what is wrong with a tracking number's form, or None."""
    if not tracking_number or not tracking_number.strip():
        return "it is missing"
    if _NEVER_A_NUMBER.fullmatch(tracking_number) or not _TRACKING.fullmatch(tracking_number):
        return f"it does not look like a tracking number: {visible(tracking_number)}"
    return None


def visible(text: str) -> str:
    """Show white space at the ends, and anything that does not print, so that a person can see it."""
    body = text.strip(" ")
    lead = len(text) - len(text.lstrip(" ")) if body else len(text)
    trail = len(text) - len(text.rstrip(" ")) if body else 0
    shown = "".join(c if c.isprintable() else f"⟨U+{ord(c):04X}⟩" for c in body)
    return "␠" * lead + shown + "␠" * trail


def near_miss(sku: str, known: Iterable[str]) -> str | None:
    """Return a known SKU that differs only by spaces, case or look-alike letters, to suggest it to a person."""
    wanted = _folded(sku)
    return next((candidate for candidate in known if candidate != sku and _folded(candidate) == wanted), None)


def _folded(sku: str) -> str:
    return "".join(unicodedata.normalize("NFKC", sku).translate(_LOOK_ALIKES).casefold().split())


_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТХаеорсухΑΒΕΗΙΚΜΝΟΡΤΧ–—\u200b\ufeff", "ABEKMHOPCTXaeopcyxABEHIKMNOPTX--  ")  # noqa: RUF001 - look-alikes are the point
