"""How both generations of the API are read: pages behind opaque cursors, and blank answers that are failures."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote

from connectors.http import Account, VendorRefusal
from domain.answers import Fatal, Unavailable
from domain.budgets import Lane
from domain.clock import Clock

ORDERS, SHIPMENTS, ITEMS = "/orders/salesOrders", "/shipments/outboundShipments", "/items"
MOST_ORDERS_A_PAGE = 50
_SEARCH_ID = re.compile(r"[?&]searchId=([^&#\s]{1,4000})")
_LONGEST_LIST = 200
OLDEST_SEARCH = timedelta(hours=1)
"""How long a cursor is trusted: nobody says how long the vendor keeps a search."""


class ListPage(NamedTuple):
    """One page of a V2 list; `search_id` is where it goes on (None: it does not), `pages` how many it says there are."""

    rows: list[Any]
    search_id: str | None
    pages: int | None


@dataclass(frozen=True)
class Api:
    """One business unit of a tenant: `new` is its V2 API, `old` its V1 API, both with one budget."""

    new: Account
    old: Account
    business_unit: str
    page_size: int

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        return self.new.clock

    async def page(
        self,
        path: str,
        filters: Mapping[str, str] | None = None,
        *,
        search_id: str | None = None,
        size: int | None = None,
        lane: Lane = Lane.NORMAL,
    ) -> ListPage:
        """Read one page, newest first.

        The vendor ignores a filter that it does not know: whoever filters has to look at what came back.
        A link is not followed: only the cursor is taken out of it.
        """
        wanted = size or (min(self.page_size, MOST_ORDERS_A_PAGE) if path.startswith(ORDERS) else self.page_size)
        asked = {"searchId": search_id} if search_id else {"businessUnit": self.business_unit, **(filters or {})}
        answer = await self.ask(self.new, path, {"pageSize": str(wanted), **asked}, lane)
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise self._unavailable(path)
        pages = answer.get("pages")
        following = None if answer.get("complete") is True else _next(answer.get("links"))
        if following == "":
            raise self._unavailable(path)
        return ListPage(rows, following, pages if type(pages) is int else None)

    async def rows(self, path: str) -> AsyncIterator[Any]:
        """Yield every row of a short list, page by page."""
        page = await self.page(path)
        for _ in range(_LONGEST_LIST):
            for row in page.rows:
                yield row
            if page.search_id is None:
                return
            page = await self.page(path, search_id=page.search_id)
        raise self._unavailable(path)

    async def whole(self, path: str, nested: Any) -> list[Any]:
        """Return the rows of a list inside its parent; where they were cut, read its own address `path`."""
        if not isinstance(nested, dict) or not isinstance(nested.get("data"), list):
            return []
        if nested.get("complete") is not False and nested.get("pages") in (None, 0, 1):
            return list(nested["data"])
        return [row async for row in self.rows(path)]

    async def availability(self, numbers: list[str], measure: str) -> list[Any]:
        """Return the rows of enterprise inventory of these items, as V1 shows them; both of its shapes are read."""
        path = f"/enterpriseinventory/{self.business_unit}/availability"
        asked = {"measures": measure, "itemNumbers": ",".join(numbers)} if numbers else {"measures": measure}
        answer = await self.ask(
            self.old, path, asked if numbers else {**asked, "pageNumber": "1", "pageSize": "1"}, Lane.BULK, floats=True
        )
        rows = answer.get("enterpriseInventory") if isinstance(answer, dict) else answer
        if not isinstance(rows, list):
            raise self._unavailable(path)
        return rows

    async def ask(
        self, account: Account, path: str, params: dict[str, str], lane: Lane, *, floats: bool = False
    ) -> Any:
        """Read one address that must exist; a blank 200 is a failure, and never means: nothing there."""
        try:
            answer = await account.read("GET", path, params=params, lane=lane, floats=floats)
        except VendorRefusal as refusal:
            raise Fatal(
                account.name,
                f"GET {path} answered HTTP {refusal.status} (kept as {refusal.evidence}).",
                "Check base_url and tenant in the environment, and business_unit in the installation's file.",
            ) from refusal
        if answer is None:
            raise self._unavailable(path)
        return answer

    def _unavailable(self, path: str) -> Unavailable:
        what = f"GET {path} was answered with nothing that can be read as a list."
        return Unavailable(self.new.name, what, "It is tried again; if it stays so, ask Deposco's support.")


def _next(links: Any) -> str | None:
    """Return the cursor of the next page out of its link: None where there is no link, empty where it has no cursor."""
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "next":
            found = _SEARCH_ID.search(str(link.get("href")))
            return unquote(found[1]) if found else ""
    return None
