import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import ean_fault, near_miss, sku_fault, tracking_fault, visible


@pytest.mark.parametrize("sku", ["TOWEL-BLUE-01", "a/b_c.d", "5012345678900", "TWO WORDS", "#12'"])
def test_a_plain_sku_has_no_fault(sku: str) -> None:
    assert sku_fault(sku) is None


@pytest.mark.parametrize(
    ("sku", "named"),
    [
        ("", "empty"),
        (" TOWEL", "␠TOWEL"),
        ("TOWEL ", "TOWEL␠"),
        ("TOWEL\n", "U+000A"),
        ("\tTOWEL", "U+0009"),
        ("TO\u200bWEL", "ZERO WIDTH SPACE"),
        ("\ufeffTOWEL", "ZERO WIDTH NO-BREAK SPACE"),
        ("TO\u00a0WEL", "NO-BREAK SPACE"),
        ("TOWEL\u2013BLUE", "EN DASH"),
        ("\u0422OWEL", "CYRILLIC CAPITAL LETTER TE"),
        ("TOWEL-\u0661", "ARABIC-INDIC DIGIT ONE"),
        ("TO\x00WEL", "U+0000"),
    ],
)
def test_a_trap_in_a_sku_is_named(sku: str, named: str) -> None:
    fault = sku_fault(sku)
    assert fault is not None
    assert named in fault


# A check digit is computed by hand: 4006381333931 is the worked example of GS1's general specifications.
@pytest.mark.parametrize("ean", ["4006381333931", "5012345678900"])
def test_a_true_ean_has_no_fault(ean: str) -> None:
    assert ean_fault(ean) is None


@pytest.mark.parametrize(
    "ean",
    [
        "",
        "4006381333931\n",
        " 4006381333931",
        "400638133393",
        "04006381333931",
        "40063813339-1",
        "\u0664\u0660\u0660\u0666\u0663\u0668\u0661\u0663\u0663\u0663\u0669\u0663\u0661",
        "4006381333931\u200b",
        "4006381333\u0661931",
        "ABCDEFGHIJKLM",
    ],
)
def test_what_is_not_13_ascii_digits_is_no_ean(ean: str) -> None:
    assert "not 13 digits" in (ean_fault(ean) or "")


def test_a_wrong_check_digit_is_told_with_the_right_one() -> None:
    assert "check digit should be 1" in (ean_fault("4006381333932") or "")


@given(st.integers(0, 10**12 - 1), st.integers(1, 9))
def test_every_changed_check_digit_is_found(body: int, change: int) -> None:
    digits = [int(digit) for digit in f"{body:012}"]
    check = -(sum(digits[::2]) + 3 * sum(digits[1::2])) % 10
    assert ean_fault(f"{body:012}{check}") is None
    assert ean_fault(f"{body:012}{(check + change) % 10}") is not None


@pytest.mark.parametrize("number", ["JD0002233445566", "15976912345678", "AB 12-34/56", "H1234A"])
def test_a_usable_tracking_number_has_no_fault(number: str) -> None:
    assert tracking_fault(number) is None


@pytest.mark.parametrize(
    "number",
    [
        None,
        "",
        "  ",
        "N/A",
        "none",
        "TBC",
        "unknown",
        "000000",
        "XXXXXX",
        "12345",
        "JD12345\n",
        "JD12345 ",
        "JD\u06612345",
    ],
)
def test_what_cannot_be_followed_is_no_tracking_number(number: str | None) -> None:
    assert tracking_fault(number) is not None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" A B ", "␠A B␠"),
        ("  ", "␠␠"),
        ("A\u200bB", "A⟨U+200B⟩B"),
        ("A\u00a0", "A⟨U+00A0⟩"),
        ("A\n", "A⟨U+000A⟩"),
        ("plain", "plain"),
    ],
)
def test_what_a_person_cannot_see_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert shown == shown.strip(" ")


@pytest.mark.parametrize(
    "wrong", ["towel-01", "TOWEL-01 ", "TOWEL\u201301", "\u0422OWEL-01", "TOW\u200bEL-01", "TOWEL- 01"]
)
def test_a_near_miss_is_suggested_and_never_used(wrong: str) -> None:
    assert near_miss(wrong, ["PILLOW-01", "TOWEL-01"]) == "TOWEL-01"


def test_neither_the_sku_itself_nor_a_stranger_is_a_near_miss() -> None:
    assert near_miss("TOWEL-01", ["TOWEL-01", "TOWEL-02"]) is None
