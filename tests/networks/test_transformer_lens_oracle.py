"""TransformerLens itself as the oracle: same weights, same logits, in both directions."""

import numpy as np
import pytest

from readoff.circuits.attention import kendall_tau
from readoff.circuits.behaviour import attention, network_logits
from readoff.circuits.paths import path_tables, tables_on
from readoff.networks.architecture import Architecture
from readoff.networks.network import Network
from readoff.networks.transformer_lens import from_transformer_lens, to_transformer_lens
from readoff.tasks import Pairs

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # importing the oracle takes half a minute
SIZES = dict(d_vocab=12, d_vocab_out=10, n_ctx=5)


@pytest.fixture(scope="module")
def lens():
    pytest.importorskip("torch", reason="the oracles extra is not installed (pip install readoff[oracles])")
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("transformer_lens", reason="the oracles extra is not installed")


def hooked(lens, dtype, **fields):
    import torch

    torch.manual_seed(0)
    config = dict(n_layers=1, d_model=16, d_head=5, n_heads=2, attn_only=True, normalization_type=None, dtype=dtype)
    model = lens.HookedTransformer(lens.HookedTransformerConfig(**(SIZES | config | fields)))
    with torch.no_grad():  # biases start at zero there; a test needs all numbers at work
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) / 2)
    return model


def answers(model, tokens):
    import torch

    with torch.no_grad():
        return model(torch.as_tensor(tokens, dtype=torch.int64)).double().numpy()


TOKENS = Pairs().sample(0, 200)
DEPTHS = {"one layer": {}, "two layers": {"n_layers": 2},
          "mlp": {"attn_only": False, "d_mlp": 11, "act_fn": "gelu"}, "relu": {"attn_only": False, "d_mlp": 11,
          "act_fn": "relu"}, "bidirectional": {"n_layers": 2, "attention_dir": "bidirectional"}}  # fmt: skip


def test_path_tables_agree_with_their_model(lens):
    import torch

    model = hooked(lens, torch.float64)
    network = from_transformer_lens(model.state_dict(), cfg=model.cfg)
    np.testing.assert_allclose(network_logits(network, TOKENS), answers(model, TOKENS)[:, -1], atol=1e-12)
    paths = path_tables(network)
    with torch.no_grad():
        circuit = (model.W_E @ model.W_V[0, 1] + model.b_V[0, 1]) @ model.W_O[0, 1] @ model.W_U
    place = network.weights["pos_embed.W_pos"].mean(axis=0)
    shift = place @ network.weights["blocks.0.attn.W_V"][1] @ network.weights["blocks.0.attn.W_O"][1]
    np.testing.assert_allclose(
        paths.EVOU.values[1], circuit.numpy() + shift @ network.weights["unembed.W_U"], atol=1e-12
    )


def test_attention_patterns_agree(lens):
    import torch

    model = hooked(lens, torch.float64)
    with torch.no_grad():
        model.W_pos.zero_()
        _, cache = model.run_with_cache(torch.as_tensor(TOKENS, dtype=torch.int64))
    network = from_transformer_lens(model.state_dict(), cfg=model.cfg)
    assert not network.architecture.positions
    domain = Pairs().domain(orbits=True)
    tables, counts = tables_on(network, domain)
    pattern = cache["blocks.0.attn.hook_pattern"][:, :, -1].numpy()
    for row in range(20):
        found = attention(tables, np.bincount(TOKENS[row], minlength=12)[None])[:, 0]
        expected = np.stack([np.bincount(TOKENS[row], weights=p, minlength=12) for p in pattern[row]])
        np.testing.assert_allclose(found, expected, atol=1e-12)
    scores = cache["blocks.0.attn.hook_attn_scores"][0, :, -1].numpy()
    assert (kendall_tau(tables.scores[:, TOKENS[0, :3]], scores[:, :3]) >= 1 - 1e-12).all()
    assert counts.shape == (280, 12)


@pytest.mark.parametrize("name", DEPTHS)
def test_imported_networks_give_their_logits_in_our_forward(lens, name):
    jax = pytest.importorskip("jax")
    import torch

    from readoff.networks.forward import forward

    model = hooked(lens, torch.float32, **DEPTHS[name])
    network = from_transformer_lens(model.state_dict(), cfg=model.cfg)
    weights = {name: jax.numpy.asarray(array) for name, array in network.weights.items()}
    logits, _ = forward(network.architecture, weights, jax.numpy.asarray(TOKENS))
    np.testing.assert_allclose(np.asarray(logits), answers(model, TOKENS), atol=2e-4)


@pytest.mark.parametrize(
    "fields", [{}, {"positions": True}, {"biases": False}, {"n_layers": 2, "d_mlp": 9, "act_fn": "gelu"}]
)
def test_exported_networks_give_our_logits_there(lens, fields):
    import torch

    architecture = Architecture(**SIZES, **fields)
    rng = np.random.default_rng(1)
    network = Network(architecture, {k: rng.standard_normal(s) / 2 for k, s in architecture.shapes().items()})
    state, cfg = to_transformer_lens(network)
    model = lens.HookedTransformer(lens.HookedTransformerConfig(**cfg, dtype=torch.float64))
    outcome = model.load_state_dict({k: torch.as_tensor(v) for k, v in state.items()}, strict=False)
    assert not outcome.unexpected_keys and all("attn.mask" in k or "IGNORE" in k for k in outcome.missing_keys)
    if architecture.one_attention_layer:
        np.testing.assert_allclose(answers(model, TOKENS)[:, -1], network_logits(network, TOKENS), atol=1e-12)
    back = from_transformer_lens(model.state_dict(), cfg=model.cfg)
    assert all((back.weights[name] == network.weights[name]).all() for name in network.weights)
