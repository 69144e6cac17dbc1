"""Which side's items are read, which back office may be without any, and what follows when a listing gets another number."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from connectors.registry import SYSTEMS
from connectors.roles import GivesItems
from domain.installation import Installation, Side
from domain.records import Item, Kind, Page, Received
from ledger import items
from ledger.database import Database
from ledger.rows import table
from ledger.stock_tables import Level
from tasks.filing_levels import file_items
from tasks.installations import WrongConfiguration, all_installations
from tasks.judge import Judged
from tasks.loops import INTAKES, ITEMS, STOCK, intakes_of
from tasks.pull import Pulled
from tests.doubles import ManualClock
from tests.ledger.making import list_skus
from tests.stateful.offices import OFFICES
from tests.tasks.making import Office, Shop, installation, run_of

GOOD = (Path(__file__).parents[2] / "deployments" / "installations" / "harbour.toml").read_text()


@pytest.mark.parametrize(
    ("master", "read"), [("back_office", [Side.BACK_OFFICE, Side.MARKETPLACE]), ("marketplace", [Side.MARKETPLACE])]
)
def test_where_the_listings_are_the_items_no_others_are_read(master: str, read: list[Side]) -> None:
    settings = OFFICES["magento"].installation("harbour", ManualClock().now()) | {"product_master": master}
    installation = Installation.model_validate(settings)
    assert [intake.side for intake in intakes_of(ITEMS, installation)] == read
    assert [intake.kind for intake in intakes_of(STOCK, installation)] == [Kind.STOCK_LEVEL, Kind.SALES_ORDER]


def test_a_back_office_without_items_is_taken_only_where_the_listings_are_the_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bases = tuple(base for base in SYSTEMS["magento"].__bases__ if base is not GivesItems)
    monkeypatch.setitem(SYSTEMS, "magento", type("Itemless", bases, dict(vars(SYSTEMS["magento"]))))
    (tmp_path / "harbour.toml").write_text(GOOD)
    with pytest.raises(WrongConfiguration, match="magento cannot play GivesItems as back_office"):
        all_installations(tmp_path)
    (tmp_path / "harbour.toml").write_text(GOOD.replace('_master = "back_office"', '_master = "marketplace"'))
    assert set(all_installations(tmp_path)) == {"harbour"}


@pytest.mark.parametrize(
    ("stock_number", "listing", "is_owed"),
    [("number-A", "listing-A", False), ("another", "listing-A", True), ("number-A", "another", True)],
)
def test_the_stock_of_a_listing_that_gets_another_number_is_sent_again_and_told(
    database: Database, clock: ManualClock, stock_number: str, listing: str, *, is_owed: bool
) -> None:
    run = run_of(database, ITEMS, Shop(), Office(), installation(clock))
    level = table(Level)
    with run.transaction() as tx:
        list_skus(tx, "A")
        tx.run(update(level).values(wanted=5, published=5, owed=False))
        shown = [Received(Item(sku="A", stock_number=stock_number, external_id=listing), {})]
        pulled = Pulled(INTAKES[Side.MARKETPLACE, Kind.ITEM], Page([], [], began_at=clock.now()), last=True)
        file_items(run, tx, Judged(pulled, shown, {}))
        assert tx.value(select(level.c.owed)) == is_owed
        assert items.of(tx, ["A"])["A"].stock_number == stock_number
    assert ("relisted" in [news.what for news in run.news.lines]) is is_owed
    database.close()
