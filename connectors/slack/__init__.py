"""Slack: where alerts are shown."""

from connectors.slack.connector import MessageGone, MessageId, Slack, SlackDown, SlackRefused, SlackSettings

__all__ = ["MessageGone", "MessageId", "Slack", "SlackDown", "SlackRefused", "SlackSettings"]
