"""A pretend Slack: incoming webhooks, three Web API methods, threads, and a page that shows the channels."""

from sandbox.slack.server import Message, Slack, Version

__all__ = ["Message", "Slack", "Version"]
