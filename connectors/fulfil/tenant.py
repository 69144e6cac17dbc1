"""The one doorway to Fulfil: its key, its questions (asked by PUT), and what its refusals mean."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.http import Account, VendorRefusal
from domain.answers import Fatal, Unavailable
from domain.budgets import Lane

ADVICE_ON_DENIAL = "Check the API key in the environment, and what its user may read and create in Fulfil."
_TEXTS = ("description", "message", "error")
Domain = Sequence[Any]


class ApiKey:
    """Sign-in by one header. Nothing can be renewed: a refused key stays refused."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    async def sign(self, request: httpx.Request) -> None:
        """Add the header that every call carries."""
        request.headers["x-api-key"] = self._key.get_secret_value()

    async def renew(self) -> bool:
        """Return False: there is no other key to try."""
        return False


def is_page_too_big(body: Any) -> bool:
    """Tell whether a 429 means "too many rows a page": time never mends that."""
    shown: Mapping[str, Any] = body if isinstance(body, Mapping) else {"error": body}
    return any("page size" in str(shown.get(name, "")).lower() for name in _TEXTS)


class Tenant:
    """The calls. Every list is asked for by PUT, because a long one does not fit an address."""

    def __init__(self, account: Account, page_size: int) -> None:
        self._account, self.page_size = account, page_size
        self.name, self.clock = account.name, account.clock

    async def ask(
        self,
        model: str,
        method: str,
        arguments: Sequence[Any],
        *,
        context: Mapping[str, Any] | None = None,
        lane: Lane = Lane.NORMAL,
        floats: bool = False,
    ) -> list[Any]:
        """Ask for a list. Raises `Unavailable`, `Fatal` or `NotNow`: no record is to blame for a question."""
        answer = await self._answer(model, method, arguments, context, lane, floats=floats)
        if not isinstance(answer, list):
            raise self.unavailable(f"{model} {method} answered with no list.")
        return answer

    async def count(self, model: str, domain: Domain, *, lane: Lane = Lane.NORMAL) -> Any:
        """Ask how many rows a domain has. Raises as `ask`."""
        return await self._answer(model, "search_count", [domain], None, lane)

    async def _answer(
        self,
        model: str,
        method: str,
        arguments: Sequence[Any],
        context: Mapping[str, Any] | None,
        lane: Lane,
        *,
        floats: bool = False,
    ) -> Any:
        path, params = f"/model/{model}/{method}", {"context": json.dumps(context or {})}
        try:
            return await self._account.read("PUT", path, params=params, body=arguments, lane=lane, floats=floats)
        except VendorRefusal as refusal:
            if is_page_too_big(refusal.body):
                what = f"{self.page_size} rows a page are too many for it ({refusal})."
                raise Fatal(self.name, what, "Lower page_size in the installation's file.") from None
            what = f"{model} {method} was refused ({refusal})."
            raise Fatal(self.name, what, "Compare the options in the installation's file with the tenant.") from None

    async def rows(
        self, model: str, domain: Domain, fields: Sequence[str], *, lane: Lane = Lane.NORMAL
    ) -> list[Mapping[str, Any]]:
        """Read all rows of a domain, page by page in the order of their ids, so that no page shifts."""
        found: list[Mapping[str, Any]] = []
        for row in await self.entries(model, domain, fields, lane=lane):
            if not isinstance(row, Mapping):
                raise self.unavailable(f"{model} answered with a row that is no object.")
            found.append(row)
        return found

    async def entries(
        self, model: str, domain: Domain, fields: Sequence[str], *, lane: Lane = Lane.NORMAL
    ) -> list[Any]:
        """Read as `rows`, and leave in what is no object."""
        found: list[Any] = []
        after = 0
        while True:
            part = ["AND", domain, ["id", ">", after]]
            arguments = [part, 0, self.page_size, [["id", "ASC"]], list(fields)]
            page = await self.ask(model, "search_read", arguments, lane=lane)
            found += page
            if len(page) < self.page_size:
                return found
            last = page[-1].get("id") if isinstance(page[-1], Mapping) else None
            if type(last) is not int or last <= after:
                raise self.unavailable(f"{model} answered with pages that do not go forward.")
            after = last

    async def change(self, model: str, method: str, arguments: Sequence[Any]) -> Any:
        """Change something. Raises `OutcomeUnknown` when it may have been done, `VendorRefusal`, or as `ask`."""
        return await self._account.write("PUT", f"/model/{model}/{method}", params={"context": "{}"}, body=arguments)

    def unavailable(self, what: str) -> Unavailable:
        """Return the trouble of a tenant that answers something else than it should."""
        return Unavailable(self.name, what, "Nothing is lost; it is tried again. Look at Fulfil's status page.")
