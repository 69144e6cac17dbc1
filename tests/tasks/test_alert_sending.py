"""Which alerts are sent and when: once each, in spite of Slack, of other senders, and of what changes meanwhile."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from connectors.slack import MessageId, Slack
from ledger import alerts as ledger_alerts
from ledger.database import Database
from tasks import alerts, prefect_api
from tasks.alerts import MOST_MESSAGES, send_owed
from tests.connectors.slack.harness import HOOK, TOKEN, Workspace
from tests.doubles import ManualClock
from tests.tasks.alerting import HARBOUR, POST, UPDATE, buttons, close_holds, fields, installation, open_holds, send


async def test_the_same_content_is_never_sent_twice(database: Database, place: Workspace) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await send(database, slack)
    open_holds(database, "o-2")
    close_holds(database, "o-2")  # owed again, and as it was
    told = await send(database, slack)
    assert (told.sent, told.left) == (0, 0)
    assert (place.calls(POST), place.calls(UPDATE)) == (1, 0)


@pytest.mark.parametrize("by_webhook", [False, True])
async def test_what_opened_and_closed_unseen_is_not_shown(
    database: Database,
    place: Workspace,
    by_webhook: bool,  # noqa: FBT001 - pytest hands it in
) -> None:
    slack = Slack(place.by_webhook()) if by_webhook else place.slack()
    open_holds(database, "o-1")
    close_holds(database, "o-1")
    told = await send(database, slack)
    assert (told.sent, told.left) == (0, 0)
    assert place.shown() == []
    open_holds(database, "o-1")
    assert (await send(database, slack)).sent == 1, "the same trouble again is a new cause"


async def test_a_webhook_posts_once_at_opening_and_once_at_closing(database: Database, place: Workspace) -> None:
    slack = Slack(place.by_webhook())
    open_holds(database, "o-1")
    await send(database, slack)
    for number in range(2, 5):
        open_holds(database, f"o-{number}")
        assert (await send(database, slack)).left == 0
    close_holds(database, "o-1", "o-2", "o-3", "o-4")
    for _ in range(3):
        await send(database, slack)
    opened, closed = place.shown()
    assert opened.blocks[0]["type"] == "header"
    assert closed.text.startswith("✅")


async def test_a_slack_that_is_down_loses_nothing_and_is_not_asked_again_at_once(
    database: Database, place: Workspace
) -> None:
    for sku in ("MUG-1", "MUG-2"):
        open_holds(database, f"o-{sku}", signature=sku)
    slack = Slack(place.by_token("xoxb-wrong"))
    told = await send(database, slack)
    assert (told.sent, told.left) == (0, 2)
    assert place.calls(POST) == 1
    assert "Check SLACK_BOT_TOKEN" in str(told)
    told = await send(database, place.slack())
    assert (told.sent, told.left) == (2, 0)


async def test_a_wrong_channel_of_one_seller_does_not_silence_the_other(database: Database, place: Workspace) -> None:
    both = {"harbour": installation(channel="#gone"), "meadow": installation("meadow", "#stock")}
    for sku in ("MUG-1", "MUG-2"):
        open_holds(database, f"o-{sku}", signature=sku)
    open_holds(database, "o-3", name="meadow")
    told = await send(database, place.slack(), both)
    assert (told.sent, told.left) == (1, 2)
    assert [message.channel for message in place.shown()] == ["C2"]
    assert place.calls(POST) == 2, "the wrong channel is tried once"


async def test_an_installation_without_a_channel_uses_the_usual_one(database: Database, place: Workspace) -> None:
    open_holds(database, "o-1")
    await send(database, place.slack(), {})
    assert [message.channel for message in place.shown()] == ["C1"]


async def test_a_message_that_was_deleted_is_posted_anew(database: Database, place: Workspace) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await send(database, slack)
    place.pretend._messages.clear()
    open_holds(database, "o-2")
    await send(database, slack)
    await send(database, slack)
    assert fields(place)["Affected"] == "2 orders"


async def test_a_failed_edit_is_made_up_for_even_if_the_content_went_back(database: Database, place: Workspace) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await send(database, slack)
    open_holds(database, "o-2")
    place.fail(UPDATE, when="after", kind="html", times=9)  # done, and not said so
    await send(database, slack)
    place.pretend.faults.clear()
    close_holds(database, "o-2")
    await send(database, slack)
    assert fields(place)["Affected"] == "1 order"


async def test_what_changes_while_it_is_sent_is_sent_after(database: Database, place: Workspace) -> None:
    slack = place.slack()
    post = slack.post

    async def joined_meanwhile(*given: Any) -> MessageId:
        open_holds(database, "o-2")  # would raise, or wait for ever, if a transaction spanned the call
        return await post(*given)

    slack.post = joined_meanwhile  # type: ignore[method-assign, assignment] # the moment between claim and note is the point
    open_holds(database, "o-1")
    assert (await send(database, slack)).left == 1
    assert (await send(database, slack)).left == 0
    assert fields(place)["Affected"] == "2 orders"


async def test_a_second_sender_does_not_post_what_the_first_is_posting(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    first, second = place.slack(), place.slack()
    post = first.post

    async def overtaken(*given: Any) -> MessageId:
        assert (await send(database, second)).sent == 0
        return await post(*given)

    first.post = overtaken  # type: ignore[method-assign, assignment] # two workers at once
    open_holds(database, "o-1")
    assert (await send(database, first)).sent == 1
    assert len(place.shown()) == 1


async def test_a_sender_that_died_is_replaced_after_its_time(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    open_holds(database, "o-1")
    with database.transaction("harbour") as tx:
        alert = ledger_alerts.take(tx, 1)
        assert alert is not None
        ledger_alerts.mark(tx, alert, tx.now + timedelta(seconds=120))
    assert (await send(database, place.slack())).left == 1
    clock.move(121)
    assert (await send(database, place.slack())).sent == 1


async def test_a_flood_of_causes_goes_out_at_one_a_second_and_the_rest_stays_owed(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    for number in range(MOST_MESSAGES + 3):
        open_holds(database, f"o-{number}", signature=f"MUG-{number}")
    began = clock.now()
    told = await send(database, place.slack())
    assert (told.sent, told.left) == (MOST_MESSAGES, 3)
    assert clock.now() - began == timedelta(seconds=MOST_MESSAGES - 1)
    assert (await send(database, place.slack())).left == 0
    assert len(place.shown()) == MOST_MESSAGES + 3


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SLACK_BOT_TOKEN", "SLACK_WEBHOOK_URL", "SLACK_CHANNEL", "SLACK_API_URL", "PREFECT_UI_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


async def test_without_slack_it_is_said_loudly_and_all_stays_owed(
    database: Database, surroundings: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_holds(database, "o-1")
    told = await send_owed(database, HARBOUR)
    assert told.startswith("ALERTS ARE SWITCHED OFF: 1 are owed")
    assert [record.levelno for record in caplog.records if told in record.getMessage()] == [logging.WARNING]
    with database.transaction("harbour") as tx:
        assert len(ledger_alerts.owed(tx)) == 1


async def test_a_wrong_address_of_slack_stops_no_run(
    database: Database, surroundings: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    surroundings.setenv("SLACK_BOT_TOKEN", TOKEN)
    surroundings.setenv("SLACK_API_URL", f"ftp://{TOKEN}")
    told = await send_owed(database, HARBOUR)
    assert "SLACK_API_URL is not an address" in told
    assert TOKEN not in told + caplog.text


async def test_the_environment_names_slack_and_the_pages_of_prefect(
    database: Database, place: Workspace, surroundings: pytest.MonkeyPatch
) -> None:
    async def ids(tag: str) -> dict[str, str]:
        return {"release": "abc"} if tag in {"operator", ""} else {}

    surroundings.setattr(prefect_api, "deployment_ids", ids)
    surroundings.setenv("SLACK_WEBHOOK_URL", f"{place.address}/services/{HOOK}")
    surroundings.setenv("PREFECT_UI_URL", "https://prefect.seller.example/")
    assert await send_owed(database, HARBOUR) == "No alert is owed."
    open_holds(database, "o-1")
    assert await send_owed(database, HARBOUR) == "1 alerts sent, 0 still owed."
    assert buttons(place)["Open the form release"].startswith(
        "https://prefect.seller.example/deployments/deployment/abc/run?parameters=%7B%22installation"
    )


async def test_a_prefect_that_does_not_answer_costs_only_the_form(
    database: Database, place: Workspace, surroundings: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def busy() -> dict[str, str]:
        raise ConnectionError("no server")

    surroundings.setenv("PREFECT_UI_URL", "https://prefect.seller.example")
    links = await alerts.look_up(busy)
    assert links.form("release", {}) == "https://prefect.seller.example/deployments"
    assert "Prefect did not name its deployments (ConnectionError)" in caplog.text
