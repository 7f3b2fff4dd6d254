"""What is minimised, and the fastest valid way to its gradient.

    by_count   one attention layer, no positions, one destination     all networks in two matrix products
    by_token   one attention layer, any destinations or positions     vmap over networks, factored by vocabulary
    direct     everything else                                        vmap over networks of the plain forward

`choose_objective` takes the first that applies. All minimise the exactly weighted mean cross-entropy over the task's
domain, or over a batch drawn from it at every step (`data="sampled"`): a batch is only a different set of row weights,
so both arms run the same code. With loss_dtype float64 the tables (or logits) are cast up before any exponential.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from readoff.core.errors import BadValue
from readoff.networks.by_count import gradients_by_count
from readoff.networks.by_token import TokenTables, logits_by_token, token_tables
from readoff.networks.forward import forward
from readoff.networks.reads import reads_for
from readoff.networks.symmetry import domain_for
from readoff.training.flat import joined, unflatten
from readoff.training.recipe import Recipe

Weights = Mapping[str, Any]
Forward = Literal["direct", "by_token", "by_count"]


@dataclass(frozen=True, eq=False)
class Objective:
    """`gradients(parameters, scale, keys, step, seen)` [model, parameter] and `measure(parameters, scale, seen)`.

    `row_weights` [row] is the population; `seen` [model, row] what each network learns from, None for all of it.
    """

    forward: Forward
    row_weights: np.ndarray
    gradients: Callable[..., Array]
    measure: Callable[..., dict[str, Array]]


@dataclass(frozen=True, eq=False)
class Rows:
    """What is read, as constants: targets [row, out], weights [row], and which rows the task is judged on."""

    targets: np.ndarray
    weights: np.ndarray
    judged: np.ndarray


def valid_forwards(recipe: Recipe) -> list[Forward]:
    """The forwards that are exact for this recipe, fastest first."""
    if not recipe.architecture.one_attention_layer:
        return ["direct"]
    by_count = not recipe.architecture.positions and reads_for(recipe.architecture, recipe.task).one_destination
    return ["by_count", "by_token", "direct"] if by_count else ["by_token", "direct"]


def choose_objective(recipe: Recipe, forced: Forward | None = None) -> Objective:
    """The objective of a program shape; `forced` picks a slower forward (for tests)."""
    valid = valid_forwards(recipe)
    chosen = forced or valid[0]
    if chosen not in valid:
        raise BadValue(f"the forward {chosen!r} is not exact for this recipe; valid: {', '.join(valid)}.")
    if chosen == "direct":
        return _direct(recipe)
    return _by_count(recipe) if chosen == "by_count" else _by_token(recipe)


def _by_count(recipe: Recipe) -> Objective:
    reads = reads_for(recipe.architecture, recipe.task)
    rows = Rows(reads.targets, reads.weights, reads.last)
    destinations = (int(reads.destination[0]),)
    tables = jax.vmap(_tables(recipe, destinations))

    def gradients(parameters: Array, scale: Array, keys: Array, step: Array, seen: Array | None = None) -> Array:
        weights_of = unflatten(recipe.architecture, parameters)
        (scores, values, base), pull = jax.vjp(lambda w: tables(w, scale), weights_of)
        targets, weights = _weighted(recipe, rows, keys, step, seen, scores.dtype, outs_first=True)
        d = gradients_by_count(scores[:, :, 0], values, base[:, 0], reads.counts, targets, weights)
        return joined(recipe.architecture, pull(TokenTables(d[0][:, :, None], d[1], d[2][:, None]))[0])

    return Objective("by_count", rows.weights, gradients, _by_token(recipe).measure)


def _by_token(recipe: Recipe) -> Objective:
    reads = reads_for(recipe.architecture, recipe.task)
    rows = Rows(reads.targets, reads.weights, reads.last)
    unique, index = np.unique(reads.destination, return_inverse=True)
    tables = _tables(recipe, tuple(int(d) for d in unique))

    def logits(weights: Weights, scale: Array) -> Array:
        return logits_by_token(tables(weights, scale), jnp.asarray(index.reshape(-1)), jnp.asarray(reads.counts))

    return Objective("by_token", rows.weights, _autodiff(recipe, rows, logits), _measure(recipe, rows, logits))


def _direct(recipe: Recipe) -> Objective:
    domain = domain_for(recipe.architecture, recipe.task)
    places = recipe.task.n_ctx if recipe.task.loss_elsewhere else 1
    n_out = recipe.task.d_vocab_out
    last = np.eye(n_out)[domain.labels] if domain.targets is None else domain.targets / domain.target_denominator
    elsewhere = np.full((len(domain), places - 1, n_out), 1.0 / n_out)
    targets = np.concatenate([elsewhere, last[:, None]], axis=1).reshape(-1, n_out)
    judged = np.tile(np.arange(places) == places - 1, len(domain))
    rows = Rows(targets, np.repeat(domain.probabilities, places) / places, judged)

    def logits(weights: Weights, scale: Array) -> Array:
        out, _ = forward(recipe.architecture, weights, jnp.asarray(domain.tokens), scale=scale)
        return out[:, -places:].reshape(-1, n_out).astype(recipe.loss_dtype)

    return Objective("direct", rows.weights, _autodiff(recipe, rows, logits), _measure(recipe, rows, logits))


def _tables(recipe: Recipe, destinations: tuple[int, ...]) -> Callable[[Weights, Array], TokenTables]:
    def tables(weights: Weights, scale: Array) -> TokenTables:
        made = token_tables(recipe.architecture, weights, destinations, scale)
        return TokenTables(*(t.astype(recipe.loss_dtype) for t in made))

    return tables


def _weighted(
    recipe: Recipe, rows: Rows, keys: Array, step: Array, seen: Array | None, dtype: Any, outs_first: bool = False
) -> tuple[Array, Array]:
    """Weighted targets and row weights: the population's, what a network has seen of it, or a batch drawn from that."""
    turn = (lambda t: t.T) if outs_first else (lambda t: t)
    if recipe.data == "population" and seen is None:
        return jnp.asarray(turn(rows.targets * rows.weights[:, None]), dtype), jnp.asarray(rows.weights, dtype)

    def draw(key: Array, edges: Array) -> Array:
        uniform = jax.random.uniform(jax.random.fold_in(key, step), (recipe.batch_size,), jnp.float32)
        hit = jnp.searchsorted(edges, uniform, side="right")
        return jnp.zeros(len(rows.weights), dtype).at[hit].add(1 / recipe.batch_size)

    if recipe.data == "population":
        weights = jnp.asarray(seen, dtype)
    elif seen is None:
        edges = jnp.asarray(np.cumsum(rows.weights)[:-1], jnp.float32)
        weights = jax.vmap(draw, in_axes=(0, None))(keys, edges)
    else:
        weights = jax.vmap(draw)(keys, jnp.cumsum(seen, axis=1)[:, :-1])
    targets = jnp.asarray(turn(rows.targets), dtype)
    if outs_first:
        return targets[None] * weights[:, None], weights[:, None]
    return targets[None] * weights[..., None], weights


