"""The one doorway to Cin7 Core: its two headers, its lists, and its errors, which may wear HTTP 200."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
from pydantic import SecretStr

from connectors.http import Account, VendorRefusal
from domain.answers import Fatal, NotNow, OutcomeUnknown, Unavailable
from domain.budgets import Lane

ROWS_A_PAGE = 1000
"""The most rows that a list gives in one call [reference, paging]."""

THROTTLED = frozenset({429, 503})
"""Both have meant "60 calls a minute reached": 503 in the reference of 2024, 429 in that of 2026."""

ADVICE_ON_DENIAL = (
    "Check the account id and the application key in the environment, and that the API application is on."
)
_PAUSE_SECONDS = 15.0


class ApiKeys:
    """Sign-in by two headers. Nothing can be renewed: a refused key stays refused."""

    def __init__(self, account_id: str, application_key: SecretStr) -> None:
        self._account_id, self._application_key = account_id, application_key

    async def sign(self, request: httpx.Request) -> None:
        """Add the two headers that every call carries."""
        request.headers["api-auth-accountid"] = self._account_id
        request.headers["api-auth-applicationkey"] = self._application_key.get_secret_value()

    async def renew(self) -> bool:
        """Return False: there is no other key to try."""
        return False


class ListPage(NamedTuple):
    """One page of a list; `total` counts the rows of all pages."""

    rows: list[Any]
    total: int


class Api:
    """The calls, with every error shape turned into meaning.

    Success is a 2xx with a JSON object that holds no `ErrorCode`, no `Exception`, no lone
    `Message` and no filled `Errors`. Anything else raises what `Account` raises for the like.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.name = account.name
        self.clock = account.clock

    async def read(self, path: str, *, lane: Lane = Lane.NORMAL, floats: bool = False, **params: Any) -> dict[str, Any]:
        """Ask for one object. Raises `VendorRefusal`, `Unavailable`, `Fatal` or `NotNow`."""
        answer = await self._account.read("GET", path, params=_query(params), lane=lane, floats=floats)
        try:
            return self._object(f"GET {path}", answer)
        except OutcomeUnknown as trouble:
            raise self._unavailable(str(trouble)) from trouble

    async def write(
        self, method: str, path: str, body: Any = None, *, lane: Lane = Lane.NORMAL, **params: Any
    ) -> dict[str, Any]:
        """Change something. Raises `OutcomeUnknown` when it may have been done, else as `read`."""
        answer = await self._account.write(method, path, body=body, params=_query(params), lane=lane)
        return self._object(f"{method} {path}", answer)

    async def page(
        self, path: str, rows: str, number: int, *, lane: Lane = Lane.NORMAL, floats: bool = False, **params: Any
    ) -> ListPage:
        """Read one page of a list, whose rows stand under `rows`.

        Raises `Unavailable` also for a refusal: no record is to blame for a list that cannot be read.
        """
        try:
            answer = await self.read(path, lane=lane, floats=floats, **params, Page=number, Limit=ROWS_A_PAGE)
        except VendorRefusal as refusal:
            raise self._unavailable(f"GET {path} was refused ({refusal}).") from refusal
        found, total = answer.get(rows), answer.get("Total")
        if not isinstance(found, list) or not isinstance(total, int):
            raise self._unavailable(f"GET {path} answered without its rows or their total.")
        return ListPage(found, total)

    async def rows(self, path: str, rows: str, *, lane: Lane = Lane.NORMAL, **params: Any) -> AsyncIterator[Any]:
        """Read a list page after page until one is short or all rows were seen.

        Raises `Unavailable` where a page has rows of the one before: they may stand in the place of others.
        """
        number, seen, before = 0, 0, set[str]()
        while True:
            number += 1
            page = await self.page(path, rows, number, lane=lane, **params)
            shown = {json.dumps(row, sort_keys=True) for row in page.rows}
            if shown & before:
                raise self._unavailable(f"GET {path} showed rows of page {number - 1} as page {number} too.")
            before = shown
            for row in page.rows:
                yield row
            seen += len(page.rows)
            if len(page.rows) < ROWS_A_PAGE or seen >= page.total:
                return

    def _object(self, call: str, answer: Any) -> dict[str, Any]:
        code, is_error = _error_in(answer)
        if not is_error:
            if isinstance(answer, dict):
                return answer
            raise OutcomeUnknown(f"{call} answered without the object that it should.")
        evidence = self._account.surroundings.archive.keep(self.name, call, json.dumps(answer, default=str).encode())
        if code in THROTTLED:
            until = self.clock.now() + timedelta(seconds=_PAUSE_SECONDS)
            self._account.surroundings.budgets.close(self.name, self._account.limit, until)
            raise NotNow(self.name, until)
        if code in {401, 403} or answer == "Incorrect credentials!":
            raise Fatal(self.name, f"{call} does not let us in (kept as {evidence}).", ADVICE_ON_DENIAL)
        if code >= 500:
            raise OutcomeUnknown(f"{call} answered HTTP 200 with error {code} inside (kept as {evidence}).")
        raise VendorRefusal(200, answer, evidence)

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(self.name, what, "Nothing is lost; it is tried again. Look at the system's status page.")


def _error_in(answer: Any) -> tuple[int, bool]:
    first = answer[0] if isinstance(answer, list) and answer else answer
    if isinstance(first, str):
        return 0, True
    if not isinstance(first, Mapping):
        return 0, False
    if "ErrorCode" in first or "Exception" in first:
        code = first.get("ErrorCode")
        return code if isinstance(code, int) else 0, True
    return 0, set(first) == {"Message"} or bool(first.get("Errors"))


def _query(params: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in params.items()
        if value is not None
    }
