"""A look at a company where a fact does not hold says so."""

from connectors.facts import Seen
from tests.connectors.cin7_core.harness import Harness
from tests.connectors.making import sales_order


async def seen(harness: Harness, about: str) -> Seen:
    [fact] = [fact for fact in harness.connector.facts() if about in fact.statement]
    assert fact.look
    return await fact.look()


async def test_an_external_id_that_is_found_by_a_part_is_noticed() -> None:
    harness = Harness()
    for sku in ("MUG-1", "BOWL-1"):
        harness.put_item(sku)
    await harness.connector.sales_order_sink.send([sales_order()])
    assert (await seen(harness, "ExternalID")).holds is True
    harness.sandbox.switches.external_id_contains = True
    assert (await seen(harness, "ExternalID")).holds is False


async def test_a_status_that_nobody_documented_is_noticed() -> None:
    harness = Harness()
    harness.put_item("MUG-1")
    assert (await seen(harness, "Active or Deprecated")).holds is True
    harness.sandbox.company.stock.products["MUG-1"].status = "Dreaming"
    look = await seen(harness, "Active or Deprecated")
    assert (look.holds, "Dreaming" in look.what) == (False, True)
