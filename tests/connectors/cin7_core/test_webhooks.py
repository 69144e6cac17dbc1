"""The company's webhooks: hints that prove nothing, kept alive without touching anybody else's."""

import json
from typing import Any

import pytest

from connectors.roles import CallsAgain
from domain.answers import Fatal, Unavailable
from domain.records import Kind
from sandbox.kit import Fault
from tests.connectors.cin7_core.harness import Harness
from tests.contract.wire import Route

ADDRESS = "https://pushes.example/push/meadow/cin7_core/a-secret-that-nobody-can-guess"
OTHERS = "https://somebody.example/hook"
WEBHOOKS = Route("GET", "/ExternalApi/v2/webhooks")


def hook(type_: str = "Sale/ShipmentAuthorised", url: str = ADDRESS, **changes: Any) -> dict[str, Any]:
    return {
        "Type": type_,
        "IsActive": True,
        "ExternalURL": url,
        "ExternalAuthorizationType": "noauth",
        **changes,
    }


def listed(harness: Harness) -> list[dict[str, Any]]:
    return list(harness.sandbox.company.webhooks.known.values())


def ours(harness: Harness) -> dict[str, bool]:
    return {one["Type"]: one["IsActive"] for one in listed(harness) if one["ExternalURL"] == ADDRESS}


def writes(harness: Harness) -> list[str]:
    return [request.method for request in harness.requests if request.method != "GET"]


async def test_what_is_missing_is_registered_once_and_then_left_alone() -> None:
    harness = Harness()
    seen = await harness.connector.subscribe(ADDRESS)
    assert isinstance(seen, CallsAgain)
    assert ours(harness) == {"Sale/ShipmentAuthorised": True, "Sale/ShipmentTrackingNumberChanged": True}
    again = await harness.again().subscribe(ADDRESS)
    assert not isinstance(again, CallsAgain)
    assert writes(harness) == ["POST", "POST"]
    for told in (seen, again):
        assert "guess" not in told


async def test_what_the_vendor_gave_up_is_switched_on_again_and_said() -> None:
    harness = Harness()
    await harness.connector.subscribe(ADDRESS)
    given_up = listed(harness)[0]
    given_up["IsActive"] = False
    seen = await harness.connector.subscribe(ADDRESS)
    assert isinstance(seen, CallsAgain)
    assert "Sale/ShipmentAuthorised (it was switched off)" in seen
    assert ours(harness) == {"Sale/ShipmentAuthorised": True, "Sale/ShipmentTrackingNumberChanged": True}
    assert len(listed(harness)) == 2
    assert given_up["ID"] in {one["ID"] for one in listed(harness)}


async def test_nobody_elses_webhook_is_touched() -> None:
    harness = Harness()
    company = harness.sandbox.company.webhooks
    company.create(hook(url=OTHERS, IsActive=False))
    company.create(hook(url=ADDRESS.replace("meadow", "harbour"), IsActive=False))
    before = json.dumps(listed(harness))
    await harness.connector.subscribe(ADDRESS)
    assert json.dumps(listed(harness)[:2]) == before
    assert len(listed(harness)) == 4


async def test_a_changed_secret_moves_our_webhook_and_adds_none() -> None:
    harness = Harness()
    await harness.connector.subscribe(ADDRESS.replace("a-secret", "an-older-secret"))
    seen = await harness.connector.subscribe(ADDRESS)
    assert isinstance(seen, CallsAgain)
    assert len(listed(harness)) == len(ours(harness)) == 2


async def test_a_full_list_is_a_persons_matter_and_says_what_to_do() -> None:
    harness = Harness()
    for number in range(5):
        harness.sandbox.company.webhooks.create(hook(url=f"{OTHERS}/{number}"))
    with pytest.raises(Fatal, match="at most 5 webhooks of one type"):
        await harness.connector.subscribe(ADDRESS)
    assert len(listed(harness)) == 5


@pytest.mark.parametrize("kind", ["hang", "truncated", "html"])
async def test_a_lost_answer_is_looked_at_again_and_registers_nothing_twice(kind: Any) -> None:
    harness = Harness()
    fault = Fault(kind=kind, method="POST", path=WEBHOOKS.path, when="after", status=502, seconds=0.0)
    harness.sandbox.faults.append(fault)
    with pytest.raises(Unavailable):
        await harness.connector.subscribe(ADDRESS)
    await harness.connector.subscribe(ADDRESS)
    assert ours(harness) == {"Sale/ShipmentAuthorised": True, "Sale/ShipmentTrackingNumberChanged": True}
    assert len(listed(harness)) == 2


@pytest.mark.parametrize(
    ("body", "headers", "news"),
    [
        ({"SaleTaskID": "1", "EventType": "Sale/ShipmentAuthorised"}, {}, Kind.DISPATCH),
        ({"SaleTaskID": "1"}, {"event-type": "Sale/ShipmentTrackingNumberChanged"}, Kind.DISPATCH),
        ([{"ID": "1", "SKU": "MUG-1", "Available": 22}], {}, Kind.STOCK_LEVEL),
        ([{"ID": "1"}], {"event-type": "Stock/AvailableStockLevelChanged"}, Kind.STOCK_LEVEL),
        ({"EventType": "Product/Updated"}, {}, Kind.ITEM),
        ({"EventType": "Sale/Dreamt"}, {}, Kind.DISPATCH),
        ({"EventType": ["no", "text"]}, {}, Kind.DISPATCH),
        ([], {}, Kind.STOCK_LEVEL),
        ("a text", {}, Kind.DISPATCH),
    ],
)
def test_a_push_is_a_hint_and_nothing_of_it_is_believed(body: Any, headers: dict[str, str], news: Kind) -> None:
    delivery = Harness().connector.unpack(headers, json.dumps(body).encode())
    assert delivery.brought == ()
    assert delivery.news == {news}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"\xff\xfe"])
def test_what_cannot_be_read_is_a_hint_too(body: bytes) -> None:
    assert Harness().connector.unpack({}, body).news == {Kind.DISPATCH}


async def test_each_type_of_webhook_that_may_be_chosen_is_registered_and_is_news_of_something() -> None:
    types = ("Stock/AvailableStockLevelChanged", "Product/Updated")
    harness = Harness(webhook_types=types)
    await harness.connector.subscribe(ADDRESS)
    assert set(ours(harness)) == set(types)
