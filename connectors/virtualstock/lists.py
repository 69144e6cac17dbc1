"""How the vendor's lists are read: `count` and `results`, by our own offset; its links are never followed."""

from typing import Any, NamedTuple

from connectors.http import Account, VendorRefusal
from domain.answers import Fatal, Unavailable
from domain.budgets import Lane

PAGE_SIZE = 100  # the vendor's maximum is unknown; its own samples show 100


class Rows(NamedTuple):
    """One page of a list: how many rows the list has in all, and those that this page brought."""

    total: int
    rows: list[Any]


async def read_rows(account: Account, path: str, *, lane: Lane = Lane.NORMAL, **filters: str | int | None) -> Rows:
    """Read one page of at most `PAGE_SIZE` rows. Filters that are None are left out.

    Raises `Unavailable` for an answer that is not a list, and `Fatal` when the address is refused.
    """
    params = {"format": "json", "limit": PAGE_SIZE, **{k: v for k, v in filters.items() if v is not None}}
    answer = await read(account, path, params=params, lane=lane)
    total, rows = (answer.get("count"), answer.get("results")) if isinstance(answer, dict) else (None, None)
    if not isinstance(total, int) or not isinstance(rows, list):
        raise Unavailable(
            account.name,
            f"GET {path} answered something that is not a list.",
            "It is tried again; if it stays so, ask Virtualstock's support.",
        )
    return Rows(total, rows)


async def read(account: Account, path: str, *, params: Any, lane: Lane = Lane.NORMAL) -> Any:
    """Read an address that must exist: its refusal is `Fatal`, for no record is to blame."""
    try:
        return await account.read("GET", path, params=params, lane=lane)
    except VendorRefusal as refusal:
        raise Fatal(
            account.name,
            f"GET {path} answered HTTP {refusal.status} (kept as {refusal.evidence}).",
            "Check base_url in the environment, and retailer_id among the installation's options.",
        ) from refusal
