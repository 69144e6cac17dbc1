"""OAuth 1.0a as a running Magento 2.4.7-p3 checks it; the signatures are computed here, independently."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import oauthlib.oauth1
import pytest

from sandbox.magento import Credentials, Magento
from tests.doubles import ManualClock

KEYS = Credentials("consumer", "consumer&secret", "token", "token secret")
HOST = "https://shop.example"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def magento() -> Magento:
    shop = Magento(ManualClock(NOW), credentials=KEYS)
    shop.add_product(sku="PAN/20 CM", ean=None, quantity=5)
    shop.key_order_by_hand("JL 1", {"PAN/20 CM": 1})
    return shop


async def call(
    magento: Magento,
    sent: str,
    *,
    signed_path: str,
    parameters: dict[str, str] | None = None,
    method: str = "HMAC-SHA256",
    nonce: str = "n1",
    at: datetime = NOW,
    verb: str = "GET",
    secret: str = KEYS.consumer_secret,
) -> httpx.Response:
    """Send one call signed over `signed_path` and these decoded query parameters."""
    oauth = {
        "oauth_consumer_key": "consumer",
        "oauth_token": "token",
        "oauth_signature_method": method,
        "oauth_timestamp": str(int(at.timestamp())),
        "oauth_nonce": nonce,
        "oauth_version": "1.0",
    }
    every = {**oauth, **(parameters or {})}
    pairs = sorted(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in every.items())
    text = "&".join(quote(part, safe="") for part in (verb, HOST + signed_path, "&".join(pairs)))
    key = quote(secret, safe="") + "&" + quote("token secret", safe="")
    oauth["oauth_signature"] = base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()
    header = "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in oauth.items())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(magento.app)) as client:
        return await client.request(verb, httpx.URL(HOST + sent), headers={"Authorization": header})


FILTER = "searchCriteria[filterGroups][0][filters][0]"


async def test_a_signed_call_is_let_in(magento: Magento) -> None:
    path = "/rest/V1/orders/1"
    answer = await call(magento, f"{path}?fields=entity_id", signed_path=path, parameters={"fields": "entity_id"})
    assert (answer.status_code, answer.json()) == (200, {"entity_id": 1})


@pytest.mark.parametrize("brackets", ["[]", ("%5B", "%5D")])
async def test_a_space_must_be_percent_20(magento: Magento, brackets: tuple[str, str]) -> None:
    path = "/rest/V1/orders"
    decoded = {f"{FILTER}[field]": "ext_order_id", f"{FILTER}[value]": "JL 1"}
    query = "&".join(f"{name}={value}" for name, value in decoded.items())
    query = query.replace("[", brackets[0]).replace("]", brackets[1])
    good = await call(magento, f"{path}?{query.replace(' ', '%20')}", signed_path=path, parameters=decoded)
    assert (good.status_code, good.json()["total_count"]) == (200, 1)
    plus = await call(magento, f"{path}?{query.replace(' ', '+')}", signed_path=path, parameters=decoded, nonce="n2")
    assert (plus.status_code, plus.json()) == (401, {"message": "The signature is invalid. Verify and try again."})


async def test_the_signed_path_has_its_slash_decoded_and_its_space_encoded(magento: Magento) -> None:
    sent = "/rest/V1/products/PAN%2F20%20CM"
    good = await call(magento, sent, signed_path="/rest/V1/products/PAN/20%20CM")
    assert (good.status_code, good.json()["sku"]) == (200, "PAN/20 CM")
    for number, wrong in enumerate((sent, "/rest/V1/products/PAN/20 CM")):
        answer = await call(magento, sent, signed_path=wrong, nonce=f"w{number}")
        assert (answer.status_code, answer.json()["message"][:24]) == (401, "The signature is invalid")


async def test_a_wrong_secret(magento: Magento) -> None:
    answer = await call(magento, "/rest/V1/modules", signed_path="/rest/V1/modules", secret="guess")
    assert (answer.status_code, answer.json()) == (401, {"message": "The signature is invalid. Verify and try again."})


async def test_hmac_sha1_is_not_supported(magento: Magento) -> None:
    answer = await call(magento, "/rest/V1/modules", signed_path="/rest/V1/modules", method="HMAC-SHA1")
    message = "Signature method %1 is not supported"
    assert (answer.status_code, answer.json()) == (400, {"message": message, "parameters": ["HMAC-SHA1"]})


async def test_a_nonce_works_once(magento: Magento) -> None:
    first = await call(magento, "/rest/V1/modules", signed_path="/rest/V1/modules")
    again = await call(magento, "/rest/V1/modules", signed_path="/rest/V1/modules")
    message = "The nonce is already being used by the consumer with ID %1"
    assert first.status_code == 200
    assert (again.status_code, again.json()) == (401, {"message": message, "parameters": ["1"]})


async def test_old_timestamps_pass_and_far_future_ones_do_not(magento: Magento) -> None:
    path = "/rest/V1/modules"
    old = await call(magento, path, signed_path=path, at=NOW - timedelta(hours=1))
    soon = await call(magento, path, signed_path=path, at=NOW + timedelta(seconds=600), nonce="n2")
    far = await call(magento, path, signed_path=path, at=NOW + timedelta(seconds=601), nonce="n3")
    assert (old.status_code, soon.status_code, far.status_code) == (200, 200, 401)


async def test_a_missing_right_is_a_401_that_names_it(magento: Magento) -> None:
    magento.denied_resources.add("Magento_Sales::cancel")
    path = "/rest/V1/orders/1/cancel"
    answer = await call(magento, path, signed_path=path, verb="POST")
    message = "The consumer isn't authorized to access %resources."
    assert answer.status_code == 401
    assert answer.json() == {"message": message, "parameters": {"resources": "Magento_Sales::cancel"}}
    assert magento.open_orders() == ["1"]


async def test_bearer_use_has_a_switch_and_a_wrong_token_reads_like_a_missing_right(magento: Magento) -> None:
    url = f"{HOST}/rest/V1/orders/1"
    refusal = {
        "message": "The consumer isn't authorized to access %resources.",
        "parameters": {"resources": "Magento_Sales::actions_view"},
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(magento.app)) as client:
        assert (await client.get(url, headers={"Authorization": "Bearer token"})).status_code == 200
        for headers in ({"Authorization": "Bearer guess"}, {}):
            answer = await client.get(url, headers=headers)
            assert (answer.status_code, answer.json()) == (401, refusal)
        magento.door.bearer_allowed = False
        answer = await client.get(url, headers={"Authorization": "Bearer token"})
        assert (answer.status_code, answer.json()) == (401, refusal)


async def test_a_client_of_the_usual_library_is_let_in(magento: Magento) -> None:
    client = oauthlib.oauth1.Client(
        KEYS.consumer_key,
        client_secret=KEYS.consumer_secret,
        resource_owner_key=KEYS.access_token,
        resource_owner_secret=KEYS.access_token_secret,
        signature_method="HMAC-SHA256",
        timestamp=str(int(NOW.timestamp())),
        nonce="library",
    )
    url, headers, _ = client.sign(f"{HOST}/rest/V1/orders/1?fields=entity_id")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(magento.app)) as http:
        assert (await http.get(url, headers=headers)).json() == {"entity_id": 1}


def test_credentials_hide_their_secrets() -> None:
    assert "secret" not in repr(KEYS)
    assert "token" not in repr(KEYS)
