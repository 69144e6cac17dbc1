"""The articles of one seller, as the marketplace lists them and as the back office keeps them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Literal

from sandbox.world.plan import Plan, Trouble

Kind = Literal["mass", "sell_out", "contested", "unknown_sku", "trailing_space", "look_alike", "wrong_ean"]

THINGS = ("MUG", "JUG", "VASE", "LAMP", "THROW", "TRAY", "CLOCK", "FRAME", "BOWL", "CUSHION")
COLOURS = ("BLUE", "SAGE", "OAT", "CORAL", "BLACK", "TEAL")
CYRILLIC = dict(zip("AEOCPTKMHB", "АЕОСРТКМНВ", strict=True))  # noqa: RUF001 - the look-alikes are the point
TROUBLED_UNITS = 12


@dataclass(frozen=True)
class Article:
    """One article: `sku` and `ean` are the back office's, the `listed` ones the marketplace's."""

    kind: Kind
    stock_number: str
    sku: str
    ean: str
    listed_sku: str
    listed_ean: str
    units: int
    price: str

    @property
    def in_office(self) -> bool:
        """Tell whether the back office knows the article when the day begins."""
        return self.kind != "unknown_sku"


def ean13(twelve_digits: str) -> str:
    """Return the EAN-13 of these twelve digits, with its check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve_digits))
    return f"{twelve_digits}{-total % 10}"


def articles(plan: Plan, trouble: Trouble, random: Random) -> list[Article]:
    """Return the whole catalogue; every number in it is used once."""
    kinds: list[tuple[Kind, int]] = [
        ("mass", plan.products),
        ("sell_out", plan.sell_outs - plan.contested),
        ("contested", plan.contested),
        ("unknown_sku", trouble.unknown_skus),
        ("trailing_space", trouble.trailing_spaces),
        ("look_alike", trouble.look_alikes),
        ("wrong_ean", trouble.wrong_eans),
    ]
    numbers = count(random.randrange(10_000_000, 90_000_000))
    made = _made(kinds, numbers, plan, random)
    return list(made)


def _made(kinds: list[tuple[Kind, int]], numbers: Iterator[int], plan: Plan, random: Random) -> Iterator[Article]:
    units = {"mass": plan.stock, "sell_out": plan.sell_out_stock, "contested": plan.sell_out_stock}
    for kind, how_many in kinds:
        for _ in range(how_many):
            number = next(numbers)
            sku, ean = _sku(number, random), ean13(f"50{number:010d}")
            listed_sku = {"trailing_space": f"{sku} ", "look_alike": _look_alike(sku)}.get(kind, sku)
            listed_ean = f"{ean[:-1]}{(int(ean[-1]) + 1) % 10}" if kind == "wrong_ean" else ean
            in_stock = random.randint(*units.get(kind, (TROUBLED_UNITS, TROUBLED_UNITS)))
            price = f"{random.randint(4, 90)}.{random.choice(('00', '50', '99'))}"
            yield Article(kind, str(number), sku, ean, listed_sku, listed_ean, in_stock, price)


def _sku(number: int, random: Random) -> str:
    """Return a SKU that holds the number; some hold a slash, some a space inside."""
    thing, colour, joint = random.choice(THINGS), random.choice(COLOURS), "-"
    if number % 9 == 4:
        joint = "/"
    elif number % 11 == 6:
        joint = " "
    return f"{thing}{joint}{colour}-{number % 100_000:05d}"


def _look_alike(sku: str) -> str:
    """Return the SKU with its first letter that has a Cyrillic twin put in Cyrillic."""
    place = next(n for n, letter in enumerate(sku) if letter in CYRILLIC)
    return sku[:place] + CYRILLIC[sku[place]] + sku[place + 1 :]
