import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_by_hand import random_weights

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_weights
from readoff.certificates.network import certify_network


def random_state(rng, n_layers, d_mlp, positions, biases, n_ctx=4, d_vocab=3, d_model=4, n_heads=2, d_head=3, d_out=3):
    draw = lambda *shape: rng.normal(size=shape) / 2  # noqa: E731
    state = {"embed.W_E": draw(d_vocab, d_model), "unembed.W_U": draw(d_model, d_out)}
    if positions:
        state["pos_embed.W_pos"] = draw(n_ctx, d_model)
    for layer in range(n_layers):
        attn, mlp = f"blocks.{layer}.attn.", f"blocks.{layer}.mlp."
        state |= {attn + f"W_{x}": draw(n_heads, d_model, d_head) for x in "QKV"}
        state[attn + "W_O"] = draw(n_heads, d_head, d_model)
        if biases:
            state |= {attn + f"b_{x}": draw(n_heads, d_head) for x in "QKV"} | {attn + "b_O": draw(d_model)}
        if d_mlp:
            state |= {mlp + "W_in": draw(d_model, d_mlp), mlp + "W_out": draw(d_mlp, d_model)}
            if biases:
                state |= {mlp + "b_in": draw(d_mlp), mlp + "b_out": draw(d_model)}
    if biases:
        state["unembed.b_U"] = draw(d_out)
    return state


def plain_margins(state, tokens, labels, n_layers, scale, direct, causal, act):
    erf = np.vectorize(math.erf)
    margins = []
    for row, y in zip(tokens, labels):
        x = state["embed.W_E"][row] + state.get("pos_embed.W_pos", np.zeros((len(row), 1)))[: len(row)]
        own = x[-1].copy()
        for layer in range(n_layers):
            a, m = f"blocks.{layer}.attn.", f"blocks.{layer}.mlp."
            new = x + state.get(a + "b_O", 0)
            for h in range(state[a + "W_Q"].shape[0]):
                bias = lambda letter: state[a + "b_" + letter][h] if a + "b_Q" in state else 0  # noqa: B023, E731
                q, k, v = (x @ state[a + "W_" + letter][h] + bias(letter) for letter in "QKV")
                s = q @ k.T / np.sqrt(scale)
                if causal:
                    s = np.where(np.tril(np.ones_like(s)) == 1, s, -np.inf)
                p = np.exp(s - s.max(axis=1, keepdims=True))
                new = new + (p / p.sum(axis=1, keepdims=True)) @ v @ state[a + "W_O"][h]
            x = new
            if m + "W_in" in state:
                z = x @ state[m + "W_in"] + state.get(m + "b_in", 0)
                z = np.maximum(z, 0) if act == "relu" else z * (1 + erf(z / np.sqrt(2))) / 2
                x = x + z @ state[m + "W_out"] + state.get(m + "b_out", 0)
        logits = (x[-1] - (0 if direct else own)) @ state["unembed.W_U"] + state.get("unembed.b_U", 0)
        margins.append(logits[y] - np.delete(logits, y).max())
    return np.array(margins)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_layers=st.integers(0, 3),
    d_mlp=st.sampled_from([0, 5]),
    positions=st.booleans(),
    biases=st.booleans(),
    direct=st.booleans(),
    causal=st.booleans(),
    act=st.sampled_from(["relu", "gelu"]),
)
def test_agrees_with_numpy(seed, n_layers, d_mlp, positions, biases, direct, causal, act):
    rng = np.random.default_rng(seed)
    state = random_state(rng, n_layers, d_mlp, positions, biases)
    tokens, labels = rng.integers(0, 3, (4, 4)), rng.integers(0, 3, 4)
    found = certify_network(
        state, tokens, labels, d_head_scale=2, direct_path=direct, causal=causal, act_fn=act, bits=128
    )
    plain = plain_margins(state, tokens, labels, n_layers, 2, direct, causal, act)
    assert (found.lower <= found.upper).all() and (found.upper - found.lower <= 1e-9 * (1 + abs(plain))).all()
    assert np.allclose(found.lower, plain, rtol=1e-6, atol=1e-6)


def test_one_layer_without_positions_agrees_with_counts():
    weights = random_weights(np.random.default_rng(4), d_vocab=4, d_out=3)
    tokens = np.array([[*middle, 0] for middle in itertools.product(range(4), repeat=2)])
    counts = np.stack([np.bincount(row, minlength=4) for row in tokens])
    labels = np.arange(len(tokens)) % 3
    for direct in (True, False):
        slow = certify_network(
            weights, tokens, labels, d_head_scale=5, direct_path=direct, weights=[1] * 16, denominator=16
        )
        tables = tables_from_weights(weights, d_head_scale=5, direct_path=direct, read_token=0)
        fast = certify_margins(tables, counts, labels, weights=[1] * 16, denominator=16)
        assert (slow.status == fast.status).all() and slow.accuracy == fast.accuracy
        assert (slow.lower <= fast.upper).all() and (fast.lower <= slow.upper).all()
        assert slow.loss[0] <= fast.loss[1] and fast.loss[0] <= slow.loss[1]


def test_relu_by_hand():
    """Hidden units relu(x0 - x1) and relu(x1 - x0), written to outputs 1 and 0."""
    state = {
        "embed.W_E": np.eye(2),
        "blocks.0.mlp.W_in": np.array([[1.0, -1.0], [-1.0, 1.0]]),
        "blocks.0.mlp.W_out": np.array([[0.0, 3.0], [3.0, 0.0]]),
        "unembed.W_U": np.eye(2),
    }
    found = certify_network(state, np.array([[1, 0], [0, 1]]), np.array([1, 1]), d_head_scale=1)
    assert found.lower.tolist() == [2.0, -2.0] == found.upper.tolist()


def test_near_tie_and_exact_tie():
    state = {"embed.W_E": np.array([[1.0, 2.0**-80]]), "unembed.W_U": np.array([[1.0, 1.0], [1.0, 0.0]])}
    found = certify_network(state, np.array([[0]]), np.array([0]), d_head_scale=1)
    assert found.status.tolist() == ["correct"] and found.lower[0] == 2.0**-80 and found.bits > 64
    state["embed.W_E"] = np.array([[1.0, 0.0]])
    found = certify_network(state, np.array([[0]]), np.array([0]), d_head_scale=1)
    assert found.status.tolist() == ["wrong"] and found.upper[0] == 0


def test_refusals():
    state = random_state(np.random.default_rng(0), 1, 5, True, True)
    tokens, labels = np.zeros((1, 4), dtype=int), np.array([0])
    for change, message in [
        ({"ln_final.w": np.ones(4)}, "LayerNorm"),
        ({"blocks.0.mlp.b_in": np.ones(4)}, "b_in has shape"),
        ({"pos_embed.W_pos": np.ones((3, 4))}, "positions"),
        ({"blocks.0.attn.W_O": None}, "lack blocks.0.attn.W_O"),
    ]:
        changed = {k: v for k, v in (state | change).items() if v is not None}
        with pytest.raises(ValueError, match=message):
            certify_network(changed, tokens, labels, d_head_scale=1)
    with pytest.raises(ValueError, match="more than 100,000"):
        many = np.zeros((40_000, 4), dtype=int)
        certify_network(state, many, np.zeros(40_000, dtype=int), d_head_scale=1)
    with pytest.raises(ValueError, match="vocabulary is 0 to 2"):
        certify_network(state, tokens + 3, labels, d_head_scale=1)
