"""Invented people: who buys, where they live, what they write on a card, and the numbers that carriers give."""

from random import Random
from typing import Any

NAMES = (
    "Ada Sample",
    "Zoë Invented",
    "Siân Pretend",
    "Seán Ó Example",
    "Björn Nobody",
    "Priya Sample-Jones",
    "Renée d'Example",
    "Łukasz Testowy",
    "Grace 🌻 Pretend",
)
STREETS = (
    ("1 Invented Street", ""),
    ("Flat 2, 14 Sample Road", ""),
    ("The Old Granary at Upper Pretend Farm, Long Invented Lane", "Nether Example under Imaginary Edge"),
    ("22 Ffordd Ddychmygol", "Pentre Ffug"),
    ("Unit 7, Nowhere Mews", "Off Café Row"),
)
TOWNS = (("Leeds", "LS99 1AA"), ("Cardiff", "CF99 2BB"), ("Glasgow", "G99 3CC"), ("London", "SW99 4DD"))
CARDS = (
    "Happy birthday, with love from all of us!",
    "Penblwydd hapus 🎂",
    "Enjoy your new home.\nSee you in spring",
    "For Zoë & Björn: many happy returns, don't open before the 12th",
)
GIFTS = 0.12
WEIGHTS = (8, 6, 7, 3, 1)
S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def customer(random: Random) -> dict[str, Any]:
    """Return the shipping address of somebody."""
    (first, second), (town, postcode) = random.choice(STREETS), random.choice(TOWNS)
    return {
        "full_name": random.choices(NAMES, (*WEIGHTS, *WEIGHTS[1:]))[0],
        "line_1": first,
        "line_2": second,
        "city": town,
        "postal_code": postcode,
        "phone": f"07700 900{random.randrange(1000):03d}",  # numbers that the regulator keeps for fiction
        "email": f"customer{random.randrange(10_000)}@example.com",
    }


def card(random: Random) -> str | None:
    """Return the gift message of an order, which most do not have."""
    return random.choice(CARDS) if random.random() < GIFTS else None


def tracking_number(carrier: str, random: Random) -> str:
    """Return a tracking number of the shape that this carrier gives."""
    if carrier == "Royal Mail":
        digits = f"{random.randrange(10**8):08d}"
        rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, S10_WEIGHTS, strict=True)) % 11
        return f"QX{digits}{ {10: 0, 11: 5}.get(rest, rest) }GB"
    if carrier == "Evri":
        return f"H00{random.randrange(10**13):013d}"
    return f"155{random.randrange(10**11):011d}"
