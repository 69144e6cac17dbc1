import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.counts import Counts
from domain.holds import HOLD_TYPES
from domain.limits import OrderLimits
from domain.records import Kind
from expectations import gate as gate_module
from expectations.facts import Facts
from expectations.frames import Frame
from expectations.gate import GateBroken, gate
from tests.expectations.making import FACTS, dispatch, level, line, order, shipped

JUDGED = [Kind.SALES_ORDER, Kind.STOCK_LEVEL, Kind.DISPATCH]


def hopeless_page(kind: Kind) -> tuple[Any, Facts]:
    """Records that fail every expectation of their suite between them."""
    if kind is Kind.STOCK_LEVEL:
        return Counts.of([level("AB-2 ", 10**9)]), FACTS
    if kind is Kind.DISPATCH:
        unknown = {"order_reference": "CON-9", "carrier": "Nobody", "tracking_number": None}
        late = FACTS.now.replace(year=FACTS.now.year + 1)
        return [
            dispatch(shipped(quantity=0), key="S1", shipped_at=late, **unknown),
            dispatch(shipped("ZZ-9"), shipped(quantity=9), key="S2", carrier="Red Van", service="Saver"),
            dispatch(key="S3").model_copy(update={"lines": ()}),
        ], replace(FACTS, tracking_numbers={"BLUE": "[0-9]{14}"})
    nowhere = {"name": "", "street": (), "city": "", "postcode": "", "country": "", "phone": ""}
    orders = [
        order(line(sku="AB-2 ", ean="1", quantity=0), address=nowhere, reference="", currency="EUR", test=True),
        order(line(sku="ZZ-9"), line(ean="5901234123457"), key="K2", gift_message="xx"),
        order(line(sku=None, stock_number="29999999"), key="K4"),
        order(key="K5", address={"city": "Leeds \U0001f382"}, gift_message="\U0001f382"),
        order(key="K3", address={"street": ("R" * 256,)}).model_copy(update={"lines": ()}),
    ]
    limits = OrderLimits(gift_message_length=1, phone_required=True, beyond_basic_plane=False)
    return orders, replace(FACTS, order_limits=limits, elsewhere={"": "another-account"})


@pytest.mark.parametrize("kind", JUDGED)
def test_every_expectation_can_fail(kind: Kind) -> None:
    verdict = gate(*hopeless_page(kind))
    assert [row["expectation"] for row in verdict.results if not row["failed"]] == []
    told = {failure.expectation for failures in verdict.failures.values() for failure in failures}
    assert told == {row["expectation"] for row in verdict.results}


@pytest.mark.parametrize("kind", JUDGED)
def test_every_expectation_names_a_hold_type_and_a_fix(kind: Kind) -> None:
    from expectations.suites import suite

    metas = [expectation.meta or {} for expectation in suite(kind, OrderLimits()).expectations]
    assert all(meta["hold_type"] in HOLD_TYPES and meta["fix"] for meta in metas)
    assert len({meta["name"] for meta in metas}) == len(metas)


@pytest.mark.parametrize("kind", JUDGED)
def test_null_never_passes_an_expectation_that_judges_its_row(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    build = gate_module._FRAMES[kind]

    def nulled(records: Any, facts: Facts) -> Frame:
        frame = build(records, facts)
        columns: dict[str, Sequence[Any]] = {
            name: [True if isinstance(value, bool) else None for value in values]
            for name, values in frame.columns.items()
        }
        # the test order is the one judgement of a boolean: true and not taken
        columns |= {name: [False] for name in columns if name == "test_order_taken"}
        columns |= {name: [10**6] for name in columns if name == "awaited_quantity"}
        return replace(frame, columns=columns)

    monkeypatch.setitem(gate_module._FRAMES, kind, nulled)
    page: dict[Kind, Any] = {
        Kind.SALES_ORDER: [order()],
        Kind.STOCK_LEVEL: Counts.of([level()]),
        Kind.DISPATCH: [dispatch()],
    }
    verdict = gate(page[kind], FACTS)
    assert [(row["checked"], row["failed"]) for row in verdict.results] == [(1, 1)] * len(verdict.results)


def frame_without(column: str, build: Callable[[Any, Facts], Frame]) -> Callable[[Any, Facts], Frame]:
    def build_without(records: Any, facts: Facts) -> Frame:
        frame = build(records, facts)
        return replace(frame, columns={name: values for name, values in frame.columns.items() if name != column})

    return build_without


@pytest.mark.parametrize("column", ["sku", "item_sku", "has_line", "city_length"])
def test_missing_column_stops_the_gate(column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build = gate_module._FRAMES[Kind.SALES_ORDER]
    monkeypatch.setitem(gate_module._FRAMES, Kind.SALES_ORDER, frame_without(column, build))
    with pytest.raises(GateBroken, match=f"nothing of this page may go on.*{column}"):
        gate([order()], FACTS)


def test_nothing_to_judge_is_no_verdict_and_imports_nothing() -> None:
    program = (
        "import sys\n"
        "from expectations.gate import gate\n"
        "from domain.records import LineStatus\n"
        "from tests.expectations.making import FACTS, line, order\n"
        "assert gate([], FACTS).judged == 0\n"
        "assert gate([order(line(status=LineStatus.CANCELLED))], FACTS).results == []\n"
        "print([name for name in ('great_expectations', 'pandas') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 - our own text
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_kinds_are_not_mixed() -> None:
    mixed: Any = [order(), dispatch()]
    with pytest.raises(TypeError, match="one kind of record at a time"):
        gate(mixed, FACTS)


def test_results_count_the_rows_that_each_expectation_judged() -> None:
    verdict = gate([order(line(), line(line="2", sku="ZZ-9", ean="4006381333931")), order(key="K2")], FACTS)
    by_name = {row["expectation"]: (row["checked"], row["failed"]) for row in verdict.results}
    assert by_name["expect_sku_known"] == (3, 1)
    assert by_name["expect_ean_form"] == (1, 0)
    assert by_name["expect_no_test_order"] == (3, 0)


def test_suggestions_stop_when_a_page_is_full_of_unknown_skus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "_COMPARISONS_FOR_SUGGESTIONS", 2 * len(FACTS.skus))
    orders = [order(line(sku=sku), key=sku) for sku in ("ab-2", "cd-3", "Ab-2", "aB-2")]
    verdict = gate(orders, FACTS)
    assert ["Probably" in verdict.failures[o.key][0].fix for o in orders] == [True, True, False, False]


def test_no_call_is_coloured_by_an_earlier_one() -> None:
    first = gate([order(line(sku="ZZ-9"))], FACTS)
    assert gate([order()], FACTS).failures == {}
    assert gate([order(line(sku="ZZ-9"))], FACTS) == first
    assert gate([order(line(sku="ZZ-9"))], replace(FACTS, skus=frozenset({"ZZ-9"}))).failures == {}
