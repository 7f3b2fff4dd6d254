"""Path tables: worked out by hand, then against a literal re-computation of the network."""

import numpy as np
import pytest
from literal_network import literal_logits, random_weights

from readoff.circuits.behaviour import logits, network_logits
from readoff.circuits.paths import context_counts, count_tables, path_tables, tables_on
from readoff.core.errors import BadValue
from readoff.networks.architecture import Architecture, EffectiveArchitecture
from readoff.networks.network import Ensemble, Network
from readoff.tasks import Pairs, grid_task

BASE = dict(d_vocab=4, d_vocab_out=3, n_ctx=3, d_model=5, d_head=2)
CASES = {
    "plain": Architecture(**BASE),
    "one head": Architecture(**BASE, n_heads=1),
    "no biases": Architecture(**BASE, biases=False),
    "no direct path": Architecture(**BASE, direct_path=False),
    "neither": Architecture(**BASE, biases=False, direct_path=False),
    "positions": Architecture(**BASE, positions=True),
    "positions, no direct path": Architecture(**BASE, positions=True, direct_path=False),
    "one-hot": Architecture(**BASE, embedding="one_hot", unembedding="one_hot"),
    "effective": EffectiveArchitecture(d_vocab=4, d_vocab_out=3, n_ctx=3),
    "effective, no bias": EffectiveArchitecture(d_vocab=4, d_vocab_out=3, n_ctx=3, biases=False),
}
TOKENS = np.array([[a, b, c] for a in range(4) for b in range(4) for c in range(4)])


