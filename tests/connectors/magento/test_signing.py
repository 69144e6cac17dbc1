"""The signature against a computation of its own, and against a shop that checks it."""

import base64
import hashlib
import hmac
import logging
import re
from urllib.parse import quote, unquote

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from connectors.magento.settings import MagentoSettings
from connectors.magento.signing import BearerSignIn, OAuthSignIn, as_the_shop_reads_it
from connectors.settings import from_environment
from domain.answers import Fatal
from tests.connectors.magento.harness import SECRETS, Harness
from tests.doubles import ManualClock

PARAMS = {"searchCriteria[filterGroups][0][filters][0][value]": "A B,c+d/é", "fields": "items[sku]"}


def signer(nonce: str = "n-1") -> OAuthSignIn:
    pair = (SecretStr("key one"), SecretStr("s&cret"))
    return OAuthSignIn(pair, (SecretStr("token"), SecretStr("t/ken")), ManualClock(), lambda: nonce)


async def signed(url: str, method: str = "GET", **kwargs: object) -> httpx.Request:
    request = httpx.Client().build_request(method, url, **kwargs)  # type: ignore[arg-type] # passes through to httpx
    await signer().sign(request)
    return request


def given(request: httpx.Request) -> dict[str, str]:
    header = request.headers["authorization"]
    assert header.startswith("OAuth ")
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def expected_signature(method: str, url: str, query: list[tuple[str, str]], oauth: dict[str, str]) -> str:
    """RFC 5849, section 3.4, written out; `url` is the one that the shop is known to sign."""

    def encoded(text: str) -> str:
        return quote(text, safe="-._~")

    pairs = [*query, *((name, value) for name, value in oauth.items() if name != "oauth_signature")]
    parameters = "&".join(f"{name}={value}" for name, value in sorted((encoded(n), encoded(v)) for n, v in pairs))
    text = f"{method}&{encoded(url)}&{encoded(parameters)}"
    digest = hmac.new(b"s%26cret&t%2Fken", text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("sent", "signed_as"),
    [
        ("https://shop.example/rest/default/V1/products", "https://shop.example/rest/default/V1/products"),
        ("https://shop.example/V1/products/A%2FB", "https://shop.example/V1/products/A/B"),
        ("https://shop.example/V1/products/A%20B", "https://shop.example/V1/products/A%20B"),
        ("https://SHOP.example:443/V1/x", "https://shop.example/V1/x"),
        ("http://127.0.0.1:8080/V1/x", "http://127.0.0.1:8080/V1/x"),
    ],
)
async def test_the_signature_is_the_one_that_the_standard_asks_for(sent: str, signed_as: str) -> None:
    request = await signed(sent, params=PARAMS)
    oauth = given(request)
    assert oauth["oauth_signature_method"] == "HMAC-SHA256"
    assert oauth["oauth_timestamp"] == str(int(ManualClock().now().timestamp()))
    assert oauth["oauth_signature"] == expected_signature("GET", signed_as, list(PARAMS.items()), oauth)


async def test_a_space_in_the_query_goes_out_as_percent_20_and_a_plus_as_percent_2b() -> None:
    request = await signed("https://shop.example/V1/products", params=PARAMS)
    assert b"A%20B%2Cc%2Bd%2F%C3%A9" in request.url.raw_path
    assert b"+" not in request.url.raw_path


async def test_a_json_body_is_not_signed() -> None:
    bare = await signed("https://shop.example/V1/orders", "POST")
    full = await signed("https://shop.example/V1/orders", "POST", json={"entity": {"a": 1}})
    assert given(bare)["oauth_signature"] == given(full)["oauth_signature"]


def test_an_encoded_slash_is_sent_encoded_and_signed_plain() -> None:
    url = httpx.URL("https://shop.example/V1/products/A%2FB%20C%c3%a9")
    assert as_the_shop_reads_it(url) == "https://shop.example/V1/products/A/B%20C%C3%A9"
    assert url.raw_path == b"/V1/products/A%2FB%20C%c3%a9"


async def test_the_shop_lets_a_signed_search_for_a_sku_with_slash_and_space_in() -> None:
    harness = Harness()
    harness.put_item("JL/1002 B")
    body = await harness.connector._account.read("GET", "/products/JL%2F1002%20B")
    assert body["sku"] == "JL/1002 B"


async def test_every_try_has_a_fresh_nonce_so_that_the_shop_does_not_refuse_a_repeat() -> None:
    harness = Harness()
    for _ in range(3):
        assert "website base" in await harness.connector.check()
    nonces = [given(request)["oauth_nonce"] for request in harness.requests]
    assert len(nonces) > 20
    assert len(set(nonces)) == len(nonces)


async def test_a_bearer_token_is_sent_alone() -> None:
    harness = Harness(bearer=True)
    assert "website base" in await harness.connector.check()
    assert {request.headers["authorization"].split()[0] for request in harness.requests} == {"Bearer"}


async def test_a_shop_that_takes_no_bearer_token_is_a_matter_for_a_person_and_tried_once() -> None:
    harness = Harness(bearer=True)
    harness.sandbox.door.bearer_allowed = False
    with pytest.raises(Fatal, match="Magento_Backend::store"):
        await harness.connector.check()
    assert len(harness.requests) == 1


async def test_signing_leaves_no_token_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await Harness().connector.check()
    assert [secret for secret in SECRETS if secret in caplog.text] == []


async def test_neither_way_of_signing_in_can_be_renewed() -> None:
    assert await signer().renew() is False
    assert await BearerSignIn(SecretStr("t")).renew() is False


def test_all_faults_of_the_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOUR_MAGENTO_CONSUMER_KEY", "hidden-value")
    with pytest.raises(ValueError, match="HARBOUR") as fault:
        from_environment(MagentoSettings, "harbour", "magento")
    for name in ("BASE_URL", "ACCESS_TOKEN", "CONSUMER_SECRET", "ACCESS_TOKEN_SECRET"):
        assert f"{name} is missing" in str(fault.value)
    assert "hidden-value" not in str(fault.value)


def test_an_access_token_alone_is_enough() -> None:
    settings = MagentoSettings(base_url="https://shop.example", access_token=SecretStr("hidden"))
    assert settings.signs is False
    assert "hidden" not in repr(settings)


def test_a_token_secret_without_a_consumer_key_is_not_taken_for_a_bearer_set_up() -> None:
    with pytest.raises(ValidationError, match="CONSUMER_KEY is missing"):
        MagentoSettings(
            base_url="https://shop.example", access_token=SecretStr("a"), access_token_secret=SecretStr("b")
        )
