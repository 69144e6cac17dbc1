"""OAuth 1.0a as the shop checks it, and the plain bearer use of an integration's access token."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, unquote

from sandbox.magento.answers import Refused

_FARTHEST_FUTURE_SECONDS = 600
_REQUIRED = (
    "oauth_consumer_key",
    "oauth_token",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
)
_KEPT_DECODED = re.compile(r"[A-Za-z0-9_\-.~:@&=+$,/;%]")


@dataclass(frozen=True)
class Credentials:
    """The four values of an integration."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_token_secret: str = field(repr=False)


@dataclass(frozen=True)
class Signed:
    """What a signature covers: the verb and the url in its parts, as they came over the wire."""

    method: str
    scheme: str
    host: str
    raw_path: str
    raw_query: str


def normalised(raw_path: str) -> str:
    """Return the path as the shop signs it: `%2F` becomes `/`, `%20` stays `%20`."""

    def decoded(match: re.Match[str]) -> str:
        character = unquote(match.group())
        return character if _KEPT_DECODED.fullmatch(character) else match.group().upper()

    return re.sub(r"%[0-9A-Fa-f]{2}", decoded, raw_path)


def signature(request: Signed, given: dict[str, str], key: str) -> str:
    """Return the HMAC-SHA256 signature that the shop expects.

    A `+` in the query is taken as a plus sign, so a space sent as `+` never verifies.
    """
    pairs = [(name, value) for name, value in given.items() if name not in {"oauth_signature", "realm"}]
    for part in filter(None, request.raw_query.split("&")):
        name, _, value = part.partition("=")
        pairs.append((unquote(name), unquote(value)))
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    host = re.sub(r":(80|443)$", "", request.host.lower())
    url = f"{request.scheme}://{host}{normalised(request.raw_path)}"
    text = "&".join(quote(part, safe="~") for part in (request.method.upper(), url, parameters))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Door:
    """Knows one integration's credentials and the nonces it has used."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.bearer_allowed = True
        self._nonces: set[str] = set()

    def admit(self, header: str, request: Signed, resource: str, now: datetime) -> None:
        """Let the integration in, or raise `Refused`; `resource` is the right that the route asks for."""
        kind, _, rest = header.partition(" ")
        if kind.lower() == "bearer":
            if self.bearer_allowed and hmac.compare_digest(rest.strip(), self.credentials.access_token):
                return
            raise Refused.unauthorised(resource)
        if kind.lower() != "oauth":
            raise Refused.unauthorised(resource)
        given = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', rest)}
        self._check(given, request, resource, now)

    def _check(self, given: dict[str, str], request: Signed, resource: str, now: datetime) -> None:
        known = self.credentials
        for name in _REQUIRED:
            if not given.get(name):
                raise Refused.required(name)
        if (given["oauth_consumer_key"], given["oauth_token"]) != (known.consumer_key, known.access_token):
            raise Refused.unauthorised(resource)
        if not given["oauth_timestamp"].isdecimal() or (
            int(given["oauth_timestamp"]) > now.timestamp() + _FARTHEST_FUTURE_SECONDS
        ):
            raise Refused(401, "The timestamp value in the oauth_timestamp parameter is invalid.")
        if given["oauth_nonce"] in self._nonces:
            raise Refused(401, "The nonce is already being used by the consumer with ID %1", ["1"])
        self._nonces.add(given["oauth_nonce"])
        method = given["oauth_signature_method"]
        if method != "HMAC-SHA256":
            raise Refused(400, "Signature method %1 is not supported", [method])
        key = f"{quote(known.consumer_secret, safe='~')}&{quote(known.access_token_secret, safe='~')}"
        if not hmac.compare_digest(given["oauth_signature"], signature(request, given, key)):
            raise Refused(401, "The signature is invalid. Verify and try again.")
