"""The one way to call a vendor, by itself: what each answer means, and what is never done."""

import gzip
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from connectors.http import LONGEST_WAIT_SECONDS, Account, Surroundings, VendorRefusal, retry_after
from domain.answers import Fatal, NotNow, OutcomeUnknown, Unavailable
from domain.budgets import Limit
from tests.contract.hostile import bomb, never, served, trickle
from tests.contract.scripted import NOW, Script, Token, account, read, write
from tests.contract.wire import Answer, fails, replies
from tests.doubles import BucketBudgets, KeptArchive, ManualClock, OpenBudgets


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_an_empty_2xx_is_nothing(status: int) -> None:
    assert await write(replies(status)) is None


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 415, 422])
async def test_a_4xx_is_a_refusal_with_its_body_kept_and_not_shown(status: int) -> None:
    one, _, _, archive = account(replies(status, {"message": "Mrs Smith is not known"}))
    with pytest.raises(VendorRefusal) as refusal:
        await one.write("POST", "/orders", body={})
    assert (refusal.value.status, refusal.value.body) == (status, {"message": "Mrs Smith is not known"})
    assert archive.kept[0][:2] == ("harbour", "POST /orders")
    assert b"Mrs Smith" in archive.kept[0][2]
    assert "Smith" not in str(refusal.value)
    assert refusal.value.evidence in str(refusal.value)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_denial_is_fatal_with_the_advice_of_the_connector(status: int) -> None:
    with pytest.raises(Fatal, match="Ask the owner of the account") as trouble:
        await write(replies(status, {"d": 1}), denial=lambda _body: "Ask the owner of the account.")
    assert trouble.value.advice == "Ask the owner of the account."


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520, 300, 301, 302, 304, 307, 308])
async def test_any_other_status_of_a_write_is_unknown_and_of_a_read_unavailable(status: int) -> None:
    answer = replies(status, {"d": 1}, location="https://thief.example/")
    with pytest.raises(OutcomeUnknown, match=str(status)):
        await write(answer)
    with pytest.raises(Unavailable, match=str(status)):
        await read(answer)


async def test_a_status_that_means_nothing_done_is_unavailable_also_for_a_write() -> None:
    with pytest.raises(Unavailable, match="it did nothing"):
        await write(replies(503), nothing_done=frozenset({503}))


