import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders import DoesNotFit, LineLife, OrderLife, OrderPolicy, allocate, fold, owes
from domain.records import Kind, LineStatus
from tests.domain.making import dispatch, order_line, sales_order

STATUSES = st.sampled_from(LineStatus)
COUNTS = ("ordered", "cancel_requested", "cancelled", "shipped", "dispatched")


def life_of(*lines: LineLife, **known: bool) -> OrderLife:
    return OrderLife("order-1", lines, **known)


def after(status: LineStatus, quantity: int = 2) -> LineLife:
    return fold((), sales_order(order_line(status=status, quantity=quantity)), {})[0]


@given(st.lists(st.lists(STATUSES, min_size=2, max_size=2), min_size=1, max_size=8), st.integers(1, 9))
def test_whatever_order_sights_come_in_numbers_only_rise_and_fit_the_order(
    sights: list[list[LineStatus]], quantity: int
) -> None:
    lines: tuple[LineLife, ...] = ()
    for statuses in sights:
        shown = [order_line(str(n), quantity=quantity, status=status) for n, status in enumerate(statuses)]
        newer = fold(lines, sales_order(*shown), {})
        for old, new in zip(lines, newer, strict=False):
            assert all(getattr(new, count) >= getattr(old, count) for count in COUNTS)
        for line in newer:
            assert line.dispatched + line.cancelled <= line.ordered
            assert line.dispatched <= line.shipped or line.dispatched == 0
            assert line.to_create >= 0
            assert line.to_ship >= 0
        lines = newer


@given(STATUSES, st.integers(1, 9))
def test_the_same_sight_twice_changes_nothing(status: LineStatus, quantity: int) -> None:
    order = sales_order(order_line(status=status, quantity=quantity))
    once = fold((), order, {})
    assert fold(once, order, {}) == once


