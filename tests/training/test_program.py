"""The compiled program: steps as a plain optimiser takes them, exact padding and masks, networks independent."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from network_cases import PAIRS
from training_cases import TINY, recipe_for

from readoff.networks.architecture import architecture_for
from readoff.training import Recipe
from readoff.training.flat import flatten, unflatten
from readoff.training.init import initial_weights
from readoff.training.objective import choose_objective
from readoff.training.program import Program, program_shape

SEEDS = [0, 1, 2, 3]
GAUGE = "blocks.0.attn.b_K"
"""It moves all scores of a head alike: its true gradient is 0, Adam follows the rounding, no answer depends on it."""


def unpadded(recipe: Recipe) -> Program:
    """A program of the recipe's own sizes: no padding, only the biases it has."""
    shape = replace(program_shape(recipe), architecture=recipe.architecture)
    return Program(shape, choose_objective(shape))


def trained(program: Program, recipe: Recipe, steps: int) -> dict[str, np.ndarray]:
    return program.weights(recipe, program.advance(program.start(recipe, SEEDS), steps))


def plain_training(recipe: Recipe, steps: int) -> dict[str, np.ndarray]:
    """The same in numpy float64, an update at a time; only the gradients come from the (tested) objective."""
    objective = choose_objective(recipe)
    gradients = jax.jit(objective.gradients)
    w = flatten(recipe.architecture, initial_weights(recipe, SEEDS), len(SEEDS)).astype(np.float64)
    scale = jnp.full(len(SEEDS), 1 / math.sqrt(recipe.architecture.d_head))
    keys = jax.vmap(jax.random.key)(jnp.arange(len(SEEDS), dtype=jnp.uint32))
    first, second, moving = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t in range(steps):
        g = np.asarray(gradients(jnp.asarray(w), scale, keys, jnp.asarray(t)))
        if recipe.optimizer == "adamw":
            first = recipe.beta1 * first + (1 - recipe.beta1) * g
            second = recipe.beta2 * second + (1 - recipe.beta2) * g * g
            g = first / (1 - recipe.beta1 ** (t + 1)) / (np.sqrt(second / (1 - recipe.beta2 ** (t + 1))) + recipe.eps)
        elif recipe.momentum:
            moving = recipe.momentum * moving + g
            g = moving
        w = w - rate_by_hand(recipe, t) * (g + recipe.weight_decay * w)
    return unflatten(recipe.architecture, w)


def rate_by_hand(recipe: Recipe, t: int) -> float:
    warm = min(1.0, (t + 1) / recipe.warmup) if recipe.warmup else 1.0
    if recipe.schedule == "constant":
        return recipe.lr * warm
    done = min(1.0, max(0.0, (t - recipe.warmup) / (recipe.steps - recipe.warmup)))
    fall = 1 - done if recipe.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return recipe.lr * warm * (recipe.final_lr_fraction + (1 - recipe.final_lr_fraction) * fall)


@pytest.mark.parametrize(
    "fields",
    [
        {"weight_decay": 0.3},
        {"optimizer": "sgd", "lr": 0.5, "weight_decay": 0.1},
        {"optimizer": "sgd", "lr": 0.3, "momentum": 0.9, "warmup": 3, "schedule": "linear"},
        {"beta1": 0.8, "beta2": 0.9, "eps": 1e-3, "schedule": "cosine", "final_lr_fraction": 0.2, "warmup": 2},
        {"loss_dtype": "float64"},
    ],
    ids=["adamw", "sgd", "momentum and linear", "cosine", "float64 loss"],
)
def test_training_is_what_a_plain_optimiser_does(fields):
    recipe = replace(TINY, **fields)
    plain = plain_training(replace(recipe, loss_dtype="float64"), recipe.steps)
    for name, value in trained(Program.of(recipe), recipe, recipe.steps).items():
        assert value.dtype == np.float32
        assert value == pytest.approx(plain[name], abs=3e-5) or name == GAUGE, name


def test_steps_add_up():
    program = Program.of(TINY)
    whole, split = program.start(TINY, SEEDS), program.start(TINY, SEEDS)
    for n in (3, 0, 9):
        split = program.advance(split, n)
    whole = program.advance(whole, 12)
    assert (np.asarray(whole.parameters) == np.asarray(split.parameters)).all() and int(split.step) == 12


