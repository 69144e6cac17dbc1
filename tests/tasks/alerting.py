"""Holds that are worth an alert, and what people read of them in a pretend Slack on a real port."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.slack import Slack
from domain.installation import Installation
from ledger import holds
from ledger.database import Database, Transaction
from sandbox.slack import Message
from tasks import operators
from tasks.alert_messages import Links
from tasks.alerts import Told, send_alerts
from tasks.loops import LOOPS
from tests.connectors.slack.harness import Workspace

POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"


LINKS = Links(
    "http://prefect.test",
    {name: f"id-of-{name}" for name in ("take", "release", "map_carrier", "approve_stock", "orders-harbour")},
)


DEADLINE = datetime(2026, 3, 3, 23, 59, tzinfo=UTC)


def installation(name: str = "harbour", channel: str = "#orders", **more: Any) -> Installation:
    return Installation.model_validate(
        {
            "name": name,
            "marketplace": {"system": "m", "account": f"{name}-market"},
            "back_office": {"system": "b", "account": f"{name}-shop"},
            "product_master": "back_office",
            "slack_channel": channel,
            "loops": {loop: {"mode": "off"} for loop in LOOPS},  # none runs here, and one that is on would be silent
            **more,
        }
    )


HARBOUR = {"harbour": installation()}


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


def take_it(database: Database, cause: int = 1, by: str = "Sam", note: str = "rings the shop") -> operators.Plan:
    with database.transaction("harbour", "form") as tx:
        return operators.take(tx, cause=cause, by=by, note=note)


async def send(database: Database, slack: Slack, installations: Mapping[str, Installation] = HARBOUR) -> Told:
    return await send_alerts(database, installations, slack, LINKS)


def texts(place: Workspace) -> list[str]:
    """Return what people read now in each message."""
    return [json.dumps(message.blocks, ensure_ascii=False) for message in place.shown()]


def fields(place: Workspace) -> dict[str, str]:
    [message] = place.shown()
    return fields_of(message)


def fields_of(message: Message) -> dict[str, str]:
    found = [field["text"] for block in message.blocks for field in block.get("fields", ())]
    return dict(field.replace("*", "").split("\n", 1) for field in found)


def buttons(place: Workspace) -> dict[str, str]:
    [message] = place.shown()
    return buttons_of(message)


def buttons_of(message: Message) -> dict[str, str]:
    return {
        element["text"]["text"]: element["url"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    }
