"""Faults, the dump and the seed of the pretend The Edge."""

from datetime import timedelta

import pytest

from sandbox.kit import Fault
from sandbox.virtualstock import Account
from tests.sandbox.virtualstock.edge import ACME, START, Edge


async def test_a_fault_before_does_nothing_and_a_fault_after_loses_only_the_answer(edge: Edge) -> None:
    reference = edge.place()
    edge.system.faults.append(Fault(kind="html", method="POST", path=".*/acknowledge/", status=500))
    broken = await edge.act(reference, "acknowledge")
    assert broken.status_code == 500
    assert broken.headers["content-type"].startswith("text/html")
    assert await edge.statuses(reference) == ("ORDER", ["ORDER"])
    edge.system.faults.append(Fault(method="POST", path=".*/acknowledge/", when="after", status=502))
    assert (await edge.act(reference, "acknowledge")).status_code == 502
    assert await edge.statuses(reference) == ("ORDER_ACK", ["ORDER_ACK"])
    assert edge.system.calls["POST /restapi/v4/orders/{id}/acknowledge/"] == 2
    edge.system.fail_for(60)
    assert (await edge.client.get("/restapi/v4/orders/")).status_code == 503
    edge.clock.move(60)
    assert (await edge.client.get("/restapi/v4/orders/")).status_code == 200


async def test_the_dump_tells_what_happened_when(edge: Edge) -> None:
    reference = edge.place()
    edge.clock.move(60)
    await edge.act(reference, "acknowledge")
    edge.clock.move(60)
    assert edge.system.request_cancellation("acme", reference) == ["1"]
    assert edge.system.request_cancellation("acme", reference) == []
    edge.clock.move(60)
    await edge.act(reference, "cancel_acknowledge")
    dump = (await edge.client.get("/_sandbox/store")).json()
    assert (dump["system"], dump["kind"], set(dump["accounts"])) == ("virtualstock", "marketplace", {"acme", "zephyr"})
    [order] = dump["accounts"]["acme"]["orders"]
    moments = [(START + timedelta(minutes=n)).isoformat() for n in range(4)]
    assert order == {
        "reference": reference,
        "id": "300001",
        "placed_at": moments[0],
        "acknowledged_at": moments[1],
        "cancel_requested_at": moments[2],
        "cancelled_at": moments[3],
        "lines": [
            {
                "line": "1",
                "stock_number": "12345671",
                "sku": "SKU-1",
                "quantity": 2,
                "status": "CANCEL_ACK",
                "dispatches": [],
            }
        ],
    }


def test_the_same_seed_gives_the_same_references_and_accounts_must_differ() -> None:
    def three(seed: int) -> list[str]:
        edge = Edge(seed=seed)
        return [edge.place() for _ in range(3)]

    assert three(1) == three(1)
    assert three(1) != three(2)
    with pytest.raises(ValueError, match="two accounts have the same supplier_id"):
        Edge(accounts=[ACME, Account("other", "other-user", "x", supplier_id=77)])
    with pytest.raises(LookupError, match="no account 'nobody'"):
        Edge().system.place_order("nobody", {})
