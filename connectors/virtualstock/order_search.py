"""Finding many orders in few calls: the ends of a list first, the rest one by one."""

from math import ceil
from typing import Any

from connectors.http import Account
from connectors.virtualstock.lists import PAGE_SIZE, Rows, read_rows
from connectors.virtualstock.mapping import id_in, nameless_key
from connectors.virtualstock.sales_orders import ORDERS
from domain.answers import NotNow

FRUITLESS_PAGES = 2

Sightings = dict[str, list[dict[str, Any]]]
"""What stands under each order number: normally one order, none when there is none. Numbers not asked are missing."""


def list_is_cheaper(orders: int) -> bool:
    """Tell whether so many orders are found cheaper in a list than one by one.

    Those just acted on stand together at one end of the list: one page tells how long it is, the
    others hold them.
    """
    return 1 + ceil(orders / PAGE_SIZE) < orders


def another_page_pays(missing: int, unread_pages: int, fruitless: int) -> bool:
    """Tell whether to go on in the list. Its history grows for ever: it is never read through for a few orders."""
    return missing > 2 and unread_pages > 0 and (fruitless < FRUITLESS_PAGES or unread_pages < missing)


class OrderSearch:
    """The orders of one account, searched by order number."""

    def __init__(self, account: Account, retailer_id: int | None) -> None:
        self._account, self._retailer_id = account, retailer_id

    async def find(self, references: set[str], status: str) -> Sightings:
        """Return the orders under these numbers; most of them are expected in the list of `status`.

        When the budget runs out half way, what was seen by then is returned; before that it raises `NotNow`.
        """
        seen: dict[str, dict[str, dict[str, Any]]] = {}
        try:
            if list_is_cheaper(len(references)):
                await self._walk(references, status, seen)
            for reference in sorted(references - seen.keys()):
                rows = (await self._read(reference=reference)).rows
                seen[reference] = {}
                self._note(rows, {reference}, seen)
        except NotNow:
            if not seen:
                raise
        return {reference: list(orders.values()) for reference, orders in seen.items()}

    async def one(self, reference: str) -> list[dict[str, Any]]:
        """Return the orders under one number."""
        return (await self.find({reference}, ""))[reference]

    async def _walk(self, references: set[str], status: str, seen: dict[str, dict[str, dict[str, Any]]]) -> None:
        """Read the list from both ends, staying at the end where the orders are (its order is not documented)."""
        total, rows = await self._read(status=status, offset=0)
        front, back = len(rows), total
        fruitless = 0 if self._note(rows, references, seen) else 1
        at_front = not fruitless
        while another_page_pays(len(references - seen.keys()), ceil((back - front) / PAGE_SIZE), fruitless):
            offset = front if at_front else max(front, back - PAGE_SIZE)
            rows = (await self._read(status=status, offset=offset)).rows
            if not rows:
                return  # the list became shorter; what is missing is asked for by its number
            front, back = (front + len(rows), back) if at_front else (front, offset)
            hits = self._note(rows, references, seen)
            fruitless = 0 if hits else fruitless + 1
            at_front = at_front if hits else not at_front

    async def _read(
        self, *, status: str | None = None, offset: int | None = None, reference: str | None = None
    ) -> Rows:
        return await read_rows(
            self._account,
            ORDERS,
            status=status,
            offset=offset,
            order_reference=reference,
            retailer_id=self._retailer_id,
        )

    @staticmethod
    def _note(rows: list[Any], wanted: set[str], seen: dict[str, dict[str, dict[str, Any]]]) -> int:
        """Keep the wanted ones of these rows; return how many were new."""
        before = len(seen)
        for row in rows:
            reference = str(row.get("order_reference")) if isinstance(row, dict) else ""
            if reference in wanted:
                seen.setdefault(reference, {})[id_in(row.get("url")) or nameless_key(row)] = row
        return len(seen) - before
