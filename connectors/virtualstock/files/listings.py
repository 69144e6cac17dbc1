"""The listings of the account: the list of stock numbers and SKUs that the retailer gives to the seller.

The vendor's folders hold no products. The list is a CSV file on our side, named by a setting; it
is read anew by every scan, whole or not at all.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from connectors.reading import never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from connectors.virtualstock.mapping import nameless_key
from domain.answers import Fatal
from domain.clock import Clock
from domain.records import Item, Page, Received, Reject

COLUMNS = ("stock_number", "sku", "ean")
PAGE_SIZE = 1_000
LARGEST_BYTES = 128 * 1024 * 1024


class Scan(NamedTuple):
    """A scan under way: when it began, how far it is, and the digest of the list as it was then."""

    began_at: datetime
    offset: int
    digest: str

    def __str__(self) -> str:
        return f"{self.began_at.isoformat()}|{self.offset}|{self.digest}"

    @classmethod
    def parsed(cls, cursor: str) -> "Scan":
        """Return the scan that a cursor names."""
        began_at, offset, digest = cursor.split("|")
        return cls(datetime.fromisoformat(began_at), int(offset), digest)


class ListingFile:
    """All rows of the list; whole only if it did not change while it was read."""

    shape = FeedShape.SNAPSHOT
    absent_is_zero = False
    keeps: Mapping[str, Any] = dict.fromkeys(COLUMNS, True)

    def __init__(self, account: str, path: Path, clock: Clock) -> None:
        self._account, self._path, self._clock = account, path, clock

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - the list needs no orders
        """Read the next thousand rows."""
        began_at = self._clock.now()
        content = self._content()
        digest = hashlib.sha256(content).hexdigest()[:16]
        scan = Scan(began_at, 0, digest) if cursor is None else Scan.parsed(cursor)
        rows = self._rows(content)
        read = [self.parse(row) for row in rows[scan.offset : scan.offset + PAGE_SIZE]]
        end = scan.offset + len(read)
        more = end < len(rows)
        return Page(
            *told_apart(read),
            began_at=scan.began_at,
            cursor=str(scan._replace(offset=end)) if more else None,
            more=more,
            complete=not more and digest == scan.digest,
        )

    @never_raises
    def parse(self, raw: Any) -> Received | Reject:
        """Map one row. One without a SKU is an `Item` with an empty SKU: the listing exists, and is unmanaged."""
        if not isinstance(raw, dict):
            return Reject(nameless_key(raw), raw, "A row of the list is not a row.")
        number, sku, ean = (raw.get(name) for name in COLUMNS)
        if not isinstance(number, str) or not number.strip() or not isinstance(sku, str):
            return Reject(nameless_key(raw), raw, "A row of the list has no stock_number or no sku.")
        good = isinstance(ean, str) and len(ean) == 13 and ean.isascii() and ean.isdigit()
        return Received(Item(sku=sku, ean=ean if good else None, stock_number=number.strip()), raw)

    def _content(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                content = file.read(LARGEST_BYTES + 1)
        except OSError as trouble:
            raise self._unusable(f"cannot be read ({trouble.strerror})") from trouble
        if len(content) > LARGEST_BYTES:
            raise self._unusable(f"is larger than {LARGEST_BYTES} bytes")
        return content

    def _rows(self, content: bytes) -> list[dict[str, Any]]:
        try:
            rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
            read = list(rows)
        except (UnicodeDecodeError, csv.Error) as trouble:
            raise self._unusable("is no CSV in UTF-8") from trouble
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise self._unusable("lacks one of its columns")
        return [{name: row[name] for name in COLUMNS} for row in read]

    def _unusable(self, what: str) -> Fatal:
        return Fatal(
            self._account,
            f"the list of stock numbers {what}.",
            f"Set `listings` to a CSV file in UTF-8 with the columns {', '.join(COLUMNS)}.",
        )
