"""Two roads for stock in one account: which number goes where, and that none is ever overtaken by an older one."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.http import Surroundings
from connectors.virtualstock import Virtualstock
from connectors.virtualstock.connector import VirtualstockOptions, VirtualstockSettings
from connectors.virtualstock.routing import Roads, RoutedAvailability, plan
from domain.answers import Absent, Accepted, Done, Found, Later, NotYet
from domain.records import Availability
from sandbox.virtualstock.folders import EdgeFolders
from tests.connectors.virtualstock.harness import Harness
from tests.connectors.virtualstock.retailer import ACCOUNT, PASSWORD
from tests.directory import Directory, down
from tests.directory import FileBreak as Break

ROADS = Roads(calls_per_minute=250, share=0.5, file_minutes=5)


class Two:
    """One account with both roads; small limits, so that four numbers are many."""

    def __init__(self, home: Path) -> None:
        self.rest = Harness()
        self.folders = EdgeFolders(self.rest.sandbox.state, ACCOUNT, self.rest.clock, home, takes_after=10**9)
        self.files = Directory(home)
        settings = VirtualstockSettings(
            base_url="http://edge.test",
            username="supplier",
            password=SecretStr(PASSWORD),
            sftp_host="edge.test",
            sftp_username="supplier",
            sftp_host_key="ssh-ed25519 AAAA",
            sftp_password=SecretStr("another password"),
        )
        options = VirtualstockOptions.model_validate(
            {"time_zone": "UTC", "calls_per_minute": 12, "stock_files": {"minutes_until_taken": 0.5}}
        )
        around = self.rest.surroundings
        handed = Surroundings(around.clock, around.budgets, around.archive, around.transport, self.files)
        self.sink: Any = Virtualstock(ACCOUNT, settings, options, handed).availability_sink
        assert isinstance(self.sink, RoutedAvailability)

    def level(self, number: int, quantity: int) -> Availability:
        return self.rest.availability(quantity, sku=f"SKU-{number}", stock_number=f"2300000{number}")

    def list_products(self, number: int) -> None:
        for one in range(number):
            self.rest.list_product(f"SKU-{one}", f"2300000{one}", free_stock=50)

    def shown(self, number: int) -> int:
        return self.rest.published(f"SKU-{number}")

    def take(self) -> None:
        """Let the vendor take what lies there."""
        waits, self.folders.takes_after = self.folders.takes_after, timedelta()
        self.folders.look()
        self.folders.takes_after = waits


@pytest.fixture
def two(tmp_path: Path) -> Two:
    made = Two(tmp_path)
    made.list_products(6)
    return made


def levels(*quantities: int) -> list[Availability]:
    edge = Harness()
    return [edge.availability(q, sku=f"S{n}", stock_number=f"{n:08d}") for n, q in enumerate(quantities)]


def test_the_break_even_follows_from_the_limits_and_is_told() -> None:
    assert ROADS.break_even == 625
    small = plan(levels(*[1] * 625), (), ROADS)
    assert (len(small.by_rest), len(small.by_file)) == (625, 0)
    large = plan(levels(*[1] * 626), (), ROADS)
    assert (len(large.by_rest), len(large.by_file)) == (0, 626)
    for told in ("626 others", "125 calls a minute", "5.0 minutes", "break-even 625"):
        assert told in large.why


def test_zeroes_go_by_rest_and_first_also_beside_a_file() -> None:
    mixed = plan(levels(*[1] * 700, 0, 0), (), ROADS)
    assert [one.quantity for one in mixed.by_rest] == [0, 0]
    assert len(mixed.by_file) == 700
    few = plan(levels(3, 0, 4), (), ROADS)
    assert [one.quantity for one in few.by_rest] == [0, 3, 4]


def test_more_zeroes_than_the_break_even_take_the_file_too() -> None:
    many = plan(levels(*[0] * 700), (), ROADS)
    assert (len(many.by_rest), len(many.by_file)) == (625, 75)


def test_what_an_unread_file_names_waits_except_for_a_zero() -> None:
    records = levels(5, 0, 7)
    chosen = plan(records, {"00000000", "00000001"}, ROADS)
    assert chosen.waiting == (records[0],)
    assert set(chosen.by_rest) == {records[1], records[2]}
    crowded = plan([*levels(*[0] * 700)], {"00000650"}, ROADS)
    assert crowded.by_rest[0].stock_number == "00000650"
    assert not {one.stock_number for one in crowded.by_file} & {"00000650"}


async def test_without_folders_there_is_one_road(edge: Harness) -> None:
    assert edge.connector.availability_sink.batch == 1


async def test_few_go_by_rest_and_many_by_file(two: Two) -> None:
    answers = await two.sink.send([two.level(0, 3), two.level(1, 4)])
    assert all(isinstance(one, Done) for one in answers.values())
    assert not list(two.folders.inventory.glob("*.csv"))
    answers = await two.sink.send([two.level(n, 9) for n in range(1, 5)] + [two.level(0, 0)])
    assert isinstance(answers["SKU-0"], Done)
    assert two.shown(0) == 0
    assert all(isinstance(answers[f"SKU-{n}"], Accepted) for n in range(1, 5))
    [file] = two.folders.inventory.glob("*.csv")
    assert file.read_text().splitlines() == ["part_number,free_stock", *(f"2300000{n},9" for n in range(1, 5))]
    assert two.shown(1) == 4, "it is not taken yet"


async def test_a_newer_number_never_passes_a_file_that_is_not_taken(two: Two) -> None:
    await two.sink.send([two.level(n, 9) for n in range(4)])
    later = await two.sink.send([two.level(1, 5)])
    assert isinstance(later["SKU-1"], Later)
    assert two.shown(1) == 50
    two.take()
    two.rest.clock.move(180)
    assert isinstance((await two.sink.find([two.level(1, 9)]))["SKU-1"], Found)
    assert isinstance((await two.sink.send([two.level(1, 5)]))["SKU-1"], Done)
    two.folders.look()
    assert two.shown(1) == 5


async def test_a_zero_passes_a_file_and_is_owed_again_when_the_file_came_over_it(two: Two) -> None:
    await two.sink.send([two.level(n, 9) for n in range(4)])
    zero = two.level(1, 0)
    assert isinstance((await two.sink.send([zero]))["SKU-1"], Accepted), "no proof while the file may come"
    assert two.shown(1) == 0
    assert isinstance((await two.sink.find([zero]))["SKU-1"], NotYet)
    two.take()
    assert two.shown(1) == 9
    assert not isinstance((await two.sink.find([zero]))["SKU-1"], Found | NotYet)
    assert isinstance((await two.sink.send([zero]))["SKU-1"], Done)
    assert two.shown(1) == 0


async def test_a_file_that_is_taken_and_not_worked_off_still_stands_before_newer_numbers(two: Two) -> None:
    await two.sink.send([two.level(n, 9) for n in range(4)])
    [file] = two.folders.inventory.glob("*.csv")
    file.unlink()  # taken
    two.rest.clock.move(180)
    assert isinstance((await two.sink.find([two.level(1, 9)]))["SKU-1"], NotYet)
    two.rest.clock.move(16 * 60)
    assert not isinstance((await two.sink.find([two.level(1, 9)]))["SKU-1"], Found | NotYet), "it was lost"


async def test_a_number_of_a_file_that_the_vendor_dropped_is_not_taken_for_one_that_sold(two: Two) -> None:
    """It was dropped while its product was being published; less than it is shown, and would be for ever."""
    await two.sink.send([two.level(n, 60) for n in range(4)])
    two.rest.sandbox.publishing(ACCOUNT, "SKU-1", 300)
    two.take()
    assert (two.shown(0), two.shown(1)) == (60, 50)
    two.rest.clock.move(180)
    assert isinstance((await two.sink.find([two.level(1, 60)]))["SKU-1"], NotYet)
    two.rest.clock.move(16 * 60)
    findings = await two.sink.find([two.level(0, 60), two.level(1, 60)])
    assert isinstance(findings["SKU-0"], Found)
    assert isinstance(findings["SKU-1"], Absent), "so the newest number is owed again"
    assert isinstance((await two.sink.send([two.level(1, 60)]))["SKU-1"], Done)
    assert two.shown(1) == 60


async def test_zeroes_go_while_the_folders_are_out_of_reach_and_nothing_else(two: Two) -> None:
    two.files.breaks = [Break("entries", ".*", down, times=99)]
    answers = await two.sink.send([two.level(0, 0), two.level(1, 4)])
    assert isinstance(answers["SKU-0"], Accepted)
    assert isinstance(answers["SKU-1"], Later)
    assert (two.shown(0), two.shown(1)) == (0, 50)


def test_half_a_road_is_refused() -> None:
    with pytest.raises(ValidationError, match="sftp_host needs"):
        VirtualstockSettings(username="u", password=SecretStr("p"), sftp_host="edge.test")
