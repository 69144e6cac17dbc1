"""Who may call: SimpleJWT-like tokens with true claims, and HTTP Basic."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any, Literal

from starlette.requests import Request

from sandbox.kit import Clock
from sandbox.virtualstock.answers import CHALLENGE, RefusalError

TokenType = Literal["access", "refresh"]
LIFE_SECONDS: dict[TokenType, int] = {"access": 300, "refresh": 14_400}


class Access:
    """The users of the server and the tokens that were given to them; lives count on the server's clock."""

    def __init__(self, clock: Clock, seed: int, passwords: dict[str, str]) -> None:
        self.clock = clock
        self.passwords = passwords
        self._key = f"virtualstock-{seed}".encode()
        self._issued = 0

    def login(self, username: Any, password: Any) -> dict[str, str]:
        """Return a refresh and an access token; 401 for wrong credentials."""
        if not isinstance(username, str) or username not in self.passwords or self.passwords[username] != password:
            raise RefusalError(401, {"detail": "No active account found with the given credentials"}, CHALLENGE)
        return {"refresh": self._issue(username, "refresh"), "access": self._issue(username, "access")}

    def refresher(self, token: Any) -> str:
        """Return the username behind a refresh token; 401 when it is not true or has expired."""
        username = self._reader(token, "refresh")
        if username is None:
            body = {"detail": "Token is invalid or expired", "code": "token_not_valid"}
            raise RefusalError(401, body, CHALLENGE)
        return username

    def renew(self, username: str) -> dict[str, str]:
        """Return a new access token; the refresh token stays as it is."""
        return {"access": self._issue(username, "access")}

    def caller(self, request: Request) -> str:
        """Return the username behind the Authorization header; 401 when there is none."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            username = self._reader(credentials, "access")
            if username is None:
                raise RefusalError(401, _INVALID_ACCESS, CHALLENGE)
            return username
        if scheme == "Basic":
            username, password = _basic(credentials)
            if username not in self.passwords or self.passwords[username] != password:
                raise RefusalError(401, {"detail": "Invalid username/password."}, CHALLENGE)
            return username
        raise RefusalError(401, {"detail": "Authentication credentials were not provided."}, CHALLENGE)

    def _issue(self, username: str, kind: TokenType) -> str:
        self._issued += 1
        now = int(self.clock.now().timestamp())
        claims = {
            "token_type": kind,
            "exp": now + LIFE_SECONDS[kind],
            "iat": now,
            "jti": hashlib.sha256(self._key + str(self._issued).encode()).hexdigest()[:32],
            "user_id": username,
        }
        content = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        return f"{content}.{self._signature(content)}"

    def _reader(self, token: Any, kind: TokenType) -> str | None:
        """Return the user of a true, living token of this kind, else None."""
        content, _, signature = str(token).rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return None
        claims = json.loads(base64.urlsafe_b64decode(content.partition(".")[2] + "=="))
        living = claims["exp"] > self.clock.now().timestamp()
        return str(claims["user_id"]) if living and claims["token_type"] == kind else None

    def _signature(self, content: str) -> str:
        digest = hmac.digest(self._key, content.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


_INVALID_ACCESS = {
    "detail": "Given token not valid for any token type",
    "code": "token_not_valid",
    "messages": [
        {"token_class": "AccessToken", "token_type": "access", "message": "Token is invalid or expired"},
    ],
}


def _encoded(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _basic(credentials: str) -> tuple[str, str]:
    try:
        username, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password
