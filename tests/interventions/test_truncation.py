"""Low-rank approximations, and the directions nobody chose."""

import math

import numpy as np
import pytest

from readoff.circuits.behaviour import logits
from readoff.circuits.paths import CountTables, tables_on
from readoff.constructions import pairs
from readoff.core.errors import BadValue
from readoff.interventions.truncation import lost, truncate
from readoff.tasks import Pairs


def test_best_approximation_of_generic_tables():
    tables = np.random.default_rng(0).standard_normal((5, 7, 4))
    for rank in range(5):
        found = truncate(tables, rank)
        size = np.linalg.svd(tables, compute_uv=False)
        assert (np.linalg.matrix_rank(found) == rank).all()
        expected = np.sqrt((size[:, rank:] ** 2).sum(axis=1) / (size**2).sum(axis=1))
        np.testing.assert_allclose(lost(tables, found), expected, atol=1e-12)


def signal_table():
    network = pairs.one_head_table(Pairs(), gap=60.0)
    domain = Pairs().domain(orbits=True)
    tables, counts = tables_on(network, domain)
    return tables, counts, domain


def test_the_pair_table_at_rank_3_depends_on_the_direction():
    """The relative error is sqrt(17/84) whatever is dropped; how many classes stay right is not settled by it."""
    tables, counts, domain = signal_table()
    with pytest.raises(BadValue, match=r"singular values 3 and 4 are equal.*1 of 3"):
        truncate(tables.values[0], 3)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(60):
        direction = np.zeros((1, 12))
        direction[0, 1:5] = rng.standard_normal(4)
        cut = truncate(tables.values[0], 3, direction)
        assert np.linalg.matrix_rank(cut) == 3
        assert lost(tables.values[0], cut) == pytest.approx(math.sqrt(17 / 84))
        found = logits(CountTables(tables.scores, cut[None], tables.base), counts)
        right = found[np.arange(280), domain.labels] >= found.max(axis=1) - 1e-12
        shares.append(sum(right[domain.labels == c].all() for c in range(10)) / 10)
    assert min(shares) >= 0.3 and max(shares) <= 0.9 and len(set(shares)) > 1


def test_what_is_dropped_is_gone_and_the_rest_is_not():
    table = np.diag([5.0, 2.0, 2.0, 2.0, 1.0])
    drop = np.array([[9.0, 1.0, 1.0, 0.0, 4.0], [0.0, 1.0, -1.0, 0.0, 0.0]])
    cut = truncate(table, 2, drop)
    np.testing.assert_allclose(cut, np.diag([5.0, 0.0, 0.0, 2.0, 0.0]), atol=1e-12)
    assert np.allclose(truncate(table, 4), np.diag([5.0, 2, 2, 2, 0]))


def test_bad_directions_and_ranks():
    table = np.eye(3)
    with pytest.raises(BadValue, match=r"shape \[2, 3\], expected \[1, 3\]"):
        truncate(table, 2, np.eye(3)[:2])
    with pytest.raises(BadValue, match="do not span"):
        truncate(table, 1, np.array([[1.0, 0, 0], [2.0, 0, 0]]))
    with pytest.raises(BadValue, match="ranks 0 to 3"):
        truncate(table, 4)
    with pytest.raises(BadValue, match="one by one"):
        truncate(np.stack([table, np.diag([3.0, 2, 1])]), 2)
    assert not truncate(np.zeros((2, 3, 3)), 2).any()
    broken = truncate(np.stack([np.diag([3.0, 2, 1]), np.full((3, 3), np.nan)]), 2)
    assert np.allclose(broken[0], np.diag([3.0, 2, 0])) and np.isnan(broken[1]).all()
