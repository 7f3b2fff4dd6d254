import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.core.errors import BadValue
from readoff.statistics.sequential import (
    SequentialDecision,
    confidence_sequence,
    decide_in_order,
    log_wealth,
    verdict_at,
)


def crossing(stop, p, cap):
    """Exact chance that `stop(k, n)` is ever true for n = 1..cap, k the successes at rate p, by dynamic programming."""
    alive, crossed = {0: 1.0}, 0.0
    for n in range(1, cap + 1):
        after: dict[int, float] = {}
        for k, mass in alive.items():
            for step, chance in ((1, p), (0, 1 - p)):
                after[k + step] = after.get(k + step, 0.0) + mass * chance
        crossed += sum(mass for k, mass in after.items() if stop(k, n))
        alive = {k: mass for k, mass in after.items() if not stop(k, n)}
    return crossed


def test_wealth_by_hand():
    """One success against rates up to 1/2: the mean of q / (1/2) over q in (1/2, 1) is 3/2; one failure: 1/2."""
    assert abs(log_wealth(1, 1, 0.5) - math.log(1.5)) < 1e-12
    assert abs(log_wealth(0, 1, 0.5) - math.log(0.5)) < 1e-12
    assert abs(log_wealth(0, 0, 0.9)) < 1e-12


@given(st.integers(0, 12), st.integers(0, 12), st.floats(0.05, 0.95))
def test_wealth_agrees_with_the_integral(k, failures, p0):
    n, steps = k + failures, 4000
    grid = (p0 + (1 - p0) * (i + 0.5) / steps for i in range(steps))
    mean = sum((q / p0) ** k * ((1 - q) / (1 - p0)) ** failures for q in grid) / steps
    assert abs(math.exp(log_wealth(k, n, p0)) / mean - 1) < 1e-3


@pytest.mark.parametrize("at_least", [0.5, 0.9])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_chance_of_a_wrong_verdict_is_bounded_exactly(at_least, confidence):
    """Over all looks up to 120: "holds" below the bar and "fails" at or above it, each at most 1 - confidence."""
    cap = 120
    table = {(k, n): verdict_at(k, n, at_least, confidence) for n in range(1, cap + 1) for k in range(n + 1)}
    below = [at_least - 1e-12, at_least * 0.95, at_least * 0.5]
    above = [at_least, (1 + at_least) / 2, 0.999]
    chances = [crossing(lambda k, n: table[k, n] == "holds", p, cap) for p in below]
    assert max(chances) <= 1 - confidence and chances == sorted(chances, reverse=True)
    assert max(crossing(lambda k, n: table[k, n] == "fails", p, cap) for p in above) <= 1 - confidence
    assert crossing(lambda k, n: table[k, n] == "holds", 1.0, cap) == 1.0  # and it does decide


def test_a_fixed_n_bound_looked_at_every_time_is_not_valid():
    """Why this file exists: the same check on Clopper-Pearson at every n."""
    from readoff.statistics.binomial import decide

    table = {(k, n): decide(k, n, 0.5, 0.9) for n in range(1, 81) for k in range(n + 1)}
    assert crossing(lambda k, n: table[k, n] == "holds", 0.499, 80) > 0.2


@pytest.mark.parametrize("p", [0.03, 0.5, 0.9])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_confidence_sequence_covers_at_all_times(p, confidence):
    cap = 100
    outside = {
        (k, n): not lo <= p <= hi
        for n in range(1, cap + 1)
        for k in range(n + 1)
        for lo, hi in [confidence_sequence(k, n, confidence)]
    }
    missed = crossing(lambda k, n: outside[k, n], p, cap)
    assert 0 < missed <= 1 - confidence


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 60))
def test_deciding_in_order_stops_at_the_first_verdict(outcomes, cap):
    found = decide_in_order(iter(outcomes), 0.7, 0.8, cap)
    path = list(itertools.accumulate(outcomes, initial=0))
    verdicts = [verdict_at(path[n], n, 0.7, 0.8) for n in range(1, min(cap, len(outcomes)) + 1)]
    decided = [n for n, v in enumerate(verdicts, 1) if v != "undecided"]
    n = decided[0] if decided else len(verdicts)
    assert found == SequentialDecision(verdicts[n - 1] if decided else "undecided", path[n], n)


@given(st.integers(1, 200), st.data())
def test_the_interval_holds_the_observed_share(n, data):
    k = data.draw(st.integers(0, n))
    lo, hi = confidence_sequence(k, n, 0.95)
    assert 0 <= lo <= k / n <= hi <= 1 and (n < 100 or hi - lo < 0.45)
    mirrored = confidence_sequence(n - k, n, 0.95)
    assert abs(lo - (1 - mirrored[1])) < 1e-9


def test_refusals():
    for bad in [(1, 2, 0.0, 0.95), (1, 2, 1.0, 0.95), (1, 2, 0.5, 1.0), (3, 2, 0.5, 0.95)]:
        with pytest.raises(BadValue):
            verdict_at(*bad)
    with pytest.raises(BadValue):
        decide_in_order([], 0.5, 0.95, 0)
    with pytest.raises(BadValue):
        confidence_sequence(3, 2, 0.95)
