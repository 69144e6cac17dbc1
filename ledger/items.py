"""The identity of a product on both sides: SKU, EAN, the marketplace's stock number, external ids."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select, update

from domain.installation import Side
from domain.records import Item
from ledger.database import Transaction
from ledger.rows import MINE, among, listed, table, upsert
from ledger.stock_tables import FormerListing
from ledger.tables import ItemRow, Mapping

_item, _mapping, _former = table(ItemRow), table(Mapping), table(FormerListing)
_OF = select(_item).where(_item.c.installation == MINE, listed(_item.c.sku, "skus"))
_KNOWN = select(_item.c.sku, _item.c.ean).where(_item.c.installation == MINE, _item.c.back_office_id != "")
_KNOWN_OF = _KNOWN.where(listed(_item.c.sku, "skus"))
_TARGETS = select(_mapping.c.source, _mapping.c.target).where(
    _mapping.c.installation == MINE, _mapping.c.kind == bindparam("of_kind")
)
_DUE = (
    select(_mapping.c.source, _mapping.c.target, _mapping.c.owner, _mapping.c.review_on)
    .where(
        _mapping.c.installation == MINE,
        _mapping.c.kind == bindparam("of_kind"),
        _mapping.c.review_on != "",
        _mapping.c.review_on <= bindparam("today"),
    )
    .order_by(_mapping.c.source)
)
CARRIER, APPROVED_CARRIER = "carrier", "approved_carrier"
ANY_SERVICE = "\x1f"


def store(tx: Transaction, side: Side, items: Sequence[Item], *, is_master: bool = False) -> None:
    """Write what one side says of its items; what the other side said stays.

    A listing of a marketplace that is the item master stands for the back office's item too, under
    its SKU and with its EAN.
    """
    common = {"installation": tx.installation, "seen_at": tx.now}
    keep: tuple[str, ...]
    if side is Side.BACK_OFFICE:
        rows = [
            {
                **common,
                "sku": i.sku,
                "ean": i.ean or "",
                "back_office_id": i.external_id or i.sku,
                "sellable": i.sellable,
            }
            for i in items
        ]
        for row in rows:
            row |= {"stock_number": "", "listing_ean": "", "listing_id": "", "listed": False}
        keep = ("stock_number", "listing_ean", "listing_id", "listed", "seen_at")  # a listing is seen by its own side
    else:
        rows = [
            {
                **common,
                "sku": i.sku,
                "stock_number": i.stock_number or "",
                "listing_ean": i.ean or "",
                "listing_id": i.external_id or "",
                "listed": True,
            }
            for i in items
            if i.sku
        ]
        for row in rows:
            row |= {"ean": "", "back_office_id": "", "sellable": False}
            if is_master:
                row |= {"ean": row["listing_ean"], "back_office_id": row["sku"], "sellable": True}
        keep = () if is_master else ("ean", "back_office_id", "sellable")
    upsert(tx, ItemRow, rows, ["installation", "sku"], keep=keep)


def of(tx: Transaction, skus: Sequence[str]) -> dict[str, Any]:
    """Return the items of these SKUs."""
    return {row.sku: row for row in tx.rows(_OF, {"skus": list(skus)})} if skus else {}


def relisted(tx: Transaction, listings: Sequence[Item]) -> list[tuple[str, str, str]]:
    """Return (sku, former stock number, stock number) of listings that are shown under another number or id than is known."""
    known = of(tx, [one.sku for one in listings if one.sku])
    return [
        (one.sku, row.stock_number, one.stock_number or "")
        for one in listings
        if one.sku and (row := known.get(one.sku)) is not None and row.listed
        if (row.stock_number, row.listing_id) != (one.stock_number or "", one.external_id or "")
    ]


def skus_of_stock_numbers(tx: Transaction, numbers: Sequence[str]) -> dict[str, str]:
    """Return the SKU of each of the marketplace's stock numbers that is known and names one SKU.

    What was listed at an account that was left counts too: its orders are still finished.
    """
    found: dict[str, set[str]] = {}
    for known in (_item, _former):
        mine = (known.c.installation == tx.installation, among(tx, known.c.stock_number, numbers))
        for row in tx.rows(select(known.c.stock_number, known.c.sku).where(*mine)):
            found.setdefault(row.stock_number, set()).add(row.sku)
    return {number: next(iter(skus)) for number, skus in found.items() if len(skus) == 1}


def known_skus(tx: Transaction, skus: Sequence[str] | None = None) -> dict[str, str]:
    """Return the EAN (or an empty text) of every SKU that the back office has, or of those of these that it has."""
    rows = tx.rows(_KNOWN) if skus is None else tx.rows(_KNOWN_OF, {"skus": list(skus)})
    return dict(rows)


def listings_without_item(tx: Transaction) -> list[Any]:
    """Return the listings whose SKU the back office does not have."""
    return tx.rows(
        select(_item.c.sku, _item.c.stock_number).where(
            _item.c.installation == tx.installation, _item.c.listed, _item.c.back_office_id == ""
        )
    )


def of_account(kind: str, account: str) -> str:
    """Return the kind of a mapping that serves a former account (empty: the account of today)."""
    return f"{kind}@{account}" if account else kind


def carriers(tx: Transaction, account: str = "") -> dict[tuple[str, str], str]:
    """Return the marketplace's code of each mapped (carrier, service); an empty service stands for any."""
    rows = tx.rows(_TARGETS, {"of_kind": of_account(CARRIER, account)})
    pairs = ((row.source.split(ANY_SERVICE), row.target) for row in rows)
    return {(source[0], source[1]): target for source, target in pairs}


