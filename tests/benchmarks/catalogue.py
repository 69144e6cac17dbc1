"""A large catalogue in a ledger: listed, published and proved; and what makes some of it change or sell out."""

import random
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import Update, case, update

from ledger.database import Transaction
from ledger.rows import among, insert_all, table
from ledger.stock_tables import Level
from ledger.tables import ItemRow

SHOWN = 1_000
_CHUNK = 20_000
_COUNTED_BEFORE = timedelta(minutes=1)  # the scan that saw it began before the pull of the orders
_level = table(Level)


def sku_of(number: int) -> str:
    return f"SKU-{number:07}"


def stock_number_of(number: int) -> str:
    return f"{20_000_000 + number}"


def list_all(tx: Transaction, size: int, listing_ids: Sequence[str] = ()) -> None:
    """List SKUs that show what they should, as the items loop and the stock loop would leave them."""
    for start in range(0, size, _CHUNK):
        numbers = range(start, min(size, start + _CHUNK))
        mine = {"installation": tx.installation}
        items = [
            {
                **mine,
                "sku": sku_of(number),
                "ean": "",
                "stock_number": stock_number_of(number),
                "listing_ean": "",
                "listing_id": listing_ids[number] if listing_ids else "",
                "back_office_id": str(number),
                "sellable": True,
                "listed": True,
                "seen_at": tx.now,
            }
            for number in numbers
        ]
        levels = [
            {
                **mine,
                "sku": sku_of(number),
                "wanted": SHOWN,
                "wanted_as_of": tx.now,
                "why": f"{SHOWN} counted",
                "published": SHOWN,
                "may_show": SHOWN,
                "published_at": tx.now,
                "proved_at": tx.now,
                "owed": False,
                "attempt": 1,
                "tries": 0,
                "zero_approved": False,
            }
            for number in numbers
        ]
        insert_all(tx, ItemRow, items)
        insert_all(tx, Level, levels)


def change(tx: Transaction, skus: Collection[str]) -> None:
    """Let these SKUs have another number from now on, half of them one more and half of them one less."""
    for part, by in ((1, 1), (0, -1)):
        chosen = [sku for sku in skus if int(sku[-1]) % 2 == part]
        tx.run(_owing(tx, chosen).values(wanted=case((_level.c.wanted == SHOWN, SHOWN + by), else_=SHOWN)))


def sell_out(tx: Transaction, skus: Collection[str]) -> None:
    """Let these SKUs want zero from now on."""
    tx.run(_owing(tx, skus).values(wanted=0))


def _owing(tx: Transaction, skus: Collection[str]) -> Update:
    mine = (_level.c.installation == tx.installation, among(tx, _level.c.sku, list(skus)))
    return update(_level).where(*mine).values(wanted_as_of=tx.now - _COUNTED_BEFORE, owed=True)


def drawn(size: int, how_many: int, chance: random.Random) -> list[str]:
    """Return so many SKUs of a catalogue, each once."""
    return [sku_of(number) for number in chance.sample(range(size), how_many)]
