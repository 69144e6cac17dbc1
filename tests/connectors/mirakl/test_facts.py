"""What a look at a live shop says, with one call for the orders, which may be polled once a minute."""

from connectors.facts import Seen
from connectors.mirakl.settings import MiraklOptions
from tests.connectors.mirakl.cases import ORDERS
from tests.connectors.mirakl.harness import Harness
from tests.contract.joint import Joint


async def looked(joint: Joint) -> dict[str, Seen]:
    return {fact.statement: await fact.look() for fact in joint.connector.facts() if fact.look}


async def test_the_looks_at_orders_take_one_call_and_tell_what_holds() -> None:
    joint = Joint.of("mirakl")
    shop = joint.harness
    assert isinstance(shop, Harness)
    shop.offer("MUG-1")
    shop.place()
    seen = await looked(joint)
    assert [request.url.path for request in joint.wire.requests].count(ORDERS) == 1
    assert {words: one.holds for words, one in seen.items()} == {
        "Prices come without tax, as they are asked for": True,
        "An order has no address before it is accepted and paid": True,
        "The gift message is in the field gift-message": True,
        "The product of an offer names an EAN": True,
    }


async def test_another_field_for_the_gift_message_is_no_proof_against_ours() -> None:
    joint = Joint.of("mirakl")
    shop = joint.harness
    assert isinstance(shop, Harness)
    shop.options = MiraklOptions(gift_message_field="greeting")
    joint.connector = joint.again()
    shop.place()
    seen = await looked(joint)
    assert seen["The gift message is in the field greeting"].holds is None
