"""The doorway to one of the two hubs: its envelope, of which `Success` decides and never the HTTP status."""

import json
import re
from collections.abc import Mapping
from typing import Any

from connectors.http import Account, VendorRefusal
from domain.answers import Fatal, OutcomeUnknown, Unavailable
from domain.budgets import Lane, Limit

ADVICE_ON_DENIAL = "Check the token in the environment, and ask SEKO whether it may call this hub."
NOTHING_FOUND = "No results found for search criteria"
FAILED = 100
"""The only code of a failure that was ever seen; what another one means is not known."""

_DENIAL = re.compile(r"\b(token|api[ _]?key|unauthori[sz]ed|access denied)\b", re.IGNORECASE)


class HubFailure(Exception):
    """The hub answered, and says that it did not succeed. `message` may hold personal data: show only its known forms."""

    def __init__(self, message: str, code: Any, evidence: str) -> None:
        super().__init__(f"the hub reports a failure, kept as {evidence}")
        self.message, self.code, self.evidence = message, code, evidence

    @property
    def is_nothing_found(self) -> bool:
        """Tell whether there was simply nothing to show."""
        return self.message.rstrip(".") == NOTHING_FOUND


class Hub:
    """The calls of one hub. What they return is the opened envelope of a success."""

    def __init__(self, account: Account) -> None:
        self.account, self.name = account, account.name
        self.clock = account.clock

    async def read(
        self, path: str, *, lane: Lane = Lane.NORMAL, limit: Limit | None = None, floats: bool = False, **params: str
    ) -> dict[str, Any]:
        """Ask for one thing. Raises `HubFailure`, `Unavailable`, `Fatal` or `NotNow`."""
        call = f"GET {path}"
        try:
            answer = await self.account.read("GET", path, params=params, lane=lane, limit=limit, floats=floats)
        except VendorRefusal as refusal:
            if not _has_envelope(refusal.body):
                raise self.unavailable(f"{call} was refused ({refusal}).") from refusal
            answer = refusal.body
        try:
            return self._opened(call, answer)
        except OutcomeUnknown as trouble:
            raise self.unavailable(str(trouble)) from trouble

    async def write(self, path: str, body: Any) -> dict[str, Any]:
        """Change something. Raises `HubFailure`, or `OutcomeUnknown` when it may have been done; else as `read`.

        A 4xx without an envelope is a `VendorRefusal`.
        """
        call = f"POST {path}"
        try:
            answer = await self.account.write("POST", path, body=body)
        except VendorRefusal as refusal:
            if not _has_envelope(refusal.body):
                raise
            answer = refusal.body
        return self._opened(call, answer)

    def unavailable(self, what: str) -> Unavailable:
        """Return the exception for an answer that nothing can be learnt from."""
        return Unavailable(self.name, what, "Nothing is lost; it is tried again. Ask SEKO's support if it stays.")

    def _opened(self, call: str, answer: Any) -> dict[str, Any]:
        if not _has_envelope(answer):
            raise OutcomeUnknown(f"{call} answered without an envelope.")
        opened = _inner(answer)
        status = opened["CallStatus"]
        if status.get("Success") is True:
            return opened
        if status.get("Success") is not False:
            raise OutcomeUnknown(f"{call} does not say whether it succeeded.")
        evidence = self.account.surroundings.archive.keep(self.name, call, json.dumps(answer, default=str).encode())
        message = status.get("Message") if isinstance(status.get("Message"), str) else ""
        if _DENIAL.search(message):
            raise Fatal(self.name, f"{call} does not let us in (kept as {evidence}).", ADVICE_ON_DENIAL)
        raise HubFailure(message, status.get("Code"), evidence)


def entries(opened: Mapping[str, Any], name: str) -> list[Any] | None:
    """Return the rows of a list, a single one of which may stand without it; None when there is no list at all."""
    found = opened.get("List")
    rows = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(rows, Mapping):
        return [rows] if rows else []
    return rows if isinstance(rows, list) else None


def _inner(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Take off the wrapper that the legacy hub puts around, sometimes."""
    wrapped = answer.get("Response")
    return dict(wrapped if isinstance(wrapped, Mapping) else answer)


def _has_envelope(answer: Any) -> bool:
    return isinstance(answer, Mapping) and isinstance(_inner(answer).get("CallStatus"), Mapping)
