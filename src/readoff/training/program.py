"""One compiled program: many networks of one shape, trained side by side.

A program is fixed by what changes the compiled code: task, architecture (d_head padded, biases always present),
optimiser, loss dtype, kind of data, block width. Everything else is an array with one entry per network: learning
rate, weight decay, score scale 1/sqrt(d_head), and a 0/1 mask over the parameters, which holds padding, absent biases
and one-hot embeddings at their initial value. So a sweep over rates, decays, biases and d_head shares one program.

    program = Program.of(recipe)
    state = program.start(recipe, seeds)
    state = program.advance(state, n_steps)          # compiled; n_steps is an argument, not a constant
    measures = program.measure(state)                # loss, accuracy, margin, norms per network

The parameters of a network are one flat vector, so the optimiser is a handful of elementwise operations.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from readoff.networks.architecture import AnyArchitecture, Architecture
from readoff.training.flat import flatten, pad, unflatten
from readoff.training.init import initial_weights
from readoff.training.objective import Objective, choose_objective
from readoff.training.recipe import Recipe

PADDED_D_HEAD = (5, 8, 16, 32, 64, 128)


class State(NamedTuple):
    """Everything that changes or differs between networks, model axis first."""

    parameters: Float[Array, "model parameter"]
    optimizer: Any
    step: Array
    lr: Float[Array, "model"]
    decay: Float[Array, "model"]
    scale: Float[Array, "model"]
    mask: Float[Array, "model parameter"]
    running: Float[Array, "model"]
    keys: Array
    seen: Float[Array, "model row"] | None


@dataclass(frozen=True)
class Program:
    """Compiled train and measure functions for one program shape. Make it with `Program.of(recipe)`."""

    shape: Recipe
    objective: Objective

    @staticmethod
    def of(recipe: Recipe) -> "Program":
        """The program that trains this recipe (cached per process)."""
        return _program(program_shape(recipe))

    @property
    def architecture(self) -> AnyArchitecture:
        """The padded architecture."""
        return self.shape.architecture

    def start(self, recipe: Recipe, seeds: list[int]) -> State:
        """Networks at initialisation, padded into this program's shape."""
        weights = initial_weights(recipe, seeds)
        flat = flatten(self.architecture, {k: pad(self.architecture, k, v) for k, v in weights.items()}, len(seeds))
        trained = {
            name: np.zeros(shape) if name in recipe.architecture.fixed else np.ones(shape)
            for name, shape in recipe.architecture.shapes().items()
        }
        mask = flatten(self.architecture, {k: pad(self.architecture, k, v[None]) for k, v in trained.items()}, 1)
        ones = np.ones(len(seeds), np.float32)
        parameters = jnp.asarray(flat)
        d_head = recipe.architecture.d_head
        return State(
            parameters,
            self._transform().init(parameters),
            jnp.zeros((), jnp.int32),
            jnp.asarray(ones * np.float32(recipe.lr)),
            jnp.asarray(ones * np.float32(recipe.weight_decay)),
            jnp.asarray(ones * np.float32(1 / math.sqrt(d_head))),
            jnp.asarray(np.broadcast_to(mask, flat.shape).astype(np.float32)),
            jnp.asarray(ones),
            jax.vmap(jax.random.key)(jnp.asarray(np.array(seeds, np.int64) % 2**32, jnp.uint32)),
            _seen(self.objective.row_weights, recipe.train_fraction, seeds),
        )

    def advance(self, state: State, n_steps: int) -> State:
        """`n_steps` optimiser steps for every running network (the train step is `_step`)."""
        return _advance(self, state, jnp.asarray(n_steps, jnp.int32))

    def measure(self, state: State) -> dict[str, np.ndarray]:
        """Loss, accuracy and least margin over the whole domain, and the norm of every weight; each [model]."""
        return {k: np.asarray(v) for k, v in _measure(self, state).items()}

    def weights(self, recipe: Recipe, state: State) -> dict[str, np.ndarray]:
        """float32 weights in the recipe's own (unpadded) shapes, model axis first."""
        padded = unflatten(self.architecture, np.asarray(state.parameters))
        shapes = recipe.architecture.shapes()
        return {k: np.ascontiguousarray(padded[k][(slice(None), *map(slice, shape))]) for k, shape in shapes.items()}

    def _transform(self) -> optax.GradientTransformation:
        r = self.shape
        if r.optimizer in ("adamw", "adam"):
            return optax.scale_by_adam(r.beta1, r.beta2, r.eps)
        return optax.trace(r.momentum) if r.momentum else optax.identity()

    def _rate(self, step: Array) -> Array:
        """Multiplier of the learning rate at a step: linear warm-up, then the schedule."""
        r = self.shape
        t = step.astype(jnp.float32)
        warm = jnp.minimum(1.0, (t + 1) / r.warmup) if r.warmup else 1.0
        if r.schedule == "constant":
            return jnp.asarray(warm, jnp.float32)
        done = jnp.clip((t - r.warmup) / max(1, r.steps - r.warmup), 0, 1)
        shape = 1 - done if r.schedule == "linear" else (1 + jnp.cos(jnp.pi * done)) / 2
        return warm * (r.final_lr_fraction + (1 - r.final_lr_fraction) * shape)