@given(
    st.lists(st.tuples(STATUSES, st.integers(0, 5)), min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_what_is_owed_is_never_a_creation_of_what_nobody_wants(
    shown: list[tuple[LineStatus, int]],
    attempted: bool,  # noqa: FBT001 - hypothesis names them
    taken: bool,  # noqa: FBT001 - hypothesis names them
    acknowledged: bool,  # noqa: FBT001 - hypothesis names them
    acceptance_first: bool,  # noqa: FBT001 - hypothesis names them
    acknowledges: bool,  # noqa: FBT001 - hypothesis names them
) -> None:
    lines = fold((), sales_order(*(order_line(str(n), quantity=q, status=s) for n, (s, q) in enumerate(shown))), {})
    life = life_of(*lines, attempted=attempted, taken=taken, acknowledged=acknowledged)
    owed = owes(life, OrderPolicy(acceptance_first=acceptance_first, acknowledges=acknowledges))
    assert len(owed) == len(set(owed))
    if life.final:
        assert owed == ()
    if taken or all(line.to_create == 0 for line in lines):
        assert Kind.SALES_ORDER not in owed
    if attempted or taken:
        assert Kind.CANCELLATION not in owed
    if acknowledged or not acknowledges:
        assert Kind.ACKNOWLEDGEMENT not in owed
    assert not {Kind.SALES_ORDER, Kind.ACKNOWLEDGEMENT} <= set(owed)


@pytest.mark.parametrize(
    ("life", "policy", "owed"),
    [
        (life_of(after(LineStatus.OPEN)), OrderPolicy(), (Kind.SALES_ORDER,)),
        (life_of(after(LineStatus.OPEN), taken=True), OrderPolicy(), (Kind.ACKNOWLEDGEMENT,)),
        (life_of(after(LineStatus.OPEN), taken=True, acknowledged=True), OrderPolicy(), ()),
        (life_of(after(LineStatus.OPEN), taken=True), OrderPolicy(acknowledges=False), ()),
        (life_of(after(LineStatus.OPEN)), OrderPolicy(acceptance_first=True), (Kind.ACKNOWLEDGEMENT,)),
        (
            life_of(after(LineStatus.ACCEPTED), acknowledged=True),
            OrderPolicy(acceptance_first=True),
            (Kind.SALES_ORDER,),
        ),
        (life_of(after(LineStatus.OPEN), awaits_address=True), OrderPolicy(), (Kind.ACKNOWLEDGEMENT,)),
        (life_of(after(LineStatus.ACCEPTED), awaits_address=True, acknowledged=True), OrderPolicy(), ()),
        (life_of(after(LineStatus.ACCEPTED), acknowledged=True), OrderPolicy(), (Kind.SALES_ORDER,)),
        (life_of(after(LineStatus.CANCEL_REQUESTED)), OrderPolicy(), (Kind.CANCELLATION,)),
        (life_of(after(LineStatus.CANCEL_REQUESTED)), OrderPolicy(answers_cancellations=False), ()),
        (life_of(after(LineStatus.CANCEL_REQUESTED), attempted=True), OrderPolicy(), ()),
        (life_of(after(LineStatus.CANCELLED)), OrderPolicy(), ()),
        (life_of(after(LineStatus.DISPATCHED)), OrderPolicy(), ()),
        (
            life_of(LineLife("1", "A", 2, cancel_requested=2), LineLife("2", "B", 1)),
            OrderPolicy(),
            (Kind.CANCELLATION, Kind.SALES_ORDER),
        ),
    ],
)
def test_what_an_order_owes(life: OrderLife, policy: OrderPolicy, owed: tuple[Kind, ...]) -> None:
    assert owes(life, policy) == owed


def test_a_corrected_order_is_taken_at_its_new_word() -> None:
    first = fold((), sales_order(order_line(sku=None, quantity=0, stock_number=None)), {})
    mended = fold(first, sales_order(order_line(sku="TOWEL-02", quantity=3, stock_number="81000009")), {})
    assert mended == (LineLife("1", "TOWEL-02", 3, "81000009"),)


def test_a_line_without_a_sku_gets_that_of_its_stock_number_even_later() -> None:
    order = sales_order(order_line(sku=None))
    first = fold((), order, {})
    assert first[0].sku == ""
    assert fold(first, order, {"81000001": "TOWEL-01"})[0].sku == "TOWEL-01"
    assert fold(fold(first, order, {"81000001": "TOWEL-01"}), order, {})[0].sku == "TOWEL-01"


def test_a_quantity_that_shrinks_by_a_cancellation_is_not_subtracted_twice() -> None:
    known = (LineLife("1", "TOWEL-01", 3, "81000001", cancel_requested=1, cancelled=1),)
    assert fold(known, sales_order(order_line(quantity=2)), {})[0].to_create == 2


def test_a_line_that_a_sight_does_not_show_stays() -> None:
    known = fold((), sales_order(order_line("1"), order_line("2", sku="PILLOW-01")), {})
    assert [life.line for life in fold(known, sales_order(order_line("2", sku="PILLOW-01")), {})] == ["1", "2"]


def test_a_negative_quantity_orders_nothing() -> None:
    assert fold((), sales_order(order_line(quantity=-4)), {})[0].ordered == 0


def test_a_withdrawn_cancellation_of_shipped_goods_does_not_lower_what_was_shipped() -> None:
    shipped_and_cancelled = (LineLife("1", "TOWEL-01", 2, cancel_requested=2, cancelled=2, shipped=2),)
    assert fold(shipped_and_cancelled, sales_order(order_line(status=LineStatus.DISPATCHED)), {})[0].shipped == 2


def test_shipped_units_go_to_the_line_that_the_back_office_names() -> None:
    lines = [LineLife("1", "TOWEL-01", 2, "81000001"), LineLife("2", "TOWEL-01", 2, "81000002")]
    given_lines = allocate(dispatch(("TOWEL-01", 1, "2")), lines)
    assert [(one.line, one.stock_number, one.quantity) for one in given_lines] == [("2", "81000002", 1)]


def test_shipped_units_fill_one_line_after_the_other() -> None:
    lines = [LineLife("1", "TOWEL-01", 2), LineLife("2", "TOWEL-01", 2)]
    assert [(given.line, given.quantity) for given in allocate(dispatch(("TOWEL-01", 3)), lines)] == [
        ("1", 2),
        ("2", 1),
    ]


@pytest.mark.parametrize(
    ("line", "shipped"),
    [
        (LineLife("1", "TOWEL-01", 2), ("TOWEL-01", 3)),
        (LineLife("1", "TOWEL-01", 2), ("TOWEL-01 ", 1)),
        (LineLife("1", "TOWEL-01", 2), ("towel-01", 1)),
        (LineLife("1", "TOWEL-01", 2, shipped=2), ("TOWEL-01", 1)),
        (LineLife("1", "TOWEL-01", 2, cancelled=2), ("TOWEL-01", 1)),
        (LineLife("1", "TOWEL-01", 2, dispatched=2), ("TOWEL-01", 1)),
        (LineLife("1", "TOWEL-01", 2), ("TOWEL-01", 0)),
        (LineLife("1", "TOWEL-01", 2), ("TOWEL-01", -1)),
    ],
)
def test_a_shipment_that_does_not_fit_is_not_given_to_any_line(line: LineLife, shipped: tuple[str, int]) -> None:
    with pytest.raises(DoesNotFit):
        allocate(dispatch(shipped), [line])


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 4)), min_size=1, max_size=4),
)
def test_never_more_is_given_than_a_line_expects(
    ordered: list[tuple[str, int, int]], shipped: list[tuple[str, int]]
) -> None:
    lines = [LineLife(str(n), sku, max(q, s), shipped=s) for n, (sku, q, s) in enumerate(ordered)]
    try:
        given_lines = allocate(dispatch(*shipped), lines)
    except DoesNotFit:
        assert any(
            sum(q for s, q in shipped if s == sku) > sum(line.to_ship for line in lines if line.sku == sku)
            for sku in "AB"
        )
        return
    to_ship = {line.line: line.to_ship for line in lines}
    assert all(0 < one.quantity <= to_ship[one.line] for one in given_lines)
    for sku in "AB":
        assert sum(one.quantity for one in given_lines if one.sku == sku) == sum(q for s, q in shipped if s == sku)
