"""Signing in: OAuth tokens for V2, name and password for V1."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from sandbox.deposco.wire import Record, Refused

TOKEN_LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class Credentials:
    """What one tenant gave an application: an OAuth client, perhaps installed, and a user of the older API."""

    client_id: str
    client_secret: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    environment: str = "production"
    company: str = "ACME"


class Doors:
    """Who may come in."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._tokens: dict[str, datetime] = {}

    def token(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Record:
        """Answer `POST /oauth2/token`, a form with one of two grants."""
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Refused(415, "Content type is not supported")
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if "businessUnitId" in form:
            raise Refused(400, "Invalid business unit id")
        match form.get("grant_type"):
            case "refresh_token":
                self._check_refresh(form)
            case "client_credentials":
                self._check_client(headers, form)
            case _:
                raise Refused(400, "unsupported_grant_type")
        token = f"token-{secrets.token_hex(12)}"
        self._tokens[token] = now + TOKEN_LIFE
        return {"access_token": token, "token_type": "Bearer", "expires_in": int(TOKEN_LIFE.total_seconds())}

    def revoke(self) -> None:
        """Let every token be refused from now on."""
        self._tokens.clear()

    def admits_bearer(self, headers: Mapping[str, str], now: datetime) -> bool:
        """Tell whether a call carries a living token."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and now < self._tokens.get(token, now)

    def admits_user(self, headers: Mapping[str, str]) -> bool:
        """Tell whether a call carries the user of the older API."""
        return headers.get("authorization", "") == _basic(self._credentials.user, self._credentials.password)

    def _check_refresh(self, form: Mapping[str, str]) -> None:
        known = self._credentials
        given = (form.get("client_id"), form.get("client_secret"), form.get("refresh_token"))
        if not known.refresh_token or given != (known.client_id, known.client_secret, known.refresh_token):
            raise Refused(401, "invalid_client")

    def _check_client(self, headers: Mapping[str, str], form: Mapping[str, str]) -> None:
        known = self._credentials
        if headers.get("authorization", "") != _basic(known.client_id, known.client_secret):
            raise Refused(401, "invalid_client")
        if (form.get("env"), form.get("company")) != (known.environment, known.company) or not form.get("scope"):
            raise Refused(400, "invalid_request")


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
