"""Train bottleneck autoencoders: all seeds of all recipes (one for each sparsity) in one program.

    runs = train_autoencoders([AutoencoderRecipe(activity=p) for p in (0.5, 0.05)], range(64))
    runs[0].ensemble.weights["W"]            [64, n_features, n_hidden]

The loss is exact: the importance-weighted squared error over all 2^n inputs with their probabilities, relative to that
of always answering 0. Arrays have the networks last, so that every operation runs over contiguous memory. Optimiser:
Adam. Importing this module imports no jax.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from readoff.core.canonical import canonical_json, content_id
from readoff.core.errors import BadValue
from readoff.networks.autoencoder import Autoencoder, reconstruct
from readoff.store import Store
from readoff.training.chunk import encode
from readoff.training.run import Run, assemble, load

if TYPE_CHECKING:
    from readoff.training.block import TrainedBlock

BLOCK = 64


@dataclass(frozen=True)
class AutoencoderRecipe:
    """One training run. `activity`: probability that a feature is active; importances are 1, r, r^2, ... (ratio r)."""

    architecture: Autoencoder = field(default_factory=Autoencoder)
    activity: float = 0.05
    importance_ratio: float = 0.9
    lr: float = 1e-2
    steps: int = 1500
    init_scale: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.activity < 1 or not 0 < self.importance_ratio <= 1:
            raise BadValue(
                f"activity {self.activity} and importance_ratio {self.importance_ratio}: expected numbers in (0, 1)."
            )
        if not (self.lr > 0 and self.init_scale > 0 and 0 <= self.steps <= 10**6):
            raise BadValue("lr and init_scale must be > 0, steps from 0 to 10^6.")

    @property
    def id(self) -> str:
        """A readable slug and the hash of the canonical JSON."""
        a = self.architecture
        return f"autoencoder-{a.n_features}to{a.n_hidden}-{content_id(self, 10)}"

    @property
    def importance(self) -> np.ndarray:
        """float64 [n_features]."""
        return self.importance_ratio ** np.arange(self.architecture.n_features)


def relative_loss(weights: Any, recipe: AutoencoderRecipe) -> np.ndarray:
    """float64 [...]: the recipe's exact loss; 1 is that of answering 0."""
    inputs, chances = recipe.architecture.inputs(), recipe.architecture.chances(recipe.activity)
    error = (reconstruct(weights, inputs) - inputs) ** 2 @ recipe.importance @ chances
    return error / (inputs**2 @ recipe.importance @ chances)


