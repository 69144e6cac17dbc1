"""The form by which a person takes a cause."""

import pytest

from ledger import stories, taking
from ledger.database import Database
from tasks import operators
from tasks.operators import NothingToDo
from tests.tasks.alerting import close_holds, open_holds, take_it


def test_who_takes_a_cause_has_a_name_and_the_journal_keeps_it(database: Database) -> None:
    open_holds(database, "o-1")
    with pytest.raises(NothingToDo, match="Say who"):
        take_it(database, by=" ")
    assert take_it(database).title == "Sam took cause no. 1"
    assert take_it(database, by="Jo").title == "Jo took cause no. 1 over from Sam"
    with database.transaction("harbour") as tx:
        taking.escalate(tx, 1, "operations")
        told = [row["detail"] for _, row in stories.told(tx, ["o-1"]) if row["what"] == "cause taken"]
        [shown] = stories.open_causes(tx)
    assert told == ["no. 1 by Sam: rings the shop", "no. 1 over from Sam by Jo: rings the shop"]
    assert (shown["taken by"], shown["escalated to"]) == ("Jo", "operations")


def test_only_an_open_cause_of_the_installation_can_be_taken(database: Database) -> None:
    open_holds(database, "o-1")
    with pytest.raises(NothingToDo, match=r"There is no cause no. 2 of harbour"):
        take_it(database, 2)
    with database.transaction("meadow") as tx, pytest.raises(NothingToDo, match=r"no cause no. 1 of meadow"):
        operators.take(tx, cause=1, by="Sam", note="")
    close_holds(database, "o-1")
    with pytest.raises(NothingToDo, match="was closed at 02 Mar 09:00 UTC"):
        take_it(database)
