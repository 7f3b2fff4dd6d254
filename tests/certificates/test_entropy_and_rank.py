import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.certificates.entropy import (
    best_accuracy,
    conditional_entropy,
    cross_entropy,
    entropy,
    majority_accuracy,
)
from readoff.certificates.rank import best_rank_error, rank, squared_singular_values

PAIRS = list(itertools.combinations_with_replacement(range(4), 2))
LABELS = [Fraction(1 if a == b else 2, 16) for a, b in PAIRS]
TABLE = [[3 if (a, b) == (t, t) else 2 * (t in (a, b)) for a, b in PAIRS] for t in range(4)]


def close(found, value, tolerance=1e-14):
    lo, hi = found
    return lo <= hi and hi - lo <= tolerance and abs(lo - value) <= tolerance


def test_by_hand():
    assert entropy([1]) == (0.0, 0.0)
    assert close(entropy([Fraction(1, 2)] * 2), math.log(2))
    assert close(cross_entropy([Fraction(1, 2)] * 2, [Fraction(1, 4), Fraction(3, 4)]), 0.5 * math.log(16 / 3))
    assert cross_entropy([1, 0], [0, 1]) == (math.inf, math.inf)
    assert close(entropy([0, 1]), 0.0) and majority_accuracy([Fraction(1, 3), Fraction(2, 3)]) == Fraction(2, 3)


def test_pair_labels():
    plain = -sum(float(p) * math.log(p) for p in LABELS)
    assert close(entropy(LABELS), plain) and majority_accuracy(LABELS) == Fraction(1, 8)


def test_knowing_the_larger_token_only():
    """What a head that sees one order statistic can know: the ceiling of accuracy and the floor of the loss."""
    joint = [[Fraction(1 if a == b else 2, 16) if b == top else 0 for a, b in PAIRS] for top in range(4)]
    assert best_accuracy(joint) == Fraction(7, 16)
    floor = -sum(float(p) * math.log(p / sum(row)) for row in joint for p in row if p)
    assert close(conditional_entropy(joint), floor)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any))
def test_entropy_agrees_with_floats(counts):
    p = [Fraction(c, sum(counts)) for c in counts]
    assert close(entropy(p), -sum(float(x) * math.log(x) for x in p if x), 1e-13)


def test_the_one_head_table():
    assert rank(TABLE) == 4
    assert [s.exact for s in squared_singular_values(TABLE)] == [33, 17, 17, 17]
    error = best_rank_error(TABLE, 3)
    assert error.squared == Fraction(17, 84) and error.lo <= math.sqrt(17 / 84) <= error.hi
    assert error.hi - error.lo < 1e-15
    assert best_rank_error(TABLE, 4).squared == 0 and best_rank_error(TABLE, 0).squared == 1


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_singular_values_agree_with_numpy(n, m, seed):
    matrix = np.random.default_rng(seed).integers(-3, 4, (n, m))
    values = squared_singular_values(matrix.tolist())
    plain = np.linalg.svd(matrix, compute_uv=False) ** 2
    assert len(values) == len(plain) and np.allclose([s.lo for s in values], plain, atol=1e-9)
    assert all(s.lo <= s.hi and s.hi - s.lo < 1e-12 for s in values)
    assert all(s.exact is None or Fraction(s.lo) <= s.exact <= Fraction(s.hi) for s in values)
    assert rank(matrix.tolist()) == np.linalg.matrix_rank(matrix)
    if matrix.any():
        for k in range(min(n, m)):
            error = best_rank_error(matrix.tolist(), k)
            assert error.lo <= error.hi and abs(error.lo - math.sqrt(plain[k:].sum() / plain.sum())) < 1e-7


def test_irrational_singular_values():
    values = squared_singular_values([[1, 1], [0, 1]])  # (3 +- sqrt 5) / 2
    assert [s.exact for s in values] == [None, None]
    assert close((values[0].lo, values[0].hi), (3 + math.sqrt(5)) / 2)
    error = best_rank_error([[1, 1], [0, 1]], 1)
    assert error.squared is None and close((error.lo, error.hi), math.sqrt((3 - math.sqrt(5)) / 6))


def test_refusals():
    for bad in ([0.5, 0.5], [Fraction(1, 2)], [Fraction(3, 2), Fraction(-1, 2)], []):
        with pytest.raises(ValueError):
            entropy(bad)
    with pytest.raises(ValueError, match="equally many"):
        cross_entropy([1], [1, 0])
    with pytest.raises(ValueError, match="equally long"):
        rank([[1], [1, 2]])
    with pytest.raises(ValueError, match="Fractions"):
        rank([[0.5]])
    with pytest.raises(ValueError, match="nothing to approximate"):
        best_rank_error([[0]], 0)
