from typing import Any

import pytest
from pydantic import ValidationError

from domain.installation import Installation, Mode, Side, StockPolicy


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "name": "towels",
        "marketplace": {"system": "shop", "account": "shop-1"},
        "back_office": {"system": "store", "account": "store-1"},
        "product_master": "back_office",
        **changes,
    }


MAPPING = {"carrier": "Parcel Post", "code": "PP24", "owner": "warehouse", "review_on": "2026-09-01"}


def test_an_installation_watches_until_it_is_told_to_trade() -> None:
    installation = Installation.model_validate(settings())
    assert {installation.loops.orders.mode, installation.loops.stock.mode, installation.loops.dispatch.mode} == {
        Mode.OBSERVE
    }


def test_sides_and_owners_are_found() -> None:
    installation = Installation.model_validate(settings(owners={"ean": "Ms Sample"}))
    assert installation.endpoint(Side.MARKETPLACE).account == "shop-1"
    assert installation.endpoint(Side.BACK_OFFICE).account == "store-1"
    assert installation.owner_of("ean") == "Ms Sample"
    assert installation.owner_of("refused") == "operations"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": "Towels"}, "name"),
        ({"name": "towels\n"}, "name"),
        ({"name": "t"}, "name"),
        ({"marketplace": {"system": "shop", "account": ""}}, "account"),
        ({"product_master": "nobody"}, "product_master"),
        ({"colour": "blue"}, "colour"),
        ({"owners": {"no_such_type": "x"}}, "no_such_type"),
        ({"carriers": [MAPPING, {**MAPPING, "code": "PP48"}]}, "mapped twice"),
        ({"carriers": [{**MAPPING, "owner": ""}]}, "owner"),
        ({"carriers": [MAPPING], "tracking_numbers": {"typo": "[0-9]+"}}, "'typo' is no code of carriers"),
        ({"approved_carriers": ["dpd"], "tracking_numbers": {"dpd": "[0-9"}}, "that of 'dpd' is no regular expression"),
        ({"loops": {"orders": {"mode": "maybe"}}}, "mode"),
        ({"loops": {"orders": {"every_seconds": 1}}}, "every_seconds"),
        ({"stock": {"buffer": -1}}, "buffer"),
        ({"stock": {"buffers": {"TOWEL-01": -1}}}, "TOWEL-01"),
        ({"stock": {"buffer_owner": "back_office", "buffer": 1}}, "count twice"),
        ({"stock": {"age_limit_minutes": 1}}, "age_limit_minutes"),
        ({"orders": {"dispatch_cut_off_hour": 24}}, "dispatch_cut_off_hour"),
        ({"orders": {"go_live_at": "2026-03-02T09:00:00"}}, "go_live_at"),
        ({"escalation": {"after_minutes": 4}}, "after_minutes"),
        ({"escalation": {"to": ["operations", ""]}}, "to.1"),
        ({"escalation": {"to": ["operations", "Sam", "operations"]}}, "named twice: operations"),
        ({"escalation": {"mentions": {"Sam": "<@U0123>"}}}, "nobody of `to`, so never told: Sam"),
        *(
            ({"escalation": {"mentions": {"operations": mention}}}, "mentions.operations")
            for mention in ("@sam", "<@sam>", "<!subteam^U01>", "<!everyone>", "<@U01>!", "<@U01>\n", "")
        ),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Installation.model_validate(settings(**changes))


def test_the_same_carrier_may_have_a_code_a_service() -> None:
    carriers = [MAPPING, {**MAPPING, "service": "48", "code": "PP48"}]
    assert len(Installation.model_validate(settings(carriers=carriers)).carriers) == 2


def test_a_sku_may_have_a_buffer_of_its_own() -> None:
    policy = StockPolicy(buffer=2, buffers={"TOWEL-01": 0})
    assert (policy.buffer_for("TOWEL-01"), policy.buffer_for("PILLOW-01")) == (0, 2)


@pytest.mark.parametrize("mention", ["<@U0123ABC>", "<@W0123>", "<!subteam^S0123>", "<!here>", "<!channel>"])
def test_who_is_told_next_may_have_a_mention(mention: str) -> None:
    escalation = {"to": ["operations", "head of operations"], "mentions": {"head of operations": mention}}
    assert Installation.model_validate(settings(escalation=escalation)).escalation.mentions == {
        "head of operations": mention
    }


def test_without_a_word_operations_are_told_after_an_hour() -> None:
    escalation = Installation.model_validate(settings()).escalation
    assert (escalation.after_minutes, escalation.to) == (60, ("operations",))
