"""Weighted domains: exact weights, counts, and merging into orbits."""

from fractions import Fraction

import numpy as np
import pytest

from readoff.core.domain import Domain, merge_orbits, refuse_large
from readoff.core.errors import BadValue, TooLarge

# Inputs 12|0 and 21|0 are permutations with the same label; 12|1 ends in another token, 11|0 has another context.
TOKENS = np.array([[1, 2, 0], [2, 1, 0], [1, 2, 1], [1, 1, 0]], np.int32)


def by_hand(**changes) -> Domain:
    fields = {
        "tokens": TOKENS,
        "labels": np.array([3, 3, 3, 4]),
        "weights": np.array([1, 2, 3, 6]),
        "denominator": 12,
        "multiplicity": np.ones(4, np.int64),
    }
    return Domain(**{**fields, **changes})


def test_orbits_by_hand():
    merged = merge_orbits(by_hand())
    assert merged.orbits and merged.tokens.tolist() == [[1, 2, 0], [1, 2, 1], [1, 1, 0]]
    assert merged.labels.tolist() == [3, 3, 4] and merged.denominator == 12
    assert merged.weights.tolist() == [3, 3, 6] and merged.multiplicity.tolist() == [2, 1, 1]
    assert merged.weight(0) == Fraction(1, 4) and merged.probabilities.tolist() == [0.25, 0.25, 0.5]


def test_a_permutation_with_another_label_stays_apart():
    assert len(merge_orbits(by_hand(labels=np.array([3, 2, 3, 4])))) == 4


def test_a_permutation_with_another_target_distribution_stays_apart():
    targets = np.array([[1, 1], [1, 1], [2, 0], [0, 2]])
    same = merge_orbits(by_hand(targets=targets, target_denominator=2))
    assert same.targets is not None and same.targets.tolist() == [[1, 1], [2, 0], [0, 2]]
    targets = np.array([[1, 1], [2, 0], [2, 0], [0, 2]])
    assert len(merge_orbits(by_hand(targets=targets, target_denominator=2))) == 4


def test_counts_by_hand():
    assert by_hand().counts(4).tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [0, 2, 1, 0], [1, 2, 0, 0]]


def test_weights_must_sum_to_one():
    with pytest.raises(BadValue, match="11/12"):
        by_hand(weights=np.array([1, 2, 3, 5]))


def test_large_domains_are_refused_before_they_are_listed():
    refuse_large(10, 10, "x")
    with pytest.raises(TooLarge, match=r"task x has 11 inputs; the limit .* is 10.*Make the task smaller"):
        refuse_large(11, 10, "task x")
