"""The token and the two hubs: it is on every call, and nowhere else."""

import logging

import httpx
import pytest

from domain.answers import Fatal, Unavailable
from sandbox.kit import Fault
from tests.connectors.seko.harness import TOKEN, Harness, sales_order


async def test_the_token_is_on_every_call_under_the_name_that_its_hub_wants() -> None:
    harness = Harness()
    harness.put_item()
    await harness.connector.check()
    names = {one.url.path.split("/")[1]: set(one.url.params.keys()) for one in harness.requests}
    assert names == {"api": {"productCodes", "api_key"}, "hub": {"token"}}
    assert all(TOKEN in str(one.url) for one in harness.requests)


async def test_the_token_is_in_no_log_line_and_no_exception(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    harness = Harness()
    harness.put_item()
    await harness.connector.stock_feed.read(None, ())
    harness.sandbox.faults.append(Fault("html", status=502, times=9))
    with pytest.raises(Unavailable) as trouble:
        await harness.connector.stock_feed.read(None, ())
    cause = trouble.value.__cause__
    assert cause is not None
    harness.sandbox.faults.clear()
    with pytest.raises(httpx.ReadTimeout) as timeout:
        raise httpx.ReadTimeout("late", request=harness.connector._hub.account._client.build_request("GET", "/x"))
    texts = [str(trouble.value), str(cause), str(timeout.value.request.url), caplog.text]
    assert "HTTP Request" in caplog.text
    assert not [text for text in texts if TOKEN in text]


@pytest.mark.parametrize("status", [200, 400, 401])
async def test_a_wrong_token_is_fatal_however_it_is_told(status: int) -> None:
    harness = Harness(token="wrong")
    harness.sandbox.switches.status_of_bad_tokens = status
    for ask in (
        harness.connector.check,
        lambda: harness.connector.sales_order_sink.send([sales_order()]),
        lambda: harness.connector.sales_order_sink.find([sales_order()]),
    ):
        with pytest.raises(Fatal) as denied:
            await ask()
        assert "token" in denied.value.advice
        assert "wrong" not in str(denied.value)


async def test_a_legacy_hub_that_is_closed_to_us_is_said_and_the_orders_go_on() -> None:
    harness = Harness()
    harness.put_item("MUG-1", 9)
    harness.put_item("BOWL-1", 9)
    harness.sandbox.switches.legacy_is_open = False
    with pytest.raises(Fatal):
        await harness.connector.check()
    assert harness.count() == {}
    await harness.connector.sales_order_sink.send([sales_order()])
    assert harness.count() == {"5501-A": 1}


@pytest.mark.parametrize("wraps", [True, False])
async def test_the_legacy_hub_is_read_with_and_without_its_wrapper(*, wraps: bool) -> None:
    harness = Harness()
    harness.sandbox.switches.legacy_wraps = wraps
    assert "the legacy hub answers too" in await harness.connector.check()


async def test_without_the_legacy_reads_check_says_what_is_not_found() -> None:
    assert "lost pushes are not found" in await Harness(legacy_reads=False).connector.check()


async def test_subscribing_changes_nothing_and_shows_no_address() -> None:
    harness = Harness()
    told = await harness.connector.subscribe("https://here.example/push/s3cret-path")
    assert "s3cret-path" not in told
    assert "Dispatch Confirmation" in told
    assert not harness.requests
