import pickle
from datetime import UTC, datetime

import pytest

from domain.answers import Fatal, NotNow, SystemTrouble, Unavailable
from domain.holds import HOLD_TYPES, HoldType


@pytest.mark.parametrize("kind", [Unavailable, Fatal])
def test_a_systems_trouble_crosses_a_process_whole(kind: type[SystemTrouble]) -> None:
    trouble = kind("shop-1", "it refused the sign-in.", "Renew the key.")
    copy = pickle.loads(pickle.dumps(trouble))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert (copy.account, copy.what, copy.advice) == ("shop-1", "it refused the sign-in.", "Renew the key.")
    assert str(copy) == "shop-1: it refused the sign-in. Renew the key."


def test_a_spent_budget_tells_when_to_come_back_and_crosses_a_process() -> None:
    at = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
    spent = pickle.loads(pickle.dumps(NotNow("shop-1", at)))  # noqa: S301 - our own bytes
    assert (spent.account, spent.at) == ("shop-1", at)


@pytest.mark.parametrize("hold_type", HOLD_TYPES.values(), ids=HOLD_TYPES)
def test_every_hold_tells_a_person_what_it_is_and_what_to_do(hold_type: HoldType) -> None:
    assert HOLD_TYPES[hold_type.name] is hold_type
    assert hold_type.origin in {"marketplace", "back office", "either", "this software"}
    assert hold_type.next_step.endswith(".")
    assert len(hold_type.title) <= 60


def test_no_two_hold_types_share_a_name_or_a_title() -> None:
    assert len({hold_type.title for hold_type in HOLD_TYPES.values()}) == len(HOLD_TYPES)
