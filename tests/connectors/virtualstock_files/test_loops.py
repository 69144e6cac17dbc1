"""The loops over files: an order from its file to its dispatch, the change to REST, and cancellations."""

from pathlib import Path

import pytest
from sqlalchemy import select

from domain.records import Kind
from ledger.rows import table
from ledger.stock_tables import Level
from ledger.tables import Hold, Inbox, Message
from tasks.moving import move
from tests.connectors.virtualstock_files.shop import NAME, Shop


@pytest.fixture
async def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    await made.run("items", "orders", "stock")
    return made


def inbox_keys(shop: Shop) -> list[str]:
    return [row.key for row in shop.rows(Inbox, kind=Kind.SALES_ORDER)]


async def test_an_order_goes_from_its_file_to_its_dispatch(shop: Shop) -> None:
    reference = shop.edge.buy_basket(NAME, {"CUP-1": 2, "JUG-1": 1})
    assert reference
    await shop.run("orders", "orders")
    assert shop.created() == [reference]
    assert shop.statuses(reference) == ["ORDER_ACK", "ORDER_ACK"]
    await shop.run("orders")  # the acknowledgement is proved; before that nothing more is sent for the order
    [order] = shop.office.open_orders()
    shop.office.ship(order, "DPD", "15501234567001")
    await shop.run("dispatch", "dispatch", "orders")
    assert shop.statuses(reference) == ["DISPATCH", "DISPATCH"]
    assert not shop.rows(Hold)
    assert all(row.closed_at for row in shop.rows(Message))
    assert not list(shop.folders.incoming.iterdir())


async def test_an_order_keeps_its_key_when_the_account_moves_from_files_to_rest(shop: Shop) -> None:
    """One is taken and not shipped, one is filed and not even created: neither is imported twice."""
    taken = shop.edge.buy(NAME, "CUP-1", 2)
    assert taken
    await shop.run("orders", "orders")
    filed = shop.edge.buy(NAME, "JUG-1", 1)
    assert filed
    shop.office.outage_until = shop.clock.now().replace(year=2027)
    await shop.run("orders")
    before = inbox_keys(shop)
    assert before == [taken, filed]
    assert shop.created() == [taken]
    shop.office.outage_until = None

    shop.by_rest()
    with shop.database.transaction(NAME) as tx:
        move(tx, shop.installation, by="Sam", reason="REST is ready", dry_run=False)
    await shop.run("orders", "orders")
    assert inbox_keys(shop) == before, "the same orders under the same keys"
    assert sorted(shop.created()) == sorted([taken, filed]), "and each created once"
    assert [shop.statuses(one) for one in (taken, filed)] == [["ORDER_ACK"], ["ORDER_ACK"]]
    for number, order in enumerate(shop.office.open_orders()):
        shop.office.ship(order, "DPD", f"1550123456700{number}")
    await shop.run("dispatch", "orders", "dispatch", "dispatch")
    assert [shop.statuses(one) for one in (taken, filed)] == [["DISPATCH"], ["DISPATCH"]]
    dispatches = [row for row in shop.rows(Message) if row.kind == Kind.DISPATCH]
    assert len(dispatches) == 2
    assert all(row.closed_as == "done" for row in dispatches)
    assert not shop.rows(Hold)


async def test_an_order_cancelled_before_it_was_read_is_never_created(shop: Shop) -> None:
    regretted = shop.edge.buy(NAME, "CUP-1", 1)
    assert regretted
    shop.edge.request_cancellation(NAME, regretted)
    await shop.run("orders", "orders", "orders")
    assert shop.created() == []
    assert shop.statuses(regretted) == ["CANCEL_ACK"]


async def test_a_cancellation_that_comes_in_a_later_run_keeps_the_address_and_asks_a_person(shop: Shop) -> None:
    reference = shop.edge.buy(NAME, "CUP-1", 1)
    assert reference
    await shop.run("orders", "orders")
    shop.edge.request_cancellation(NAME, reference)
    await shop.run("orders")
    [hold] = shop.rows(Hold)
    assert hold.type == "cancelled_after_creation"
    assert inbox_keys(shop) == [reference]


