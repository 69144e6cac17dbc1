"""The count of what a system took tells its own folders from all others."""

from connectors.registry import SYSTEMS
from tests.project.sizes import counted, elsewhere, own, summed


def test_lines_are_added_up_by_where_they_are() -> None:
    rows = [
        ("3", "1", "connectors/http.py"),
        ("2", "0", "tasks/push.py"),
        ("1", "1", "tests/doubles.py"),
        ("-", "-", "x.png"),
    ]
    assert summed(rows) == {"connectors": "+3 -1", "above": "+2 -0", "tests": "+1 -1", "rest": "+0 -0"}


def test_every_system_has_something_of_its_own() -> None:
    for system in SYSTEMS:
        connector, *_ = own(system)
        assert not counted(connector).startswith("0 "), system


def test_without_a_change_nothing_changed() -> None:
    assert set(elsewhere("magento", "HEAD..HEAD").values()) == {"+0 -0"}
