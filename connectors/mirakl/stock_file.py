"""The stock file: its lines, and what its report says of each. Pure."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.records import Availability

COLUMNS = ("offer-sku", "quantity", "warehouse-code", "update-delete")
FIRST_LINE = 2  # the header is line 1
_TICKET = re.compile(r"stock import ([0-9A-Za-z_-]{1,100}), ([0-9]{1,9}) lines")


class Ticket(NamedTuple):
    """What names a file at the vendor: the id of its import, and how many lines we sent in it."""

    import_id: str
    lines: int

    def __str__(self) -> str:
        return f"stock import {self.import_id}, {self.lines} lines"

    @classmethod
    def parsed(cls, text: str) -> "Ticket | None":
        """Return the ticket that a text holds, or None."""
        found = _TICKET.fullmatch(text)
        return cls(found.group(1), int(found.group(2))) if found else None


def in_order(records: Sequence[Availability]) -> list[Availability]:
    """Return the records in the order of their lines: by SKU, so that another process can count them again."""
    return sorted(records, key=lambda one: one.sku)


def file_of(records: Sequence[Availability]) -> bytes:
    """Return the file: the global quantity of each offer, nothing else, and never a deletion."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((one.sku, max(0, one.quantity), "", "UPDATE") for one in in_order(records))
    return out.getvalue().encode()


@dataclass(frozen=True)
class Report:
    """The rows of an error report by SKU; None for all of it when it cannot be believed."""

    errors: dict[str, str] | None

    @classmethod
    def read(cls, text: str, sent: Sequence[Availability]) -> "Report":
        """Map every row to a line that was sent, by its number and its SKU; one that does not fit spoils the whole.

        The two leading columns are the line's number and the reason; the vendor names them by their
        place, so their names are not looked at. The operator chooses what stands between columns.
        """
        rows = _rows(text)
        if rows is None:
            return cls(None)
        at, lines = rows[0].index("offer-sku"), in_order(sent)
        errors: dict[str, str] = {}
        for row in rows[1:]:
            if len(row) <= max(at, 1) or not re.fullmatch(r"[0-9]{1,9}", row[0]):
                return cls(None)
            number = int(row[0]) - FIRST_LINE
            if not 0 <= number < len(lines) or lines[number].sku != row[at]:
                return cls(None)
            errors[row[at]] = row[1]
        return cls(errors)


def _rows(text: str) -> list[list[str]] | None:
    """Return the rows of a table with a column of SKUs; None when it has none, whatever stands between columns."""
    for delimiter in ";,":
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        if rows and "offer-sku" in rows[0]:
            return rows
    return None
