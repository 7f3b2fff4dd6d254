"""Heads of different networks in one: every head is what it was, and the rest belongs to the network it sits in."""

import numpy as np
import pytest

from readoff.circuits.behaviour import network_logits
from readoff.circuits.paths import count_tables as tables_of
from readoff.claims.strangers import heads_mixed
from readoff.core.errors import BadValue
from readoff.networks.architecture import architecture_for, effective_for
from readoff.networks.network import Ensemble
from readoff.tasks.pairs import Pairs

TASK = Pairs(n_signal=3, n_noise=2, n_ctx=4)


def count_tables(ensemble):
    return tables_of(ensemble.architecture, ensemble.weights)


KINDS = {
    "plain": dict(n_heads=2, d_head=3),
    "three heads": dict(n_heads=3, d_head=2),
    "no direct path": dict(n_heads=2, d_head=3, direct_path=False),
    "no biases": dict(n_heads=2, d_head=1, biases=False),
    "one-hot": dict(n_heads=2, d_head=3, embedding="one_hot", unembedding="one_hot"),
}


def networks(architecture, n=4):
    rng = np.random.default_rng(0)
    weights = {k: rng.standard_normal((n, *shape)) for k, shape in architecture.shapes().items()}
    for name in architecture.fixed:
        weights[name] = np.broadcast_to(np.eye(*weights[name].shape[1:]), weights[name].shape)
    return Ensemble(architecture, weights, np.arange(n), alive=np.array([True, True, False, True][:n]))


@pytest.mark.parametrize("kind", KINDS)
def test_every_head_is_what_it_was_and_the_base_is_the_host_s(kind):
    given = networks(architecture_for(TASK, **KINDS[kind]))
    own, mixed = count_tables(given), count_tables(heads_mixed(given))
    for h in range(given.architecture.n_heads):
        assert mixed.scores[:, h] == pytest.approx(np.roll(own.scores[:, h], -h, axis=0), abs=1e-12)
        assert mixed.values[:, h] == pytest.approx(np.roll(own.values[:, h], -h, axis=0), abs=1e-12)
    assert mixed.base == pytest.approx(own.base, abs=1e-12)
    assert not np.allclose(mixed.values[:, 1], own.values[:, 1])


def test_the_forward_agrees_with_heads_added_by_hand():
    """With positions: logits of the mixed network are the host's, less its own second head, plus the borrowed one."""
    given = networks(architecture_for(TASK, n_heads=2, d_head=3, positions=True, biases=False))
    alone = [given.replace(**{"blocks.0.attn.W_O": _only(given, h)}) for h in (0, 1, None)]
    tokens = TASK.domain().tokens[:50]
    first, second, rest = (network_logits(one, tokens) for one in alone)
    expected = first + np.roll(second - rest, -1, axis=0)
    assert network_logits(heads_mixed(given), tokens) == pytest.approx(expected, abs=1e-11)


def _only(given, head):
    out = np.array(given.weights["blocks.0.attn.W_O"])
    out[:, [h for h in (0, 1) if h != head]] = 0
    return out


def test_effective_models_have_their_tables_mixed_and_who_diverged_is_told():
    given = networks(effective_for(TASK, n_heads=2, d_head=2))
    mixed = heads_mixed(given)
    assert np.array_equal(mixed.weights["V"][:, 1], np.roll(given.weights["V"][:, 1], -1, axis=0))
    assert np.array_equal(mixed.weights["b"], given.weights["b"])
    assert mixed.alive.tolist() == [True, False, False, True]


def test_what_cannot_be_mixed_is_refused():
    one = networks(architecture_for(TASK, n_heads=2, d_head=3), n=1)
    with pytest.raises(BadValue, match="at least two"):
        heads_mixed(one)
    with pytest.raises(BadValue, match="one attention layer"):
        heads_mixed(networks(architecture_for(TASK, n_layers=2)))
