"""Orders, spreads and rank correlations; heads named by what they do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from literal_network import random_weights
from scipy.stats import kendalltau

from readoff.circuits.attention import (
    align_heads,
    attention_order,
    exactly_reversed,
    kendall_tau,
    permute_heads,
    spread,
)
from readoff.circuits.behaviour import logits
from readoff.circuits.gauges import centre_scores
from readoff.circuits.paths import CountTables, count_tables
from readoff.core.errors import BadValue
from readoff.networks.architecture import EffectiveArchitecture


def test_order_and_spread_by_hand():
    scores = np.array([9.0, 1.0, -2.0, 0.5, 1.0, 7.0])
    assert attention_order(scores, range(1, 5)).tolist() == [1, 4, 3, 2]
    assert spread(scores, [1, 2, 3, 4]) == 3.0
    assert attention_order(np.stack([scores, -scores]), [1, 2, 3]).tolist() == [[1, 3, 2], [2, 3, 1]]


small = st.lists(st.integers(0, 3), min_size=4, max_size=4)


@given(small, small)
def test_tau_agrees_with_scipy(a, b):
    ours, theirs = kendall_tau(np.array(a), np.array(b)), kendalltau(a, b).statistic
    assert (np.isnan(ours) and np.isnan(theirs)) or ours == pytest.approx(theirs, abs=1e-12)


def test_tau_over_models_and_its_refusals():
    a = np.random.default_rng(0).standard_normal((5, 3, 6))
    b = np.random.default_rng(1).standard_normal((5, 3, 6))
    found = kendall_tau(a, b)
    assert found.shape == (5, 3)
    assert found[2, 1] == pytest.approx(kendalltau(a[2, 1], b[2, 1]).statistic, abs=1e-12)
    assert np.isnan(kendall_tau(np.array([np.nan, 1.0]), np.array([0.0, 1.0])))
    with pytest.raises(BadValue, match="equally long"):
        kendall_tau(np.zeros(3), np.zeros(4))


def test_exactly_reversed_means_every_pair_and_no_tie():
    a = np.array([3.0, 2.0, 1.0, 0.0])
    assert exactly_reversed(a, -a) and exactly_reversed(a, np.exp(-a))
    assert not exactly_reversed(a, np.array([0.0, 1.0, 3.0, 2.0]))
    assert not exactly_reversed(a, np.array([0.0, 1.0, 2.0, 2.0]))
    assert exactly_reversed(np.stack([a, a]), np.stack([-a, a])).tolist() == [True, False]


def test_heads_are_found_again_after_shuffling():
    architecture = EffectiveArchitecture(d_vocab=5, d_vocab_out=3, n_ctx=3, n_heads=4)
    tables = count_tables(architecture, random_weights(architecture, 0, models=(6,)))
    one = tables[np.zeros(6, int)]
    shuffled = np.stack([np.random.default_rng(m).permutation(4) for m in range(6)])
    mixed = permute_heads(one, shuffled)
    counts = np.array([[1, 2, 0, 0, 1], [1, 0, 1, 1, 1]])
    np.testing.assert_allclose(logits(mixed, counts), logits(one, counts), atol=1e-12)
    features = centre_scores(mixed).scores
    found = align_heads(features, features[0])
    back = permute_heads(mixed, found)
    for m in range(6):
        np.testing.assert_array_equal(back.values[m], back.values[0])
    assert (np.sort(found, axis=1) == np.arange(4)).all()


def test_alignment_prefers_the_best_sum_not_the_first_best():
    reference = np.array([[1.0, 0.0], [0.9, 0.1]])
    features = np.array([[1.0, 0.0], [0.0, 5.0]])
    assert align_heads(features, reference).tolist() == [0, 1]
    assert align_heads(features[::-1], reference).tolist() == [1, 0]
    with pytest.raises(BadValue, match="reference"):
        align_heads(features, reference[:, :1])


def test_permuting_one_network():
    tables = CountTables(np.array([[1.0, 2.0], [3.0, 4.0]]), np.arange(8.0).reshape(2, 2, 2), np.zeros(2))
    turned = permute_heads(tables, np.array([1, 0]))
    assert turned.scores.tolist() == [[3, 4], [1, 2]] and turned.values[0, 0].tolist() == [4, 5]
