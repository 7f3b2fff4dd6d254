import doctest
import importlib
import itertools
import math
import pkgutil
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import readoff.statistics
from readoff.core.errors import BadValue, Unreachable
from readoff.statistics.best_of import expected_best, expected_best_interval, success_within
from readoff.statistics.families import confidence_for_all, family_error, holm
from readoff.statistics.paired import median_interval, sign_test

MODULES = sorted(m.name for m in pkgutil.iter_modules(readoff.statistics.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(f"readoff.statistics.{name}")).failed == 0


def test_importing_loads_no_scipy_and_no_jax():
    code = f"import sys; {'; '.join(f'import readoff.statistics.{m}' for m in MODULES)}"
    code += "; sys.exit(bool({'scipy', 'jax', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_sign_test_by_hand():
    found = sign_test([1, 2, -1, 0, 3])
    assert (found.n_positive, found.n_negative, found.n_ties) == (3, 1, 1)
    assert found.p_greater == 5 / 16 and found.p_less == 15 / 16
    assert sign_test([0.0]).p_greater == 1.0
    with pytest.raises(BadValue, match="NaN"):
        sign_test([math.nan])


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("law", [{0: 1, 1: 1}, {-1: 1, 0: 1, 5: 1}, {0: 2, 1: 1, 2: 1}, {0: 4, 1: 1}, {1: 1, 2: 3}])
def test_median_intervals_cover_any_law(law, confidence):
    """Every sample of six from a small law, with its exact probability: every median of the law is covered."""
    total = sum(law.values())
    medians = [m for m in law if sum(w for x, w in law.items() if x <= m) * 2 >= total]
    medians = [m for m in medians if sum(w for x, w in law.items() if x >= m) * 2 >= total]
    missed = dict.fromkeys(medians, Fraction(0))
    for sample in itertools.product(law, repeat=6):
        found = median_interval(sample, confidence)
        assert found.confidence >= confidence
        for m in medians:
            if not found.lo <= m <= found.hi:
                missed[m] += Fraction(math.prod(law[x] for x in sample), total**6)
    assert max(missed.values()) <= 1 - Fraction(str(confidence))


def test_median_interval_edges():
    assert median_interval(range(1, 16), 0.95).lo == 4 and median_interval(range(1, 16), 0.95).hi == 12
    assert median_interval([7, 8, 9], 0.1) == median_interval([9, 8, 7], 0.1)
    with pytest.raises(Unreachable, match="that takes 6"):
        median_interval([1, 2, 3, 4, 5], 0.95)
    assert median_interval([1, 2, 3, 4, 5, 6], 0.95).lo == 1
    with pytest.raises(BadValue):
        median_interval([1, 2], 1.0)


@given(st.integers(1, 7), st.data())
def test_best_of_is_the_mean_over_subsets(n, data):
    scores = data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    k = data.draw(st.integers(1, n))
    subsets = list(itertools.combinations(scores, k))
    assert abs(expected_best(scores, k) - sum(map(max, subsets)) / len(subsets)) < 1e-12
    wins = [s >= 3 for s in scores]
    share = sum(any(s >= 3 for s in subset) for subset in subsets) / len(subsets)
    found = success_within(k, sum(wins), n, 0.95)
    assert abs(found.estimate - share) < 1e-12
    assert 0 <= found.lower <= 1 - (1 - sum(wins) / n) ** k + 1e-12 <= found.upper + 2e-12
    lo, hi = expected_best_interval(scores, k, (0, 5), 0.9)
    assert 0 <= lo <= hi <= 5


def test_none_of_twenty():
    assert abs(success_within(1, 0, 20, 0.95).upper - 0.1391) < 1e-4
    assert success_within(5, 0, 20, 0.95).upper > 0.5 and success_within(5, 0, 20, 0.95).estimate == 0


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_interval_of_the_expected_best_covers(k):
    """Every sample of six from {0: .5, .4: .3, 1: .2}, exactly."""
    law = {0.0: Fraction(5, 10), 0.4: Fraction(3, 10), 1.0: Fraction(2, 10)}
    below = {0.0: law[0.0], 0.4: law[0.0] + law[0.4]}
    true = 1 - 0.4 * float(below[0.0]) ** k - 0.6 * float(below[0.4]) ** k
    missed = 0.0
    for sample in itertools.product(law, repeat=6):
        lo, hi = expected_best_interval(sample, k, (0, 1), 0.8)
        missed += float(math.prod(law[x] for x in sample)) * (not lo - 1e-12 <= true <= hi + 1e-12)
    assert missed <= 0.2


def test_families():
    found = family_error([0.95] * 10 + [1.0] * 5)
    assert (found.n, found.expected, found.any_wrong) == (15, 0.5, 0.5) and "15 verdicts" in found.sentence()
    assert family_error([]).any_wrong == 0
    assert abs(family_error([confidence_for_all(0.9, 7)] * 7).any_wrong - 0.1) < 1e-9
    assert holm([0.01, 0.03, 0.04], 0.05) == (True, False, False)  # .01 <= .05/3, .03 > .05/2, and then no more
    assert holm([0.04, 0.01], 0.05) == (True, True) and holm([], 0.05) == ()
    for bad in [lambda: family_error([1.1]), lambda: holm([2.0], 0.05), lambda: confidence_for_all(0.9, 0)]:
        with pytest.raises(BadValue):
            bad()


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_lies_between_bonferroni_and_no_correction(p_values):
    rejected = holm(p_values, 0.05)
    for p, r in zip(p_values, rejected):
        assert r or p > 0.05 / max(1, len(p_values))
        assert not r or p <= 0.05


def test_best_of_refusals():
    for bad in [lambda: success_within(3, 1, 2, 0.95), lambda: expected_best([1.0], 0),
                lambda: expected_best_interval([2.0], 1, (0, 1), 0.9)]:  # fmt: skip
        with pytest.raises(BadValue):
            bad()