def _step(program: Program, state: State) -> State:
    """The train step: gradients of all networks, one optimiser update, padding and stopped networks held still."""
    gradients = program.objective.gradients(state.parameters, state.scale, state.keys, state.step, state.seen)
    if program.shape.optimizer == "adam":
        gradients = gradients + state.decay[:, None] * state.parameters
    updates: Any
    updates, optimizer = program._transform().update(gradients, state.optimizer)
    rate = (state.lr * program._rate(state.step) * state.running)[:, None] * state.mask
    if program.shape.optimizer != "adam":
        updates = updates + state.decay[:, None] * state.parameters
    moved = state.parameters - rate * updates
    return state._replace(parameters=moved, optimizer=optimizer, step=state.step + 1)


@partial(jax.jit, static_argnums=0)
def _advance(program: Program, state: State, n_steps: Array) -> State:
    return jax.lax.fori_loop(0, n_steps, lambda _, s: _step(program, s), state)


@partial(jax.jit, static_argnums=0)
def _measure(program: Program, state: State) -> dict[str, Array]:
    measured = program.objective.measure(state.parameters, state.scale, state.seen)
    for name, value in unflatten(program.architecture, state.parameters).items():
        squared = (value * value).reshape(len(value), -1)
        measured[f"norm/{name}"] = jnp.sqrt(squared @ jnp.ones((squared.shape[1],), squared.dtype))
    return measured


@lru_cache(maxsize=64)
def _program(shape: Recipe) -> Program:
    return Program(shape, choose_objective(shape))


def program_shape(recipe: Recipe) -> Recipe:
    """The recipe with everything that is an array of the program set to a fixed value."""
    a = recipe.architecture
    largest = next((size for size in PADDED_D_HEAD if size >= a.d_head), a.d_head)
    padded: AnyArchitecture = replace(a, d_head=largest, biases=True)
    if isinstance(padded, Architecture):
        padded = replace(padded, embedding="learned", unembedding="learned")
    steps = recipe.steps if recipe.schedule != "constant" else 1
    return replace(
        recipe,
        architecture=padded,
        lr=1.0,
        weight_decay=0.0,
        steps=steps,
        init="normal",
        init_scale=1.0,
        stop_margin=None,
        train_fraction=1.0 if recipe.train_fraction == 1 else 0.5,
        measures=2,
        checkpoints=False,
        block=1,
    )


def _seen(weights: np.ndarray, fraction: float, seeds: list[int]) -> Array | None:
    """[model, row]: the share of the population each network learns from, its weights summing to one; None for all."""
    if fraction == 1:
        return None
    size = max(1, round(fraction * len(weights)))
    chosen = np.zeros((len(seeds), len(weights)))
    for model, seed in enumerate(seeds):
        rows = np.random.default_rng([seed, 1]).permutation(len(weights))[:size]
        chosen[model, rows] = weights[rows]
    return jnp.asarray(chosen / chosen.sum(axis=1, keepdims=True), jnp.float32)
