"""The compiled forwards against the numpy circuits: no shared code, so equal logits mean something."""

import jax.numpy as jnp
import numpy as np
import pytest

from readoff.circuits.behaviour import network_logits
from readoff.circuits.paths import count_tables
from readoff.networks.architecture import Architecture, EffectiveArchitecture
from readoff.networks.by_token import token_tables
from readoff.networks.forward import forward
from readoff.networks.network import Network

BASE = dict(d_vocab=4, d_vocab_out=3, n_ctx=3, d_model=5, d_head=2)
CASES = {
    "plain": Architecture(**BASE),
    "neither": Architecture(**BASE, biases=False, direct_path=False),
    "positions": Architecture(**BASE, positions=True),
    "one-hot": Architecture(**BASE, embedding="one_hot", unembedding="one_hot"),
    "effective": EffectiveArchitecture(d_vocab=4, d_vocab_out=3, n_ctx=3),
}
TOKENS = np.array([[a, b, c] for a in range(4) for b in range(4) for c in range(4)])


def drawn(architecture):
    rng = np.random.default_rng(7)
    return {k: 2 * rng.standard_normal(s) for k, s in architecture.shapes().items()}


@pytest.mark.parametrize("name", CASES)
def test_logits_agree(name):
    architecture = CASES[name]
    weights = drawn(architecture)
    found, _ = forward(architecture, {k: jnp.asarray(v) for k, v in weights.items()}, jnp.asarray(TOKENS))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[:, -1], network_logits(Network(architecture, weights), TOKENS), atol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_tables_agree_up_to_their_gauge(name):
    architecture = CASES[name]
    weights = drawn(architecture)
    read = 0 if isinstance(architecture, EffectiveArchitecture) else 2
    place = 2 * 4 if architecture.positions else 0  # destinations are placed tokens where there are places
    theirs = token_tables(architecture, {k: jnp.asarray(v) for k, v in weights.items()}, [place + read])
    ours = count_tables(architecture, weights, read)
    scores = np.asarray(theirs.scores[:, 0]) - ours.scores
    np.testing.assert_allclose(scores - scores[:, :1], 0, atol=1e-11)
    total = np.asarray(theirs.values).swapaxes(1, 2) - ours.values  # a constant row may stand in the base instead
    np.testing.assert_allclose(total - total[:, :1], 0, atol=1e-11)
    np.testing.assert_allclose(total[:, 0].sum(axis=0) + np.asarray(theirs.base[0]), ours.base, atol=1e-11)
