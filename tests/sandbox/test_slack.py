"""The pretend Slack: what it takes, refuses, remembers and shows."""

import json
from typing import Any

import httpx
import pytest

from sandbox.kit import Fault
from sandbox.slack import Slack
from tests.doubles import ManualClock

TOKEN, HOOK = "xoxb-pretend", "T0/B0/secret"
SECTION = {
    "type": "section",
    "text": {"type": "mrkdwn", "text": "*4 orders* wait for <https://example.org/a?b=1&c=2|Dana>"},
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def slack(clock: ManualClock) -> Slack:
    return Slack(clock, bot_token=TOKEN, channels={"C01": "orders", "C02": "stock"}, webhooks={HOOK: "C01"})


async def send(slack: Slack, path: str, body: Any = None, *, token: str = TOKEN, **form: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=slack.app)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=transport, base_url="http://slack.test", headers=headers) as client:
        if form:
            return await client.post(path, data=form)
        return await client.post(path, json=body)


async def page(slack: Slack) -> str:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=slack.app), base_url="http://slack.test") as client:
        return (await client.get("/")).text


async def post(slack: Slack, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await send(slack, "/api/chat.postMessage", {"channel": "C01", **body})).json()
    return answer


async def test_a_webhook_answers_ok_in_plain_text(slack: Slack) -> None:
    answer = await send(slack, f"/services/{HOOK}", {"text": "hello"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert [(message.channel, message.text) for message in slack.messages()] == [("C01", "hello")]


async def test_a_webhook_also_takes_a_payload_form(slack: Slack) -> None:
    answer = await send(slack, f"/services/{HOOK}", payload=json.dumps({"text": "form"}))
    assert answer.text == "ok"
    assert slack.messages("orders")[0].text == "form"


async def test_a_webhook_refuses_in_plain_text(slack: Slack) -> None:
    unknown = await send(slack, "/services/T0/B0/other", {"text": "x"})
    assert (unknown.status_code, unknown.text) == (404, "no_service")
    for body, word in (({}, "no_text"), ([], "invalid_payload"), ({"blocks": [{"type": "x"}]}, "invalid_blocks")):
        answer = await send(slack, f"/services/{HOOK}", body)
        assert (answer.status_code, answer.text) == (400, word)
    assert slack.messages() == []


async def test_the_token_is_checked_and_refusals_come_with_200(slack: Slack) -> None:
    assert (await send(slack, "/api/auth.test", {})).json()["ok"] is True
    for token, word in (("wrong", "invalid_auth"), ("", "not_authed")):
        for path in ("/api/auth.test", "/api/chat.postMessage", "/api/chat.update"):
            answer = await send(slack, path, {"channel": "C01", "text": "x"}, token=token)
            assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": word})


async def test_json_and_form_say_the_same(slack: Slack, clock: ManualClock) -> None:
    first = await post(slack, text="four orders", blocks=[SECTION])
    await clock.sleep(1)
    form = await send(
        slack, "/api/chat.postMessage", channel="#orders", text="four orders", blocks=json.dumps([SECTION])
    )
    assert (first["ok"], form.json()["ok"]) == (True, True)
    assert first["ts"] != form.json()["ts"]
    one, two = slack.messages("C01")
    assert (one.text, one.blocks) == (two.text, two.blocks) == ("four orders", [SECTION])


async def test_an_update_keeps_every_version(slack: Slack, clock: ManualClock) -> None:
    posted = await post(slack, text="broken")
    await clock.sleep(60)
    updated = await send(
        slack, "/api/chat.update", {"channel": posted["channel"], "ts": posted["ts"], "text": "mended"}
    )
    assert updated.json() == {"ok": True, "channel": "C01", "ts": posted["ts"], "text": "mended"}
    (message,) = slack.messages()
    assert [(version.at.minute, version.text) for version in message.versions] == [(0, "broken"), (1, "mended")]
    assert [version["text"] for version in slack.dump()["messages"][0]["versions"]] == ["broken", "mended"]
    assert "mended" in await page(slack)
    assert "broken" not in await page(slack)


async def test_an_update_needs_the_right_message_in_the_right_channel(slack: Slack) -> None:
    posted = await post(slack, text="x")
    for channel, ts in (("C01", "1.000009"), ("C02", posted["ts"])):
        answer = await send(slack, "/api/chat.update", {"channel": channel, "ts": ts, "text": "y"})
        assert answer.json() == {"ok": False, "error": "message_not_found"}
    assert (await send(slack, "/api/chat.update", {"channel": "C99", "ts": posted["ts"], "text": "y"})).json()[
        "error"
    ] == "channel_not_found"
    assert slack.messages()[0].text == "x"


def section(length: int) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * length}}


def header(length: int) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": "x" * length}}


