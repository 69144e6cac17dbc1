"""What an alert says, from causes in a ledger to messages in a pretend Slack on a real port."""

import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ledger.database import Database
from tasks import alerts
from tasks.alert_messages import Links
from tasks.alerts import send_alerts
from tests.connectors.slack.harness import Workspace
from tests.doubles import ManualClock
from tests.tasks.alerting import HARBOUR, POST, buttons, close_holds, fields, open_holds, send, texts


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
