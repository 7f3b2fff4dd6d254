"""Architectures as values: shapes, what is fixed, what is refused."""

from math import prod

import pytest

from readoff.core.errors import BadValue
from readoff.networks.architecture import Architecture, EffectiveArchitecture, architecture_for, effective_for
from readoff.tasks import Pairs


def test_the_shapes_of_the_main_network_are_transformer_lens_shapes():
    made = architecture_for(Pairs())
    assert (made.d_vocab, made.d_vocab_out, made.n_ctx) == (12, 10, 5)
    assert made.shapes() == {
        "embed.W_E": (12, 16),
        **{f"blocks.0.attn.W_{x}": (2, 16, 5) for x in "QKV"},
        "blocks.0.attn.W_O": (2, 5, 16),
        **{f"blocks.0.attn.b_{x}": (2, 5) for x in "QKV"},
        "blocks.0.attn.b_O": (16,),
        "unembed.W_U": (16, 10),
        "unembed.b_U": (10,),
    }
    assert made.n_parameters == 192 + 4 * 160 + 3 * 10 + 16 + 160 + 10


def test_layers_mlps_and_positions_add_their_weights():
    made = Architecture(3, 2, 4, n_layers=2, n_heads=1, d_model=6, d_head=2, d_mlp=7, positions=True)
    shapes = made.shapes()
    assert shapes["pos_embed.W_pos"] == (4, 6)
    assert shapes["blocks.1.mlp.W_in"] == (6, 7) and shapes["blocks.1.mlp.W_out"] == (7, 6)
    assert shapes["blocks.1.mlp.b_in"] == (7,) and shapes["blocks.1.mlp.b_out"] == (6,)
    assert not any(".b_" in name for name in Architecture(3, 2, 4, d_mlp=7, biases=False).shapes())
    assert made.n_parameters == sum(map(prod, shapes.values()))


def test_what_is_fixed_and_whether_constant_logits_exist():
    assert Architecture(3, 2, 4, embedding="one_hot", unembedding="one_hot").fixed == ("embed.W_E", "unembed.W_U")
    assert Architecture(3, 2, 4).fixed == ()
    constant = {
        (biases, direct): Architecture(3, 2, 4, biases=biases, direct_path=direct).has_constant_logits
        for biases in (False, True)
        for direct in (False, True)
    }
    assert constant == {(False, False): False, (False, True): True, (True, False): True, (True, True): True}
    assert not EffectiveArchitecture(3, 2, 4, biases=False).has_constant_logits


def test_only_one_attention_layer_multiplies_out():
    assert Architecture(3, 2, 4).one_attention_layer and effective_for(Pairs()).one_attention_layer
    assert not Architecture(3, 2, 4, n_layers=2).one_attention_layer
    assert not Architecture(3, 2, 4, d_mlp=1).one_attention_layer


@pytest.mark.parametrize(
    "fields, match",
    [
        ({"n_heads": 0}, "n_heads is 0.*from 1"),
        ({"d_mlp": -1}, "d_mlp is -1.*from 0"),
        ({"n_layers": 1001}, "n_layers is 1001.*to 1,000"),
        ({"d_model": 1_000_001}, "d_model is 1000001"),
        ({"d_model": 1_000_000, "n_heads": 1000, "d_head": 1000}, "the limit is 1,000,000,000"),
        ({"embedding": "one_hot", "d_model": 2}, r"one-hot embeddings need d_model >= d_vocab; got 2 < 3"),
        ({"unembedding": "one_hot", "d_model": 3, "d_vocab_out": 4}, r"d_model >= d_vocab_out; got 3 < 4"),
        ({"normalization": "LN"}, "reserved"),
    ],
)
def test_impossible_architectures_are_refused(fields, match):
    with pytest.raises(BadValue, match=match):
        Architecture(**{"d_vocab": 3, "d_vocab_out": 2, "n_ctx": 4, **fields})


def test_impossible_effective_architectures_are_refused():
    with pytest.raises(BadValue, match=r"EffectiveArchitecture\.d_head is 0"):
        EffectiveArchitecture(3, 2, 4, d_head=0)
    with pytest.raises(BadValue, match="parameters; the limit"):
        EffectiveArchitecture(1_000_000, 2, 4, d_head=1_000)
