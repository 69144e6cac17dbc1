"""How a call proves who we are: signed with OAuth 1.0a, or with a bearer token."""

import logging
import re
import secrets
from collections.abc import Callable
from urllib.parse import unquote

import httpx
from oauthlib import oauth1
from pydantic import SecretStr

from domain.clock import Clock

# At debug level the library logs the text that it signs, and the access token is in it.
logging.getLogger("oauthlib").setLevel(logging.WARNING)

_DECODED_BY_THE_SHOP = re.compile(r"[A-Za-z0-9_\-.~:@&=+$,/;]")


def _nonce() -> str:
    return secrets.token_hex(16)


class OAuthSignIn:
    """Signs each call with HMAC-SHA256, a fresh nonce each time: the shop refuses one that it has seen."""

    def __init__(
        self,
        consumer: tuple[SecretStr, SecretStr],
        token: tuple[SecretStr, SecretStr],
        clock: Clock,
        nonces: Callable[[], str] = _nonce,
    ) -> None:
        self._consumer, self._token, self._clock, self._nonces = consumer, token, clock, nonces

    async def sign(self, request: httpx.Request) -> None:
        """Add the Authorization header; JSON bodies are not part of the signature."""
        spaces_as_percent(request)
        client = oauth1.Client(
            self._consumer[0].get_secret_value(),
            client_secret=self._consumer[1].get_secret_value(),
            resource_owner_key=self._token[0].get_secret_value(),
            resource_owner_secret=self._token[1].get_secret_value(),
            signature_method=oauth1.SIGNATURE_HMAC_SHA256,
            nonce=self._nonces(),
            timestamp=str(int(self._clock.now().timestamp())),
        )
        _, headers, _ = client.sign(as_the_shop_reads_it(request.url), request.method)
        request.headers["authorization"] = headers["Authorization"]

    async def renew(self) -> bool:
        """Return False: nothing expires, and a missing right looks the same as a wrong token."""
        return False


class BearerSignIn:
    """Sends the integration's access token as it is."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def sign(self, request: httpx.Request) -> None:
        """Add the Authorization header."""
        spaces_as_percent(request)
        request.headers["authorization"] = f"Bearer {self._token.get_secret_value()}"

    async def renew(self) -> bool:
        """Return False: an integration's token does not expire."""
        return False


def spaces_as_percent(request: httpx.Request) -> None:
    """Write a space of the query as %20; the shop takes `+` for a plus sign when it checks a signature."""
    request.url = request.url.copy_with(query=request.url.query.replace(b"+", b"%20"))


def as_the_shop_reads_it(url: httpx.URL) -> str:
    """Return the url over which the shop computes the signature: in the path, %2F is `/` but %20 stays."""
    path, question_mark, query = url.raw_path.decode("ascii").partition("?")
    shown = re.sub(r"%[0-9A-Fa-f]{2}", _decoded, path)
    return f"{url.scheme}://{url.netloc.decode('ascii')}{shown}{question_mark}{query}"


def _decoded(escape: re.Match[str]) -> str:
    character = unquote(escape.group())
    return character if _DECODED_BY_THE_SHOP.fullmatch(character) else escape.group().upper()
