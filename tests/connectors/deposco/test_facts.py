"""What a look at a live tenant says: a filter that is ignored is seen, and nothing is made up on an empty one."""

import pytest

from connectors.deposco.facts import ONLY_READS
from connectors.facts import Seen
from connectors.roles import GivesDispatches
from tests.connectors.deposco import cases
from tests.connectors.deposco.harness import Harness


async def looked(tenant: Harness, words: str) -> Seen:
    [fact] = [fact for fact in tenant.connector.facts() if words in fact.statement]
    assert fact.look is not None
    return await fact.look()


@pytest.mark.parametrize(
    ("name", "words"), [("customerOrderNumber", "by customerOrderNumber"), ("updatedAfter", "by updatedAfter")]
)
async def test_a_filter_that_the_tenant_ignores_is_seen(name: str, words: str) -> None:
    tenant = Harness()
    await cases.feeds(cases.World(tenant))[GivesDispatches].show(2)
    assert (await looked(tenant, words)).holds is not False
    tenant.sandbox.switches.ignored = frozenset({name})
    tenant.clock.move(8 * 86_400)
    assert (await looked(tenant, words)).holds is False


async def test_stock_that_is_shown_unasked_is_seen() -> None:
    tenant = Harness()
    tenant.put_item("MUG-1")
    assert (await looked(tenant, "only these come")).holds is True


async def test_without_orders_nobody_can_tell() -> None:
    tenant = Harness()
    for words in ("are of the business unit", "begin with the newest", "by updatedAfter", "by customerOrderNumber"):
        assert (await looked(tenant, words)).holds is None, words


def test_only_the_sign_in_may_be_posted() -> None:
    assert [verb for verb, _ in ONLY_READS] == ["POST"]