@pytest.mark.parametrize(
    "name, fields",
    [
        ("one-hot", {}),
        ("no biases, no direct path", {}),
        ("positions", {"weight_decay": 0.1}),
        ("effective", {"optimizer": "sgd", "lr": 0.3}),
    ],
)
def test_padding_and_masks_are_exact(name, fields):
    """d_head 3, 1 and 2 in a program of d_head 5 with biases: the weights of the unpadded program, step by step."""
    recipe = recipe_for(name, **fields)
    program, own = Program.of(recipe), unpadded(recipe)
    assert program.architecture.d_head == 5 != recipe.architecture.d_head and program.architecture.biases
    state, own_state = program.start(recipe, SEEDS), own.start(recipe, SEEDS)
    start = np.asarray(state.parameters)
    held = np.asarray(state.mask) == 0
    for _ in range(6):
        state, own_state = program.advance(state, 1), own.advance(own_state, 1)
        ours, theirs = program.weights(recipe, state), own.weights(recipe, own_state)
        for weight, value in ours.items():
            assert value == pytest.approx(theirs[weight], abs=2e-6) or weight == GAUGE, weight
        assert (np.asarray(state.parameters)[held] == start[held]).all(), "padding, absent biases and one-hot stay"
    for weight, value in unflatten(program.architecture, held).items():
        own_part = tuple(slice(0, n) for n in recipe.architecture.shapes().get(weight, (0,)))
        kept = value[(slice(None), *own_part)]
        assert kept.all() if weight in recipe.architecture.fixed else not kept.any(), weight
        assert value.sum() - kept.sum() == value.size - kept.size, "everything else is held"


def test_a_sweep_shares_one_program():
    sweep = [
        replace(TINY, lr=1e-3),
        replace(TINY, weight_decay=0.5),
        replace(TINY, steps=99, init="xavier", stop_margin=1.0, measures=7, block=2),
        replace(TINY, architecture=architecture_for(PAIRS, d_model=4, d_head=1)),
        replace(TINY, architecture=architecture_for(PAIRS, d_model=4, d_head=5, biases=False)),
    ]
    assert len({Program.of(recipe) for recipe in [TINY, *sweep]}) == 1
    others = [
        replace(TINY, loss_dtype="float64"),
        replace(TINY, data="sampled"),
        replace(TINY, optimizer="sgd"),
        replace(TINY, architecture=architecture_for(PAIRS, d_model=4, d_head=6)),
    ]
    assert len({Program.of(recipe) for recipe in [TINY, *others]}) == 5


def test_a_network_is_the_same_beside_any_others():
    """One seed among others and at other places of the block: bit for bit the same (of the same width)."""
    program = Program.of(TINY)
    first, other = (
        program.weights(TINY, program.advance(program.start(TINY, s), 12)) for s in ([0, 1, 2, 3], [9, 8, 2, 0])
    )
    for name in first:
        assert (first[name][2] == other[name][2]).all() and (first[name][0] == other[name][3]).all(), name


def test_a_network_that_diverges_leaves_the_others_alone():
    """Rate 1e6 for one of four: it ends in NaN or beyond use; the others train as beside a sound one, to rounding."""
    program = Program.of(TINY)
    sound = program.start(TINY, SEEDS)
    wild = sound._replace(lr=sound.lr.at[1].set(1e6))
    sound, wild = (program.advance(state, 40) for state in (sound, wild))
    others = np.array([0, 2, 3])
    for name, value in program.weights(TINY, wild).items():
        assert value[others] == pytest.approx(program.weights(TINY, sound)[name][others], abs=1e-4) or name == GAUGE
    ours, theirs = program.measure(wild), program.measure(sound)
    assert ours["loss"][others] == pytest.approx(theirs["loss"][others], abs=1e-5)
    assert not ours["loss"][1] < 10


def test_measures_are_of_the_networks_as_they_are():
    program = Program.of(TINY)
    state = program.advance(program.start(TINY, SEEDS), 5)
    measured = program.measure(state)
    for name, value in program.weights(TINY, state).items():
        norm = np.sqrt((value.astype(np.float64) ** 2).reshape(4, -1).sum(1))
        assert measured[f"norm/{name}"] == pytest.approx(norm, rel=1e-5), name
    assert {"loss", "accuracy", "margin"} <= set(measured) and measured["accuracy"].max() <= 1
