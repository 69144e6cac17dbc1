"""How the account is called: the key, the shop, and lists in pages by our own offset."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import httpx
from pydantic import SecretStr

from connectors.http import Account, VendorRefusal
from connectors.mirakl.limits import Limits
from connectors.mirakl.mapping import is_id
from domain.answers import Fatal, Unavailable
from domain.budgets import Lane, Limit

PAGE_SIZE = 100
ORDERS, OFFERS = "/api/orders", "/api/offers"


class KeySignIn:
    """The shop's key, bare or as a bearer token. It cannot be renewed."""

    def __init__(self, key: SecretStr, *, bearer: bool) -> None:
        self._key, self._scheme = key, "Bearer " if bearer else ""

    async def sign(self, request: httpx.Request) -> None:
        """Add the key."""
        request.headers["authorization"] = f"{self._scheme}{self._key.get_secret_value()}"

    async def renew(self) -> bool:
        """A key that was refused stays refused."""
        return False


class Rows(NamedTuple):
    """One page of a list: how many rows the list has in all, and those that this page brought."""

    total: int
    rows: list[Any]


class Api:
    """One shop's account, with its published limits."""

    def __init__(self, account: Account, limits: Limits, shop_id: int | None) -> None:
        self.account, self.limits = account, limits
        self.shop: dict[str, Any] = {} if shop_id is None else {"shop_id": shop_id}

    async def read(self, path: str, budget: Limit, lane: Lane = Lane.NORMAL, **params: Any) -> dict[str, Any]:
        """Read an object from an address that must exist: its refusal is `Fatal`, for no record is to blame."""
        try:
            answer = await self.account.read("GET", path, params={**self.shop, **params}, lane=lane, limit=budget)
        except VendorRefusal as refusal:
            raise Fatal(
                self.account.name,
                f"GET {path} answered HTTP {refusal.status} (kept as {refusal.evidence}).",
                "Check base_url in the environment, and shop_id among the installation's options.",
            ) from refusal
        if not isinstance(answer, dict):
            raise self.unreadable(path)
        return answer

    async def rows(self, path: str, name: str, budget: Limit, lane: Lane = Lane.NORMAL, **params: Any) -> Rows:
        """Read one page of a list that counts itself."""
        answer = await self.read(path, budget, lane, max=PAGE_SIZE, **params)
        total, rows = answer.get("total_count"), answer.get(name)
        if not isinstance(total, int) or isinstance(total, bool) or not isinstance(rows, list):
            raise self.unreadable(path)
        return Rows(total, rows)

    async def orders_by_id(self, order_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return the orders of these ids that are shown, in one call for each hundred. What is no id shows none."""
        wanted = sorted({order_id for order_id in order_ids if is_id(order_id)})
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(wanted), PAGE_SIZE):
            asked = wanted[start : start + PAGE_SIZE]
            _, rows = await self.rows(ORDERS, "orders", self.limits.view_orders, order_ids=",".join(asked))
            found |= {str(row.get("order_id")): row for row in rows if isinstance(row, dict)}
        return {order_id: found[order_id] for order_id in wanted if order_id in found}

    def unreadable(self, path: str) -> Unavailable:
        """Return the trouble of an answer that is not what was asked for."""
        what = f"GET {path} answered something that is not what was asked for."
        return Unavailable(self.account.name, what, "It is tried again; if it stays so, ask the operator's support.")