async def test_units_of_an_order_whose_cancellation_cannot_be_read_are_not_offered(shop: Shop) -> None:
    """Both files come in one read: the order must wait, and what was sold is sold."""
    [before] = shop.rows(Level, sku="CUP-1")
    reference = shop.edge.buy(NAME, "CUP-1", 3)
    assert reference
    shop.edge.request_cancellation(NAME, reference)
    shop.folders.publish()
    [request] = shop.folders.incoming.glob("cancel-*.txt")
    whole = request.read_bytes()
    request.write_bytes(whole[: len(whole) // 2])
    await shop.run("orders")
    [hold] = shop.rows(Hold)
    [level] = shop.rows(Level, sku="CUP-1")
    assert (hold.type, level.wanted) == ("malformed_payload", before.wanted - 3)
    assert shop.created() == []
    request.write_bytes(whole)
    request.with_name(f"{request.name}.DONE").touch()
    await shop.run("orders", "orders", "stock")
    assert not shop.rows(Hold)
    assert shop.created() == []
    [level] = shop.rows(Level, sku="CUP-1")
    assert level.wanted == before.wanted


async def test_a_cancellation_that_comes_before_its_order_waits_for_it(shop: Shop) -> None:
    reference = shop.edge.buy(NAME, "CUP-1", 1)
    assert reference
    shop.edge.request_cancellation(NAME, reference)
    shop.folders.publish()
    late = [path for path in shop.folders.incoming.iterdir() if path.name.startswith("order-")]
    texts = {path: path.read_bytes() for path in late}
    for path in late:
        path.unlink()
    await shop.run("orders")
    [hold] = shop.rows(Hold)
    assert hold.type == "malformed_payload"
    assert shop.created() == []
    for path, text in texts.items():
        path.write_bytes(text)
    await shop.run("orders", "orders", "orders")
    assert not shop.rows(Hold)
    assert shop.created() == []
    assert shop.statuses(reference) == ["CANCEL_ACK"]


async def test_a_bad_file_is_held_and_its_repeat_mends_it(shop: Shop) -> None:
    reference = shop.edge.buy(NAME, "CUP-1", 1)
    assert reference
    shop.folders.publish()
    [path] = [one for one in shop.folders.incoming.iterdir() if one.suffix == ".txt"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    await shop.run("orders", "orders")
    [hold] = shop.rows(Hold)
    assert hold.type == "malformed_payload"
    assert not list(shop.folders.incoming.iterdir()), "it is kept in the ledger and put away"
    shop.folders.put("order", whole)
    await shop.run("orders", "orders")
    assert not shop.rows(Hold)
    assert shop.created() == [reference]


async def test_a_refused_dispatch_is_held_and_sent_again_when_it_is_released(shop: Shop) -> None:
    reference = shop.edge.buy(NAME, "CUP-1", 1)
    assert reference
    await shop.run("orders", "orders", "orders")
    [order] = shop.office.open_orders()
    shop.office.ship(order, "DPD", "15501234567001")
    carriers, shop.edge.state.carriers = shop.edge.state.carriers, []
    await shop.run("dispatch", "dispatch")
    [hold] = shop.rows(Hold)
    assert hold.type == "refused"
    shop.edge.state.carriers = carriers
    [message] = shop.rows(Message, kind=Kind.DISPATCH)
    assert (message.ticket, message.attempted_at) == (None, None), "released, it is sent afresh"


async def test_a_number_that_the_vendor_refuses_late_is_held(shop: Shop) -> None:
    shop.edge.state.supplier(NAME).products._by_part_number.clear()
    shop.office.receive_stock("CUP-1", 5)
    await shop.run("stock", "orders", "orders", "stock")
    assert {hold.subject for hold in shop.rows(Hold)} == {"level"}


async def test_stock_goes_by_file_and_is_proved(shop: Shop) -> None:
    shop.office.receive_stock("CUP-1", 5)
    await shop.run("stock", "orders", "orders", "stock")
    assert shop.edge.published(NAME, "CUP-1") == 25


async def test_a_chunk_that_another_worker_overtook_is_not_filed(shop: Shop) -> None:
    """The older whole would be written over the newer one, and the part that came between would be lost."""
    from tasks.filing import file
    from tasks.judge import judge
    from tasks.loops import ORDERS
    from tasks.pull import pull_chunk
    from tasks.run import Run, open_connectors, surroundings

    reference = shop.edge.buy(NAME, "CUP-1", 1)
    assert reference
    around = surroundings(shop.database, shop.transport, shop.files)
    slow = Run(shop.installation, ORDERS, shop.database, open_connectors(shop.installation, around), run_id="slow")
    chunk = await pull_chunk(slow, ORDERS.intakes[0])
    assert chunk is not None
    judged = await judge(slow, chunk)
    shop.edge.request_cancellation(NAME, reference)
    await shop.run("orders")
    [before] = shop.rows(Inbox, kind=Kind.SALES_ORDER)
    await file(slow, judged)
    [after] = shop.rows(Inbox, kind=Kind.SALES_ORDER)
    assert (after.fingerprint, after.version) == (before.fingerprint, before.version)
    await shop.run("orders", "orders")
    assert shop.statuses(reference) == ["CANCEL_ACK"]


async def test_one_number_that_is_owed_again_is_no_lost_file(shop: Shop) -> None:
    """A ticket of a sink that takes numbers side by side is no file of all: it calls nobody when it is owed again."""
    shop.office.receive_stock("CUP-1", 5)
    await shop.run("stock", "orders", minutes=0)
    for path in shop.folders.inventory.glob("*.csv"):
        path.rename(shop.folders.root / "own" / "being-written" / path.name)  # as if it had never been moved
    shop.clock.move(660)
    await shop.run("stock", "orders", "stock")
    with shop.database.transaction(NAME) as tx:
        assert not tx.rows(select(table(Hold))), "not even one that was closed since"
    assert shop.edge.published(NAME, "CUP-1") == 25
