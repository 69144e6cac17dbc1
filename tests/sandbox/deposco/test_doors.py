"""The doors: tokens, passwords, the limit of the whole tenant, and blank answers."""

import pytest

from sandbox.trade import BackOffice, VoidsPicks
from tests.sandbox.deposco.desk import MUG, Desk


def test_the_system_plays_the_back_office(desk: Desk) -> None:
    played: BackOffice = desk.system
    assert played.name == "deposco"
    assert isinstance(played, VoidsPicks)


async def test_an_installed_application_gets_a_token_for_an_hour(desk: Desk) -> None:
    answer = await desk.sign_in()
    assert answer.json()["expires_in"] == 3600
    assert (await desk.call("GET", "/items")).status_code == 200
    desk.clock.move(3600)
    assert await desk.refused("GET", "/items") == (401, ["Unauthorized"])


async def test_a_client_names_its_environment_and_never_a_business_unit(desk: Desk) -> None:
    form = {"grant_type": "client_credentials", "scope": "items/read", "env": "production", "company": "ACME"}
    desk.client.auth = ("client", "client-secret")
    assert (await desk.sign_in(**form)).status_code == 200
    refusal = await desk.sign_in(**form, businessUnitId="201")
    assert (refusal.status_code, refusal.json()) == (400, {"errors": [{"errorMessage": "Invalid business unit id"}]})
    assert (await desk.sign_in(**{**form, "env": "ua"})).status_code == 400
    desk.client.auth = ("client", "wrong")
    assert (await desk.sign_in(**form)).status_code == 401


async def test_a_wrong_refresh_token_and_a_body_that_is_no_form_are_refused(desk: Desk) -> None:
    wrong = {"grant_type": "refresh_token", "refresh_token": "other", "client_id": "client"}
    assert (await desk.sign_in(**wrong)).status_code == 401
    assert (await desk.client.post("/oauth2/token", json=wrong)).status_code == 415


async def test_a_scope_that_the_token_lacks_is_403(desk: Desk) -> None:
    desk.system.switches.scopes = frozenset({"items/read"})
    assert (await desk.call("GET", "/items")).status_code == 200
    assert (await desk.refused("GET", "/orders/salesOrders"))[0] == 403


@pytest.mark.parametrize("names_the_wait", [True, False])
async def test_both_generations_share_four_calls_a_second(*, names_the_wait: bool) -> None:
    desk = Desk(calls_per_second=4)
    desk.system.switches.retry_after = names_the_wait
    for _ in range(2):
        assert (await desk.call("GET", "/items")).status_code == 200
        assert (await desk.stock(itemNumbers=MUG, measures="atpQty")).status_code == 200
    refusal = await desk.stock(itemNumbers=MUG)
    assert refusal.status_code == 429
    assert ("retry-after" in refusal.headers) is names_the_wait
    desk.clock.move(1)
    assert (await desk.call("GET", "/items")).status_code == 200


async def test_every_so_manieth_v1_answer_is_a_blank_200() -> None:
    desk = Desk(blank_every=3)
    answers = [await desk.stock(itemNumbers=MUG, measures="atpQty") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 6
    assert [len(answer.content) > 0 for answer in answers] == [True, True, False, True, True, False]


async def test_v1_knows_its_user_only(desk: Desk) -> None:
    assert (await desk.client.get("/integration/ACME/enterpriseinventory/JLUK/availability")).status_code == 401
