"""A cause that nobody takes: the next owner is told once, in time, and framed by what waits; a cause that is taken is left alone."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.slack import Slack
from domain.installation import Installation
from ledger import holds, stories
from ledger.database import Database
from sandbox.slack import Message
from tasks import alerts
from tasks.alerts import Told
from tasks.watching import watch
from tests.connectors.slack.harness import TOKEN, Workspace
from tests.doubles import ManualClock
from tests.tasks.alerting import (
    POST,
    UPDATE,
    buttons_of,
    close_holds,
    fields_of,
    installation,
    open_holds,
    send,
    take_it,
)

CHAIN = {
    "to": ["operations", "head of operations"],
    "mentions": {"operations": "<!subteam^S0OPS>", "head of operations": "<@U0HEAD>"},
}
HARBOUR = installation(escalation=CHAIN)
HOUR = 3600


def look(database: Database, at: Installation = HARBOUR) -> str:
    """Do what the alerts flow does before it sends."""
    with database.transaction(at.name, "watch") as tx:
        return watch(tx, at)


async def minute(database: Database, slack: Slack, at: Installation = HARBOUR) -> Told:
    """Do what one run of the alerts flow does."""
    look(database, at)
    return await send(database, slack, {at.name: at})


def parent(place: Workspace) -> Message:
    [found] = [one for one in place.shown() if one.thread_ts is None]
    return found


def replies(place: Workspace) -> list[Message]:
    return place.pretend.replies(parent(place))


async def test_the_next_owner_is_told_once_after_the_time_and_then_the_one_after(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = place.slack()
    open_holds(database, "o-1", "o-2")
    await minute(database, slack)
    clock.move(HOUR - 60)
    assert "0 escalated" in look(database)
    await minute(database, slack)
    assert replies(place) == []
    clock.move(60)
    for _ in range(3):
        await minute(database, slack)
    [first] = replies(place)
    assert first.broadcast, "it is seen, and told, in the channel"
    assert first.text.startswith("*operations* <!subteam^S0OPS>: harbour: SKU not in the back office. 2 orders")
    assert "<!subteam^S0OPS>" in json.dumps(first.blocks)
    assert fields_of(parent(place))["Escalated to"] == "operations <!subteam^S0OPS>, Mon 02 Mar 10:00 GMT"
    clock.move(HOUR)
    for _ in range(3):
        await minute(database, slack)
        clock.move(10 * HOUR)
    assert [one.text.split(":")[0] for one in replies(place)] == [
        "*operations* <!subteam^S0OPS>",
        "*head of operations* <@U0HEAD>",
    ], "the chain has an end"


async def test_what_is_told_is_framed_by_what_waits(database: Database, place: Workspace, clock: ManualClock) -> None:
    open_holds(database, "o-1", "o-2")
    slack = place.slack()
    await minute(database, slack)
    clock.move(HOUR)
    await minute(database, slack)
    [step] = replies(place)
    assert fields_of(step) == {
        "Affected": "2 orders",
        "First deadline": "Tue 03 Mar 23:59 GMT - 37 h 59 min left (at Mon 02 Mar 10:00 GMT)",
        "Owner": "product data",
        "Nobody took it for": "1 h 0 min",
    }
    shown = json.dumps(step.blocks, ensure_ascii=False)
    assert "SKU MUG-9" in shown
    assert "Create or correct the SKU in the back office" in shown
    for message in (step, parent(place)):
        form = urlsplit(buttons_of(message)["Take it"])
        assert form.path == "/deployments/deployment/id-of-take/run"
        assert json.loads(parse_qs(form.query)["parameters"][0]) == {"installation": "harbour", "cause": 1}


async def test_a_near_deadline_is_escalated_earlier(database: Database, place: Workspace, clock: ManualClock) -> None:
    open_holds(database, "o-1", deadline_at=clock.now() + timedelta(minutes=40))
    slack = place.slack()
    await minute(database, slack)
    clock.move(19 * 60)
    await minute(database, slack)
    assert replies(place) == []
    clock.move(60)
    await minute(database, slack)
    assert len(replies(place)) == 1


async def test_what_is_taken_is_escalated_no_further_and_says_who_has_it(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack)
    take_it(database)
    for _ in range(3):
        clock.move(HOUR)
        await minute(database, slack)
    assert replies(place) == []
    assert fields_of(parent(place))["Taken by"] == "Sam at Mon 02 Mar 09:00 GMT"
    assert "Take it" not in buttons_of(parent(place))
    assert "rings" not in json.dumps(parent(place).blocks), "the note stays in the ledger"


async def test_a_step_that_came_just_before_it_was_taken_is_not_told(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack)
    clock.move(HOUR)
    assert "1 escalated" in look(database)
    take_it(database)
    await minute(database, slack)
    assert replies(place) == []
    assert "Taken by" in fields_of(parent(place))


async def test_what_is_mended_is_not_escalated(database: Database, place: Workspace, clock: ManualClock) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack)
    clock.move(HOUR)
    look(database)
    close_holds(database, "o-1")
    await minute(database, slack)
    assert replies(place) == []
    assert parent(place).text.startswith("✅")


async def test_the_same_trouble_again_is_untaken(database: Database, place: Workspace, clock: ManualClock) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack)
    take_it(database)
    close_holds(database, "o-1")
    await minute(database, slack)
    open_holds(database, "o-1")
    await minute(database, slack)
    clock.move(HOUR)
    await minute(database, slack)
    assert [one.text for one in place.shown()][-1].startswith("*operations*")


async def test_while_slack_is_down_a_step_stays_owed_and_goes_no_further(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack, deaf = place.slack(), Slack(place.by_token("xoxb-wrong"))
    open_holds(database, "o-1")
    await minute(database, slack)
    for _ in range(4):
        clock.move(HOUR)
        assert (await minute(database, deaf)).left == 1
    assert (await minute(database, slack)).left == 0
    await minute(database, slack)
    assert [one.text.split(":")[0] for one in replies(place)] == ["*operations* <!subteam^S0OPS>"]
    clock.move(HOUR)
    await minute(database, slack)
    assert len(replies(place)) == 2, "the time of the next begins when it was told"


async def test_nobody_is_skipped_for_what_slack_never_showed(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    deaf = Slack(place.by_token("xoxb-wrong"))
    open_holds(database, "o-1")
    for _ in range(3):
        await minute(database, deaf)
        clock.move(HOUR)
    slack = place.slack()
    await minute(database, slack)
    clock.move(60)
    await minute(database, slack)
    assert replies(place) == [], "its owner has seen it for a minute"


async def test_a_reply_that_fails_is_made_up_for(database: Database, place: Workspace, clock: ManualClock) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack)
    clock.move(HOUR)
    place.fail(POST, times=9, status=500, body="oops")
    assert (await minute(database, slack)).left == 1
    place.pretend.faults.clear()
    assert (await minute(database, slack)).left == 0
    await minute(database, slack)
    assert len(replies(place)) == 1
    assert len(parent(place).versions) == 3, "it was edited again, which harms nobody"


async def test_two_senders_tell_a_step_once(database: Database, place: Workspace, clock: ManualClock) -> None:
    first, second = place.slack(), place.slack()
    open_holds(database, "o-1")
    await minute(database, first)
    clock.move(HOUR)
    reply = first.reply

    async def overtaken(*given: Any) -> None:
        assert (await minute(database, second)).sent == 0
        await reply(*given)

    first.reply = overtaken  # type: ignore[method-assign, assignment] # two workers at once
    assert (await minute(database, first)).sent == 1
    await minute(database, second)
    assert len(replies(place)) == 1
    assert place.calls(UPDATE) == 1


async def test_an_alert_that_was_deleted_is_posted_anew_with_whom_it_calls(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack)
    place.pretend._messages.clear()
    clock.move(HOUR)
    for _ in range(3):
        await minute(database, slack)
    [anew] = place.shown()
    assert "<!subteam^S0OPS>" in fields_of(anew)["Escalated to"]
    assert len(anew.versions) == 1
    clock.move(HOUR)
    await minute(database, slack)
    assert [one.text.split(":")[0] for one in replies(place)] == ["*head of operations* <@U0HEAD>"]


async def test_a_webhook_posts_a_step_as_one_more_message(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = Slack(place.by_webhook())
    open_holds(database, "o-1")
    await minute(database, slack)
    for _ in range(3):
        clock.move(HOUR)
        for _ in range(2):
            await minute(database, slack)
    take_it(database)
    await minute(database, slack)
    close_holds(database, "o-1")
    await minute(database, slack)
    opened, first, second, closed = place.shown()
    assert opened.blocks[0]["type"] == "header"
    assert [one.text.split(":")[0] for one in (first, second)] == [
        "*operations* <!subteam^S0OPS>",
        "*head of operations* <@U0HEAD>",
    ]
    assert "Take it" in buttons_of(first)
    assert closed.text.startswith("✅")


async def test_a_failed_run_that_nobody_looks_at_is_told_again(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    usual = installation()
    slack = place.slack()
    with database.transaction("harbour", "run-1") as tx:
        alerts.open_run_cause(tx, "orders", "harbour", "run-1", "Crashed")
    await minute(database, slack, usual)
    for _ in range(4):
        clock.move(HOUR)
        await minute(database, slack, usual)
    [step] = replies(place)
    assert step.text.startswith("*operations*: harbour: Run failed: orders. 1 run so far, first deadline none.")


async def test_an_empty_chain_escalates_nothing(database: Database, place: Workspace, clock: ManualClock) -> None:
    nobody = installation(escalation={"to": []})
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack, nobody)
    clock.move(10 * HOUR)
    assert "0 escalated" in look(database, nobody)
    await minute(database, slack, nobody)
    assert replies(place) == []


async def test_no_personal_data_and_no_markup_of_others_is_in_a_step(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = place.slack()
    open_holds(database, "o-1", detail="refused: jo.bloggs@mail.example of SW1A 1AA <!channel>", owner="<!here>")
    await minute(database, slack)
    clock.move(HOUR)
    await minute(database, slack)
    [step] = replies(place)
    shown = json.dumps(step.blocks, ensure_ascii=False) + step.text
    assert "refused: [hidden] of [hidden] &lt;!channel&gt;" in shown
    assert "&lt;!here&gt;" in shown
    for hidden in ("loggs", "SW1A", "<!channel>", "<!here>", TOKEN):
        assert hidden not in shown


async def test_names_of_people_act_as_no_markup_and_show_no_address(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    odd = installation(escalation={"to": ["<!here>"]})
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack, odd)
    clock.move(HOUR)
    await minute(database, slack, odd)
    take_it(database, by="jo.bloggs@mail.example <!channel>")
    await minute(database, slack, odd)
    shown = [fields_of(parent(place)), replies(place)[0].text]
    assert "[hidden] &lt;!channel&gt; at" in fields_of(parent(place))["Taken by"]
    for one in ("<!here>", "<!channel>", "loggs"):
        assert one not in str(shown)


async def test_a_step_stays_within_slacks_limits(database: Database, place: Workspace, clock: ManualClock) -> None:
    long = "<" * 9000
    slack = place.slack()
    open_holds(database, "o-1", detail=long, owner=long)
    await minute(database, slack)
    clock.move(HOUR)
    assert (await minute(database, slack)).troubles == []
    take_it(database, by=long)
    assert (await minute(database, slack)).troubles == []
    assert len(replies(place)) == 1


async def test_each_step_is_in_the_journal_with_the_orders_that_wait(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await minute(database, slack)
    clock.move(HOUR)
    await minute(database, slack)
    with database.transaction("harbour") as tx:
        told = [(at, row["detail"]) for at, row in stories.told(tx, ["o-1"]) if row["what"] == "cause escalated"]
        assert holds.open_holds(tx), "it still waits"
    assert told == [(clock.now(), "no. 1 to operations: nobody took it since it was told")]
