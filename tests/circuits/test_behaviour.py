"""Margins, accuracy, loss and attention: by hand, against direct formulas, at gaps where naive softmaxes fail."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from literal_network import random_weights

from readoff.circuits import behaviour as module
from readoff.circuits.behaviour import (
    accuracy,
    attention,
    behaviour,
    logits,
    loss_of,
    margins,
    margins_of,
    mean_attention,
)
from readoff.circuits.paths import CountTables, context_counts, count_tables, tables_on
from readoff.core.domain import Domain
from readoff.core.errors import BadValue
from readoff.networks.architecture import architecture_for
from readoff.networks.network import Ensemble
from readoff.tasks import Pairs

COUNTS = np.array([[1, 1, 0], [1, 0, 2], [0, 3, 1]])


def tables(scores, values, base=None):
    values = np.asarray(values, float)
    return CountTables(np.asarray(scores, float), values, np.zeros(values.shape[-1]) if base is None else base)


def domain(labels, weights, targets=None, over=1):
    n = len(labels)
    ones = np.ones(n, np.int64)
    tokens = np.zeros((n, 1), np.int32)
    return Domain(tokens, np.array(labels), np.array(weights), sum(weights), ones, targets=targets,
                  target_denominator=over)  # fmt: skip


def test_by_hand():
    """Scores log 1, log 2, log 4 make attention rational."""
    given_tables = tables([np.log([1, 2, 4])], [[[7, 0], [0, 7], [14, 7]]], np.array([0.0, 1.0]))
    found = logits(given_tables, COUNTS)
    expected = [[7 / 3, 14 / 3 + 1], [7 / 9 + 14 * 8 / 9, 56 / 9 + 1], [14 * 4 / 10, 7 + 1]]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    labels = np.array([1, 0, 1])
    np.testing.assert_allclose(margins(given_tables, COUNTS, labels), [10 / 3, 6, 2.4], rtol=1e-13)
    np.testing.assert_allclose(attention(given_tables, COUNTS)[0], [[1 / 3, 2 / 3, 0], [1 / 9, 0, 8 / 9],
                                                                    [0, 0.6, 0.4]], rtol=1e-14)  # fmt: skip
    np.testing.assert_allclose(
        mean_attention(given_tables, COUNTS, np.array([0.5, 0.25, 0.25])), [[7 / 36, 29 / 60, 29 / 90]], rtol=1e-13
    )


def test_a_tie_is_wrong_and_weights_are_exact():
    found = np.array([[1.0, 0.0, -1.0, np.nan], [1e-300, 1.0, 1.0, 1.0]])
    weights = np.array([1, 2, 3, 4])
    assert accuracy(found, weights).tolist() == [0.1, 1.0]
    assert Fraction(float(accuracy(found[:1], np.array([1, 2, 3, 2]))[0])) == Fraction(1, 8)


def test_margin_of_one_output_is_refused():
    with pytest.raises(BadValue, match="two outputs"):
        margins(tables([[0.0]], [[[1.0]]]), np.array([[1]]), np.array([0]))


def test_wrong_counts_are_refused():
    small = tables([[0.0, 0.0]], [[[1.0, 0.0], [0.0, 1.0]]])
    with pytest.raises(BadValue, match="d_vocab 2"):
        logits(small, np.ones((1, 3), int))
    with pytest.raises(BadValue, match="without any token"):
        attention(small, np.zeros((1, 2), int))


@pytest.mark.parametrize("gap", [50.0, 200.0, 599.0, 601.0, 5000.0, math.inf])
def test_score_gaps(gap):
    """The dominant token is absent from the second input: there the other two share attention as they always did."""
    given_tables = tables([[gap, 0.0, math.log(3.0)]], [[[1, 0], [0, 4], [4, 0]]])
    if gap == math.inf:
        given_tables = tables([[0.0, -np.inf, -np.inf + 1]], [[[1, 0], [0, 4], [4, 0]]])
        rows = np.array([[1, 1, 1]])
    else:
        rows = np.array([[1, 1, 1], [0, 1, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = logits(given_tables, rows)
    np.testing.assert_allclose(found, [[1, 0], [3, 1]][: len(rows)], rtol=1e-13, atol=4 * math.exp(-min(gap, 700)))
    assert np.isfinite(found).all()


def test_fast_and_slow_paths_agree(monkeypatch):
    rng = np.random.default_rng(0)
    many = CountTables(4 * rng.standard_normal((7, 2, 3)), rng.standard_normal((7, 2, 3, 4)),
                       rng.standard_normal((7, 4)))  # fmt: skip
    fast = logits(many, COUNTS)
    fast_margins = margins(many, COUNTS, np.array([0, 3, 1]))
    monkeypatch.setattr(module, "SAFE_RANGE", 0.0)
    np.testing.assert_allclose(logits(many, COUNTS), fast, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(margins(many, COUNTS, np.array([0, 3, 1])), fast_margins, rtol=1e-11, atol=1e-12)
    monkeypatch.setattr(module, "BLOCK", 1)
    np.testing.assert_allclose(logits(many, COUNTS), fast, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(margins_of(fast, np.array([0, 3, 1])), fast_margins, rtol=1e-12, atol=1e-14)


def test_diverged_models_are_nan_and_quiet_and_leave_others_alone():
    task = Pairs(n_signal=2, n_noise=1, n_ctx=3)
    architecture = architecture_for(task)
    weights = random_weights(architecture, 0, models=(3,))
    alone = Ensemble(architecture, weights, np.arange(3))
    broken = alone.replace(**{"blocks.0.attn.W_Q": np.where(np.arange(3)[:, None, None, None] == 1, np.nan,
                                                           weights["blocks.0.attn.W_Q"])})  # fmt: skip
    inputs = task.domain(orbits=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = behaviour(broken, inputs)
    assert np.isnan(found.margins[1]).all() and found.accuracy[1] == 0 and np.isnan(found.loss[1])
    for m in (0, 2):
        np.testing.assert_allclose(found.margins[m], behaviour(alone[m], inputs).margins, rtol=1e-12)


def test_loss_by_hand_and_when_it_is_tiny():
    inputs = domain([0, 1], [1, 3])
    found = loss_of(np.array([[0.0, 0.0], [0.0, math.log(3)]]), inputs)
    assert found == pytest.approx(0.25 * math.log(2) + 0.75 * math.log(4 / 3), rel=1e-15)
    tiny = loss_of(np.array([[100.0, 0.0], [0.0, 100.0]]), inputs)
    assert tiny == pytest.approx(math.exp(-100), rel=1e-12)
    assert loss_of(np.array([[0.0, 5000.0], [0.0, 5000.0]]), inputs) == 0.25 * 5000
    even = domain([-1, -1], [1, 1], targets=np.array([[1, 1], [1, 1]]), over=2)
    assert loss_of(np.zeros((2, 2)), even) == pytest.approx(math.log(2), rel=1e-15)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 300))
def test_properties(seed, scale):
    """Attention sums to one, lies on present tokens only, and a constant added to all scores changes nothing."""
    rng = np.random.default_rng(seed)
    drawn = CountTables(scale * rng.standard_normal((2, 3)), rng.standard_normal((2, 3, 4)), rng.standard_normal(4))
    shares = attention(drawn, COUNTS)
    np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=1e-12)
    assert not shares[:, COUNTS == 0].any()
    shifted = CountTables(drawn.scores + 1000.0, drawn.values, drawn.base)
    np.testing.assert_allclose(logits(shifted, COUNTS), logits(drawn, COUNTS), atol=1e-9)
    direct = np.einsum("hnv,hvo->no", shares, drawn.values) + drawn.base
    np.testing.assert_allclose(logits(drawn, COUNTS), direct, atol=1e-11)


def test_shapes_for_one_and_for_many():
    task = Pairs()
    architecture = architecture_for(task)
    ensemble = Ensemble(architecture, random_weights(architecture, 0, models=(6,)), np.arange(6))
    inputs = task.domain(orbits=True)
    found = behaviour(ensemble, inputs)
    assert found.margins.shape == (6, 280) and found.accuracy.shape == found.loss.shape == (6,)
    one = behaviour(ensemble[4], inputs)
    assert one.margins.shape == (280,) and one.loss == pytest.approx(found.loss[4], rel=1e-12)
    np.testing.assert_array_equal(found.min_margin, found.margins.min(axis=1))
    many, counts = tables_on(ensemble, inputs)
    assert attention(many, counts).shape == (6, 2, 280, 12)
    two_axes = CountTables(*(x.reshape(2, 3, *x.shape[1:]) for x in (many.scores, many.values, many.base)))
    np.testing.assert_array_equal(margins(two_axes, counts, inputs.labels).reshape(6, -1), found.margins)
    assert count_tables(architecture, ensemble.weights).leading == (6,)
    assert context_counts(architecture, inputs.tokens).sum() == 280 * 5
