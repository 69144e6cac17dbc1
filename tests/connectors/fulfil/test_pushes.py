"""Pushes in: proved by the HMAC of their bytes, worth no more than a hint."""

import base64
import hmac
import json
from typing import Any

import pytest

from connectors.fulfil.settings import FulfilSettings
from connectors.roles import Delivery, Forged, PushesNews, PushReply
from domain.records import Kind
from tests.connectors.fulfil.harness import WEBHOOK_SECRET, Harness
from tests.connectors.making import sales_order

BOTH = frozenset({Kind.DISPATCH, Kind.STOCK_LEVEL})
HEADER = "x-fulfil-hmac-sha256"


def signed(body: bytes, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """Sign as documented: base64(HMAC-SHA256(base64-decoded secret, raw body))."""
    proof = hmac.digest(base64.b64decode(secret), body, "sha256")
    return {HEADER: base64.b64encode(proof).decode(), "content-type": "application/json"}


def unpack(body: bytes, headers: dict[str, str] | None = None) -> Delivery:
    return Harness().connector.unpack(signed(body) if headers is None else headers, body)


@pytest.mark.parametrize(
    ("body", "news"),
    [
        ({"event": "update", "model": "stock.shipment.out", "id": 881}, BOTH),
        ({"model": "customer_shipment"}, BOTH),
        ({"model": "stock.move"}, {Kind.STOCK_LEVEL}),
        ({"model_name": "sale.sale"}, {Kind.STOCK_LEVEL}),
        ({"model": "product.product"}, {Kind.ITEM, Kind.STOCK_LEVEL}),
        ({"model": "party.party"}, BOTH),
        ({"model": ["stock.move"]}, BOTH),
        ({}, BOTH),
        ([], BOTH),
        ("text", BOTH),
        (None, BOTH),
    ],
    ids=lambda given: "" if isinstance(given, set | frozenset) else str(given),  # a set shows itself in any order
)
def test_a_good_push_is_a_hint_and_brings_no_record(body: Any, news: set[Kind]) -> None:
    assert unpack(json.dumps(body).encode()) == Delivery(brought=(), news=frozenset(news))


def test_a_signature_that_another_programme_computed_is_taken() -> None:
    """Computed by `printf '{}' | openssl dgst -sha256 -hmac 'secret of the webhook' -binary | base64`."""
    assert unpack(b"{}", {HEADER: "kqezCRwdlC0CWagvquedtqU5B6p+Y485iLDEZFAKWk0="}) == Delivery(news=BOTH)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: "!!"},
        {HEADER: "é"},
        {HEADER: "AAAA"},
        {HEADER: signed(b'{"model": "stock.move", "id": 2}')[HEADER]},
        {HEADER: signed(b'{"model": "stock.move", "id": 1}', "YW5vdGhlciBzZWNyZXQ=")[HEADER]},
        {HEADER: signed(b'{"model": "stock.move", "id": 1}')[HEADER][:-4]},
        {HEADER: hmac.new(base64.b64decode(WEBHOOK_SECRET), b'{"model": "stock.move", "id": 1}', "sha256").hexdigest()},
        {
            HEADER: base64.b64encode(
                hmac.digest(WEBHOOK_SECRET.encode(), b'{"model": "stock.move", "id": 1}', "sha256")
            ).decode()
        },
        {"x-hub-signature-256": signed(b'{"model": "stock.move", "id": 1}')[HEADER]},
    ],
    ids=[
        "missing",
        "empty",
        "no base64",
        "not ASCII",
        "too short",
        "of another body",
        "of another secret",
        "cut",
        "in hexadecimal",
        "with the secret as text",
        "under another name",
    ],
)
def test_what_is_not_proved_is_forged_and_says_nothing_of_its_body(headers: dict[str, str]) -> None:
    with pytest.raises(Forged) as forged:
        unpack(b'{"model": "stock.move", "id": 1}', headers)
    assert "stock.move" not in str(forged.value)
    assert WEBHOOK_SECRET not in str(forged.value)


@pytest.mark.parametrize("place", range(0, 32, 5))
def test_one_changed_byte_is_enough(place: int) -> None:
    body = bytearray(b'{"model": "stock.move", "id": 1}')
    headers = signed(bytes(body))
    body[place] ^= 1
    with pytest.raises(Forged):
        unpack(bytes(body), headers)


def test_without_a_secret_nothing_is_believed_not_even_a_signature_of_nothing() -> None:
    harness = Harness(webhook_secret="")
    body = b'{"model": "stock.move"}'
    empty_key = base64.b64encode(hmac.digest(b"", body, "sha256")).decode()
    for headers in ({}, {HEADER: empty_key}, signed(body)):
        with pytest.raises(Forged, match="WEBHOOK_SECRET"):
            harness.connector.unpack(headers, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"<html></html>",
        b"[" * 60_000,
        b'{"model": ' * 6_000,
        b" " * 20_000_000,
        b'{"model": "stock.move", "rest": "' + b"x" * 70_000 + b'"}',
        b"9" * 60_000,
    ],
    ids=["empty", "no text", "page", "lists", "objects", "huge", "large", "digits"],
)
def test_nonsense_that_is_fulfils_is_news_of_everything(body: bytes) -> None:
    assert unpack(body) == Delivery(news=BOTH)


def test_nonsense_that_is_not_fulfils_is_forged() -> None:
    for body in (b"", b"[" * 60_000, b" " * 20_000_000):
        with pytest.raises(Forged):
            unpack(body, {HEADER: "AAAA"})


def test_a_push_that_comes_again_says_the_same_and_changes_nothing() -> None:
    """It bears no time, so an old one cannot be told from a new one: it only makes us read again."""
    harness = Harness()
    body = b'{"model": "stock.shipment.out", "id": 881}'
    first = harness.connector.unpack(signed(body), body)
    harness.clock.move(30 * 86_400)
    assert harness.connector.unpack(signed(body), body) == first
    assert harness.again().unpack(signed(body), body) == first
    assert not harness.requests


async def test_what_the_tenant_pushes_is_taken_and_names_what_changed() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 100)
    harness.put_item("BOWL-1", 100)
    harness.sandbox.pushes.outbox.clear()
    order = await harness.created(sales_order())
    deliveries: list[Delivery] = []

    async def send(url: str, headers: dict[str, str], body: bytes) -> int:
        assert url == "https://ours.example/push"
        deliveries.append(harness.connector.unpack({name.lower(): value for name, value in headers.items()}, body))
        return harness.connector.push_reply.status

    assert await harness.sandbox.pushes.deliver(send) == 2
    assert {kind for each in deliveries for kind in each.news} == {Kind.STOCK_LEVEL}
    deliveries.clear()
    harness.sandbox.ship(order.external_id, "DPD", "1")
    assert await harness.sandbox.pushes.deliver(send) == 1
    assert deliveries == [Delivery(news=BOTH)]


async def test_a_person_subscribes_and_is_told_how_without_the_address() -> None:
    harness = Harness()
    told = await harness.connector.subscribe("https://ours.example/push/secret-part")
    assert "add a webhook to this address" in told
    assert "secret-part" not in told
    assert not harness.requests
    assert isinstance(harness.connector, PushesNews)
    assert harness.connector.push_reply == PushReply(200, b"")


def test_the_secret_is_shown_by_nothing() -> None:
    harness = Harness()
    shown = f"{harness.settings!r} {harness.connector!r} {vars(harness.connector)}"
    assert WEBHOOK_SECRET not in shown
    assert isinstance(harness.settings, FulfilSettings)
