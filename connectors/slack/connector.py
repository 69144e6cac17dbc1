"""Slack as the sink of alerts: a message is posted once and edited in place, or posted through an incoming webhook."""

import asyncio
import logging
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import (
    ConnectionErrorRetryHandler,
    HttpResponse,
    RateLimitErrorRetryHandler,
    RetryHandler,
)
from slack_sdk.http_retry.builtin_handlers import ServerErrorRetryHandler
from slack_sdk.webhook import WebhookClient

T = TypeVar("T")
Blocks = Sequence[dict[str, Any]]

READ_SECONDS = 10
WHOLE_CALL_SECONDS = 45.0
LONGEST_WAIT_SECONDS = 15
_RETRIES = 2

_NOTHING = SecretStr("")
_WEBHOOK = "webhook"
_NOBODY_GETS_THROUGH = {
    "account_inactive": "Make a new bot token and set SLACK_BOT_TOKEN.",
    "invalid_auth": "Check SLACK_BOT_TOKEN.",
    "missing_scope": "Give the Slack app the scope chat:write and install it again.",
    "no_service": "The webhook was removed: make a new one and set SLACK_WEBHOOK_URL.",
    "not_authed": "Check SLACK_BOT_TOKEN.",
    "not_allowed_token_type": "SLACK_BOT_TOKEN must be a bot token (xoxb-).",
    "ratelimited": "It is tried again with the next run.",
    "token_expired": "Make a new bot token and set SLACK_BOT_TOKEN.",
    "token_revoked": "Make a new bot token and set SLACK_BOT_TOKEN.",
}
_GONE = {
    *("message_not_found", "cant_update_message", "edit_window_closed"),
    *("thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"),
}

# The library writes addresses and answers to its log, and a webhook's address is its secret.
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001 - nobody may find it by name and turn it up


class SlackDown(Exception):
    """Slack cannot be reached or will not serve us. Note it, keep what is owed, and go on; it holds no secret."""


class SlackRefused(SlackDown):
    """Slack serves us, but refused this one message or channel; others may get through."""


class MessageGone(SlackRefused):
    """The message to edit or to answer is not there any more, or is not ours; post it anew."""


