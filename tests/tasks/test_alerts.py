"""Alerts, from causes in a ledger to messages in a pretend Slack on a real port."""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.slack import MessageId, Slack
from domain.installation import Installation
from ledger import alerts as ledger_alerts
from ledger import holds, schema
from ledger.database import Database, Transaction
from tasks import alerts, prefect_api
from tasks.alert_messages import Links
from tasks.alerts import MOST_MESSAGES, Told, send_alerts, send_owed
from tests.connectors.slack.harness import HOOK, TOKEN, Workspace, workspace
from tests.doubles import ManualClock

POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"
LINKS = Links(
    "http://prefect.test",
    {name: f"id-of-{name}" for name in ("release", "map_carrier", "approve_stock", "orders-harbour")},
)
DEADLINE = datetime(2026, 3, 3, 23, 59, tzinfo=UTC)


def installation(name: str = "harbour", channel: str = "#orders") -> Installation:
    return Installation.model_validate(
        {
            "name": name,
            "marketplace": {"system": "m", "account": f"{name}-market"},
            "back_office": {"system": "b", "account": f"{name}-shop"},
            "product_master": "back_office",
            "slack_channel": channel,
        }
    )


HARBOUR = {"harbour": installation()}


@pytest.fixture
def place() -> Iterator[Workspace]:
    with workspace() as served:
        yield served


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(clock: ManualClock) -> Iterator[Database]:
    opened = Database("sqlite://", clock)
    schema.create(opened)
    yield opened
    opened.close()


def hold(tx: Transaction, order: str = "o-1", **more: Any) -> None:
    new = {
        "type": "unknown_sku",
        "owner": "product data",
        "subject": holds.ORDER,
        "subject_id": order,
        "detail": "expect_sku_known: SKU MUG-9",
        "signature": "MUG-9",
        "order_key": order,
        "deadline_at": DEADLINE,
        **more,
    }
    assert holds.open_hold(tx, holds.NewHold(**new))


def open_holds(database: Database, *orders: str, name: str = "harbour", **more: Any) -> None:
    with database.transaction(name, "run-1") as tx:
        for order in orders:
            hold(tx, order, **more)


def close_holds(database: Database, *orders: str, closed_as: str = "mended", by: str = "the items run") -> None:
    with database.transaction("harbour") as tx:
        holds.close_holds(tx, holds.ORDER, orders, closed_as, by)


async def send(database: Database, slack: Slack, installations: Mapping[str, Installation] = HARBOUR) -> Told:
    return await send_alerts(database, installations, slack, LINKS)


def texts(place: Workspace) -> list[str]:
    """Return what people read now in each message."""
    return [json.dumps(message.blocks, ensure_ascii=False) for message in place.shown()]


def fields(place: Workspace) -> dict[str, str]:
    [message] = place.shown()
    found = [field["text"] for block in message.blocks for field in block.get("fields", ())]
    return dict(field.replace("*", "").split("\n", 1) for field in found)


