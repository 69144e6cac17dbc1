"""What still runs when the day is over."""

from deployments.demo.trading import unfinished_loops
from ledger.figures import Figures


def owing(**owed: int) -> Figures:
    nothing: dict[str, int] = {}
    return Figures({}, owed, nothing, nothing, 0, 0, 0, 0, 0)


def test_only_loops_with_something_to_do_run_after_the_day() -> None:
    assert unfinished_loops({"harbour": owing(), "meadow": owing()}, set()) == set()
    assert unfinished_loops({"harbour": owing(dispatch=1), "meadow": owing()}, set()) == {"dispatch-harbour"}
    assert unfinished_loops({"harbour": owing(), "meadow": owing()}, {"meadow"}) == {"dispatch-meadow"}
    for owed in ("sales_order", "acknowledgement", "cancellation", "availability"):
        assert unfinished_loops({"harbour": owing(**{owed: 2})}, set()) == {"orders-harbour"}
