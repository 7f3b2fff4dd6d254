"""The by_count gradients: by hand, against the formula in numpy, and at gaps where exponentials underflow."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.networks.by_count import SAFE_GAP, gradients_by_count


def gradients(scores, values, base, counts, targets, weights, dtype="float64"):
    """(d scores, d values, d base); targets are multiplied by the row weights here."""
    arrays = [jnp.asarray(a, dtype) for a in (scores, values, base, targets * weights, weights)]
    return gradients_by_count(*arrays[:3], np.asarray(counts), *arrays[3:])


def plain_gradients(scores, values, base, counts, targets, weights):
    """The same, row by row in float64: d loss / d logit is w p - w t, attention is a softmax over what is present."""
    models, heads, _ = scores.shape
    d_scores, d_values, d_base = np.zeros_like(scores), np.zeros_like(values), np.zeros_like(base)
    for m in range(models):
        for r, count in enumerate(counts):
            present = count > 0
            attention = np.zeros_like(scores[m])
            for h in range(heads):
                weight = count[present] * np.exp(scores[m, h, present] - scores[m, h, present].max())
                attention[h, present] = weight / weight.sum()
            reads = np.einsum("hv,hov->ho", attention, values[m])
            logits = base[m] + reads.sum(axis=0)
            p = np.exp(logits - logits.max())
            error = weights[r] * (p / p.sum() - targets[:, r])
            d_base[m] += error
            d_values[m] += attention[:, None, :] * error[None, :, None]
            d_scores[m] += attention * np.einsum("o,hov->hv", error, values[m] - reads[:, :, None])
    return [d_scores, d_values, d_base]


def test_one_input_by_hand():
    """Scores 0, ln 2 and counts 2, 1: attention 1/2 each. Values (0, 2 ln 3) for output 0 and 0 for output 1, base 0.

    logits ln 3 and 0, so p = 3/4, 1/4; the target is output 1: error (3/4, -3/4).
    d base = error; d values = error / 2 for both tokens
    d score_v = 1/2 * 3/4 (value_v - ln 3): -3/8 ln 3 and 3/8 ln 3
    """
    found = gradients(
        np.array([[[0.0, math.log(2)]]]),
        np.array([[[[0.0, 2 * math.log(3)], [0.0, 0.0]]]]),
        np.zeros((1, 2)),
        np.array([[2, 1]]),
        np.array([[0.0], [1.0]]),
        np.ones(1),
    )
    slope = 3 / 8 * math.log(3)
    expected = [[[[-slope, slope]]], [[[[0.375, 0.375], [-0.375, -0.375]]]], [[0.75, -0.75]]]
    for ours, by_hand in zip(found, expected):
        assert np.asarray(ours) == pytest.approx(np.array(by_hand), abs=1e-14)


COUNTS = np.array([[1, 1, 0, 1], [0, 2, 1, 1], [1, 0, 0, 1], [2, 0, 1, 1]])
LABELS = np.eye(3)[[0, 1, 2, 0]].T
SHARE = np.array([0.1, 0.2, 0.3, 0.4])
compiled = {
    dtype: jax.jit(partial(gradients, counts=COUNTS, targets=LABELS, weights=SHARE, dtype=dtype))
    for dtype in ("float32", "float64")
}


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 10.0]), st.sampled_from([0.1, 1.0, 10.0]))
def test_the_gradients_are_the_plain_ones(seed, spread, size):
    """Errors are at most some dozens of roundings of the values, which are a few times `size`."""
    generator = np.random.default_rng(seed)
    scores, values = generator.standard_normal((2, 2, 4)) * spread, generator.standard_normal((2, 2, 3, 4)) * size
    tables = (scores, values, generator.standard_normal((2, 3)))
    for dtype, bound in (("float32", 5e-6), ("float64", 1e-13)):
        rounded = [a.astype(dtype).astype(np.float64) for a in tables]
        plain = plain_gradients(*rounded, COUNTS, LABELS, SHARE)
        for ours, expected in zip(compiled[dtype](*tables), plain):
            assert np.asarray(ours) == pytest.approx(expected, abs=bound * max(1, size) ** 2)


def test_the_sum_over_outputs_of_the_errors_is_zero():
    generator = np.random.default_rng(0)
    targets = generator.dirichlet(np.ones(3), 4).T
    found = gradients(
        generator.standard_normal((2, 2, 3)),
        generator.standard_normal((2, 2, 3, 3)),
        generator.standard_normal((2, 3)),
        np.array([[1, 0, 1], [0, 2, 1], [1, 1, 1], [0, 0, 1]]),
        targets,
        np.full(4, 0.25),
    )
    for part in (found[1].sum(axis=2), found[2].sum(axis=1)):
        assert np.asarray(part) == pytest.approx(np.zeros(part.shape), abs=1e-14)


def gap_problem(gap):
    """Two models; in the second, head 0 prefers token 2 by `gap`, and two of the four rows lack it."""
    generator = np.random.default_rng(1)
    scores = generator.standard_normal((2, 2, 4))
    scores[1, 0, 2] = scores[1, 0].max() + gap
    return scores, generator.standard_normal((2, 2, 3, 4)), generator.standard_normal((2, 3))


@pytest.mark.parametrize("dtype, bound", [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("gap", [0.0, 75.0, 85.0, 200.0, 640.0, 660.0, 2000.0])
def test_gaps_of_any_size_give_the_right_gradients(gap, dtype, bound):
    """Below and above SAFE_GAP of either dtype: both branches, and the change from one to the other."""
    tables = gap_problem(gap)
    rounded = [np.asarray(a, dtype).astype(np.float64) for a in tables]  # the same numbers for both sides
    for ours, plain in zip(compiled[dtype](*tables), plain_gradients(*rounded, COUNTS, LABELS, SHARE)):
        assert np.isfinite(ours).all() and np.asarray(ours) == pytest.approx(plain, abs=bound)


def test_the_gaps_above_reach_both_branches():
    assert 75 < SAFE_GAP["float32"] < 85 and 640 < SAFE_GAP["float64"] < 660


def test_a_network_that_diverged_leaves_the_others_alone():
    """NaN in one model: the other's gradients are, bit for bit, what they are beside a sound one (of any gap)."""
    tables = gap_problem(3.0)
    for bad in (np.nan, np.inf):
        broken = [np.array(a) for a in tables]
        for array in broken:
            array[1] = bad
        for beside, alone in zip(compiled["float64"](*broken), compiled["float64"](*tables)):
            assert (beside[0] == alone[0]).all() and np.isnan(beside[1]).all()
