"""Initial weights: each seed's own, whatever stands beside it; the promised deviations; what is fixed."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from network_cases import PAIRS, random_weights
from training_cases import TINY, recipe_for

from readoff.networks.architecture import architecture_for, effective_for
from readoff.training import Recipe
from readoff.training.flat import flatten, joined, pad, unflatten
from readoff.training.init import initial_weights

WIDE = Recipe(PAIRS, architecture_for(PAIRS, d_model=64, d_head=32, n_heads=4, positions=True, d_mlp=50))


def test_a_seed_draws_the_same_weights_in_any_company():
    together, alone = initial_weights(TINY, [0, 7, 3]), initial_weights(TINY, [7])
    for name, value in together.items():
        assert value.dtype == np.float32 and (value[1] == alone[name][0]).all(), name
    assert not (together["embed.W_E"][0] == together["embed.W_E"][1]).any()


def test_neither_rates_nor_steps_nor_d_head_of_other_layers_enter():
    assert (
        initial_weights(replace(TINY, lr=0.5, steps=3), [5])["embed.W_E"] == initial_weights(TINY, [5])["embed.W_E"]
    ).all()


@pytest.mark.parametrize(
    "init, name, deviation",
    [
        ("transformer_lens", "embed.W_E", 0.8 / 8),
        ("transformer_lens", "blocks.0.mlp.W_out", 0.8 / 8),
        ("fan_in", "blocks.0.attn.W_Q", 1 / 8),
        ("fan_in", "blocks.0.attn.W_O", 1 / np.sqrt(32)),
        ("fan_in", "blocks.0.mlp.W_out", 1 / np.sqrt(50)),
        ("xavier", "blocks.0.attn.W_V", np.sqrt(2 / (64 + 32))),
        ("kaiming", "blocks.0.mlp.W_in", np.sqrt(2 / 64)),
        ("normal", "pos_embed.W_pos", 1.0),
    ],
)
def test_the_deviations_are_the_promised_ones(init, name, deviation):
    """Thousands of numbers: their standard deviation is right to 5 %."""
    values = initial_weights(replace(WIDE, init=init, init_scale=3.0), list(range(30)))[name]
    assert values.std() == pytest.approx(3 * deviation, rel=0.05) and abs(values.mean()) < 0.1 * deviation * 3


def test_biases_start_at_zero_and_one_hot_embeddings_are_the_identity():
    weights = initial_weights(recipe_for("one-hot"), [0, 1])
    assert all((value == 0).all() for name, value in weights.items() if ".b_" in name)
    assert (weights["embed.W_E"] == np.eye(5, 8)).all()
    assert (weights["unembed.W_U"] == np.eye(8, 3, k=-5)).all(), "outputs live in the last residual dimensions"


def test_the_effective_model_has_its_own_tables():
    weights = initial_weights(Recipe(PAIRS, effective_for(PAIRS)), [0])
    assert {name: value.shape for name, value in weights.items()} == {
        name: (1, *shape) for name, shape in effective_for(PAIRS).shapes().items()
    }
    assert weights["scores"].std() > 0 and (weights["b"] == 0).all()


def test_flattening_and_padding_by_hand():
    architecture = effective_for(PAIRS, n_heads=1, d_head=1)
    weights = {name: value[None] for name, value in random_weights(architecture, 0).items()}
    flat = flatten(architecture, weights, 1)
    by_hand = np.concatenate([weights[name].ravel() for name in ("scores", "V", "O", "b")]).astype(np.float32)
    assert flat.shape == (1, architecture.n_parameters) and (flat[0] == by_hand).all()
    for name, value in unflatten(architecture, flat).items():
        assert (value == weights[name].astype(np.float32)).all()
    assert (np.asarray(joined(architecture, unflatten(architecture, jnp.asarray(flat)))) == flat).all()
    wide = effective_for(PAIRS, n_heads=1, d_head=3)
    padded = pad(wide, "V", weights["V"])
    assert padded.shape == (1, *wide.shapes()["V"]) and (padded[..., :1] == weights["V"]).all()
    assert (padded[..., 1:] == 0).all()
    assert (unflatten(wide, flatten(wide, {"V": padded}, 1))["O"] == 0).all(), "what is absent is zero"
