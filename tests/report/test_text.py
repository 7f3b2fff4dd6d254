"""Numbers read the same everywhere, and what is not a number says so."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.report.text import fixed, interval, listing, number, plural, real, value


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        (0, "0"),
        (-0.0, "0"),
        (3, "3"),
        (-12345, "−12,345"),
        (10017.0, "10,017"),
        (0.4375, "0.4375"),
        (2.25273, "2.253"),
        (-0.5, "−0.5"),
        (99999.5, "100,000"),
        (0.00011612, "1.161e-4"),
        (-3.1e-13, "−3.1e-13"),
        (1.5e9, "1.5e9"),
        (0.00099999, "9.9999e-4"),
        (None, "not a number"),
        ("nan", "not a number"),
        (math.inf, "∞"),
        ("-inf", "−∞"),
    ],
)
def test_numbers_read_as_written_here(given_, shown):
    assert number(given_, 5) == shown or number(given_) == shown


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_shown_number_is_within_half_a_unit_of_its_fourth_digit(x):
    back = float(number(x).replace("−", "-").replace(",", ""))
    assert math.isclose(back, x, rel_tol=5.1e-4, abs_tol=0)


def test_fixed_keeps_its_decimals_and_has_no_minus_zero():
    assert [fixed(v, 2) for v in (1, -0.001, -1.005, None)] == ["1.00", "0.00", "−1.00", "not a number"]


def test_values_of_every_json_kind_become_text():
    assert value([1, "a", None, True]) == "1, a, not a number, yes"
    assert value({"a": {"b": 2}}) == "a: b: 2"
    assert listing(list(range(15)), 3) == "0, 1, 2 and 12 more"
    assert interval(None) == ""
    assert plural(1, "claim") == "1 claim"
    assert plural(2000, "claim") == "2,000 claims"


def test_text_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="could not convert"):
        real("eleven")
    with pytest.raises(ValueError, match="no number"):
        real([1])
