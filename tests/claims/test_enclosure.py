"""Enclosures never decide what they do not know, and always decide what they do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.claims.enclosure import Enclosure, Maybe, Straddles, maybe, within
from readoff.core.errors import BadValue


def test_scalar_comparisons():
    x = Enclosure(1.0, 2.0)
    assert bool(x > 0) and not bool(x > 2) and bool(x >= 1) and bool(x < 3) and not bool(x <= 0.5)
    for unclear in (x > 1, x > 1.5, x < 1.5, x >= 1.5, x <= 1, x == 1.5, x != 1.5):
        with pytest.raises(Straddles):
            bool(unclear)
    assert not bool(x == 3) and bool(x != 3) and bool(Enclosure(2.0, 2.0) == 2)


def test_a_tie_is_not_positive():
    assert not bool(Enclosure(0.0, 0.0) > 0)
    assert not bool(Enclosure(-1.0, 0.0) > 0)


def test_reflected_comparisons_and_logic():
    x = Enclosure(1.0, 2.0)
    assert bool(0 < x) and bool((x > 0) & (x < 3)) and bool((x > 5) | (x > 0)) and bool(~(x > 5))
    assert bool(True & (x > 0)) and bool(np.True_ | (x > 1))
    with pytest.raises(Straddles):
        bool(~(x > 1.5))


def test_arrays_answer_one_by_one():
    answer = Enclosure(np.array([-1.0, -1.0, 1.0]), np.array([-0.5, 1.0, 2.0])) > 0
    assert answer.certainly.tolist() == [False, False, True] and answer.possibly.tolist() == [False, True, True]
    assert not bool(answer.all()) and bool(answer.any())
    with pytest.raises(ValueError, match="ambiguous"):
        bool(answer)


def test_nan_knows_nothing():
    answer = Enclosure(np.nan, 1.0) > 0
    assert (answer.certainly, answer.possibly) == (False, True)


def test_malformed():
    with pytest.raises(BadValue, match="lo <= hi"):
        Enclosure(2.0, 1.0)
    with pytest.raises(BadValue, match="one shape"):
        Enclosure([1.0], 2.0)
    with pytest.raises(BadValue, match="expected True or False"):
        maybe(0.7)
    assert isinstance(maybe(np.array([True])), Maybe)


numbers = st.floats(-1e6, 1e6)
pairs = st.tuples(numbers, numbers).map(sorted)


@given(pairs, pairs, st.floats(0, 1), st.floats(0, 1))
def test_arithmetic_and_comparisons_enclose_every_choice(a, b, s, t):
    x, y = Enclosure(*a), Enclosure(*b)
    p, q = np.clip(a[0] + s * (a[1] - a[0]), *a), np.clip(b[0] + t * (b[1] - b[0]), *b)
    for enclosed, value in ((x + y, p + q), (x - y, p - q), (x * y, p * q), (-x, -p), (abs(x), abs(p)), (1 - x, 1 - p)):
        assert enclosed.lo <= value <= enclosed.hi
    for answer, value in ((x > y, p > q), (x >= y, p >= q), (x < y, p < q), (x <= y, p <= q), (x == y, p == q)):
        assert not answer.certainly or value
        assert answer.possibly or not value


@given(numbers, st.floats(0, 10))
def test_within_contains_its_ends(value, error):
    x = within(value, error)
    assert x.lo <= value - error and x.hi >= value + error


def test_numpy_asks_the_same_questions():
    x, plain = Enclosure(np.array([1.0, -1.0]), np.array([2.0, 1.0])), np.array([0.0, 0.0])
    for answer in (plain < x, np.less(plain, x), np.greater(x, 0.0), np.float64(0) < x, np.absolute(x) > -1):
        assert answer.possibly.all() and answer.certainly[0]
    both = np.logical_and(x > 0, np.array([True, False]))
    assert (both.certainly.tolist(), both.possibly.tolist()) == ([True, False], [True, False])
    assert bool(np.all(x > -2)) and bool(np.any(x > 0)) and np.max(x).hi == 2 and np.min(x).lo == -1
    assert np.logical_not(x > 0).possibly.tolist() == [False, True] and ((x > 0) & np.array([True, True])).shape == (2,)
    assert [part.hi for part in x] == [2, 1] and len(x) == 2


def test_sums_means_squares_and_quotients():
    x = Enclosure(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    assert x.sum().lo <= 3 and x.sum().hi >= 6 and x.mean().lo <= 1.5 and np.sum(x).hi < 6.001
    assert (x**2).lo[0] <= 1 <= (x**2).hi[0] and (1 / x).lo[1] <= 0.25 and (x / x).hi[0] >= 2
    unknown = 1 / Enclosure(-1.0, 1.0)
    assert unknown.lo == -np.inf and unknown.hi == np.inf


@pytest.mark.parametrize(
    "ask",
    [
        np.log,
        np.sqrt,
        np.asarray,
        float,
        np.median,
        lambda x: x.std(),
        lambda x: x**0.5,
        lambda x: np.all([x > 0, x > 1]),
    ],
)
def test_what_has_no_rule_is_a_lesson(ask):
    with pytest.raises(BadValue, match=r"Compute it in the measure|combine them with"):
        ask(Enclosure(1.0, 2.0))
    assert not hasattr(Enclosure(1.0, 2.0), "_repr_html_") and not hasattr(Enclosure(1.0, 2.0), "nothing")
