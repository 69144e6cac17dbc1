"""What is asked of every system that calls us: whatever comes in, it is proved, read, or kept as unreadable."""

import json
from typing import Any

import pytest

from connectors.registry import SYSTEMS
from connectors.roles import Delivery, FeedShape, Forged, PushesNews, PushReply
from domain.installation import Side
from domain.records import Received, Reject
from tasks.installations import issubclass_of
from tasks.loops import INTAKES
from tests.contract.joint import Joint

PUSHING = [name for name, connector in sorted(SYSTEMS.items()) if issubclass_of(connector, PushesNews)]
PERSON = "Wilhelmina Private"
SHAPES: list[Any] = [
    [],
    {},
    [[]],
    [None],
    [PERSON],
    PERSON,
    7,
    {"EventType": None},
    {"EventType": {"a": [PERSON]}},
    {"Responses": PERSON},
    {"Responses": [{"Response": PERSON}]},
    {"Responses": [{"Response": {"Dispatch": {"DispatchId": None, "ShipToAttention": PERSON}}}]},
]
HOSTILE = [b"", b"null", b"[" * 200_000, b"{" * 10, b"\xff\xfe\x00", b"<html>no</html>"]
HOSTILE += [json.dumps(shape).encode() for shape in SHAPES]


def unpacked(system: str, body: bytes) -> Delivery | None:
    try:
        delivery: Delivery = Joint.of(system).connector.unpack({"content-type": "application/json"}, body)
    except Forged:
        return None
    return delivery


def test_some_system_pushes() -> None:
    assert PUSHING


@pytest.mark.parametrize("pushing", PUSHING)
def test_its_answer_is_one_that_means_success(pushing: str) -> None:
    reply: PushReply = Joint.of(pushing).connector.push_reply
    assert 200 <= reply.status < 300


@pytest.mark.parametrize("pushing", PUSHING)
@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:30])
def test_whatever_is_pushed_is_proved_or_refused_and_quotes_nobody(pushing: str, body: bytes) -> None:
    delivery = unpacked(pushing, body)
    if delivery is None:
        return
    connector: Any = Joint.of(pushing).connector
    for kind, one in delivery.brought:
        intake = INTAKES[Side.BACK_OFFICE, kind]
        feed = getattr(connector, intake.feed)
        assert feed.shape is not FeedShape.SNAPSHOT, "a scan is whole or nothing"
        assert isinstance(one, Received | Reject)
        if isinstance(one, Reject):
            assert PERSON not in f"{one.key} {one.reason}"
            assert isinstance(feed.parse(one.raw), Received | Reject), "a release maps it afresh"
