"""The by_token forward: by hand, against the direct forward, and at gaps where naive softmaxes fail."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import CASES, QUICKLY, one_layer_cases, random_weights

from readoff.circuits.behaviour import network_logits
from readoff.networks.by_token import TokenTables, logits_by_token, token_tables
from readoff.networks.forward import forward
from readoff.networks.network import Network
from readoff.networks.reads import reads_for

LN2 = math.log(2)


def test_logits_by_hand():
    """Head 0 looks twice as hard at token 1 as at token 0; head 1 looks at both alike. Context: token 0 twice, 1 once.

    head 0: weights 2*1 : 1*2, so 1/2 each: half of (1, 0) and of (0, 4)     -> (1/2, 2)
    head 1: weights 2 : 1: 2/3 of (3, 0) and 1/3 of (0, 6)                   -> (2, 2)
    base (10, 20)                                                            -> (12.5, 24)
    """
    tables = TokenTables(
        jnp.array([[[0.0, LN2]], [[5.0, 5.0]]]),
        jnp.array([[[1.0, 0.0], [0.0, 4.0]], [[3.0, 0.0], [0.0, 6.0]]]),
        jnp.array([[10.0, 20.0]]),
    )
    logits = logits_by_token(tables, jnp.array([0]), jnp.array([[2, 1]]))
    assert np.asarray(logits) == pytest.approx(np.array([[12.5, 24.0]]), abs=1e-14)


def test_tables_by_hand():
    """d_model = d_head = 1, E = 1, 2: read at token 1, q = 2*3 + 1 = 7; keys 5 E - 4 = 1, 6; scores 7, 42 (scale 1).

    values: (E * 2 + 1) * 10 * W_U = 30, 50 times (1, -1); base: (E[1] + b_O) W_U + b_U = 2 + 3 = 5: (5, -5) + (0, 100)
    """
    from readoff.networks.architecture import Architecture

    made = Architecture(2, 2, 2, n_heads=1, d_model=1, d_head=1)
    one = jnp.ones((1, 1, 1))
    bias = jnp.ones((1, 1))
    weights = {
        "embed.W_E": jnp.array([[1.0], [2.0]]),
        **{f"blocks.0.attn.W_{x}": size * one for x, size in zip("QKVO", (3, 5, 2, 10))},
        **{f"blocks.0.attn.b_{x}": size * bias for x, size in zip("QKV", (1, -4, 1))},
        "blocks.0.attn.b_O": jnp.array([3.0]),
        "unembed.W_U": jnp.array([[1.0, -1.0]]),
        "unembed.b_U": jnp.array([0.0, 100.0]),
    }
    tables = token_tables(made, weights, (1,))
    assert tables.scores.tolist() == [[[7.0, 42.0]]]
    assert tables.values.tolist() == [[[30.0, 50.0], [-30.0, -50.0]]]
    assert tables.base.tolist() == [[5.0, 95.0]]
    assert token_tables(made, weights, (1,), scale=2.0).scores.tolist() == [[[14.0, 84.0]]]


def agree_with_direct(task, architecture, seed, size=1.0):
    """by_token, direct and the numpy circuits on every read of the task."""
    weights = random_weights(architecture, seed, size)
    reads = reads_for(architecture, task)
    unique, index = np.unique(reads.destination, return_inverse=True)
    tokens = task.domain().tokens

    @partial(jax.jit, compiler_options=QUICKLY)
    def both(arrays):
        tables = token_tables(architecture, arrays, tuple(int(d) for d in unique))
        by_token = logits_by_token(tables, jnp.asarray(index.reshape(-1)), jnp.asarray(reads.counts))
        return by_token, forward(architecture, arrays, jnp.asarray(tokens))[0]

    ours, direct = map(np.asarray, both({name: jnp.asarray(value) for name, value in weights.items()}))
    by_counts = {(int(d), *c): row for d, c, row in zip(reads.destination, reads.counts.tolist(), ours)}

    vocabulary = task.d_vocab
    places = range(task.n_ctx) if task.loss_elsewhere else [task.n_ctx - 1]
    for place in places:
        for row, expected in zip(tokens, direct[:, place]):
            offset = vocabulary * np.arange(place + 1) if architecture.positions else 0
            seen = row[: place + 1] + offset
            counts = np.bincount(seen, minlength=reads.counts.shape[1])
            assert by_counts[(int(seen[-1]), *counts.tolist())] == pytest.approx(expected, rel=1e-10, abs=1e-10)
    numpy_logits = network_logits(Network(architecture, weights), tokens)
    assert numpy_logits == pytest.approx(direct[:, -1], rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_named_cases_agree_with_the_direct_forward(name):
    agree_with_direct(*CASES[name], seed=0)


@settings(max_examples=6)
@given(one_layer_cases(), st.integers(0, 2**32 - 1))
def test_any_one_layer_network_agrees_with_the_direct_forward(case, seed):
    agree_with_direct(*case, seed)


@pytest.mark.slow
@settings(max_examples=200)
@given(one_layer_cases(), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 3.0]))
def test_many_one_layer_networks_agree_with_the_direct_forward(case, seed, size):
    agree_with_direct(*case, seed, size)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("gap", [0.0, 80.0, 200.0, 1000.0])
def test_gaps_of_any_size_are_safe_where_the_best_token_is_absent(gap, dtype):
    """Token 2 outscores the others by `gap`. Without it in the context, tokens 0 and 1 (scores 0, ln 2) attend 1 : 2.

    values 0, 3, 7: logit 2 without token 2; d logit / d score_1 = p_1 (value_1 - logit) = 2/3; d logit / d value = p.
    With token 2 present and the gap above 40, the logit is 7 to all digits.
    """

    def logit(scores, values, counts):
        tables = TokenTables(scores[None, None], jnp.stack([values, 0 * values])[None], jnp.zeros((1, 2), scores.dtype))
        return logits_by_token(tables, jnp.array([0]), counts[None])[0, 0]

    scores = jnp.array([0.0, LN2, gap], dtype)
    values = jnp.array([0.0, 3.0, 7.0], dtype)
    exact = 1e-6 if dtype == "float32" else 1e-14
    value, (d_scores, d_values) = jax.value_and_grad(logit, argnums=(0, 1))(scores, values, jnp.array([1, 1, 0]))
    assert float(value) == pytest.approx(2, rel=exact)
    assert np.asarray(d_scores) == pytest.approx([-2 / 3, 2 / 3, 0], rel=exact)
    assert np.asarray(d_values) == pytest.approx([1 / 3, 2 / 3, 0], rel=exact)
    if gap > 40:
        assert float(logit(scores, values, jnp.array([2, 1, 1]))) == 7.0


def test_float32_stays_close_to_float64():
    """Scores and values of a few units: rounding of the inputs moves logits by at most some dozens of 6e-8."""
    task, architecture = CASES["pairs"]
    reads = reads_for(architecture, task)
    found = []
    for dtype in ("float32", "float64"):
        weights = {n: jnp.asarray(v, dtype) for n, v in random_weights(architecture, 3).items()}
        tables = token_tables(architecture, weights, (0,))
        found.append(np.asarray(logits_by_token(tables, jnp.zeros(len(reads), int), jnp.asarray(reads.counts))))
        assert found[-1].dtype == dtype
    assert found[0] == pytest.approx(found[1], abs=2e-5)
