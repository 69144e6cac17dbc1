"""Lists of the shop: how a search is written, and how its pages are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from connectors.http import Account, VendorRefusal
from connectors.magento import refusals
from domain.answers import Fatal, Unavailable
from domain.budgets import Lane


class Filter(NamedTuple):
    """One comparison; `condition` is one of Magento's words: eq, in, gteq and so on."""

    field: str
    condition: str
    value: str


@dataclass(frozen=True)
class Query:
    """What to list. One of the `filters` must hold (none: everything); `sort` keeps pages from overlapping.

    `floats`: as `Account.read`, for counts.
    """

    path: str
    filters: tuple[Filter, ...] = ()
    sort: tuple[str, ...] = ("entity_id",)
    fields: str = ""
    floats: bool = False

    def params(self, page: int, size: int) -> list[tuple[str, str]]:
        """Return the query string's pairs for one page."""
        pairs = []
        for number, wanted in enumerate(self.filters):
            name = f"searchCriteria[filterGroups][0][filters][{number}]"
            pairs += [(f"{name}[field]", wanted.field), (f"{name}[conditionType]", wanted.condition)]
            pairs.append((f"{name}[value]", wanted.value))
        for number, field in enumerate(self.sort):
            name = f"searchCriteria[sortOrders][{number}]"
            pairs += [(f"{name}[field]", field), (f"{name}[direction]", "ASC")]
        pairs += [("searchCriteria[pageSize]", str(size)), ("searchCriteria[currentPage]", str(page))]
        return [*pairs, ("fields", self.fields)] if self.fields else pairs


@dataclass(frozen=True)
class Listed:
    """One page of a list; `size` is the page size that the shop allowed."""

    items: list[Any]
    total: int
    size: int


class Shop:
    """Reads lists, going down to the page size that the shop allows."""

    def __init__(self, account: Account, page_size: int) -> None:
        self.account = account
        self.page_size = page_size

    async def ask(self, path: str, params: Any = None, lane: Lane = Lane.NORMAL) -> Any:
        """Read one answer. Raises `Fatal` for a refusal: no record is to blame for a question."""
        try:
            return await self.account.read("GET", path, params=params, lane=lane)
        except VendorRefusal as refusal:
            raise self._fatal(path, refusal) from None

    async def page(self, query: Query, page: int = 1, size: int | None = None, lane: Lane = Lane.NORMAL) -> Listed:
        """Read one page; look at `Listed.size` before asking for the next, it may be smaller than asked."""
        size = min(size or self.page_size, self.page_size)
        while True:
            try:
                params = query.params(page, size)
                body = await self.account.read("GET", query.path, params=params, lane=lane, floats=query.floats)
                break
            except VendorRefusal as refusal:
                allowed = refusals.largest_page(refusal)
                if allowed is None or not 0 < allowed < size:
                    raise self._fatal(query.path, refusal) from None
                self.page_size = size = allowed
        if not isinstance(body, dict) or "items" not in body or not isinstance(body["items"], list | None):
            raise Unavailable(self.account.name, f"GET {query.path} answered with no list.", "It is tried again.")
        total = body.get("total_count")
        return Listed(body["items"] or [], total if isinstance(total, int) else 0, size)

    async def all(self, query: Query, lane: Lane = Lane.NORMAL) -> list[Any]:
        """Read every page of a short list. Raises `Unavailable` when the pages do not add up to the total."""
        rows: list[Any] = []
        page, size = 1, self.page_size
        while True:
            listed = await self.page(query, page, size, lane)
            if listed.size != size and page > 1:
                rows, page, size = [], 1, listed.size
                continue
            size = listed.size
            rows += listed.items
            if len(rows) == listed.total:
                return rows
            if not listed.items or len(rows) > listed.total:
                what = f"GET {query.path} gave {len(rows)} rows and counts {listed.total}: the list changed meanwhile."
                raise Unavailable(self.account.name, what, "It is read again.")
            page += 1

    def _fatal(self, path: str, refusal: VendorRefusal) -> Fatal:
        what = f"GET {path} was refused with {refusals.shown(refusal)}."
        return Fatal(self.account.name, what, "Compare store_code, website and attributes in the installation's file.")


def one_of(field: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Return the filters for a field with one of these values; a comma would split a value in two."""
    plain = [value for value in values if "," not in value]
    listed = (Filter(field, "in", ",".join(plain)),) if plain else ()
    return (*listed, *(Filter(field, "eq", value) for value in values if "," in value))