def button(**more: Any) -> dict[str, Any]:
    element = {"type": "button", "text": {"type": "plain_text", "text": "Release"}, **more}
    return {"type": "actions", "elements": [element]}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ([{"type": "divider"}] * 50, [{"type": "divider"}] * 51),
        ([section(3000)], [section(3001)]),
        ([section(1)], [section(0)]),
        ([header(150)], [header(151)]),
        ([header(1)], [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
        ([button(url="https://example.org/")], [button(url="javascript:alert(1)")]),
        ([button(url="https://e.org/" + "x" * 2986)], [button(url="https://e.org/" + "x" * 2987)]),
        (
            [{"type": "section", "fields": [{"type": "mrkdwn", "text": "a"}] * 10}],
            [{"type": "section", "fields": [{"type": "mrkdwn", "text": "a"}] * 11}],
        ),
        (
            [{"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}] * 10}],
            [{"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}] * 11}],
        ),
        ([section(1)], {"type": "section"}),
    ],
)
async def test_blocks_are_held_to_slacks_limits(slack: Slack, clock: ManualClock, good: Any, bad: Any) -> None:
    assert (await post(slack, text="t", blocks=good))["ok"] is True
    await clock.sleep(1)
    refused = await post(slack, text="t", blocks=bad)
    assert (refused["ok"], refused["error"]) == (False, "invalid_blocks")
    assert "[json-pointer:/blocks" in refused["response_metadata"]["messages"][0]
    assert len(slack.messages()) == 1


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "x", "channel": "C99"}, "channel_not_found"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "blocks": "{"}, "invalid_blocks_format"),
    ],
)
async def test_other_refusals(slack: Slack, body: dict[str, Any], word: str) -> None:
    assert (await post(slack, **body))["error"] == word


async def test_one_message_a_second_for_each_channel(slack: Slack, clock: ManualClock) -> None:
    assert (await post(slack, text="1"))["ok"] is True
    refused = await send(slack, "/api/chat.postMessage", {"channel": "C01", "text": "2"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json() == {"ok": False, "error": "ratelimited"}
    hook = await send(slack, f"/services/{HOOK}", {"text": "3"})
    assert (hook.status_code, hook.headers["retry-after"], hook.text) == (429, "1", "rate_limited")
    assert (await post(slack, text="4", channel="stock"))["ok"] is True
    await clock.sleep(1)
    assert (await post(slack, text="5"))["ok"] is True
    slack.limited = False
    assert (await post(slack, text="6"))["ok"] is True
    assert [message.text for message in slack.messages()] == ["1", "4", "5", "6"]
    assert slack.throttled["POST /api/chat.postMessage"] == 1


async def test_a_fault_after_the_commit_leaves_the_message(slack: Slack) -> None:
    slack.faults.append(Fault(path="/api/chat.postMessage", when="after", status=500))
    assert (await send(slack, "/api/chat.postMessage", {"channel": "C01", "text": "x"})).status_code == 500
    assert [message.text for message in slack.messages()] == ["x"]


async def test_the_page_shows_blocks_with_real_links(slack: Slack) -> None:
    context = {"type": "context", "elements": [{"type": "mrkdwn", "text": "owner `ops`"}]}
    release = button(url="https://prefect.example/run?parameters=%7B%22a%22%3A1%7D&x=1")
    await post(slack, text="fallback", blocks=[header(3), SECTION, context, release, {"type": "divider"}])
    shown = await page(slack)
    assert "<h1>#orders</h1>" in shown
    assert "<h3>xxx</h3>" in shown
    assert '<b>4 orders</b> wait for <a href="https://example.org/a?b=1&amp;c=2">Dana</a>' in shown
    assert "owner <code>ops</code>" in shown
    assert 'href="https://prefect.example/run?parameters=%7B%22a%22%3A1%7D&amp;x=1">Release</a>' in shown
    assert "fallback" not in shown


async def test_the_page_lets_no_markup_of_a_message_through(slack: Slack) -> None:
    await post(slack, text="&lt;b&gt; <script>alert(1)</script> <javascript:alert(2)|click>")
    shown = await page(slack)
    assert "&lt;b&gt;" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script" not in shown
    assert 'href="javascript' not in shown


async def test_a_reply_stands_in_its_thread_and_in_the_channel_only_when_it_is_broadcast(
    slack: Slack, clock: ManualClock
) -> None:
    parent = await post(slack, text="broken")
    await clock.sleep(1)
    quiet = await post(slack, text="quietly", thread_ts=parent["ts"])
    await clock.sleep(1)
    form = {"channel": "C01", "text": "loudly", "thread_ts": quiet["ts"], "reply_broadcast": "true"}
    loud = (await send(slack, "/api/chat.postMessage", **form)).json()
    assert (quiet["message"]["thread_ts"], loud["message"]["thread_ts"]) == (parent["ts"], parent["ts"])
    assert "thread_ts" not in parent["message"]
    assert [(one.text, one.broadcast) for one in slack.replies(slack.messages()[0])] == [
        ("quietly", False),
        ("loudly", True),
    ]
    shown = await page(slack)
    assert shown.count("quietly") == 1
    assert shown.count("loudly") == 2
    assert shown.count("broken") == 1


async def test_a_reply_to_what_is_not_there_goes_into_the_channel_and_nothing_is_said(
    slack: Slack, clock: ManualClock
) -> None:
    parent = await post(slack, text="broken", channel="stock")
    answer = await post(slack, text="lost", thread_ts=parent["ts"], reply_broadcast=True)  # another channel's
    assert answer["ok"] is True
    assert "thread_ts" not in answer["message"]
    assert [(one.thread_ts, one.broadcast) for one in slack.messages("orders")] == [(None, False)]


@pytest.mark.parametrize("thread_ts", ["0", "", "soon", "1.5"])
async def test_what_is_no_timestamp_is_refused(slack: Slack, thread_ts: str) -> None:
    answer = await post(slack, text="x", thread_ts=thread_ts)
    assert answer["error"] == "invalid_thread_ts"
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {thread_ts} is not a valid thread_ts"]


async def test_a_mention_is_shown_as_who_it_calls(slack: Slack) -> None:
    await post(slack, text="<!subteam^S0123> and <@U0456> and <!here>")
    assert "<b>@S0123</b> and <b>@U0456</b> and <b>@here</b>" in await page(slack)
