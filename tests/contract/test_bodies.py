"""What goes out as the body of a call, and what the body of an answer is read as."""

import gzip
import json
from decimal import Decimal

import pytest

from connectors.bodies import File, Form
from connectors.http import VendorRefusal
from domain.answers import OutcomeUnknown, Unavailable
from tests.contract.scripted import account, read, write
from tests.contract.wire import replies


async def test_json_is_read_with_exact_amounts() -> None:
    assert await read(replies(200, b'{"price": 10.10}')) == {"price": Decimal("10.10")}


@pytest.mark.parametrize("body", [b"9" * 5_000, b"[" * 200_000, b'{"a": ' * 50_000], ids=["digits", "lists", "objects"])
async def test_json_that_breaks_the_reader_is_unknown(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        await write(replies(200, body))


async def test_gzip_is_read() -> None:
    packed = gzip.compress(json.dumps({"rows": list(range(1_000))}).encode())
    assert len((await read(replies(200, packed, content_encoding="gzip")))["rows"]) == 1_000


async def test_a_question_may_have_a_body() -> None:
    one, script, _, _ = account(replies(200, []))
    assert await one.read("PUT", "/search", body=[["id", ">", 3]]) == []
    assert json.loads(script.requests[0].content) == [["id", ">", 3]]


async def test_what_is_sent_is_json_with_whole_amounts() -> None:
    one, script, _, _ = account(replies(200, {}))
    await one.write("POST", "/orders", body={"price": Decimal("10.10"), "quantity": Decimal(2)})
    assert json.loads(script.requests[0].content) == {"price": 10.1, "quantity": 2}
    assert script.requests[0].headers["content-type"] == "application/json"


async def test_a_file_is_sent_as_a_form() -> None:
    one, script, _, _ = account(replies(201, {"id": "7"}))
    assert await one.write("POST", "/files", body=File("stock.csv", b'"a";"b"\n', "text/csv")) == {"id": "7"}
    [request] = script.requests
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    body = await request.aread()
    assert b'name="file"; filename="stock.csv"' in body
    assert b'\r\n\r\n"a";"b"\n\r\n' in body


async def test_a_text_is_read_as_it_is_and_what_is_none_is_not_taken_for_one() -> None:
    assert await account(replies(200, b"\xef\xbb\xbfa;b"))[0].read_text("GET", "/report") == "a;b"
    assert await account(replies(200, b""))[0].read_text("GET", "/report") == ""
    for answer in (replies(200, b"\xff\xfe"), replies(500, "broken")):
        with pytest.raises(Unavailable):
            await account(answer)[0].read_text("GET", "/report")
    with pytest.raises(VendorRefusal):
        await account(replies(404, {}))[0].read_text("GET", "/report")


async def test_a_form_goes_as_a_form_and_anything_else_as_json() -> None:
    asked, script, _, _ = account(replies(200, {"ok": True}))
    await asked.write("POST", "/token", body=Form(grant_type="refresh & more", scope="a/b c"))
    await asked.write("POST", "/orders", body={"n": Decimal("1.5")})
    form, plain = script.requests
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form.content == b"grant_type=refresh+%26+more&scope=a%2Fb+c"
    assert (plain.headers["content-type"], plain.content) == ("application/json", b'{"n": 1.5}')