def buttons(place: Workspace) -> dict[str, str]:
    [message] = place.shown()
    return {
        element["text"]["text"]: element["url"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    }


async def test_an_alert_says_what_support_must_know(database: Database, place: Workspace) -> None:
    open_holds(database, "o-1", "o-2")
    told = await send(database, place.slack())
    assert (told.sent, told.left, told.troubles) == (1, 0, [])
    [message] = place.shown("orders")
    assert message.blocks[0]["text"]["text"] == "harbour: SKU not in the back office"
    assert fields(place) == {
        "Affected": "2 orders",
        "First deadline": "Tue 03 Mar 23:59 GMT - 38 h 59 min left (at Mon 02 Mar 09:00 GMT)",
        "Owner": "product data",
        "Comes from": "back office",
        "First seen": "Mon 02 Mar 09:00 GMT",
        "Cause": "no. 1",
    }
    [shown] = texts(place)
    assert "Create or correct the SKU in the back office" in shown
    assert "SKU MUG-9" in shown
    assert "2 orders" in message.text


async def test_summer_deadlines_are_told_in_london_time(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    clock.move(150 * 24 * 3600)
    open_holds(database, "o-1", deadline_at=clock.now() - timedelta(minutes=61))
    await send(database, place.slack())
    assert fields(place)["First deadline"] == ("Thu 30 Jul 08:59 BST - passed 1 h 1 min ago (at Thu 30 Jul 10:00 BST)")


async def test_a_cause_is_one_message_while_500_holds_join_it(database: Database, place: Workspace) -> None:
    slack = place.slack()
    open_holds(database, "o-0")
    await send(database, slack)
    for start in range(1, 501, 100):
        open_holds(database, *(f"o-{number}" for number in range(start, start + 100)))
        await send(database, slack)
    [message] = place.shown()
    assert len(message.versions) == 6
    assert fields(place)["Affected"] == "501 orders"


async def test_the_close_is_shown_in_place_with_a_tick_and_its_reason(
    database: Database, place: Workspace, clock: ManualClock
) -> None:
    slack = place.slack()
    open_holds(database, "o-1", "o-2")
    await send(database, slack)
    clock.move(95 * 60)
    close_holds(database, "o-1", "o-2")
    await send(database, slack)
    [message] = place.shown()
    assert len(message.blocks) == 1
    assert message.text == "✅ harbour: SKU not in the back office - mended after 1 h 35 min: mended. 2 orders."


async def test_a_release_is_told_without_the_name_and_reason_of_the_person(
    database: Database, place: Workspace
) -> None:
    slack = place.slack()
    open_holds(database, "o-1")
    await send(database, slack)
    close_holds(database, "o-1", closed_as="released: Mrs Example rang", by="Jo Operator")
    await send(database, slack)
    [message] = place.shown()
    assert "released by a person" in message.text
    assert "Example" not in message.text + texts(place)[0]
    assert "Operator" not in message.text + texts(place)[0]


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


@pytest.mark.parametrize(
    ("more", "button", "parameters"),
    [
        ({}, "release", {"installation": "harbour", "cause": 1}),
        (
            {"type": "unmapped_carrier", "fix": {"carrier": " DPD & Söhne", "service": 'next "day"'}},
            "map_carrier",
            {"installation": "harbour", "carrier": " DPD & Söhne", "service": 'next "day"'},
        ),
        ({"type": "mass_zero"}, "approve_stock", {"installation": "harbour"}),
    ],
)
async def test_the_button_opens_the_filled_in_form(
    database: Database, place: Workspace, more: dict[str, Any], button: str, parameters: dict[str, Any]
) -> None:
    open_holds(database, "o-1", **more)
    await send(database, place.slack())
    address = urlsplit(buttons(place)[f"Open the form {button}"])
    assert address.path == f"/deployments/deployment/id-of-{button}/run"
    assert json.loads(parse_qs(address.query)["parameters"][0]) == parameters
    assert buttons(place)["Open the run"] == "http://prefect.test/flow-runs/flow-run/run-1"


async def test_an_unknown_deployment_links_to_the_list(database: Database, place: Workspace) -> None:
    open_holds(database, "o-1")
    await send_alerts(database, HARBOUR, place.slack(), Links("http://prefect.test"))
    assert buttons(place)["Open the form release"] == "http://prefect.test/deployments"


async def test_a_failed_run_is_told_with_its_link_and_the_form_to_run_it_again(
    database: Database, place: Workspace
) -> None:
    for run_id in ("run-1", "run-2"):
        with database.transaction("harbour", run_id) as tx:
            alerts.open_run_cause(tx, "orders", "harbour", run_id, "Crashed")
    await send(database, place.slack())
    assert fields(place)["Affected"] == "2 runs so far"
    again = urlsplit(buttons(place)["Run it again"])
    assert again.path == "/deployments/deployment/id-of-orders-harbour/run"
    assert json.loads(parse_qs(again.query)["parameters"][0]) == {"installation": "harbour"}
    assert buttons(place)["Open the run"].endswith("/run-1")
    with database.transaction("harbour", "run-3") as tx:
        assert alerts.close_run_cause(tx, "orders", "harbour")
        assert not alerts.close_run_cause(tx, "orders", "harbour")
    await send(database, place.slack())
    assert "a later run ended well" in place.shown()[0].text


async def test_a_system_that_is_down_is_one_cause_on_its_account(database: Database, place: Workspace) -> None:
    for _ in range(3):
        with database.transaction("harbour", "run-1") as tx:
            alerts.open_down_cause(tx, "harbour-shop", "no answer within 30 s. Check the shop.")
    await send(database, place.slack())
    assert "System does not serve us: harbour-shop" in texts(place)[0]
    assert fields(place)["Comes from"] == "back office"
    with database.transaction("harbour") as tx:
        assert alerts.close_down_cause(tx, "harbour-shop")
    await send(database, place.slack())
    assert "the system answered again" in place.shown()[0].text


async def test_white_space_and_markup_are_shown_and_do_nothing(database: Database, place: Workspace) -> None:
    open_holds(database, "o-1", detail=" MUG-9 <!channel> a\u200bb & *c* ")
    await send(database, place.slack())
    assert "␠MUG-9 &lt;!channel&gt; a⟨U+200B⟩b &amp; *c*␠" in texts(place)[0]


async def test_no_personal_data_is_shown_even_if_a_system_told_it(
    database: Database, place: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    detail = "refused: jo.bloggs@mail.example of SW1A 1AA, +44 7700 900123 or 07700 900123, EAN 0012345678905"
    fix = {"carrier": "DPD", "service": "", "recipient": "Jo Bloggs"}
    open_holds(database, "o-1", type="unmapped_carrier", detail=detail, fix=fix)
    place.fail(POST, times=9, status=500, body=detail)
    told = await send(database, place.slack())
    place.pretend.faults.clear()
    await send(database, place.slack())
    [shown] = texts(place)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn")]
    assert "refused: [hidden] of [hidden], [hidden] or [hidden], EAN 0012345678905" in shown
    for personal in ("loggs", "SW1A", "7700"):
        assert personal not in shown + place.shown()[0].text + str(told) + "".join(ours)


async def test_a_message_stays_within_slacks_limits(database: Database, place: Workspace) -> None:
    long = "<" * 9000
    fix = {"carrier": "c" * 4000, "service": ""}
    open_holds(database, "o-1", type="unmapped_carrier", detail=long, owner=long, fix=fix)
    told = await send(database, place.slack())
    assert told.troubles == []
    assert len(place.shown()) == 1


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
