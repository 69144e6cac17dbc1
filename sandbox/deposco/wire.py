"""How this system talks: error envelopes, references, pages with opaque cursors, and lists cut inside their parent."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

Record = dict[str, Any]
MOST_NESTED_ROWS = 10
_HOST = "https://api.deposco.example/latest"


class Refused(ValueError):
    """The call is refused: the caller sees these texts in the error envelope, with this status."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.status, self.messages = status, messages

    def body(self) -> Record:
        """Return the error envelope; that of a server error has another form."""
        if self.status >= 500:
            return {"errorMessages": list(self.messages), "pid": "4711"}
        return {"errors": [{"errorMessage": message} for message in self.messages]}


class Numbered(Protocol):
    """What stands in a collection: a rising id, and two moments."""

    id: int
    created_at: datetime
    updated_at: datetime


Row = TypeVar("Row", bound=Numbered)
Filter = Callable[[Any, str], bool]


@dataclass
class Call:
    """One call after the door: the ids of its path, its query, and the JSON body (None: no body)."""

    query: Mapping[str, str]
    path: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def id(self, name: str = "id") -> int:
        """Return a numeric id of the path; anything else is not found."""
        text = self.path[name]
        if not (text.isascii() and text.isdigit()):
            raise Refused(404, f"Resource {text} not found")
        return int(text)


def iso_offset(moment: datetime | None) -> str | None:
    """Write a time as answers show it: whole seconds, with an offset."""
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def read_moment(text: str) -> datetime:
    """Read an RFC 3339 time of a filter."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, f"Failed to convert value {text}") from None
    if moment.tzinfo is None:
        raise Refused(400, f"Failed to convert value {text}")
    return moment


def ref(number: int | None, path: str, /, **key: Any) -> Record | None:
    """Return a reference: id, business key (its dots are letters of the names) and link."""
    if number is None:
        return None
    named = {name.replace("__", "."): value for name, value in key.items()}
    return {"id": number, "businessKey": named, "href": f"{_HOST}/{path}/{number}"}


def key_of(reference: Any, name: str) -> str:
    """Return one value of a reference's business key as it was sent, or an empty text."""
    key = reference.get("businessKey") if isinstance(reference, Mapping) else None
    return str(key.get(name) or "") if isinstance(key, Mapping) else ""


def nested(rows: Sequence[Record]) -> Record:
    """Return rows inside their parent: ten at most, and when there are more not the first ones, nor in order."""
    if len(rows) <= MOST_NESTED_ROWS:
        return {"data": list(rows), "links": [], "complete": True, "pages": 1}
    shown = list(reversed(rows))[:MOST_NESTED_ROWS]
    return {"data": shown, "links": [], "complete": False, "pages": -(-len(rows) // MOST_NESTED_ROWS)}


def collection(
    rows: Sequence[Row],
    call: Call,
    filters: Mapping[str, Filter],
    show: Callable[[Row], Record],
    *,
    sizes: tuple[int, int] = (50, 100),
    ignored: frozenset[str] = frozenset(),
) -> Record:
    """Return one page, newest id first. Query names that are no filter here are ignored without a word.

    `searchId` of the next link holds the filters and where to go on; it overrides everything else.
    """
    search = _search(call, filters, ignored, sizes)
    found = [row for row in rows if all(filters[name](row, value) for name, value in search["filters"].items())]
    found.sort(key=lambda row: -row.id)
    left = [row for row in found if search["below"] is None or row.id < search["below"]]
    page, size = left[: search["size"]], search["size"]
    complete = len(left) <= size
    links = []
    if not complete:
        text = base64.urlsafe_b64encode(json.dumps({**search, "below": page[-1].id}).encode()).decode()
        links = [{"rel": "next", "href": f"{_HOST}/next?pageSize={size}&searchId={text}"}]
    pages = max(1, -(-len(found) // size))
    return {"data": [show(row) for row in page], "links": links, "complete": complete, "pages": pages}


def _search(call: Call, filters: Mapping[str, Filter], ignored: frozenset[str], sizes: tuple[int, int]) -> Record:
    if text := call.query.get("searchId"):
        try:
            found: Record = json.loads(base64.urlsafe_b64decode(text.encode()))
        except ValueError:
            raise Refused(400, "Invalid searchId") from None
        return found
    asked = call.query.get("pageSize", str(sizes[0]))
    if not (asked.isascii() and asked.isdigit()) or not 1 <= int(asked) <= sizes[1]:
        raise Refused(400, f"pageSize must be between 1 and {sizes[1]}")
    used = {name: value for name, value in call.query.items() if name in filters and name not in ignored}
    return {"filters": used, "size": int(asked), "below": None}


def after(of: Callable[[Any], datetime | None]) -> Filter:
    """Return a filter that keeps rows with a later moment."""

    def keeps(row: Any, text: str) -> bool:
        moment = of(row)
        return moment is not None and moment > read_moment(text)

    return keeps


def same(of: Callable[[Any], str]) -> Filter:
    """Return a filter that keeps rows with exactly this text."""
    return lambda row, text: of(row) == text
