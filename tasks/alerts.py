"""Alerts: a cause is a level and Slack its sink. What is owed is shown once, edited in place, and closed by evidence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from connectors.slack import MessageGone, MessageId, Slack, SlackDown, SlackRefused, SlackSettings
from domain.holds import TROUBLES, Owner
from domain.installation import Installation, Side
from ledger import alerts, holds
from ledger.alerts import Alert
from ledger.database import Database, Transaction
from tasks import prefect_api
from tasks.alert_messages import NOBODY, Links, Message, render, render_step

MOST_MESSAGES = 20
SECONDS_APART = 1.0  # Slack takes about one message a second and channel
_FORMS = "operator"  # the tag of the forms in prefect.yaml
_CLAIM_SECONDS = 120.0
_LOOK_UP_SECONDS = 20.0
_SWITCHED_OFF = (
    "ALERTS ARE SWITCHED OFF: {count} are owed and nobody is told. "
    "Set SLACK_BOT_TOKEN and SLACK_CHANNEL, or SLACK_WEBHOOK_URL."
)


@dataclass
class Told:
    """What one call sent, what it could not send, and why."""

    sent: int = 0
    left: int = 0
    troubles: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Say it in a line."""
        return " ".join([f"{self.sent} alerts sent, {self.left} still owed.", *dict.fromkeys(self.troubles)])


async def send_owed(database: Database, installations: Mapping[str, Installation]) -> str:
    """Send the alerts that are owed with the Slack and the Prefect that the environment names; say what was done.

    Never raises about Slack or Prefect: what was not sent stays owed, and is said here and in the run's log.
    """
    with database.transaction("alerts") as tx:
        count, types = len(alerts.owed(tx)), alerts.owed_types(tx)
    try:
        settings = SlackSettings.from_environment()
    except ValueError:
        return _warned("Slack: SLACK_API_URL is not an address (https://...); no alert is sent until it is corrected.")
    if not settings.switched_on:
        return _warned(_SWITCHED_OFF.format(count=count))
    if not count:
        return "No alert is owed."
    ids = partial(prefect_api.deployment_ids, "" if "run_failed" in types else _FORMS)
    told = await send_alerts(database, installations, Slack(settings), await look_up(ids))
    return _warned(str(told)) if told.troubles else str(told)


async def look_up(deployment_ids: Callable[[], Awaitable[Mapping[str, str]]]) -> Links:
    """Return the links, with the ids of deployments asked for once; without them where the server does not answer."""
    try:
        async with asyncio.timeout(_LOOK_UP_SECONDS):
            return Links(prefect_api.ui_url(), await deployment_ids())
    except Exception as trouble:  # noqa: BLE001 - an alert with a plainer link is better than none
        _warned(f"Prefect did not name its deployments ({type(trouble).__name__}); alerts link to their list instead.")
        return Links(prefect_api.ui_url())


async def send_alerts(
    database: Database, installations: Mapping[str, Installation], slack: Slack, links: Links
) -> Told:
    """Show every cause whose alert is owed: at most 20 messages, one a second; the rest stays owed.

    With a bot token a cause is one message, edited in place; with a webhook it is one when it opens
    and one when it closes. A step of its escalation is a reply in the thread, or one more message. What opened and closed unseen is not shown. A crash between Slack's
    answer and our note of it repeats a message: Slack has no key that would prevent it.
    """
    told, refusing = Told(), set[str]()
    with database.transaction("alerts") as tx:
        waiting = alerts.owed(tx)
    tries = 0
    for name, cause_id in waiting:
        channel = _channel(installations.get(name), slack)
        if tries >= MOST_MESSAGES or channel in refusing:
            continue
        claimed = _claim(database, name, cause_id, slack)
        if claimed is None:
            continue
        alert, sending = claimed
        if tries:
            await database.clock.sleep(SECONDS_APART)
        tries += 1
        try:
            message, step = _rendered(database, installations, links, alert)
            await _show(database, slack, alert, sending, channel, message, step)
            told.sent += 1
        except SlackRefused as refused:
            told.troubles.append(str(refused))
            if not isinstance(refused, MessageGone):
                refusing.add(channel)
        except SlackDown as down:
            told.troubles.append(str(down))
            break
    with database.transaction("alerts") as tx:
        told.left = len(alerts.owed(tx))
    return told