def due_for_review(tx: Transaction, today: date) -> list[Any]:
    """Return (source, target, owner, review_on) of the mapped carriers of today's account whose review is due, in order."""
    return tx.rows(_DUE, {"of_kind": CARRIER, "today": today.isoformat()})


def approved_carriers(tx: Transaction, account: str = "") -> dict[str, str]:
    """Return the name of each carrier code that the marketplace account accepts."""
    rows = tx.rows(_TARGETS, {"of_kind": of_account(APPROVED_CARRIER, account)})
    return {row.source: row.target for row in rows}


def accepting(tx: Transaction, code: str) -> list[str]:
    """Return the accounts (empty: that of today) that accept a carrier code."""
    named = select(_mapping.c.kind).where(_mapping.c.installation == tx.installation, _mapping.c.source == code)
    kinds = [row.kind.partition("@") for row in tx.rows(named.order_by(_mapping.c.kind))]
    return [account for kind, _, account in kinds if kind == APPROVED_CARRIER]


def map_carrier(
    tx: Transaction, carrier: str, service: str, code: str, *, owner: str, review_on: str, by: str, account: str = ""
) -> None:
    """Map a back-office carrier and service (empty: any service) to the marketplace's exact code."""
    row = {
        "installation": tx.installation,
        "kind": of_account(CARRIER, account),
        "source": f"{carrier}{ANY_SERVICE}{service}",
        "target": code,
        "owner": owner,
        "review_on": review_on,
        "by": by,
        "at": tx.now,
    }
    upsert(tx, Mapping, [row], ["installation", "kind", "source"])


def approve_carriers(tx: Transaction, names: dict[str, str], by: str) -> tuple[set[str], set[str]]:
    """Replace the account's carrier list; return the codes that came and those that went."""
    before = approved_carriers(tx)
    tx.run(_mapping.delete().where(_mapping.c.installation == tx.installation, _mapping.c.kind == APPROVED_CARRIER))
    upsert(
        tx,
        Mapping,
        [
            {
                "installation": tx.installation,
                "kind": APPROVED_CARRIER,
                "source": code,
                "target": name,
                "owner": "",
                "review_on": "",
                "by": by,
                "at": tx.now,
            }
            for code, name in names.items()
        ],
        ["installation", "kind", "source"],
    )
    return set(names) - set(before), set(before) - set(names)


def unlist(tx: Transaction, began_at: Any) -> int:
    """Mark the listings that a whole read begun at `began_at` did not show as no longer listed."""
    return tx.run(
        update(_item)
        .where(_item.c.installation == tx.installation, _item.c.listed, _item.c.seen_at < began_at)
        .values(listed=False)
    )
