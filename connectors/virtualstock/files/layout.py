"""How the vendor's files are written: names, the five-part layout with its count, inventory rows. Pure."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

MARKER = ".DONE"
_NAME = re.compile(r"(order|cancel|return)-[A-Za-z0-9_-]{1,80}\.txt")
_LINE_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
LARGEST_LINES = 2_000
csv.field_size_limit(1_000_000)

Row = Mapping[str, str]


class BadFile(Exception):
    """This content is no whole file of the five parts; the text says why and shows nothing of it."""


@dataclass(frozen=True)
class FlatFile:
    """What stands in a file of five parts: the values of its header, and those of each line, by column name."""

    header: Row
    rows: tuple[Row, ...]


def kind_of(name: str) -> str | None:
    """Return what a file of the incoming folder is by its name: order, cancel or return; None for any other."""
    found = _NAME.fullmatch(name)
    return found.group(1) if found else None


def stamp(moment: datetime, tail: int) -> str:
    """Return the vendor's time in a name: fourteen digits, and a tail of six that tells files of one second apart."""
    return f"{moment:%Y%m%d%H%M%S}{tail % 1_000_000:06d}"


def text_of(content: bytes) -> str:
    """Return the text: UTF-8, or UTF-16 where a mark says so. Another encoding is not guessed: it would spoil names."""
    marked = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(marked)
    except UnicodeDecodeError:
        raise BadFile("The file is not UTF-8.") from None
    if "\x00" in text:
        raise BadFile("The file holds zero bytes.")
    return text


def read_flat(text: str) -> FlatFile:
    """Read the five parts. Raises `BadFile` when a part is missing or the count is not that of the lines."""
    lines = _rows(text)
    if len(lines) < 5:
        raise BadFile(f"The file has {len(lines)} of at least 5 lines: it is cut off.")
    *body, last = lines
    if len(last) != 1 or not re.fullmatch(r"[0-9]{1,9}", last[0].strip()):
        raise BadFile("The last line is no count: the file is cut off.")
    if int(last[0]) != len(body):
        raise BadFile(f"The last line counts {int(last[0])} lines, the file has {len(body)}.")
    header = _by_name(body[0], [body[1]])[0]
    return FlatFile(header, tuple(_by_name(body[2], body[3:])))


def _rows(text: str) -> list[list[str]]:
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        raise BadFile("The quotes of the file do not close: it is cut off or malformed.") from None
    if len(lines) > LARGEST_LINES:
        raise BadFile(f"The file has more than {LARGEST_LINES} lines.")
    return lines


def _by_name(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Row]:
    columns = [name.strip().lower() for name in names]
    if len(set(columns)) < len(columns) or "" in columns:
        raise BadFile("A column has no name, or two have the same.")
    if any(len(row) != len(columns) for row in rows):
        raise BadFile("A line has more or fewer fields than there are columns.")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def written_flat(header: Row, rows: Sequence[Row]) -> bytes:
    """Write the five parts: every field quoted, quotes doubled, line breaks turned to blanks."""
    lines = [list(header), list(header.values()), list(rows[0]), *(list(row.values()) for row in rows)]
    return _csv([*lines, [str(len(lines))]], quoted=True)


def written_inventory(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Write an inventory file: one header row, one row a product, plain."""
    return _csv([list(columns), *([row[name] for name in columns] for row in rows)], quoted=False)


def numbers_in(content: bytes, column: str) -> Iterator[tuple[str, str]]:
    """Yield the stock numbers of an inventory file, each with its number; many files are looked into, so no row is kept."""
    names, *rows = _rows_of_inventory(content) or [[]]
    if "part_number" in names:
        name, number = names.index("part_number"), names.index(column) if column in names else None
        for row in rows:
            if len(row) == len(names):
                yield row[name], "" if number is None else row[number]


def _rows_of_inventory(content: bytes) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline="")) if row]


def _csv(lines: Sequence[Sequence[str]], *, quoted: bool) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerows([[_LINE_BREAKS.sub(" ", field) for field in line] for line in lines])
    return out.getvalue().encode()
