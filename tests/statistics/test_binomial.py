import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.core.errors import BadValue, Unreachable
from readoff.statistics.binomial import (
    decide,
    interval,
    lower,
    n_for_power,
    needed_successes,
    power,
    smallest_n,
    tail,
    upper,
)


def test_by_hand():
    assert (
        tail(1, 2, Fraction(1, 2)) == Fraction(3, 4)
        and tail(3, 2, Fraction(1, 2)) == 0
        and tail(0, 2, Fraction(1, 3)) == 1
    )
    assert tail(1, 1, Fraction(1)) == 1 and tail(1, 1, Fraction(0)) == 0
    assert abs(lower(1, 1, 0.95) - 0.05) < 1e-15 and upper(1, 1, 0.95) == 1 and lower(0, 5, 0.95) == 0
    assert abs(upper(0, 20, 0.95) - (1 - 0.05 ** (1 / 20))) < 1e-12
    assert abs(lower(29, 29, 0.95) - 0.05 ** (1 / 29)) < 1e-12
    lo, hi = interval(5, 10, 0.95)  # the textbook interval for 5 of 10
    assert abs(lo - 0.1871) < 1e-4 and abs(hi - 0.8129) < 1e-4


@pytest.mark.parametrize(("at_least", "n"), [(0.9, 29), (0.5, 5), (0.99, 299), (0.95, 59), (0.0, 1)])
def test_smallest_n(at_least, n):
    assert smallest_n(at_least, 0.95) == n
    assert power(n, at_least, 0.95, 1.0) == 1.0
    if n > 1:
        assert power(n - 1, at_least, 0.95, 1.0) == 0.0


def test_the_bars_of_the_design():
    assert needed_successes(29, 0.9, 0.95) == 29 and needed_successes(64, 0.9, 0.95) == 62
    with pytest.raises(Unreachable, match="that takes 29"):
        needed_successes(28, 0.9, 0.95)
    with pytest.raises(Unreachable, match="share of 1"):
        smallest_n(1.0, 0.95)


@given(st.integers(1, 60), st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99]), st.sampled_from([0.8, 0.95, 0.999]))
def test_decisions_agree_with_the_bounds(n, at_least, confidence):
    verdicts = [decide(k, n, at_least, confidence) for k in range(n + 1)]
    for k, verdict in enumerate(verdicts):
        if lower(k, n, confidence) >= at_least + 1e-9:
            assert verdict == "holds"
        elif upper(k, n, confidence) < at_least - 1e-9:
            assert verdict == "fails"
        elif lower(k, n, confidence) < at_least - 1e-9 and upper(k, n, confidence) > at_least + 1e-9:
            assert verdict == "undecided"
    order = ["fails", "undecided", "holds"]
    assert [order.index(v) for v in verdicts] == sorted(order.index(v) for v in verdicts)
    if "holds" in verdicts:
        assert needed_successes(n, at_least, confidence) == verdicts.index("holds")
    else:
        with pytest.raises(Unreachable):
            needed_successes(n, at_least, confidence)


@given(st.integers(1, 40), st.sampled_from([0.3, 0.5, 0.9]), st.floats(0, 1), st.sampled_from([0.8, 0.95]))
def test_verdicts_are_wrong_no_more_often_than_promised(n, at_least, true, confidence):
    """Exact: the chance of "holds" when the share is below the bar, of "fails" when it is at least the bar."""
    p = Fraction(true)
    chance = {v: Fraction(0) for v in ("holds", "fails", "undecided")}
    for k in range(n + 1):
        chance[decide(k, n, at_least, confidence)] += math.comb(n, k) * p**k * (1 - p) ** (n - k)
    wrong = chance["holds"] if p < Fraction(str(at_least)) else chance["fails"]
    assert wrong <= 1 - Fraction(str(confidence))
    assert abs(power(n, at_least, confidence, true) - float(chance["holds"])) < 1e-9


@given(st.integers(1, 30), st.floats(0.01, 0.99), st.sampled_from([0.8, 0.95]))
def test_intervals_cover(n, p, confidence):
    inside = one_sided = 0.0
    for k in range(n + 1):
        mass = math.comb(n, k) * p**k * (1 - p) ** (n - k)
        lo, hi = interval(k, n, confidence)
        inside += mass * (lo <= p <= hi)
        one_sided += mass * (lower(k, n, confidence) <= p)
    assert inside >= confidence - 1e-9 and one_sided >= confidence - 1e-9


def test_n_for_power():
    n = n_for_power(0.9, 0.95, 0.97, 0.8)
    assert power(n, 0.9, 0.95, 0.97) >= 0.8 > power(n - 1, 0.9, 0.95, 0.97)
    with pytest.raises(Unreachable, match="lower the bar"):
        n_for_power(0.9, 0.95, 0.9, 0.8, limit=100)


def test_refusals():
    for bad in [(5, 4, 0.95), (-1, 4, 0.95), (0, 0, 0.95), (1, 2, 1.0), (1, 2, 95)]:
        with pytest.raises(BadValue):
            lower(*bad)
    with pytest.raises(BadValue, match="share of 90"):
        decide(1, 2, 90, 0.95)
