"""searchCriteria, `fields=`, and tables that answer them from indexes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sandbox.magento.answers import Refused

Row = TypeVar("Row")
Fields = dict[str, "Fields"]

_KEY = re.compile(r"(?:searchCriteria|search_criteria)((?:\[[^\]]*\])*)$")
_SNAKE = {"filterGroups": "filter_groups", "sortOrders": "sort_orders", "conditionType": "condition_type"}
_SNAKE |= {"pageSize": "page_size", "currentPage": "current_page"}


class UnknownField(Exception):
    """A filter or a sort names a field that this table does not have."""


@dataclass(frozen=True)
class Filter:
    """One comparison."""

    field: str
    value: str
    condition: str


@dataclass
class Criteria:
    """What a search asks: groups are ANDed, the filters in a group ORed."""

    groups: list[list[Filter]] = field(default_factory=list)
    sort: list[tuple[str, str]] = field(default_factory=list)
    page_size: int | None = None
    current_page: int | None = None

    def echo(self) -> dict[str, Any]:
        """Return the `search_criteria` member of the answer."""
        shown: dict[str, Any] = {
            "filter_groups": [
                {"filters": [{"field": f.field, "value": f.value, "condition_type": f.condition} for f in group]}
                for group in self.groups
            ]
        }
        if self.sort:
            shown["sort_orders"] = [{"field": name, "direction": direction} for name, direction in self.sort]
        if self.page_size is not None:
            shown["page_size"] = self.page_size
        if self.current_page is not None:
            shown["current_page"] = self.current_page
        return shown


def criteria(query: Iterable[tuple[str, str]]) -> Criteria | None:
    """Read searchCriteria from a query; None when there is none."""
    tree: dict[str, Any] = {}
    found = False
    for key, value in query:
        match = _KEY.match(key)
        if not match:
            continue
        found = True
        path = [_SNAKE.get(step, step) for step in re.findall(r"\[([^\]]*)\]", match.group(1))]
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
        if path:
            node[path[-1]] = value
    if not found:
        return None
    size, page = tree.get("page_size"), tree.get("current_page")
    return Criteria(
        groups=[
            [
                Filter(each.get("field", ""), each.get("value", ""), each.get("condition_type", "eq"))
                for each in group.get("filters", {}).values()
            ]
            for group in tree.get("filter_groups", {}).values()
        ],
        sort=[
            (each.get("field", ""), each.get("direction", "DESC").upper())
            for each in tree.get("sort_orders", {}).values()
        ],
        page_size=int(size) if size else None,
        current_page=int(page) if page else None,
    )


def collated(value: Any) -> str:
    """Return a value as the database compares it: letter case and trailing spaces do not count."""
    return str(value).casefold().rstrip(" ")


def _comparable(held: Any, text: str) -> tuple[Any, Any]:
    if isinstance(held, int | float):
        try:
            return held, float(text)
        except ValueError:
            return held, 0.0  # the database reads a text that is no number as zero
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2} ", str(held)):
        return held, text.replace("T", " ")[:19].ljust(10) + (" 00:00:00" if len(text) == 10 else "")
    return collated(held), collated(text)


def matches(held: Any, wanted: Filter) -> bool:
    """Return whether one value passes one filter; null passes only `null`."""
    if wanted.condition in {"null", "notnull"}:
        return (held is None) == (wanted.condition == "null")
    if held is None:
        return False
    if wanted.condition in {"in", "nin"}:
        inside = any(left == right for left, right in (_comparable(held, each) for each in wanted.value.split(",")))
        return inside == (wanted.condition == "in")
    if wanted.condition in {"like", "nlike"}:
        pattern = re.escape(wanted.value).replace("%", ".*").replace("_", ".")
        return bool(re.fullmatch(pattern, str(held), re.IGNORECASE)) == (wanted.condition == "like")
    left, right = _comparable(held, wanted.value)
    verdicts: dict[str, bool] = {
        "eq": left == right,
        "neq": left != right,
        "gt": left > right,
        "gteq": left >= right,
        "moreq": left >= right,
        "from": left >= right,
        "lt": left < right,
        "lteq": left <= right,
        "to": left <= right,
    }
    if wanted.condition not in verdicts:
        raise UnknownField(wanted.condition)
    return verdicts[wanted.condition]


class Table(Generic[Row]):
    """Rows in the order of their ids; `eq` and `in` on an indexed field do not scan."""

    def __init__(self, fields: Iterable[str], indexed: Sequence[str], read: Callable[[Row, str], Any]) -> None:
        self.rows: dict[int, Row] = {}
        self._fields, self._read = frozenset(fields), read
        self._indexes: dict[str, dict[str, dict[int, Row]]] = {name: {} for name in indexed}

    def add(self, row_id: int, row: Row) -> None:
        """Keep a row and index it."""
        self.rows[row_id] = row
        for name, index in self._indexes.items():
            index.setdefault(collated(self._read(row, name)), {})[row_id] = row

    def change(self, row_id: int, action: Callable[[], None]) -> None:
        """Do what may change indexed fields of a row, keeping the indexes right."""
        row = self.rows[row_id]
        for name, index in self._indexes.items():
            index[collated(self._read(row, name))].pop(row_id)
        try:
            action()
        finally:
            self.add(row_id, row)

    def where(self, name: str, value: Any) -> list[Row]:
        """Return the rows whose indexed field has this value, in the order of their ids."""
        found = self._indexes[name].get(collated(value), {})
        return [found[row_id] for row_id in sorted(found)]

    def search(self, asked: Criteria) -> tuple[list[Row], int]:
        """Return one page and the total; raise `UnknownField` as soon as one is named."""
        for name in (*(f.field for group in asked.groups for f in group), *(name for name, _ in asked.sort)):
            if name not in self._fields:
                raise UnknownField(name)
        rows = [row for row in self._candidates(asked) if self._passes(row, asked)]
        for name, direction in reversed(asked.sort):
            rows.sort(key=lambda row: _sortable(self._read(row, name)), reverse=direction == "DESC")
        return page(rows, asked), len(rows)

    def _candidates(self, asked: Criteria) -> list[Row]:
        for group in asked.groups:
            if len(group) == 1 and group[0].field in self._indexes and group[0].condition in {"eq", "in"}:
                wanted = group[0]
                values = wanted.value.split(",") if wanted.condition == "in" else [wanted.value]
                # as the database walks the index: by value, then by id; not by id alone
                keys = sorted({collated(value) for value in values})
                return [row for key in keys for row in self.where(wanted.field, key)]
        return list(self.rows.values())

    def _passes(self, row: Row, asked: Criteria) -> bool:
        return all(any(matches(self._read(row, f.field), f) for f in group) for group in asked.groups)


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, "")
    return (1, value) if isinstance(value, int | float) else (2, str(value))


def page(rows: Sequence[Row], asked: Criteria) -> list[Row]:
    """Return the asked page; past the end there is nothing."""
    if asked.page_size is None:
        return list(rows)
    start = (max(1, asked.current_page or 1) - 1) * asked.page_size
    return list(rows[start : start + asked.page_size])


def parse_fields(text: str) -> Fields:
    """Read `items[a,b[c]],total_count` into a tree."""
    root: Fields = {}
    stack, last = [root], root
    for token in re.findall(r"[^\[\],]+|\[|\]", text):
        if token == "[":  # noqa: S105 - a bracket, not a password
            stack.append(last)
        elif token == "]":  # noqa: S105 - a bracket, not a password
            if len(stack) == 1:
                raise Refused(400, "The fields filter is not valid.")
            stack.pop()
        else:
            last = stack[-1].setdefault(token.strip(), {})
    return root


def project(value: Any, wanted: Fields) -> Any:
    """Keep only the wanted fields; an empty list whose members were filtered becomes null."""
    if isinstance(value, list):
        return [project(each, wanted) for each in value] or None
    if not isinstance(value, Mapping):
        return value
    return {
        name: project(each, wanted[name]) if wanted[name] else each for name, each in value.items() if name in wanted
    }
