"""Signing in: a bearer token for V2, name and password for V1 and for the token itself."""

import asyncio
import base64
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.bodies import Form
from connectors.deposco.settings import DeposcoSettings
from connectors.http import Account, VendorRefusal
from domain.answers import Fatal, OutcomeUnknown, Unavailable
from domain.budgets import Lane
from domain.clock import Clock

TOKEN = "/oauth2/token"  # noqa: S105 - an address
SCOPES = "salesOrders/read salesOrders/write items/read facilities/read outboundShipments/read"  # least privilege
_SHORTEST_LIFE = timedelta(minutes=5)
_RENEW_BEFORE_END = timedelta(seconds=60)

_used: ContextVar[str] = ContextVar("the access token that the call in hand was signed with", default="")


class NameAndPassword:
    """HTTP Basic: of the V1 user, or of the OAuth client."""

    def __init__(self, name: str, password: SecretStr) -> None:
        self._name, self._password = name, password

    async def sign(self, request: httpx.Request) -> None:
        """Add both."""
        both = f"{self._name}:{self._password.get_secret_value()}".encode()
        request.headers["authorization"] = f"Basic {base64.b64encode(both).decode()}"

    async def renew(self) -> bool:
        """Tell that another try makes no sense."""
        return False


class TokenSignIn:
    """An access token of about an hour, renewed a minute early; however many calls wait, one of them signs in.

    `account` calls the sign-in's address with permits of the same budget.
    """

    def __init__(self, account: Account, clock: Clock, settings: DeposcoSettings) -> None:
        self._account, self._clock, self._settings = account, clock, settings
        self._token, self._ends_at = SecretStr(""), datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._one_at_a_time = asyncio.Lock()

    async def sign(self, request: httpx.Request) -> None:
        """Add the token. Raises `Fatal` when the client is refused, else what a read raises."""
        async with self._one_at_a_time:
            if self._clock.now() + _RENEW_BEFORE_END >= self._ends_at:
                await self._fetch()
            token = self._token.get_secret_value()
        _used.set(token)
        request.headers["authorization"] = f"Bearer {token}"

    async def renew(self) -> bool:
        """After a 401: forget the token that was refused, unless another call has replaced it already."""
        if self._token.get_secret_value() == _used.get():
            self._ends_at = self._clock.now()
        return True

    async def _fetch(self) -> None:
        began_at = self._clock.now()
        try:
            answer = await self._account.write("POST", TOKEN, body=self._grant(), lane=Lane.URGENT)
        except OutcomeUnknown as trouble:  # the call that waits for the token was not sent
            raise self._unavailable(f"POST {TOKEN} gave no readable answer.") from trouble
        except VendorRefusal as refusal:
            what = f"POST {TOKEN} answered HTTP {refusal.status} (kept as {refusal.evidence})."
            raise Fatal(self._account.name, what, self._account.denial(refusal.body)) from refusal
        fields: dict[str, Any] = answer if isinstance(answer, dict) else {}
        token, seconds = fields.get("access_token"), fields.get("expires_in")
        if not isinstance(token, str) or not token:
            raise self._unavailable("the sign-in brought no access token.")
        life = timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds < 10**6 else _SHORTEST_LIFE
        self._token, self._ends_at = SecretStr(token), began_at + life

    def _grant(self) -> Form:
        given = self._settings
        if given.refresh_token.get_secret_value():
            return Form(
                grant_type="refresh_token",
                refresh_token=given.refresh_token.get_secret_value(),
                client_id=given.client_id,
                client_secret=given.client_secret.get_secret_value(),
            )
        company = given.company or given.tenant
        return Form(grant_type="client_credentials", scope=SCOPES, env=given.environment, company=company)

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(self._account.name, what, "Nothing is lost; it is tried again.")
