"""The Slack connector against a pretend Slack on a real port: posting, editing, and every way to fail."""

import logging
import socket
import time
from collections.abc import Iterator

import pytest
from slack_sdk.http_retry.builtin_interval_calculators import BackoffRetryIntervalCalculator

from connectors.slack import MessageGone, MessageId, Slack, SlackDown, SlackRefused, SlackSettings
from tests.connectors.slack.harness import HOOK, TOKEN, Workspace, workspace

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*4 orders* wait"}}]
POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library try again at once; what Slack itself asks for is waited for."""
    monkeypatch.setattr(BackoffRetryIntervalCalculator, "calculate_sleep_duration", lambda *_: 0.0)


@pytest.fixture
def place() -> Iterator[Workspace]:
    with workspace() as served:
        yield served


async def test_a_message_is_posted_and_then_edited_in_place(place: Workspace) -> None:
    slack = place.slack()
    message = await slack.post("#stock", BLOCKS, "4 orders wait")
    assert message.channel == "C2", "an edit needs the channel's id, not its name"
    assert message.editable
    await slack.edit(message, [], "mended")
    [shown] = place.shown()
    assert [version.text for version in shown.versions] == ["4 orders wait", "mended"]
    assert shown.versions[0].blocks == BLOCKS


async def test_a_reply_stands_in_the_thread_and_in_the_channel(place: Workspace) -> None:
    slack = place.slack()
    message = await slack.post("#stock", BLOCKS, "4 orders wait")
    await slack.reply(message, BLOCKS, "nobody took it")
    parent, reply = place.shown("stock")
    assert (reply.thread_ts, reply.broadcast, reply.text, reply.blocks) == (parent.ts, True, "nobody took it", BLOCKS)
    assert len(parent.versions) == 1


async def test_a_message_of_a_webhook_has_no_thread(place: Workspace) -> None:
    slack = Slack(place.by_webhook())
    with pytest.raises(MessageGone, match="has no thread"):
        await slack.reply(await slack.post("", BLOCKS, "x"), BLOCKS, "y")


async def test_a_reply_that_finds_no_message_says_so(place: Workspace) -> None:
    with pytest.raises(MessageGone, match="posted anew"):
        await place.slack().reply(MessageId("C1", "x"), BLOCKS, "y")


async def test_a_webhook_posts_and_its_message_says_that_it_cannot_be_edited(place: Workspace) -> None:
    slack = Slack(place.by_webhook())
    message = await slack.post("#stock", BLOCKS, "4 orders wait")
    assert not slack.edits
    assert not message.editable
    assert [one.channel for one in place.shown()] == ["C1"], "a webhook has a channel of its own"
    with pytest.raises(MessageGone, match="cannot be edited"):
        await slack.edit(message, BLOCKS, "mended")


async def test_too_fast_is_tried_again_when_slack_says_so(place: Workspace) -> None:
    place.fail(POST, status=429, headers={"Retry-After": "1"}, body={"ok": False, "error": "ratelimited"})
    began = time.monotonic()
    await place.slack().post("orders", BLOCKS, "once")
    assert time.monotonic() - began >= 1.0
    assert [one.text for one in place.shown()] == ["once"]


async def test_a_long_wait_is_left_to_a_later_run(place: Workspace) -> None:
    place.fail(POST, status=429, headers={"Retry-After": "3600"}, body={"ok": False, "error": "ratelimited"})
    with pytest.raises(SlackDown, match="ratelimited"):
        await place.slack().post("orders", BLOCKS, "later")
    assert place.calls(POST) == 1


@pytest.mark.parametrize("by_webhook", [False, True])
async def test_a_server_error_and_a_lost_connection_are_tried_again(place: Workspace, by_webhook: bool) -> None:  # noqa: FBT001 - pytest hands it in
    place.fail(".*", status=500, body="oops")
    place.fail(".*", kind="html", status=503)
    slack = Slack(place.by_webhook()) if by_webhook else place.slack()
    await slack.post("orders", BLOCKS, "in the end")
    assert [one.text for one in place.shown()] == ["in the end"]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "body": "oops"},
        {"kind": "html", "status": 503},
        {"kind": "html", "status": 200},
        {"kind": "truncated"},
        {"kind": "error_in_200", "body": ["not", "an", "object"]},
        {"kind": "error_in_200", "body": {"ok": False, "error": f"no idea about {TOKEN}"}},
    ],
)
async def test_whatever_slack_answers_is_slack_down(place: Workspace, fault: dict[str, object]) -> None:
    place.fail(POST, times=9, **fault)
    with pytest.raises(SlackDown) as caught:
        await place.slack().post("orders", BLOCKS, "x")
    assert TOKEN not in repr(caught.value)


async def test_an_unreachable_slack_is_slack_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]  # closed again before it is called
    settings = SlackSettings.model_validate({"bot_token": TOKEN, "api_url": f"http://127.0.0.1:{port}/api/"})
    with pytest.raises(SlackDown, match=r"no readable answer .*check the network"):
        await Slack(settings).post("orders", BLOCKS, "x")


async def test_a_slack_that_hangs_is_not_waited_for(place: Workspace) -> None:
    place.fail(POST, kind="hang", seconds=4)
    began = time.monotonic()
    with pytest.raises(SlackDown):
        await place.slack(whole_call_seconds=0.3).post("orders", BLOCKS, "x")
    assert time.monotonic() - began < 3.5


async def test_a_wrong_token_says_what_to_do(place: Workspace) -> None:
    with pytest.raises(SlackDown, match=r"invalid_auth\. Check SLACK_BOT_TOKEN") as caught:
        await Slack(place.by_token("xoxb-wrong")).post("orders", BLOCKS, "x")
    assert not isinstance(caught.value, SlackRefused), "nobody gets through, so nothing else should be tried"


async def test_a_removed_webhook_says_what_to_do(place: Workspace) -> None:
    with pytest.raises(SlackDown, match="make a new one and set SLACK_WEBHOOK_URL"):
        await Slack(place.by_webhook("T0/B0/other")).post("", BLOCKS, "x")


@pytest.mark.parametrize("channel", ["no-such-channel", ""])
async def test_a_wrong_channel_is_refused_but_slack_is_not_down(place: Workspace, channel: str) -> None:
    with pytest.raises(SlackRefused, match="channel"):
        await place.slack().post(channel, BLOCKS, "x")


async def test_a_message_that_somebody_deleted_is_gone(place: Workspace) -> None:
    with pytest.raises(MessageGone):
        await place.slack().edit(MessageId("C1", "1.000001"), BLOCKS, "x")


@pytest.mark.parametrize("path", [POST, f"/services/{HOOK}"])
async def test_no_secret_in_a_log_an_exception_or_a_representation(
    place: Workspace, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    place.fail(path, times=9, status=500, body=f"{TOKEN} {HOOK}")
    settings = place.by_token() if path == POST else place.by_webhook()
    slack = Slack(settings)
    with pytest.raises(SlackDown) as caught:
        await slack.post("orders", BLOCKS, "x")
    assert caught.value.__context__ is None, "the library's exception holds the token"
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn")]
    seen = "".join(ours) + repr(caught.value) + repr(settings) + repr(slack) + str(vars(caught.value))
    assert TOKEN not in seen
    assert "hook-very-secret" not in seen


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL", "SLACK_CHANNEL", "SLACK_API_URL"):
        monkeypatch.delenv(name, raising=False)
    assert not SlackSettings.from_environment().switched_on
    monkeypatch.setenv("SLACK_BOT_TOKEN", "")
    assert not SlackSettings.from_environment().switched_on, "an empty line of .env is not a token"
    monkeypatch.setenv("SLACK_BOT_TOKEN", f" {TOKEN}\n")
    settings = SlackSettings.from_environment()
    assert settings.bot_token.get_secret_value() == TOKEN
    assert settings.api_url == "https://slack.com/api/"
    monkeypatch.setenv("SLACK_API_URL", "file:///etc/passwd")
    with pytest.raises(ValueError, match="api_url"):
        SlackSettings.from_environment()


def test_a_slack_without_a_way_to_post_is_refused() -> None:
    with pytest.raises(ValueError, match="SLACK_BOT_TOKEN nor SLACK_WEBHOOK_URL"):
        Slack(SlackSettings())
