"""What a recipe and its seeds gave: a `Run`, and how one is read back from a store. No JAX is needed for that.

run = load(Store(".readoff"), recipe, range(64))
run.ensemble            Ensemble of 64 networks, in the order of the seeds
run.trace["loss"]       [model, step] at run.steps
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from readoff.core.errors import BadValue
from readoff.networks.network import Ensemble
from readoff.store import Store
from readoff.training.chunk import decode
from readoff.training.recipe import Recipe

Part = tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]
"""One chunk: weights {name: [model, ...]}, traces with `steps` and `alive`, the trainer's fingerprint."""


@dataclass(frozen=True, eq=False)
class Run:
    """A recipe and its networks. `trace {name: [model, step]}` at `steps [step]`; `source` trained or zoo."""

    recipe: Recipe
    ensemble: Ensemble
    steps: np.ndarray
    trace: dict[str, np.ndarray]
    fingerprint: dict[str, Any]
    source: Literal["trained", "zoo"] = "trained"


def load(store: Store, recipe: Recipe, seeds: Sequence[int]) -> Run:
    """The stored networks of a recipe as a Run; raises `BadValue` naming seeds that are not there."""
    found: dict[int, tuple[int, int]] = {}
    parts: list[Part] = []
    for chunk in store.chunks(recipe.id):
        weights = decode(chunk.path.read_bytes(), str(chunk.path))
        trace = decode(chunk.trace.read_bytes(), str(chunk.trace)) if chunk.trace else {}
        for place, seed in enumerate(chunk.seeds):
            found.setdefault(seed, (len(parts), place))
        parts.append((weights, trace, dict(chunk.fingerprint)))
    missing = [seed for seed in seeds if seed not in found]
    if missing:
        raise BadValue(f"{recipe.id} has no stored network for seeds {missing[:5]}; train them first.")
    return assemble(recipe, parts, [found[seed] for seed in seeds], list(seeds))


def assemble(recipe: Recipe, parts: Sequence[Part], places: Sequence[tuple[int, int]], seeds: Sequence[int]) -> Run:
    """The networks at `places` (part, place in its model axis) as one Run, in that order."""

    def gather(which: Literal[0, 1], name: str) -> np.ndarray:
        return np.stack([parts[part][which][name][place] for part, place in places])

    weights = {name: gather(0, name) for name in recipe.architecture.shapes()}
    first = parts[places[0][0]]
    names = [name for name in first[1] if name not in ("steps", "alive")]
    alive = gather(1, "alive").astype(bool)
    ensemble = Ensemble(recipe.architecture, weights, np.array(seeds), "trained", recipe.id, alive)
    return Run(recipe, ensemble, first[1]["steps"], {n: gather(1, n) for n in names}, first[2])
