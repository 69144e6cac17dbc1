"""The door: credentials, paths, the limit, the shapes of an error, faults."""

from datetime import timedelta
from typing import Any, Literal

import pytest

from sandbox.kit import Fault
from sandbox.trade import BackOffice
from tests.sandbox.cin7_core.desk import ACCOUNT, MUG, Desk

SWITCHED = "Active payment term with name 7 days was not found in Payment Terms reference book"


def test_the_system_plays_the_back_office(desk: Desk) -> None:
    played: BackOffice = desk.system
    assert played.name == "cin7_core"


async def test_wrong_credentials_are_answered_with_a_json_string(desk: Desk) -> None:
    answer = await desk.client.get("/ExternalApi/v2/me", headers={"api-auth-applicationkey": "other"})
    assert (answer.status_code, answer.json()) == (403, "Incorrect credentials!")


async def test_an_unknown_path_is_404_and_a_wrong_verb_405(desk: Desk) -> None:
    assert (await desk.call("GET", "products")).status_code == 404
    assert (await desk.call("DELETE", "product")).status_code == 405
    assert (await desk.call("PUT", "sale/order", {})).status_code == 405


@pytest.mark.parametrize("path", ["/externalapi/V2/SALELIST", "/ExternalApi/v2/SaleList", "/EXTERNALAPI/v2/salelist"])
async def test_paths_and_query_names_are_read_without_case(desk: Desk, path: str) -> None:
    await desk.header("JL-1-A")
    await desk.header("JL-2-A")
    answer = (await desk.client.get(path, params={"EXTERNALID": "JL-2-A", "limit": 5})).json()
    assert [row["ExternalID"] for row in answer["SaleList"]] == ["JL-2-A"]
    assert desk.system.calls["GET /ExternalApi/v2/saleList"] == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_the_limit_is_60_calls_in_any_minute_of_the_account(status: Literal[429, 503]) -> None:
    desk = Desk(calls_per_minute=60, over_limit_status=status)
    for _ in range(30):
        assert (await desk.call("GET", "me")).status_code == 200
    desk.clock.move(40)
    for _ in range(30):
        assert (await desk.call("GET", "ref/tax")).status_code == 200
    refusal = await desk.call("GET", "me")
    assert refusal.status_code == status
    assert refusal.json()[0]["ErrorCode"] == status
    assert "retry-after" not in refusal.headers
    assert desk.system.throttled["GET /ExternalApi/v2/me"] == 1
    desk.clock.move(19.9)
    assert (await desk.call("GET", "me")).status_code == status
    desk.clock.move(0.1)
    answers = [(await desk.call("GET", "me")).status_code for _ in range(31)]
    assert answers == [200] * 30 + [status]


async def test_the_limit_can_name_the_seconds_to_wait() -> None:
    desk = Desk(calls_per_minute=1)
    desk.system.switches.retry_after = True
    await desk.call("GET", "me")
    desk.clock.move(10)
    assert (await desk.call("GET", "me")).headers["retry-after"] == "51"


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("list", [{"ErrorCode": 400, "Exception": SWITCHED}]),
        ("object", {"ErrorCode": 400, "Exception": SWITCHED}),
        ("message", {"Message": SWITCHED}),
    ],
)
@pytest.mark.parametrize("in_200", [False, True])
async def test_a_refusal_has_three_shapes_each_also_with_200(
    desk: Desk, shape: Literal["list", "object", "message"], body: Any, *, in_200: bool
) -> None:
    desk.system.switches.error_shape, desk.system.switches.errors_in_200 = shape, in_200
    sent = {"Customer": "John Lewis Marketplace", "Location": "Main Warehouse", "Terms": "7 days"}
    answer = await desk.call("POST", "sale", sent)
    assert (answer.status_code, answer.json()) == (200 if in_200 else 400, body)
    desk.system.switches.errors_in_200 = False
    assert (await desk.get("saleList"))["Total"] == 0


async def test_a_body_that_cannot_be_parsed_is_500(desk: Desk) -> None:
    for content in (b"{", b"[1]", b"\xff"):
        answer = await desk.client.post("/ExternalApi/v2/sale", content=content)
        assert (answer.status_code, answer.json()[0]["ErrorCode"]) == (500, 500)


async def test_html_with_status_200_comes_through_a_fault(desk: Desk) -> None:
    desk.system.faults.append(Fault(kind="html", status=200, path="/ExternalApi/v2/saleList"))
    answer = await desk.call("GET", "SALELIST")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await desk.call("GET", "saleList")).json()["SaleList"] == []


async def test_a_fault_before_the_commit_leaves_no_sale_and_one_after_leaves_it(desk: Desk) -> None:
    body = {"Customer": "John Lewis Marketplace", "SkipQuote": True, "Location": "Main Warehouse", "ExternalID": "JL-1"}
    for when, found in (("before", 0), ("after", 1)):
        desk.system.faults.append(Fault(method="POST", path="/ExternalApi/v2/sale", when=when, kind="hang"))  # type: ignore[arg-type] # one of the two literals
        called_at = desk.clock.now()
        assert (await desk.call("POST", "sale", body)).status_code == 500
        assert desk.clock.now() - called_at == timedelta(seconds=120)
        assert (await desk.get("saleList", ExternalID="JL-1"))["Total"] == found


async def test_the_store_is_plain_json_and_holds_no_credentials(desk: Desk) -> None:
    await desk.order({MUG: 2})
    answer = await desk.client.get("/_sandbox/store")
    assert answer.json()["orders"][0]["lines"] == [{"sku": MUG, "quantity": 2, "shipped": 0, "cancelled": 0}]
    assert ACCOUNT not in answer.text


async def test_the_same_seed_makes_the_same_ids() -> None:
    first, again, other = Desk(seed=1), Desk(seed=1), Desk(seed=2)
    ids = [(await desk.header())["ID"] for desk in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
