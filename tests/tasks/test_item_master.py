"""Which side's items are read, and which back office may be without any."""

from pathlib import Path

import pytest

from connectors.registry import SYSTEMS
from connectors.roles import GivesItems
from domain.installation import Installation, Side
from domain.records import Kind
from tasks.installations import WrongConfiguration, all_installations
from tasks.loops import ITEMS, STOCK, intakes_of
from tests.doubles import ManualClock
from tests.stateful.offices import OFFICES

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
