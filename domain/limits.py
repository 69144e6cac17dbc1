"""What a back office can take in an order: declared by its connector, judged by the gate."""

from dataclasses import dataclass

from domain.records import SalesOrder


@dataclass(frozen=True)
class OrderLimits:
    """What a back office can take in an order; the gate holds what does not fit. Lengths are in characters.

    Without `beyond_basic_plane` its tables lose every character above U+FFFF: emoji, and rare ones of names.
    """

    street_lines: int = 2
    street_line_length: int = 255
    name_length: int = 100
    city_length: int = 100
    postcode_length: int = 20
    phone_required: bool = False
    gift_message_length: int = 255
    reference_length: int = 32
    beyond_basic_plane: bool = True
    countries: frozenset[str] = frozenset({"GB", "IE", "JE", "GG", "IM"})


def lost_in_address(order: SalesOrder) -> str:
    """Name the fields about the delivery in which a character stands above U+FFFF, never what stands there."""
    to = order.ship_to
    all_of_it = (to.name, *to.street, to.city, to.region, to.postcode, to.phone, to.email, order.delivery_service)
    if not is_beyond_basic_plane("".join(all_of_it)):
        return ""  # nearly every order
    fields = {
        "name": (to.name,),
        "street": to.street,
        "city": (to.city,),
        "region": (to.region,),
        "postcode": (to.postcode,),
        "phone": (to.phone,),
        "email": (to.email,),
        "delivery service": (order.delivery_service,),
    }
    return ", ".join(name for name, texts in fields.items() if any(map(is_beyond_basic_plane, texts)))


def is_beyond_basic_plane(text: str) -> bool:
    """Tell whether a character of the text stands above U+FFFF."""
    return not text.isascii() and max(text) > "\uffff"
