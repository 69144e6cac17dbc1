import asyncio

import pytest

from domain.answers import Fatal, Unavailable
from domain.budgets import Lane
from sandbox.kit import Fault
from tests.connectors.virtualstock.harness import Harness
from tests.connectors.virtualstock.retailer import PASSWORD

LOGIN = "POST /restapi/v4/token"
REFRESH = "POST /restapi/v4/token/refresh"


async def test_one_login_serves_many_calls_at_once(edge: Harness) -> None:
    await asyncio.gather(*(edge.connector.check() for _ in range(8)))
    assert edge.sandbox.calls[LOGIN] == 1


async def test_token_calls_take_permits_of_the_same_budget(edge: Harness) -> None:
    await edge.connector.check()
    assert edge.budgets.taken == [Lane.URGENT, Lane.NORMAL]


async def test_access_is_refreshed_when_less_than_a_minute_remains(edge: Harness) -> None:
    await edge.connector.check()
    edge.clock.move(239)
    await edge.connector.check()
    assert edge.sandbox.calls[REFRESH] == 0
    edge.clock.move(2)
    await edge.connector.check()
    assert (edge.sandbox.calls[LOGIN], edge.sandbox.calls[REFRESH]) == (1, 1)


async def test_after_four_hours_it_logs_in_again(edge: Harness) -> None:
    await edge.connector.check()
    edge.clock.move(4 * 3600 - 30)
    await edge.connector.check()
    assert (edge.sandbox.calls[LOGIN], edge.sandbox.calls[REFRESH]) == (2, 0)


async def test_refused_refresh_is_followed_by_a_login(edge: Harness) -> None:
    await edge.connector.check()
    edge.clock.move(250)
    edge.fault("refresh", Fault(status=401, body={"detail": "Token is invalid or expired", "code": "token_not_valid"}))
    await edge.connector.check()
    assert (edge.sandbox.calls[LOGIN], edge.sandbox.calls[REFRESH]) == (2, 1)


async def test_401_is_tried_again_once_with_a_new_token(edge: Harness) -> None:
    await edge.connector.check()
    reference = edge.place_order()
    edge.fault("acknowledgement", Fault(status=401, body={"detail": "Given token not valid for any token type"}))
    record = edge.acknowledgement(reference)
    await edge.connector.acknowledgement_sink.send([record])
    assert edge.statuses(reference) == ["ORDER_ACK"]
    assert edge.sandbox.calls[LOGIN] == 2


async def test_second_401_stops_and_says_what_to_do(edge: Harness) -> None:
    record = edge.acknowledgement(edge.place_order())
    edge.fault("acknowledgement", Fault(status=401, body={"detail": "no"}, times=2))
    with pytest.raises(Fatal, match="username, password and base_url"):
        await edge.connector.acknowledgement_sink.send([record])


async def test_calls_that_are_refused_together_sign_in_again_once(edge: Harness) -> None:
    await edge.connector.check()
    records = [edge.acknowledgement(edge.place_order()) for _ in range(6)]
    edge.sandbox.access._key = b"the vendor changed its keys"
    await asyncio.gather(*(edge.connector.acknowledgement_sink.send([record]) for record in records))
    assert edge.count("acknowledgement") == {record.reference: 1 for record in records}
    assert edge.sandbox.calls[LOGIN] == 2


async def test_wrong_password_is_fatal_and_shows_no_secret(edge: Harness) -> None:
    edge.sandbox.access.passwords["supplier"] = "another"
    with pytest.raises(Fatal) as raised:
        await edge.connector.check()
    assert PASSWORD not in str(raised.value)
    assert PASSWORD not in repr(edge.settings)
    assert all(PASSWORD.encode() not in body for _, _, body in edge.archive.kept)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body="<html>release</html>"),
        Fault("truncated"),
        Fault("error_in_200", body={"detail": "no tokens today"}),
    ],
)
async def test_lost_login_does_not_make_a_write_unknown(edge: Harness, fault: Fault) -> None:
    record = edge.acknowledgement(edge.place_order())
    edge.fault("token", fault)
    with pytest.raises(Unavailable):
        await edge.connector.acknowledgement_sink.send([record])
    assert edge.calls("acknowledge") == 0