class SlackSettings(BaseModel):
    """Who posts, and where to. A bot token wins over a webhook, as only it can edit."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bot_token: SecretStr = _NOTHING
    webhook_url: SecretStr = _NOTHING
    channel: str = Field(default="", description="for installations that name none")
    api_url: str = Field(default="https://slack.com/api/", pattern=r"^https?://")

    @classmethod
    def from_environment(cls) -> "SlackSettings":
        """Read SLACK_BOT_TOKEN, SLACK_CHANNEL, SLACK_WEBHOOK_URL and SLACK_API_URL.

        Raises `ValueError` when SLACK_API_URL is not an address.
        """
        given = {
            "bot_token": os.environ.get("SLACK_BOT_TOKEN"),
            "channel": os.environ.get("SLACK_CHANNEL"),
            "webhook_url": os.environ.get("SLACK_WEBHOOK_URL"),
            "api_url": os.environ.get("SLACK_API_URL"),
        }
        return cls.model_validate({name: value.strip() for name, value in given.items() if value})

    @property
    def switched_on(self) -> bool:
        """Tell whether there is a way to post."""
        return bool(self.bot_token.get_secret_value() or self.webhook_url.get_secret_value())


@dataclass(frozen=True)
class MessageId:
    """Where a message is. Without a timestamp it came through a webhook and cannot be edited."""

    channel: str
    timestamp: str

    @property
    def editable(self) -> bool:
        """Tell whether the message can be edited."""
        return bool(self.timestamp)


class _ShortRateLimit(RateLimitErrorRetryHandler):
    """Wait as Slack asks, unless it asks for longer than a run should wait."""

    def _can_retry(self, *, response: HttpResponse | None = None, **_given: Any) -> bool:
        if response is None or response.status_code != 429:
            return False
        asked = next((values[0] for name, values in response.headers.items() if name.lower() == "retry-after"), "1")
        return asked.isascii() and asked.isdigit() and int(asked) <= LONGEST_WAIT_SECONDS


class Slack:
    """One workspace. Every failure is a `SlackDown`, and every call ends within `whole_call_seconds`."""

    def __init__(self, settings: SlackSettings, *, whole_call_seconds: float = WHOLE_CALL_SECONDS) -> None:
        if not settings.switched_on:
            raise ValueError("Slack: neither SLACK_BOT_TOKEN nor SLACK_WEBHOOK_URL is set; set one of them.")
        self.channel = settings.channel
        self._seconds = whole_call_seconds
        token, webhook = settings.bot_token.get_secret_value(), settings.webhook_url.get_secret_value()
        self._web = (
            WebClient(
                token, settings.api_url, timeout=READ_SECONDS, logger=_SILENT, retry_handlers=_patient_in_moderation()
            )
            if token
            else None
        )
        self._webhook = WebhookClient(
            webhook, timeout=READ_SECONDS, logger=_SILENT, retry_handlers=_patient_in_moderation()
        )

    @property
    def edits(self) -> bool:
        """Tell whether messages can be edited in place."""
        return self._web is not None

    async def post(self, channel: str, blocks: Blocks, text: str) -> MessageId:
        """Post a message; a webhook posts to its own channel, whatever `channel` says.

        Raises `SlackDown`. After it the message may be there nevertheless: Slack has no key that
        would make a second post harmless.
        """
        web = self._web
        if web is None:
            await self._within_time(lambda: self._through_webhook(blocks, text))
            return MessageId(_WEBHOOK, "")
        if not channel:
            raise SlackRefused("Slack: no channel is named. Set SLACK_CHANNEL, or slack_channel of the installation.")
        answer = await self._within_time(
            lambda: web.chat_postMessage(channel=channel, blocks=list(blocks), text=text, unfurl_links=False)
        )
        return MessageId(str(answer.get("channel")), str(answer.get("ts")))

    async def edit(self, message: MessageId, blocks: Blocks, text: str) -> None:
        """Replace what a message says. Raises `SlackDown`, and `MessageGone` when it must be posted anew."""
        web = self._web
        if web is None or not message.editable:
            raise MessageGone("Slack: a message of a webhook cannot be edited; set SLACK_BOT_TOKEN to edit in place.")
        await self._within_time(
            lambda: web.chat_update(channel=message.channel, ts=message.timestamp, blocks=list(blocks), text=text)
        )

    async def reply(self, message: MessageId, blocks: Blocks, text: str) -> None:
        """Answer a message in its thread, shown in its channel too: that notifies, which an edit does not.

        Raises as `edit` does. Like a post it may be there nevertheless. Slack puts an answer to a message that was
        deleted into the channel, and says nothing of it.
        """
        web = self._web
        if web is None or not message.editable:
            raise MessageGone("Slack: a message of a webhook has no thread; set SLACK_BOT_TOKEN to answer in one.")
        await self._within_time(
            lambda: web.chat_postMessage(
                channel=message.channel,
                thread_ts=message.timestamp,
                reply_broadcast=True,
                blocks=list(blocks),
                text=text,
                unfurl_links=False,
            )
        )

    def _through_webhook(self, blocks: Blocks, text: str) -> None:
        answer = self._webhook.send(blocks=list(blocks), text=text, unfurl_links=False)
        if answer.status_code != 200:
            raise _failure(answer.body, answer.status_code)

    async def _within_time(self, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.to_thread(call)
        except SlackDown:
            raise
        except SlackApiError as refusal:
            failure = _failure(refusal.response.get("error"), refusal.response.status_code)
        except Exception as trouble:  # noqa: BLE001 - whatever the library raises is Slack's failure, never ours
            failure = SlackDown(
                f"Slack: no readable answer ({type(trouble).__name__}). What is owed goes out with a later run; "
                "if this lasts, check the network and SLACK_API_URL."
            )
        raise failure  # outside of the handler: the library's exception holds the token and must not hang on to it


def _patient_in_moderation() -> list[RetryHandler]:
    return [ConnectionErrorRetryHandler(_RETRIES), _ShortRateLimit(_RETRIES), ServerErrorRetryHandler(_RETRIES)]


def _failure(word: object, status: int) -> SlackDown:
    """Return the exception for Slack's error word; what is not such a word is not shown."""
    if not isinstance(word, str) or not re.fullmatch(r"[a-z_]{3,60}", word):
        return SlackDown(f"Slack: HTTP {status} without a reason. What is owed goes out with a later run.")
    if word in _GONE:
        return MessageGone(f"Slack: {word}. It is posted anew.")
    if word in _NOBODY_GETS_THROUGH:
        return SlackDown(f"Slack: {word}. {_NOBODY_GETS_THROUGH[word]}")
    if status >= 403:
        return SlackDown(f"Slack: HTTP {status}, {word}. What is owed goes out with a later run.")
    return SlackRefused(f"Slack: {word}. Check the channel's name and that the bot is a member of it.")
