"""One call as the routes see it: path, query, body, and the shop's input limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import unquote

from sandbox.magento.answers import Refused, whole
from sandbox.magento.search import Criteria, Fields, Table, UnknownField, criteria

Row = TypeVar("Row")

_ITEM_LIMITS = {
    "sourceItems": "\\Magento\\InventoryApi\\Api\\Data\\SourceItemInterface",
    "entity.items": "\\Magento\\Sales\\Api\\Data\\OrderItemInterface",
    "items": "\\Magento\\Sales\\Api\\Data\\ShipmentItemCreationInterface",
}


@dataclass(frozen=True)
class InputLimits:
    """The shop's input limits; off unless the system is given some."""

    array_items: int = 20
    page_size: int = 300
    default_page_size: int = 20


@dataclass(frozen=True)
class Call:
    """One authorised call: `segments` is the raw path after `V1/`, still encoded."""

    now: datetime
    segments: list[str]
    query: list[tuple[str, str]]
    body: Any
    wanted: Fields
    limits: InputLimits | None

    def part(self, index: int) -> str:
        """Return one decoded segment of the path."""
        return unquote(self.segments[index])

    def id(self, index: int) -> int:
        """Return one segment as an id."""
        return whole(self.part(index))

    def member(self, name: str) -> Any:
        """Return a required top-level member of the body."""
        if not isinstance(self.body, Mapping) or name not in self.body:
            raise Refused.required(name)
        self.bounded(name, self.body[name])
        return self.body[name]

    def bounded(self, name: str, value: Any) -> None:
        """Refuse a list that is longer than the input limits allow."""
        if self.limits and name in _ITEM_LIMITS and len(value or []) > self.limits.array_items:
            parameters = {"type": _ITEM_LIMITS[name], "max": self.limits.array_items}
            raise Refused(400, 'Maximum items of type "%type" is %max', parameters)

    def options(self) -> dict[str, Any]:
        """Return the body of an action whose members are all optional."""
        given = self.body or {}
        self.bounded("items", given.get("items"))
        return dict(given)

    def criteria(self, *, required: bool = True) -> Criteria:
        """Return the search criteria, held to the input limits."""
        asked = criteria(self.query)
        if asked is None:
            if required:
                raise Refused.required("searchCriteria")
            asked = Criteria()
        if self.limits:
            if asked.page_size is None:
                asked.page_size = self.limits.default_page_size
            elif asked.page_size > self.limits.page_size:
                raise Refused(400, "Maximum SearchCriteria pageSize is %max", {"max": self.limits.page_size})
        return asked


Handler = Callable[[Call], Any]
Entry = tuple[str, str, str, Handler]
"""A route: verb, path below `V1`, the right it asks for, and its handler."""


def listed(call: Call, table: Table[Row], body: Callable[[Row], Any]) -> dict[str, Any]:
    """Answer a search over a table; an unknown field crashes the shop with a report id."""
    asked = call.criteria()
    try:
        rows, total = table.search(asked)
    except UnknownField:
        report = "webapi-" + f"{int(call.now.timestamp()):x}00000"[:13]
        message = f"Internal Error. Details are available in Magento log file. Report ID: {report}"
        raise Refused(500, message) from None
    return {"items": [body(row) for row in rows], "search_criteria": asked.echo(), "total_count": total}
