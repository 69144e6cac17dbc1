"""Signing in to both generations, the shared budget, and what `check` says."""

import asyncio

import pytest

from connectors.deposco.settings import DeposcoSettings
from domain.answers import Done, Fatal
from tests.connectors.deposco.harness import SECRETS, Harness
from tests.connectors.making import sales_order


@pytest.mark.parametrize("installed", [True, False])
async def test_one_token_serves_an_hour_however_many_calls_wait(*, installed: bool) -> None:
    tenant = Harness(installed=installed)
    await asyncio.gather(*(tenant.connector.item_feed.read(None, ()) for _ in range(5)))
    assert tenant.calls("token") == 1
    tenant.clock.move(3_530)
    await tenant.connector.item_feed.read(None, ())
    assert tenant.calls("token") == 1
    tenant.clock.move(20)  # less than a minute is left
    await tenant.connector.item_feed.read(None, ())
    assert tenant.calls("token") == 2


async def test_a_token_that_was_revoked_is_replaced_once() -> None:
    tenant = Harness()
    await tenant.connector.item_feed.read(None, ())
    tenant.sandbox.doors.revoke()
    await tenant.connector.item_feed.read(None, ())
    assert tenant.calls("token") == 2


async def test_a_wrong_secret_is_fatal_and_says_what_to_look_at() -> None:
    tenant = Harness(client_secret="wrong-secret")
    with pytest.raises(Fatal, match="client_secret") as trouble:
        await tenant.connector.check()
    assert "wrong-secret" not in str(trouble.value)
    assert not [secret for secret in SECRETS if secret in str(trouble.value)]


async def test_check_says_what_was_seen_and_names_a_facility_that_is_not_there() -> None:
    tenant = Harness(facility="MK1")
    tenant.put_item("MUG-1", 5)
    assert await tenant.connector.check() == "business unit JLUK: 2 facilities, stock by facility"
    with pytest.raises(Fatal, match="NOWHERE"):
        await Harness(facility="NOWHERE").connector.check()


async def test_both_generations_stay_within_the_tenants_limit() -> None:
    tenant = Harness(calls_per_second=4)
    for number in range(30):
        tenant.put_item(f"MUG-{number}", 5)
    for number in range(6):
        order = sales_order(f"55{number:02d}-A", f"9001002{number:02d}")
        order = order.model_copy(update={"lines": (order.lines[0].model_copy(update={"sku": "MUG-1"}),)})
        answers = await tenant.connector.sales_order_sink.send([order])
        assert isinstance(answers[order.key], Done)
        await tenant.connector.stock_feed.read(None, ())
    assert not tenant.sandbox.throttled


def test_the_addresses_follow_the_base_unless_they_are_given() -> None:
    given = {"tenant": "ACME", "client_id": "c", "client_secret": "s", "user": "u", "password": "p"}
    usual = DeposcoSettings.model_validate(given)
    assert (usual.sign_in_base, usual.stock_base) == (
        "https://auth.deposco.com",
        "https://api.deposco.com/integration/ACME",
    )
    other = DeposcoSettings.model_validate({**given, "base_url": "https://one.test", "stock_url": "https://two.test/"})
    assert (other.sign_in_base, other.stock_base) == ("https://one.test", "https://two.test/integration/ACME")