@pytest.mark.parametrize("trouble", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_what_never_left_was_not_done(trouble: type[httpx.TransportError]) -> None:
    for ask in (write, read):
        with pytest.raises(Unavailable, match=trouble.__name__):
            await ask(fails(trouble))


@pytest.mark.parametrize(
    "trouble",
    [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError],
)
async def test_what_may_have_arrived_is_unknown(trouble: type[httpx.TransportError]) -> None:
    with pytest.raises(OutcomeUnknown, match=trouble.__name__):
        await write(fails(trouble))
    with pytest.raises(Unavailable):
        await read(fails(trouble))


@pytest.mark.parametrize(
    "answer",
    [
        replies(200, "<html></html>"),
        replies(200, b'{"a": '),
        replies(200, b"\xff\xfe"),
        replies(200, gzip.compress(b'{"a": 1}')[:-9], content_encoding="gzip"),
        replies(200, b"not gzip", content_encoding="gzip"),
        replies(200, b"?", content_encoding="br"),
    ],
    ids=["page", "cut", "not text", "cut gzip", "no gzip", "unasked-for encoding"],
)
async def test_a_2xx_that_cannot_be_read_is_unknown(answer: Answer) -> None:
    with pytest.raises(OutcomeUnknown):
        await write(answer)
    with pytest.raises(Unavailable):
        await read(answer)


@pytest.mark.parametrize("compressed", [False, True])
async def test_an_answer_over_the_size_is_not_read_on(*, compressed: bool) -> None:
    body = b" " * 20_000
    answer = replies(200, gzip.compress(body), content_encoding="gzip") if compressed else replies(200, body)
    with pytest.raises(OutcomeUnknown, match="larger than 10000 bytes"):
        await write(answer, largest_answer_bytes=10_000)
    exact = b"[" + b" " * 9_998 + b"]"
    assert await write(replies(200, exact), largest_answer_bytes=10_000) == []


async def test_a_redirect_is_not_followed() -> None:
    one, script, _, _ = account(replies(302, None, location="https://thief.example/"))
    with pytest.raises(Unavailable):
        await one.read("GET", "/orders")
    assert [request.url.host for request in script.requests] == ["vendor.example"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("999999", 3600),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 3600),
        ("soon", 15),
        ("", 15),
        ("-5", 15),
        ("٣", 15),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_bounded(header: str, seconds: float) -> None:
    assert retry_after({"retry-after": header} if header else {}, NOW) == seconds


@pytest.mark.parametrize("status", [429, 503])
async def test_too_many_calls_closes_the_budget_for_everybody(status: int) -> None:
    one, script, budgets, _ = account(replies(status, None, retry_after="40"), throttled=frozenset({429, 503}))
    for ask in (one.read("GET", "/orders"), one.write("POST", "/orders", body={})):
        with pytest.raises(NotNow) as wait:
            await ask
        assert wait.value.at == NOW + timedelta(seconds=40)
    assert budgets.closed == [("harbour", NOW + timedelta(seconds=40))] * 2
    assert len(script.requests) == 2


async def test_after_a_429_nothing_is_called_until_the_vendors_time() -> None:
    clock = ManualClock(NOW)
    script = Script(replies(429, None, retry_after="40"), replies(200, {}))
    around = Surroundings(clock, BucketBudgets(clock), KeptArchive(), script)
    one, other = (Account("harbour", "https://vendor.example", Limit(60), around) for _ in range(2))
    with pytest.raises(NotNow):
        await one.read("GET", "/orders")
    with pytest.raises(NotNow):
        await other.read("GET", "/orders")
    assert len(script.requests) == 1
    clock.move(41)
    assert await other.read("GET", "/orders") == {}


async def test_a_refusal_that_wears_the_code_of_too_many_calls_is_no_matter_of_time() -> None:
    too_big = replies(429, {"description": "page too big"})
    one, _, budgets, _ = account(too_big, refuses=lambda body: body == {"description": "page too big"})
    for ask in (one.read("GET", "/orders"), one.write("POST", "/orders", body={})):
        with pytest.raises(VendorRefusal) as refusal:
            await ask
        assert refusal.value.status == 429
    assert budgets.closed == []
    with pytest.raises(NotNow):
        await read(replies(429, {"description": "too often"}), refuses=lambda body: "big" in body["description"])


async def test_a_short_wait_for_a_permit_is_slept_and_a_long_one_is_not() -> None:
    clock = ManualClock(NOW)
    around = Surroundings(clock, BucketBudgets(clock), KeptArchive(), Script(replies(200, {})))
    quick = Account("harbour", "https://vendor.example", Limit(120, burst=2), around)
    for _ in range(6):
        await quick.read("GET", "/orders")
    assert clock.now() > NOW
    slow = Account("slow", "https://vendor.example", Limit(3, burst=2), around)
    began_at = clock.now()
    await slow.read("GET", "/orders")
    with pytest.raises(NotNow):
        await slow.read("GET", "/orders")
    assert (clock.now() - began_at).total_seconds() <= LONGEST_WAIT_SECONDS


async def test_a_401_is_tried_once_more_and_only_with_a_new_sign_in() -> None:
    token = Token(renewals=9)
    one, script, budgets, _ = account(replies(401), replies(200, {"ok": 1}), sign_in=token)
    assert await one.write("POST", "/orders", body={}) == {"ok": 1}
    assert [request.headers["authorization"] for request in script.requests] == ["Bearer token-1", "Bearer token-2"]
    assert len(budgets.taken) == 2, "each try takes a permit"
    for renewals, calls in ((9, 2), (0, 1)):
        one, script, _, _ = account(replies(401), sign_in=Token(renewals))
        with pytest.raises(Fatal):
            await one.write("POST", "/orders", body={})
        assert len(script.requests) == calls


async def test_a_500_is_not_tried_again() -> None:
    one, script, _, _ = account(replies(500), replies(200, {}))
    with pytest.raises(OutcomeUnknown):
        await one.write("POST", "/orders", body={})
    assert len(script.requests) == 1


@pytest.mark.parametrize("app", [trickle, never, bomb], ids=["trickle", "never", "bomb"])
async def test_a_real_socket_keeps_the_bounds(app: Any) -> None:
    async with served(app) as address:
        around = Surroundings(ManualClock(NOW), OpenBudgets(), KeptArchive())
        one = Account("harbour", address, Limit(60), around, deadline_seconds=0.5, largest_answer_bytes=100_000)
        with pytest.raises(OutcomeUnknown):
            await one.write("POST", "/orders", body={})
        await one.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with served(never) as address:
        gone = address
    one = Account("harbour", gone, Limit(60), Surroundings(ManualClock(NOW), OpenBudgets(), KeptArchive()))
    with pytest.raises(Unavailable, match="could not be reached"):
        await one.write("POST", "/orders", body={})
    await one.close()
