"""Thinning is deterministic and keeps ends, extremes and gaps."""

import math

from hypothesis import given
from hypothesis import strategies as st

from readoff.report.thin import median_curve, thin_curve, thin_sorted

VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), min_size=1, max_size=400)


@given(VALUES, st.integers(4, 60))
def test_ends_extremes_and_the_limit(ys, limit):
    keep = thin_curve(list(range(len(ys))), ys, limit)
    finite = [y for y in ys if math.isfinite(y)]
    assert keep == sorted(set(keep))
    assert {0, len(ys) - 1} <= set(keep)
    assert sum(math.isfinite(ys[i]) for i in keep) <= limit
    if finite:
        kept = [ys[i] for i in keep if math.isfinite(ys[i])]
        assert (min(kept), max(kept)) == (min(finite), max(finite))


@given(VALUES)
def test_a_gap_between_finite_values_stays_a_gap(ys):
    keep = thin_curve(list(range(len(ys))), ys, 20)
    assert any(math.isnan(ys[i]) for i in keep) == any(map(math.isnan, ys))


@given(st.integers(1, 2000), st.integers(10, 300))
def test_a_sorted_list_keeps_its_smallest_and_its_largest(count, limit):
    keep = thin_sorted(count, limit)
    assert keep == sorted(set(keep))
    assert len(keep) <= limit
    assert keep[0] == 0
    assert keep[-1] == count - 1
    assert keep[: min(count, limit // 2, 40)] == list(range(min(count, limit // 2, 40)))


def test_the_median_needs_half_of_the_curves():
    curves = [([1, 2, 3], [0.0, 5.0, 1.0]), ([1, 2], [2.0, math.nan]), ([1, 2], [4.0, 7.0])]
    assert median_curve(curves) == ([1, 2], [2.0, 6.0])
    assert median_curve([]) == ([], [])