def open_run_cause(tx: Transaction, flow: str, installation: str, run_id: str, what: str) -> None:
    """Open the cause of a failed or crashed run, or count one more under it."""
    trouble = TROUBLES["run_failed"]
    holds.open_cause(
        tx,
        signature=_run_signature(flow, installation),
        type_=trouble.name,
        owner=trouble.owner,
        title=f"{trouble.title}: {flow}",
        detail=f"The run {run_id[:8]} of {flow} ended as {what}.",
    )


def close_run_cause(tx: Transaction, flow: str, installation: str) -> bool:
    """Close the cause of earlier failed runs, as a run ended well; False when there is none."""
    return holds.close_cause(tx, _run_signature(flow, installation))


def open_down_cause(tx: Transaction, account: str, what: str) -> None:
    """Open the cause of a system that does not serve us, or count one more run under it."""
    trouble = TROUBLES["system_down"]
    holds.open_cause(
        tx,
        signature=f"down:{account}",
        type_=trouble.name,
        owner=Owner.OPERATIONS,
        title=f"{trouble.title}: {account}",
        detail=what,
    )


def close_down_cause(tx: Transaction, account: str) -> bool:
    """Close the cause of a system that answered again; False when there is none."""
    return holds.close_cause(tx, f"down:{account}")


def _run_signature(flow: str, installation: str) -> str:
    return f"run:{flow}:{installation}"


def _claim(database: Database, name: str, cause_id: int, slack: Slack) -> tuple[Alert, str] | None:
    """Take one alert and mark that it is being sent; None when there is nothing to send for it."""
    with database.transaction(name) as tx:
        alert = alerts.take(tx, cause_id)
        if alert is None:
            return None
        if not _worth_sending(alert, slack):
            alerts.settle(tx, alert)
            return None
        until = tx.now + database.clock.machine(_CLAIM_SECONDS)
        return alert, alerts.mark(tx, alert, until)


def _worth_sending(alert: Alert, slack: Slack) -> bool:
    if alert.closed_at and not alert.posted:
        return False
    if alert.shown == alert.fingerprint():
        return False
    return slack.edits or not alert.posted or alert.closed_at is not None or alert.untold


async def _show(
    database: Database,
    slack: Slack,
    alert: Alert,
    sending: str,
    channel: str,
    message: Message,
    step: Message | None,
) -> None:
    """Show an alert. A step of its escalation comes after the edit, which fails where the thread is gone.

    A message that is posted anew names the next owner itself, so it tells the step too.
    """
    at = MessageId(alert.channel, alert.timestamp)
    try:
        if slack.edits and at.editable:
            await slack.edit(at, *message)
            if step is not None:
                await slack.reply(at, *step)
        else:
            at = await slack.post(channel, *(message if slack.edits or step is None else step))
    except SlackDown as trouble:
        with database.transaction(alert.installation) as tx:
            alerts.not_shown(tx, alert, sending, gone=isinstance(trouble, MessageGone))
        raise
    with database.transaction(alert.installation) as tx:
        alerts.shown(tx, alert, sending, at.channel, at.timestamp)


def _rendered(
    database: Database, installations: Mapping[str, Installation], links: Links, alert: Alert
) -> tuple[Message, Message | None]:
    """Return how an alert looks, and what tells the step of its escalation that is still to be told."""
    now: datetime = database.clock.now()
    installation = installations.get(alert.installation)
    mentions = installation.escalation.mentions if installation else NOBODY
    message = render(alert, links, now, _origin(alert, installation), mentions)
    return message, render_step(alert, links, now, mentions) if alert.untold else None


def _origin(alert: Alert, installation: Installation | None) -> str:
    """Return the side whose account is down; nothing for other causes, whose type says it."""
    kind, _, account = alert.signature.partition(":")
    if kind != "down" or installation is None:
        return ""
    sides = [side for side in Side if installation.endpoint(side).account == account]
    return ", ".join(side.value.replace("_", " ") for side in sides)


def _channel(installation: Installation | None, slack: Slack) -> str:
    return (installation.slack_channel if installation else "") or slack.channel


def _warned(what: str) -> str:
    """Say it loudly where people look: in the log of the run."""
    try:
        get_run_logger().warning(what)
    except MissingContextError:
        logging.getLogger(__name__).warning(what)
    return what
