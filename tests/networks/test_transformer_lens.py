"""Reading and writing TransformerLens's format, without TransformerLens."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from readoff.circuits.behaviour import network_logits
from readoff.core.errors import BadValue, Damaged
from readoff.networks.architecture import Architecture, EffectiveArchitecture
from readoff.networks.network import Network
from readoff.networks.transformer_lens import from_transformer_lens, save_transformer_lens, to_transformer_lens

PLAIN: dict = {"normalization": "none"}
SIZES = dict(d_vocab=4, d_vocab_out=3, n_ctx=3, d_model=5, d_head=2)
TOKENS = np.array([[a, b, c] for a in range(4) for b in range(4) for c in range(4)])


def network(dtype=np.float32, **fields):
    architecture = Architecture(**SIZES, **fields)
    rng = np.random.default_rng(0)
    return Network(architecture, {k: rng.standard_normal(s).astype(dtype) for k, s in architecture.shapes().items()})


def state_of(one):
    """The state dict as TransformerLens writes it, buffers included."""
    buffers = {"blocks.0.attn.mask": np.tril(np.ones((3, 3), bool)), "blocks.0.attn.IGNORE": np.float32(-np.inf)}
    return {**one.weights, **buffers}


def test_names_are_kept_and_buffers_skipped():
    given = network(positions=True)
    found = from_transformer_lens(state_of(given), **PLAIN)
    assert found.architecture == given.architecture and found.hash == given.hash and found.provenance == "imported"
    assert "no cfg: taken to be causal" in found.origin


def test_weights_alone_do_not_show_a_folded_layernorm():
    """LNPre has no parameters: a network with it has the very same names and shapes."""
    given = network(positions=True)
    with pytest.raises(BadValue, match="normalization='none'"):
        from_transformer_lens(given.weights)
    with pytest.raises(BadValue, match="'LNPre' is not built"):
        from_transformer_lens(given.weights, normalization="LNPre")  # type: ignore[arg-type]
    with pytest.raises(BadValue, match="normalization_type"):
        from_transformer_lens(given.weights, cfg={"normalization_type": "LNPre"}, **PLAIN)


@pytest.mark.parametrize(
    "fields", [{}, {"biases": False}, {"positions": True}, {"embedding": "one_hot", "biases": False}]
)
def test_out_and_in_again_gives_the_same_logits(fields, tmp_path):
    given = network(**fields) if "embedding" not in fields else None
    if given is None:
        architecture = Architecture(**SIZES, **fields)
        rng = np.random.default_rng(0)
        weights = {k: rng.standard_normal(s) for k, s in architecture.shapes().items()}
        given = Network(architecture, weights | {"embed.W_E": np.eye(4, 5)})
    save_transformer_lens(given, tmp_path / "m.safetensors")
    found = from_transformer_lens(tmp_path / "m.safetensors")
    assert found.architecture.positions == given.architecture.positions
    assert "no cfg" not in found.origin
    np.testing.assert_allclose(network_logits(found, TOKENS), network_logits(given, TOKENS), atol=1e-12)


def test_deep_networks_with_mlps(tmp_path):
    given = network(n_layers=2, d_mlp=7, act_fn="gelu", positions=True, causal=False)
    save_transformer_lens(given, tmp_path / "m.safetensors")
    found = from_transformer_lens(tmp_path / "m.safetensors")
    assert found.architecture == given.architecture and found.hash == given.hash
    with pytest.raises(BadValue, match="activation function"):
        from_transformer_lens(given.weights)


def test_zero_positions_are_none():
    given = network(positions=True)
    weights = {**given.weights, "pos_embed.W_pos": np.zeros((3, 5), np.float32)}
    found = from_transformer_lens(weights, **PLAIN)
    assert not found.architecture.positions and found.architecture.n_ctx == 3 and "W_pos is 0" in found.origin


def test_cfg_says_what_weights_do_not():
    given = network(positions=True)
    cfg = {"n_ctx": 3, "attention_dir": "bidirectional", "attn_scale": np.sqrt(2.0), "act_fn": "solu"}
    with pytest.raises(BadValue, match="LNPre"):
        from_transformer_lens(given.weights, cfg=cfg)
    cfg["normalization_type"] = None
    found = from_transformer_lens(given.weights, cfg=cfg)
    assert not found.architecture.causal and "no cfg" not in found.origin

    class Config:
        def to_dict(self):
            return cfg

    assert from_transformer_lens(given.weights, cfg=Config()).architecture == found.architecture


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("normalization_type", "LNPre"),
        ("positional_embedding_type", "rotary"),
        ("attn_scale", 1.0),
        ("use_attn_scale", False),
        ("gated_mlp", True),
        ("n_key_value_heads", 1),
        ("output_logits_soft_cap", 30.0),
    ],
)
def test_settings_that_are_not_built(field, value):
    with pytest.raises(BadValue, match=field):
        from_transformer_lens(network(positions=True).weights, cfg={"n_heads": 2, field: value})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("blocks.0.ln1.w", "normalisation is not built"),
        ("blocks.0.mlp.W_gate", "gated"),
        ("blocks.0.attn._W_K", "grouped"),
        ("blocks.0.attn.q.weight", "no HookedTransformer"),
        ("something", "names like blocks.0"),
    ],
)
def test_unknown_weights(name, words):
    weights = {**network(positions=True).weights, name: np.zeros(5, np.float32)}
    with pytest.raises(BadValue, match=words):
        from_transformer_lens(weights)


def test_shapes_and_types():
    weights = dict(network(positions=True).weights)
    with pytest.raises(BadValue, match=r"W_Q.*missing|lacks"):
        from_transformer_lens({k: v for k, v in weights.items() if "W_Q" not in k})
    with pytest.raises(BadValue, match="W_O"):
        from_transformer_lens({**weights, "blocks.0.attn.W_O": np.zeros((2, 3, 5), np.float32)})
    with pytest.raises(BadValue, match="int64"):
        from_transformer_lens({**weights, "unembed.b_U": np.zeros(3, np.int64)})
    half = from_transformer_lens({k: v.astype(np.float16) for k, v in weights.items()}, **PLAIN)
    assert half.weights["embed.W_E"].dtype == np.float32
    bare = {k: v for k, v in weights.items() if k != "pos_embed.W_pos"}
    with pytest.raises(BadValue, match="n_ctx"):
        from_transformer_lens(bare)
    assert from_transformer_lens(bare, n_ctx=7, **PLAIN).architecture.n_ctx == 7


def test_files(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadValue, match="save_file"):
        from_transformer_lens(tmp_path / "model.pt")
    (tmp_path / "m.safetensors").write_bytes(b"nonsense that is long enough")
    with pytest.raises(Damaged, match=r"m\.safetensors"):
        from_transformer_lens(tmp_path / "m.safetensors")
    save_file({"blocks.0.attn.mask": np.zeros((0, 0), bool), **network(positions=True).weights}, tmp_path / "ok")
    assert "TransformerLens file ok" in from_transformer_lens(tmp_path / "ok", **PLAIN).origin


def test_what_transformer_lens_cannot_hold():
    with pytest.raises(BadValue, match="direct path"):
        to_transformer_lens(network(direct_path=False))
    effective = EffectiveArchitecture(2, 2, 2, n_heads=1, d_head=1)
    with pytest.raises(BadValue, match="effective"):
        to_transformer_lens(Network(effective, {k: np.zeros(s) for k, s in effective.shapes().items()}))