def _autodiff(recipe: Recipe, rows: Rows, logits: Callable[[Weights, Array], Array]) -> Any:
    def loss(weights: Weights, scale: Array, targets: Array) -> Array:
        return -(jax.nn.log_softmax(logits(weights, scale), axis=-1) * targets).sum()

    def gradients(parameters: Array, scale: Array, keys: Array, step: Array, seen: Array | None = None) -> Array:
        targets, _ = _weighted(recipe, rows, keys, step, seen, jnp.dtype(recipe.loss_dtype))
        axis = 0 if targets.ndim == 3 else None
        weights_of = unflatten(recipe.architecture, parameters)
        by_weight = jax.vmap(jax.grad(loss), in_axes=(0, 0, axis))(weights_of, scale, targets)
        return joined(recipe.architecture, by_weight)

    return gradients


def _measure(recipe: Recipe, rows: Rows, logits: Callable[[Weights, Array], Array]) -> Any:
    """Mean loss over all rows; accuracy and least margin over the judged rows that have one right output."""
    judged = rows.judged & (rows.targets.max(axis=1) == 1.0)
    share = np.where(judged, rows.weights, 0.0)
    share = share / max(share.sum(), 1e-300)

    def one(parameters: Array, scale: Array, seen: Array | None) -> dict[str, Float[Array, ""]]:
        out = logits(unflatten(recipe.architecture, parameters), scale)
        targets = jnp.asarray(rows.targets, out.dtype)
        right = (out * targets).sum(-1)
        rival = jnp.where(targets > 0, -jnp.inf, out).max(-1)
        margin = right - rival
        per_row = -(jax.nn.log_softmax(out, axis=-1) * targets).sum(-1)
        found = {
            "loss": (per_row * jnp.asarray(rows.weights, out.dtype)).sum(),
            "accuracy": (jnp.asarray(share, out.dtype) * (margin > 0)).sum(),
            "margin": jnp.where(jnp.asarray(judged), margin, jnp.inf).min(),
        }
        if seen is None:
            return found
        return found | {"train_loss": (per_row * seen).sum(), "train_accuracy": (seen * (margin > 0)).sum()}

    def measure(parameters: Array, scale: Array, seen: Array | None = None) -> dict[str, Array]:
        return jax.vmap(one, in_axes=(0, 0, None if seen is None else 0))(parameters, scale, seen)

    return measure
