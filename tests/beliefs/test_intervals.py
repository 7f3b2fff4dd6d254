"""Intervals: against scipy where a bell curve is assumed, against planted distributions where none is."""

import numpy as np
import pytest
from scipy import stats

from readoff.beliefs.intervals import Grouped, bell_curve, bounded_interval, evidence_against


def test_the_bell_curve_is_students():
    rng = np.random.default_rng(3)
    y = rng.normal(0.1, 1, 40)
    found, oracle = bell_curve(y, 0.95), stats.ttest_1samp(y, 0.0, alternative="greater")
    ends = stats.ttest_1samp(y, 0.0).confidence_interval(0.95)
    assert found.p_more == pytest.approx(oracle.pvalue) and found.p_less == pytest.approx(1 - oracle.pvalue)
    assert (found.interval.low, found.interval.high) == pytest.approx((ends.low, ends.high))


def test_one_cluster_has_no_standard_error():
    found = bell_curve(np.array([0.3]), 0.95)
    assert found.mean == 0.3
    assert np.isnan([found.se, found.interval.low, found.p_more, found.p_less]).all()
    assert str(bounded_interval(np.array([0.3]), -1, 1)) == "none"


def test_an_allowance_moves_the_null():
    y = np.array([0.09, 0.11, 0.1, 0.1])
    assert bell_curve(y, 0.95).p_more < 0.001
    assert bell_curve(y, 0.95, up=0.1).p_more == pytest.approx(0.5)


def test_no_p_value_is_0():
    constant = bell_curve(np.full(5, -0.02), 0.95)
    assert constant.mean == -0.02 and np.isnan([constant.p_less, constant.interval.low]).all()  # no spread was seen
    far = bell_curve(1 + 1e-6 * np.arange(400.0), 0.95)
    assert far.p_more > 0


# Longshots: 97 of 100 worlds see no event in thirty, and the t interval is then a point that excludes the truth.
SKEWED = {
    "longshots": lambda rng, n: (lambda p: (1 - 2 * p) * ((rng.random(n) < p) - p))(np.full(n, 0.02)),
    "uniform": lambda rng, n: rng.uniform(-0.25, 0.25, n),
    "two points": lambda rng, n: np.where(rng.random(n) < 0.9, -0.1, 0.9),
}


@pytest.mark.parametrize("shape", SKEWED)
@pytest.mark.parametrize("n", [5, 50, 2000])
def test_the_bounded_interval_covers(shape, n):
    rng = np.random.default_rng(11)
    missed = 0
    for _ in range(120):
        interval = bounded_interval(SKEWED[shape](rng, n), -0.25, 1.75)
        assert interval.low <= interval.high
        missed += not interval.low <= 0.0 <= interval.high
    assert stats.binomtest(missed, 120, 0.05, alternative="greater").pvalue > 1e-4


def test_the_bounded_interval_shrinks_and_knows_its_bounds():
    rng = np.random.default_rng(12)
    widths = [
        np.ptp([i.low, i.high])
        for i in (bounded_interval(rng.uniform(-0.2, 0.2, n), -0.25, 1.75) for n in (50, 500, 5000))
    ]
    assert widths[0] > 2 * widths[1] > 4 * widths[2]
    all_low = bounded_interval(np.full(10, -0.25), -0.25, 1.75)
    assert all_low.low == -0.25 and all_low.high < 1.0


def test_the_quick_bound_for_many_values_is_below_the_evidence_itself(monkeypatch):
    y = SKEWED["two points"](np.random.default_rng(2), 400)
    exact = bounded_interval(y, -0.25, 1.75)
    monkeypatch.setattr("readoff.beliefs.intervals.EXACT", 0)
    quick = bounded_interval(y, -0.25, 1.75)
    assert quick.low <= exact.low and exact.high <= quick.high and quick.high - quick.low < 0.5


def test_the_evidence_is_fair():
    """E wealth ≤ 1 when the mean is what the bettor is told: exactly, over all outcomes of six coins."""
    low, high, p = -0.25, 1.75, 0.3
    values = np.array([low, 1.0])
    mean = (1 - p) * values[0] + p * values[1]
    total = 0.0
    for k in range(7):
        y = np.repeat(values, [6 - k, k])
        total += stats.binom.pmf(k, 6, p) * np.exp(evidence_against(np.array([mean]), Grouped(y), low, high)[0])
    assert 0.5 < total <= 1 + 1e-12


def test_several_tables_at_once():
    rng = np.random.default_rng(4)
    y, table = rng.uniform(-0.2, 0.9, 17), np.repeat([0, 1, 2], [2, 10, 5])
    means = np.array([0.0, 0.3, -0.4])
    together = evidence_against(means, Grouped(y, table), -0.25, 1.75)
    for k in range(3):
        alone = evidence_against(means[k : k + 1], Grouped(y[table == k]), -0.25, 1.75)
        assert together[k] == pytest.approx(alone[0], rel=1e-12)
    assert together[2] == np.inf  # a mean below what is possible
