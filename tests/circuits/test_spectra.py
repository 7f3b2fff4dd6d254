"""Ranks, likeness and the copying score, with the cases where they do not exist."""

import numpy as np
import pytest

from readoff.circuits.spectra import (
    copying_score,
    cosine,
    effective_rank,
    numerical_rank,
    participation_ratio,
    singular_values,
)
from readoff.core.errors import BadValue


def test_singular_values_and_ranks():
    matrices = np.stack([np.diag([3.0, 0.0]), np.eye(2), np.full((2, 2), np.nan), np.zeros((2, 2))])
    assert singular_values(matrices)[:2].tolist() == [[3, 0], [1, 1]]
    assert np.isnan(singular_values(matrices)[2]).all()
    assert numerical_rank(matrices).tolist() == [1, 2, 0, 0]
    assert effective_rank(matrices)[:2].tolist() == [1, 2] and np.isnan(effective_rank(matrices)[2:]).all()
    assert effective_rank(np.diag([2.0, 1.0])) == pytest.approx(25 / 17)


def test_participation_and_cosine():
    assert participation_ratio(np.array([[1.0, 1, 1, 0], [5, 0, 0, 0]])).tolist() == [3, 1]
    a = np.array([[[1.0, 0], [0, 0]], [[0, 0], [0, 0]]])
    b = np.array([[3.0, 4], [0, 0]])
    assert cosine(a, b)[0] == pytest.approx(0.6) and np.isnan(cosine(a, b)[1])


def test_copying_scores():
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((4, 4))
    mixed = basis @ np.diag([3.0, -1.0, 0.5, 0.5]) @ np.linalg.inv(basis)
    assert copying_score(mixed).value == pytest.approx(3 / 5)
    assert copying_score(np.array([[0.0, 1.0], [-1.0, 0.0]])).value == pytest.approx(0.0, abs=1e-12)
    assert copying_score(1e-200 * np.eye(3)).value == 1.0


@pytest.mark.parametrize("links", [[(1, 3), (2, 4)], [(0, 1), (1, 2)], [(0, 1), (1, 2), (2, 3)]])
def test_what_only_maps_onwards_has_no_copying_score(links):
    """Completions b -> c(b) that write nothing themselves: eigenvalues are 0 in any basis, whatever LAPACK says."""
    matrix = np.zeros((5, 5))
    for source, target in links:
        matrix[source, target] = 20.0
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    for one in (matrix, rotation @ matrix @ rotation.T):
        found = copying_score(one)
        assert np.isnan(found.value) and "nilpotent" in found.reason
    slightly = copying_score(matrix + 1e-2 * np.eye(5))
    assert slightly.reason == "" and slightly.value == pytest.approx(1.0, abs=1e-6)


def test_zero_unfinite_and_oblong():
    assert "0/0" in copying_score(np.zeros((2, 2))).reason
    assert "finite" in copying_score(np.full((2, 2), np.inf)).reason
    with pytest.raises(BadValue, match="square"):
        copying_score(np.zeros((12, 10)))
