"""What a back office can take in an order: declared by its connector, judged by the gate."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderLimits:
    """What a back office can take in an order; the gate holds what does not fit. Lengths are in characters."""

    street_lines: int = 2
    street_line_length: int = 255
    name_length: int = 100
    city_length: int = 100
    postcode_length: int = 20
    phone_required: bool = False
    gift_message_length: int = 255
    reference_length: int = 32
    countries: frozenset[str] = frozenset({"GB", "IE", "JE", "GG", "IM"})