def test_by_hand():
    """Two tokens, one head, d_model = 2, d_head = 1, integers: worked out on paper."""
    architecture = Architecture(d_vocab=2, d_vocab_out=2, n_ctx=2, n_heads=1, d_model=2, d_head=1)
    attn = "blocks.0.attn."
    weights = {
        "embed.W_E": np.array([[1.0, 2.0], [0.0, 1.0]]),
        attn + "W_Q": np.array([[[1.0], [1.0]]]),  # query of token 0: 1 + 2 + b_Q = 5
        attn + "b_Q": np.array([[2.0]]),
        attn + "W_K": np.array([[[1.0], [0.0]]]),  # keys: 1 + b_K = 0, 0 + b_K = -1
        attn + "b_K": np.array([[-1.0]]),
        attn + "W_V": np.array([[[0.0], [1.0]]]),  # values read: 2 + b_V = 5, 1 + b_V = 4
        attn + "b_V": np.array([[3.0]]),
        attn + "W_O": np.array([[[1.0, -1.0]]]),
        attn + "b_O": np.array([1.0, 1.0]),
        "unembed.W_U": np.array([[1.0, 0.0], [0.0, 2.0]]),  # W_O W_U = [1, -2]
        "unembed.b_U": np.array([0.0, 5.0]),
    }
    tables = count_tables(architecture, weights, read_token=0)
    assert tables.scores.tolist() == [[0.0, -5.0]]
    assert tables.values.tolist() == [[[5.0, -10.0], [4.0, -8.0]]]
    assert tables.base.tolist() == [1 + 1, 4 + 2 + 5]  # direct path [1, 4], b_O [1, 2], b_U [0, 5]
    assert count_tables(architecture, weights, read_token=1).scores.tolist() == [[0.0, -3.0]]
    assert logits(tables, np.array([[2, 0]])).tolist() == [[2 + 5.0, 11 - 10.0]]
    paths = path_tables(Network(architecture, weights))
    assert paths.EU.values.tolist() == [[1, 4], [0, 2]] and paths.bias.values.tolist() == [1, 7]
    assert paths.EQKE.at(head="0", query="1").values.tolist() == [0.0, -3.0]
    assert paths.EVOU.at(head="0", token="1", output="1") == -8.0


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_against_the_literal_network(name, dtype):
    architecture = CASES[name]
    weights = random_weights(architecture, seed=1, models=(2,), dtype=dtype)
    ensemble = Ensemble(architecture, weights, np.arange(2))
    found = network_logits(ensemble, TOKENS)
    assert found.dtype == np.float64 and found.shape == (2, len(TOKENS), 3)
    for m in range(2):
        one = {k: v[m] for k, v in weights.items()}
        expected = np.array([literal_logits(architecture, one, row) for row in TOKENS])
        np.testing.assert_allclose(found[m], expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(network_logits(ensemble[m], TOKENS), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_the_five_tables_add_up_to_the_logits(name):
    architecture = CASES[name]
    weights = random_weights(architecture, seed=2)
    paths = path_tables(Network(architecture, weights))
    effective = isinstance(architecture, EffectiveArchitecture)
    for tokens in TOKENS[::5]:
        read = 0 if effective else tokens[-1]
        places = np.arange(architecture.n_ctx)
        scores = paths.EQKE.values[:, read, tokens] + paths.EQKP.values[:, read, places]
        weight = np.exp(scores - scores.max(axis=1, keepdims=True))
        written = paths.EVOU.values[:, tokens] + paths.PVOU.values[:, places]
        found = paths.EU.values[read] + paths.bias.values
        found = found + np.einsum("hp,hpo->o", weight / weight.sum(axis=1, keepdims=True), written)
        np.testing.assert_allclose(found, literal_logits(architecture, weights, tokens), atol=1e-12)
    assert {t.gauge for t in (paths.EU, paths.EQKE, paths.EQKP, paths.EVOU, paths.PVOU)} == {"raw"}
    if not architecture.positions:
        assert not paths.PVOU.values.any() and not paths.EQKP.values.any()


def test_labels_come_from_the_task():
    task = Pairs()
    architecture = Architecture(d_vocab=12, d_vocab_out=10, n_ctx=5)
    paths = path_tables(Network(architecture, random_weights(architecture, 0)), task)
    assert paths.EVOU.labels("output")[8] == "34" and paths.EQKE.dims == ("head", "query", "key")
    with pytest.raises(BadValue, match="12 tokens, the network 4"):
        path_tables(Network(CASES["plain"], random_weights(CASES["plain"], 0)), task)


def test_counts():
    plain, placed = CASES["plain"], CASES["positions"]
    assert context_counts(plain, np.array([[1, 1, 0]])).tolist() == [[1, 2, 0, 0]]
    assert np.flatnonzero(context_counts(placed, np.array([[1, 1, 0]]))[0]).tolist() == [1, 4 + 1, 8 + 0]
    with pytest.raises(BadValue, match="below 4"):
        context_counts(plain, np.array([[4, 0, 0]]))
    with pytest.raises(BadValue, match="2 positions"):
        context_counts(placed, np.array([[1, 0]]))


def test_orbits_agree_with_the_full_domain():
    task = Pairs(n_signal=3, n_noise=2, n_ctx=4)
    architecture = Architecture(task.d_vocab, task.d_vocab_out, task.n_ctx)
    network = Network(architecture, random_weights(architecture, 3))
    full, orbits = task.domain(), task.domain(orbits=True)
    by_key = {(*sorted(t[:-1]), t[-1]): row for t, row in zip(orbits.tokens, logits(*tables_on(network, orbits)))}
    for tokens, row in zip(full.tokens, network_logits(network, full.tokens)):
        np.testing.assert_allclose(row, by_key[*sorted(tokens[:-1]), tokens[-1]], atol=1e-12)


def test_what_has_no_tables_is_refused():
    deep = Architecture(**BASE, n_layers=2)
    with pytest.raises(BadValue, match="2 layers"):
        count_tables(deep, random_weights(deep, 0))
    with pytest.raises(BadValue, match="read_token is 9"):
        count_tables(CASES["plain"], random_weights(CASES["plain"], 0), read_token=9)

    @grid_task(tokens=2, n_ctx=2, outputs=2, read_off=None)
    def same(a, b):
        return a == b

    architecture = Architecture(2, 2, 2)
    network = Network(architecture, random_weights(architecture, 0))
    with pytest.raises(BadValue, match="end in tokens 0, 1"):
        tables_on(network, same.domain())
