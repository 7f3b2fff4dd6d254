"""Networks at initialisation, without a trainer: recipes of no steps, the most common control.

Initial weights are drawn by numpy, so a recipe with `steps=0` needs no compiled program and no chunk on disk; its
measures at step 0 come from the float64 circuits. For one attention layer only; other architectures are measured by
the trainer's own program like any recipe.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from readoff.circuits.behaviour import behaviour
from readoff.core.canonical import weights_hash
from readoff.networks.network import Ensemble
from readoff.networks.symmetry import domain_for
from readoff.training.init import initial_weights
from readoff.training.recipe import Recipe
from readoff.training.run import Run


def needs_no_trainer(recipe: Recipe) -> bool:
    """True for recipes of no steps for one attention layer."""
    return recipe.steps == 0 and recipe.architecture.one_attention_layer


@lru_cache(maxsize=256)
def initial_hashes(recipe: Recipe, seeds: tuple[int, ...]) -> tuple[str, ...]:
    """One weights hash per seed, before the first step."""
    weights = initial_weights(recipe, list(seeds))
    return tuple(weights_hash({k: v[i] for k, v in weights.items()}) for i in range(len(seeds)))


def untrained_run(recipe: Recipe, seeds: Sequence[int]) -> Run:
    """The networks of these seeds before the first step. Loss is that of the task's own read position."""
    ensemble = Ensemble(
        recipe.architecture, initial_weights(recipe, list(seeds)), np.array(seeds), "trained", recipe.id
    )
    found = behaviour(ensemble, domain_for(recipe.architecture, recipe.task))
    measures = {"loss": found.loss, "accuracy": found.accuracy, "margin": found.min_margin}
    trace = {name: value[:, None] for name, value in measures.items()}
    return Run(recipe, ensemble, np.array([0]), trace, {"forward": "none", "device": "cpu"})
