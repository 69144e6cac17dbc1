from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payloads import address_of, join, packed, parts, split, unpacked

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=4)
ORIGINALS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
WHOLE: st.SearchStrategy[bool] = st.just(True)  # noqa: FBT003 - the leaf of an allow-list
KEEPS: st.SearchStrategy[Any] = st.recursive(
    WHOLE, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


@given(ORIGINALS, KEEPS)
def test_what_was_split_joins_to_the_original(original: Any, keeps: Any) -> None:
    skeleton, person = split(original, keeps)
    assert join(skeleton, person) == original
    assert join(unpacked(packed(skeleton)), unpacked(packed(person))) == original


@given(st.dictionaries(NAMES, ORIGINALS, max_size=3), st.dictionaries(NAMES, WHOLE, max_size=3))
def test_the_skeleton_has_only_what_the_allow_list_names(original: dict[str, Any], keeps: dict[str, bool]) -> None:
    skeleton, _ = split(original, keeps)
    assert skeleton == {name: value for name, value in original.items() if name in keeps}


def test_a_nested_allow_list_speaks_of_every_object_in_a_list() -> None:
    original = {"id": 7, "buyer": {"name": "Ada", "country": "GB"}, "lines": [{"sku": "A", "note": "x"}, {"sku": "B"}]}
    skeleton, person = split(original, {"id": True, "buyer": {"country": True}, "lines": {"sku": True}})
    assert skeleton == {"id": 7, "buyer": {"country": "GB"}, "lines": [{"sku": "A"}, {"sku": "B"}]}
    assert person == {"buyer": {"name": "Ada"}, "lines": [{"note": "x"}, None]}


def test_where_an_object_was_expected_and_a_text_came_the_text_is_personal() -> None:
    assert split({"buyer": "Ada Sample"}, {"buyer": {"country": True}}) == ({"buyer": None}, {"buyer": "Ada Sample"})


@pytest.mark.parametrize("amount", ["0.10", "19.99", "1234567.89", "0.005"])
def test_money_keeps_its_value(amount: str) -> None:
    assert unpacked(packed({"price": Decimal(amount)})) == {"price": Decimal(amount)}


@given(ORIGINALS)
def test_equal_originals_have_equal_addresses(original: Any) -> None:
    assert address_of(original) == address_of(unpacked(packed(original)))


def test_different_originals_have_different_addresses() -> None:
    different: list[Any] = [{"a": 1}, {"a": "1"}, {"a": None}, {}, []]
    assert len({address_of(value) for value in different}) == 5


@given(ORIGINALS, ORIGINALS, KEEPS)
def test_the_address_of_the_parts_tells_originals_apart(one: Any, other: Any, keeps: Any) -> None:
    same = packed(one) == packed(other)
    assert (address_of(one, keeps) == address_of(other, keeps)) is same
    assert parts(one, keeps)[0] == address_of(one, keeps)


@given(ORIGINALS, KEEPS)
def test_the_parts_are_what_was_split(original: Any, keeps: Any) -> None:
    _, skeleton, person = parts(original, keeps)
    assert join(unpacked(skeleton), None if person is None else unpacked(person)) == original


@pytest.mark.parametrize("size", [1, 10_000])
def test_small_and_large_values_come_back(size: int) -> None:
    assert unpacked(packed({"text": "x" * size})) == {"text": "x" * size}
    assert len(packed({"text": "x" * size})) < 600


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        packed({"a": object()})
