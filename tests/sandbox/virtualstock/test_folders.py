"""The pretend The Edge's folders: what it writes, what it takes, and what it refuses."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.virtualstock import Account, Virtualstock
from sandbox.virtualstock.flat_files import written
from sandbox.virtualstock.folders import EdgeFolders
from tests.doubles import ManualClock

ACK = {"order_number": "", "supplier_ref": "S", "test_flag": "n"}
LINE = {"line_ref": "1", "part_number": "23000001", "quantity": "2"}


class Edge:
    def __init__(self, home: Path) -> None:
        self.clock = ManualClock()
        self.system = Virtualstock(self.clock, accounts=[Account("acme", "acme", "pretend")])
        self.system.add_product("acme", stock_number="23000001", sku="CUP-1", ean="5000000000012", free_stock=9)
        self.folders = EdgeFolders(self.system.state, "acme", self.clock, home, takes_after=30)

    def buy(self) -> str:
        return str(self.system.buy("acme", "CUP-1", 2))

    def lay(self, name: str, text: str, *, marker: bool = True) -> None:
        (self.folders.outgoing / name).write_text(text)
        if marker:
            (self.folders.outgoing / f"{name}.DONE").touch()
        self.folders.look()
        self.clock.move(31)
        self.folders.look()

    def names(self) -> set[str]:
        return {path.name for path in self.folders.outgoing.iterdir()}

    def status(self, reference: str) -> str:
        order = self.system.state.supplier("acme").orders.by_reference(reference)
        assert order is not None
        return order.status


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return Edge(tmp_path)


def test_an_order_and_a_request_to_cancel_are_written_once_with_their_markers(edge: Edge) -> None:
    reference = edge.buy()
    edge.folders.look()
    edge.system.request_cancellation("acme", reference)
    edge.folders.look()
    edge.folders.look()
    names = sorted(path.name for path in edge.folders.incoming.iterdir())
    assert [name.partition("-")[0] for name in names] == ["cancel", "cancel", "order", "order"]
    [order] = list(edge.folders.incoming.glob("order-*.txt"))
    lines = order.read_text().splitlines()
    assert lines[-1] == '"4"'
    assert f'"{reference}"' in lines[1]


def test_what_was_read_over_rest_is_not_written(edge: Edge) -> None:
    reference = edge.buy()
    order = edge.system.state.supplier("acme").orders.by_reference(reference)
    assert order is not None
    order.lines[0].item["status"] = "ORDER_ACK"
    edge.system.state.supplier("acme").orders.settle(order)
    edge.folders.look()
    assert not list(edge.folders.incoming.iterdir())


def test_a_good_file_moves_the_order_that_rest_shows_and_goes(edge: Edge) -> None:
    reference = edge.buy()
    edge.lay("order-1.ack", written(ACK | {"order_number": reference}, [LINE]))
    assert edge.status(reference) == "ORDER_ACK"
    assert edge.names() == set()
    shipped = LINE | {"dispatch_date": "2026-03-02", "carrier": "dpd", "tracking_number": "1"}
    edge.lay("dispatch-1.txt", written({"order_number": reference, "supplier_ref": "S"}, [shipped]))
    assert edge.status(reference) == "DISPATCH"


def test_a_file_without_its_marker_or_too_young_is_not_taken(edge: Edge) -> None:
    reference = edge.buy()
    edge.lay("order-1.ack", written(ACK | {"order_number": reference}, [LINE]), marker=False)
    assert edge.names() == {"order-1.ack"}
    assert edge.status(reference) == "ORDER"
    edge.folders.takes_after = timedelta(hours=1)
    (edge.folders.outgoing / "order-1.ack.DONE").touch()
    edge.folders.look()
    assert edge.status(reference) == "ORDER"


@pytest.mark.parametrize(
    ("name", "spoil", "told"),
    [
        ("order-1.ack", lambda text: text.replace('"4"', '"5"'), "Checksum"),
        ("order-1.ack", lambda text: text[:-8], "parsed"),
        ("order-1.ack", lambda text: text.replace('"supplier_ref"', '"supplier"'), "Missing column supplier_ref"),
        ("order-1.ack", lambda text: text.replace('"1","23000001"', '"7","23000001"'), "not found"),
        ("order-1.ack", lambda text: text.replace('"2"', '"20"'), "bigger than allowed"),
        ("order-1.ack", lambda text: text.replace('"S"', '"S","more"'), "number of columns"),
        ("recall-1.ack", lambda text: text, "Unknown kind"),
        ("cancel-1.ack", lambda text: text, "Not allowed to change state"),
    ],
)
def test_a_bad_file_is_put_aside_with_the_reason(edge: Edge, name: str, spoil: Callable[[str], str], told: str) -> None:
    reference = edge.buy()
    edge.lay(name, spoil(written(ACK | {"order_number": reference}, [LINE])))
    assert edge.names() == {f"{name}.failed", f"{name}.DONE.failed", f"{name}.err", f"{name}.err.DONE"}
    assert told in (edge.folders.outgoing / f"{name}.err").read_text()
    assert edge.status(reference) == "ORDER"


def test_a_stock_file_is_taken_as_it_lies_and_its_faults_are_told(edge: Edge) -> None:
    lying = edge.folders.inventory / "inventory-1.csv"
    lying.write_text("part_number,free_stock\n23000001,4\n99999999,1\n23000001,-1\n")
    edge.folders.look()
    edge.clock.move(31)
    edge.folders.look()
    assert edge.system.published("acme", "CUP-1") == 4
    [error] = edge.folders.errors.iterdir()
    assert error.read_text().splitlines() == ["99999999: no such product", "23000001: invalid number"]
