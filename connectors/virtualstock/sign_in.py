"""Signing in: a password gives a short access token and a longer refresh token."""

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.http import Account, VendorRefusal
from domain.answers import Fatal, OutcomeUnknown, Unavailable
from domain.budgets import Lane
from domain.clock import Clock

LOGIN = "/restapi/v4/token"
REFRESH = "/restapi/v4/token/refresh"
ACCESS_LIFE = timedelta(seconds=300)  # documented
REFRESH_LIFE = timedelta(hours=4)  # documented
RENEW_BEFORE_END = timedelta(seconds=60)

_used: ContextVar[str] = ContextVar("the access token that the call in hand was signed with", default="")


@dataclass(frozen=True)
class _Token:
    value: str
    ends_at: datetime

    def lives(self, now: datetime) -> bool:
        return now + RENEW_BEFORE_END < self.ends_at

    def __repr__(self) -> str:
        return f"_Token(ends_at={self.ends_at})"


class TokenSignIn:
    """Bearer tokens, renewed before they end; however many calls wait, one of them signs in.

    `account` is the same vendor account without a sign-in: token calls take permits of the same budget.
    """

    def __init__(self, account: Account, clock: Clock, username: str, password: SecretStr) -> None:
        self._account, self._clock = account, clock
        self._username, self._password = username, password
        self._access: _Token | None = None
        self._refresh: _Token | None = None
        self._one_at_a_time = asyncio.Lock()

    async def sign(self, request: httpx.Request) -> None:
        """Add the access token. Raises `Fatal` for wrong credentials, else what a read raises."""
        async with self._one_at_a_time:
            if self._access is None or not self._access.lives(self._clock.now()):
                self._access = await self._renewed()
            token = self._access.value
        _used.set(token)
        request.headers["authorization"] = f"Bearer {token}"

    async def renew(self) -> bool:
        """After a 401: forget the token that was refused, unless another call has replaced it already.

        The refresh token goes too: logging in costs the same one call and heals more.
        """
        if self._access is not None and self._access.value == _used.get():
            self._access = self._refresh = None
        return True

    async def _renewed(self) -> _Token:
        if self._refresh is not None and self._refresh.lives(self._clock.now()):
            try:
                began_at = self._clock.now()
                answer = await self._ask(REFRESH, {"refresh": self._refresh.value})
                return _Token(self._text(answer, "access"), began_at + ACCESS_LIFE)
            except Fatal:
                self._refresh = None  # it was refused: the password has the last word
        began_at = self._clock.now()
        answer = await self._ask(LOGIN, {"username": self._username, "password": self._password.get_secret_value()})
        self._refresh = _Token(self._text(answer, "refresh"), began_at + REFRESH_LIFE)
        return _Token(self._text(answer, "access"), began_at + ACCESS_LIFE)

    async def _ask(self, path: str, body: dict[str, str]) -> Any:
        try:
            return await self._account.write("POST", path, body=body, lane=Lane.URGENT)
        except OutcomeUnknown as trouble:  # the call that waits for the token was not sent
            raise self._unavailable(f"POST {path} gave no readable answer.") from trouble
        except VendorRefusal as refusal:
            raise Fatal(
                self._account.name,
                f"POST {path} answered HTTP {refusal.status} (kept as {refusal.evidence}).",
                "Check base_url, username and password of the account in the environment.",
            ) from refusal

    def _text(self, answer: Any, name: str) -> str:
        token = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise self._unavailable(f"the sign-in brought no {name} token.")
        return token

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(self._account.name, what, "Nothing is lost; it is tried again.")
