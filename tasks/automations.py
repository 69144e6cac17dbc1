"""What Prefect's server watches by itself: whether the alerts flow still ends well. A dead worker can tell nobody."""

from datetime import timedelta

from prefect.automations import Automation, EventTrigger, Posture, ResourceSpecification, SendNotification
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from pydantic import SecretStr

from connectors.slack import SlackSettings

NAME = "The alerts flow does not run"
SINK = "operations-slack"
QUIET_FOR = timedelta(minutes=15)
_BODY = (
    "No run of the flow `alerts` has ended well for {minutes:.0f} minutes, so nothing that goes wrong is told. Look whether the "
    "worker runs, whether its work pool is paused, and how the last runs ended."
)


async def write_automations(quiet_for: timedelta = QUIET_FOR) -> str:
    """Write the automation, and the block by which it speaks, to the server; say what was done. It may be repeated.

    Where to speak, and the secret for it, come from the environment (`SlackSettings`). The server keeps them encrypted,
    as it must be able to speak when nothing of ours runs. Raises what the client raises.
    """
    settings = SlackSettings.from_environment()
    if not settings.switched_on:
        return (
            f"{NAME!r} is NOT watched: set SLACK_BOT_TOKEN and SLACK_CHANNEL, or SLACK_WEBHOOK_URL, and deploy again."
        )
    block_id = await _sink(settings).save(SINK, overwrite=True)
    body = _BODY.format(minutes=quiet_for.total_seconds() / 60)
    wanted = Automation(
        name=NAME,
        description="Made by `make deploy`: it would be written again there.",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Completed"},
            match_related=ResourceSpecification(
                {"prefect.resource.role": "deployment", "prefect.resource.name": "alerts"}
            ),
            posture=Posture.Proactive,
            threshold=1,
            within=quiet_for,
        ),
        actions=[SendNotification(block_document_id=block_id, subject=NAME, body=body)],
    )
    try:
        standing = await Automation.aread(name=NAME)
    except ValueError:  # there is none yet
        await wanted.acreate()
        return f"{NAME!r} is watched from now on."
    wanted.id = standing.id
    await wanted.aupdate()
    return f"{NAME!r} is watched."


def _sink(settings: SlackSettings) -> CustomWebhookNotificationBlock:
    """Return how the server speaks to Slack: as the alerts do, by the bot or by the webhook."""
    token, said = settings.bot_token.get_secret_value(), "*{{subject}}*\n{{body}}"
    if not token:
        webhook = {"webhook": settings.webhook_url.get_secret_value()}
        return CustomWebhookNotificationBlock(
            name=SINK, url="{{webhook}}", json_data={"text": said}, secrets=_secret(webhook)
        )
    return CustomWebhookNotificationBlock(
        name=SINK,
        url=f"{settings.api_url.rstrip('/')}/chat.postMessage",
        headers={"Authorization": "Bearer {{token}}"},
        json_data={"channel": settings.channel, "text": said},
        secrets=_secret({"token": token}),
    )


def _secret(values: dict[str, str]) -> dict[str, SecretStr]:
    return {name: SecretStr(value) for name, value in values.items()}
