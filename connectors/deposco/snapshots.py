"""Whole scans: the item master, and the stock of exactly its items, page after page, proved whole."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from connectors.counting import tally
from connectors.deposco.api import ITEMS, OLDEST_SEARCH, Api, ListPage
from connectors.deposco.mapping import (
    ITEM_KEEPS,
    PLACE,
    STOCK_KEEPS,
    id_of,
    is_of,
    item_of,
    kept_item,
    number_of,
    stock_level_of,
    stock_raws,
)
from connectors.deposco.settings import DeposcoOptions
from connectors.reading import Unreadable, never_raises, told_apart
from connectors.roles import FeedShape, OpenOrder
from domain.answers import Fatal
from domain.budgets import Lane
from domain.counts import StockPage
from domain.records import Deducts, Page, Received, Reject


@dataclass(frozen=True)
class _Scan:
    """How far a scan is; its text is the cursor.

    The list gives no count of its rows. It is proved whole by what it does give: ids only fall, every
    page but the last is full, there are as many pages as the first one said, the last one says the
    same when it is asked again, and the newest row is still the newest at the end.
    """

    began_at: datetime
    search_id: str = ""
    newest: int = 0
    lowest: int = 0
    pages: int | None = None
    walked: int = 0
    sound: bool = True

    @classmethod
    def read(cls, cursor: str) -> "_Scan":
        fields = json.loads(cursor)
        return cls(**{**fields, "began_at": datetime.fromisoformat(fields["began_at"])})

    def text(self) -> str:
        return json.dumps({**asdict(self), "began_at": self.began_at.isoformat()})

    def after(self, page: ListPage, size: int) -> "_Scan":
        ids = [number for number in map(id_of, page.rows) if number]
        falls = all(later < earlier for earlier, later in zip([self.lowest, *ids], ids, strict=False) if earlier)
        return replace(
            self,
            search_id=page.search_id or "",
            newest=self.newest or max(ids, default=0),
            lowest=min(ids, default=self.lowest),
            pages=page.pages if self.walked == 0 else self.pages,
            walked=self.walked + 1,
            sound=self.sound and falls and (page.search_id is None or len(page.rows) == size),
        )


class _SnapshotFeed:
    """A scan of the item master, a page at a time. `began_at` is that of the first page.

    A scan that can no longer be proved whole ends at once, not complete, and the next begins anew.
    An empty list is never complete: a tenant without a single item is a fault, not news.
    """

    shape = FeedShape.SNAPSHOT
    keeps: Mapping[str, Any] = {}
    absent_is_zero = False

    def __init__(self, api: Api) -> None:
        self._api = api

    async def read(self, cursor: str | None, about: Sequence[OpenOrder]) -> Page:  # noqa: ARG002 - a list knows no orders
        """Read one page of items, and what belongs to them."""
        now = self._api.clock.now()
        scan = _Scan.read(cursor) if cursor else _Scan(now)
        if now - scan.began_at > OLDEST_SEARCH:
            scan = _Scan(now)
        size = self._api.page_size
        page = await self._api.page(ITEMS, search_id=scan.search_id or None, lane=Lane.BULK)
        after = scan.after(page, size)
        raws, is_sound = await self._raws([row for row in page.rows if is_of(row, self._api.business_unit)])
        after = replace(after, sound=after.sound and is_sound)
        ended = not after.sound or page.search_id is None
        is_whole = ended and after.sound and await self._is_whole(scan, after, page)
        read = self._page(raws, scan.began_at)
        read.cursor, read.more, read.complete = None if ended else after.text(), not ended, is_whole
        return read

    async def _is_whole(self, before: _Scan, after: _Scan, last: ListPage) -> bool:
        """Look twice at the end: its length proves nothing, and something new may stand at the top."""
        if not last.rows or (after.pages is not None and after.pages != after.walked):
            return False
        again = await self._api.page(ITEMS, search_id=before.search_id or None, lane=Lane.BULK)
        if again.search_id is not None or [id_of(row) for row in again.rows] != [id_of(row) for row in last.rows]:
            return False
        top = again if after.walked == 1 else await self._api.page(ITEMS, lane=Lane.BULK)
        return max(map(id_of, top.rows), default=0) == after.newest

    @never_raises
    def parse(self, raw: dict[str, Any]) -> Received | Reject:
        """Map one original."""
        try:
            return Received(self._record(raw), raw)
        except Unreadable as fault:
            named: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
            key = str(named.get("itemNumber") or named.get("number") or "row without a number")
            return Reject(key, raw, fault.reason, fault.hold_type)

    async def _raws(self, rows: Sequence[Any]) -> tuple[list[Any], bool]:
        """Return the originals that a page of items brings, and whether they are all of them."""
        raise NotImplementedError

    def _page(self, raws: list[Any], began_at: datetime) -> Page:
        """Return what originals become."""
        return Page(*told_apart(map(self.parse, raws)), began_at=began_at)

    def _record(self, raw: dict[str, Any]) -> Any:
        raise NotImplementedError


class ItemFeed(_SnapshotFeed):
    """The item master, items that are not for sale included so that they are seen as not sellable."""

    keeps: Mapping[str, Any] = ITEM_KEEPS

    async def _raws(self, rows: Sequence[Any]) -> tuple[list[Any], bool]:
        return [kept_item(row) for row in rows], True

    def _record(self, raw: dict[str, Any]) -> Any:
        return item_of(raw)


class StockFeed(_SnapshotFeed):
    """What may be promised of each item, for each place that holds it.

    Stock has no list of its own that can be proved whole, so it is asked for by the items of each page
    of the item master. An item that is not answered is asked for once more; two answers without it
    mean that it has no stock.
    """

    keeps: Mapping[str, Any] = STOCK_KEEPS
    absent_is_zero = True

    def __init__(self, api: Api, options: DeposcoOptions) -> None:
        super().__init__(api)
        self._measure = options.stock_measure
        self._whole_unit = options.business_unit if options.stock_by == "business_unit" else ""

    async def _raws(self, rows: Sequence[Any]) -> tuple[list[Any], bool]:
        numbers = [number for number in map(number_of, rows) if number]
        asked = [number for number in numbers if "," not in number]  # a comma would ask for two others
        answered = await self._api.availability(asked, self._measure) if asked else []
        named = [row.get("itemNumber") for row in answered if isinstance(row, Mapping)]
        shown = {name for name in named if isinstance(name, str)}
        missing = [number for number in asked if number not in shown]
        if len(answered) < len(asked) and missing:  # a row that cannot be read stands for one of them
            answered += await self._api.availability(missing, self._measure)
        raws = [raw for row in answered for raw in stock_raws(row, self._measure, self._whole_unit)]
        self._check_measure(raws)
        strange = {name for name in named if isinstance(name, str)}.difference(asked)
        return raws, not strange and len(named) == len(set(map(str, named)))

    def _page(self, raws: list[Any], began_at: datetime) -> StockPage:
        plainly = itemgetter("itemNumber", "facility", self._measure)
        return StockPage(*tally(raws, plainly, PLACE, Deducts.ON_ACCEPTANCE, self._with_care), began_at=began_at)

    def _with_care(self, raws: list[Any]) -> list[Received | Reject]:
        return [self.parse(raw) for raw in raws]

    def _check_measure(self, raws: Sequence[Any]) -> None:
        """Raise `Fatal` when no row at all has the measure: the tenant lacks it, and nothing of that is zero."""
        placed = [raw for raw in raws if isinstance(raw, dict) and raw.get("facility")]
        if placed and all(raw.get(self._measure) is None for raw in placed):
            raise Fatal(
                self._api.old.name,
                f"no stock row names {self._measure}: the tenant does not have this measure.",
                "Choose the other stock_measure in the installation's file, or have Deposco switch it on.",
            )

    def _record(self, raw: dict[str, Any]) -> Any:
        return stock_level_of(raw, self._measure)
