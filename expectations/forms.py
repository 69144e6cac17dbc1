"""The form of identifiers, judged for a whole column at once.

`domain.identifiers` holds the truth about one value and words its fault. Here the same truth is
told fast, because a stock scan has a million rows; a test holds the two together.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.identifiers import tracking_fault

Mask = npt.NDArray[np.bool_]

_SKU = re.compile(r"[!-~](?:[ -~]*[!-~])?")  # printable ASCII; a space only inside
_EAN_13 = re.compile(r"[0-9]{13}")  # \d would accept Arabic digits
_EAN_WEIGHTS = np.array([1, 3] * 6 + [1], dtype=np.int64)


def is_sku_form(value: Any) -> bool:
    """Return whether the value is text that `domain.identifiers.sku_fault` finds no fault with."""
    return isinstance(value, str) and _SKU.fullmatch(value) is not None


def sku_form(values: Iterable[Any]) -> Mask:
    """Return where the value has the form of a SKU."""
    return np.array([is_sku_form(value) for value in values], dtype=np.bool_)


def ean_form(values: Iterable[Any]) -> Mask:
    """Return where the value is text of 13 digits with a true check digit.

    A number is refused even if it has 13 digits: whatever made it a number also dropped leading zeroes.
    """
    values = list(values)
    matches = _EAN_13.fullmatch
    good = np.array([isinstance(value, str) and matches(value) is not None for value in values], dtype=np.bool_)
    text = "".join(value for value, is_digits in zip(values, good, strict=True) if is_digits)
    digits = np.frombuffer(text.encode("ascii"), dtype=np.uint8).reshape(-1, 13).astype(np.int64) - ord("0")
    good[good] = (digits @ _EAN_WEIGHTS) % 10 == 0
    return good


def tracking_form(values: Iterable[Any]) -> Mask:
    """Return where the value is text that may be a tracking number."""
    return np.array([isinstance(value, str) and tracking_fault(value) is None for value in values], dtype=np.bool_)