def train_autoencoders(
    recipes: Sequence[AutoencoderRecipe], seeds: Iterable[int], store: Store | None = None
) -> list[Run]:
    """One Run for each recipe, seeds in order. Recipes of one architecture, rate and length share a program."""
    wanted = sorted(set(seeds))
    if not recipes or not wanted or wanted[0] < 0:
        raise BadValue("expected at least one recipe and seeds >= 0.")
    firsts = sorted({seed // BLOCK * BLOCK for seed in wanted})
    have = {r.id: {s for c in store.chunks(r.id) for s in c.seeds} for r in recipes} if store is not None else {}
    programs: dict[Any, list[tuple[AutoencoderRecipe, range]]] = {}
    for r in recipes:
        new = [(r, range(first, first + BLOCK)) for first in firsts if first not in have.get(r.id, set())]
        programs.setdefault((r.architecture, r.steps, r.lr), []).extend(new)
    if store is not None and any(programs.values()):
        store.refuse_unwritable()
    blocks = [block for jobs in programs.values() if jobs for block in _train(jobs)]
    if store is None:
        return [_in_memory(recipe, [b for b in blocks if b.recipe.id == recipe.id], wanted) for recipe in recipes]
    for block in blocks:
        _add(store, block)
    return [load(store, recipe, wanted) for recipe in recipes]  # type: ignore[arg-type]


def _train(jobs: Sequence[tuple[AutoencoderRecipe, range]]) -> "list[TrainedBlock]":
    import jax
    import jax.numpy as jnp
    import optax

    architecture, steps, lr = jobs[0][0].architecture, jobs[0][0].steps, jobs[0][0].lr
    inputs = np.asarray(architecture.inputs(), np.float32)
    start = np.concatenate([_initial(recipe, seeds) for recipe, seeds in jobs], axis=-1)
    weights = []
    for recipe, seeds in jobs:
        per_input = architecture.chances(recipe.activity)[:, None] * recipe.importance
        weights.append(np.repeat((per_input / (per_input * inputs**2).sum())[:, :, None], len(seeds), axis=2))
    row_weights = jnp.asarray(np.concatenate(weights, axis=2), jnp.float32)
    features, dims = architecture.n_features, architecture.n_hidden

    def loss(parameters: tuple[Any, Any]) -> Any:
        matrix, bias = parameters
        inside = [sum(inputs[:, i, None] * matrix[i, d] for i in range(features)) for d in range(dims)]
        error = [
            jnp.maximum(sum(inside[d] * matrix[i, d] for d in range(dims)) + bias[i], 0) - inputs[:, i, None]
            for i in range(features)
        ]
        return sum((row_weights[:, i] * error[i] ** 2).sum() for i in range(features))

    transform = optax.adam(lr)

    @jax.jit
    def run(parameters: tuple[Any, Any]) -> tuple[Any, Any]:
        def step(_: Any, carried: Any) -> Any:
            now, memory = carried
            updates, memory = transform.update(jax.grad(loss)(now), memory)
            return optax.apply_updates(now, updates), memory

        return jax.lax.fori_loop(0, steps, step, (parameters, transform.init(parameters)))[0]

    first = (jnp.asarray(start), jnp.zeros((features, start.shape[-1]), jnp.float32))
    matrix, bias = (np.asarray(array) for array in run(first))
    return [_block(recipe, seeds, matrix, bias, i * BLOCK, jax) for i, (recipe, seeds) in enumerate(jobs)]


def _initial(recipe: AutoencoderRecipe, seeds: range) -> np.ndarray:
    """float32 [n_features, n_hidden, model]; every network has its own generator."""
    shape = (recipe.architecture.n_features, recipe.architecture.n_hidden)
    size = recipe.init_scale / np.sqrt(recipe.architecture.n_hidden)
    drawn = [np.random.default_rng(seed).standard_normal(shape) * size for seed in seeds]
    return np.stack(drawn, axis=-1).astype(np.float32)


def _block(
    recipe: AutoencoderRecipe, seeds: range, matrix: np.ndarray, bias: np.ndarray, at: int, jax: Any
) -> "TrainedBlock":
    from readoff.training.block import TrainedBlock

    here = slice(at, at + len(seeds))
    weights = {"W": np.moveaxis(matrix[..., here], -1, 0).copy(), "b": bias[:, here].T.copy()}
    losses = relative_loss(weights, recipe)
    trace = {"loss": losses[:, None]}
    fingerprint = {"jax": jax.__version__, "device": jax.devices()[0].device_kind.lower(), "width": matrix.shape[-1]}
    alive = np.isfinite(losses)
    return TrainedBlock(recipe, list(seeds), weights, np.array([recipe.steps]), trace, alive, fingerprint)  # type: ignore[arg-type]


def _in_memory(recipe: AutoencoderRecipe, blocks: "Sequence[TrainedBlock]", seeds: list[int]) -> Run:
    parts = [(b.weights, {**b.trace, "steps": b.steps, "alive": b.alive}, b.fingerprint) for b in blocks]
    places = {seed: (part, place) for part, b in enumerate(blocks) for place, seed in enumerate(b.seeds)}
    return assemble(recipe, parts, [places[seed] for seed in seeds], seeds)  # type: ignore[arg-type]


def _add(store: Store, block: "TrainedBlock") -> None:
    from readoff.store.files import write_whole

    recipe: Any = block.recipe
    chunk = f"{content_id(recipe, 32)}-{block.seeds[0]:x}"
    weights, trace = encode(block)
    file = store.chunk_path(chunk)
    sums = write_whole(file, weights), write_whole(store.trace_path(chunk), trace)
    text = canonical_json(recipe)
    store.add_chunk(
        recipe.id, text, chunk, file, sums[0], block.seeds, block.hashes(), block.fingerprint, sums[1]
    )  # fmt: skip
