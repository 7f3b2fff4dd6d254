"""Small recipes for the tests of training, and a key for programs that need no compiling twice."""

from dataclasses import replace

import numpy as np
from network_cases import CASES, PAIRS

from readoff.networks.architecture import architecture_for
from readoff.training import Recipe

TINY = Recipe(PAIRS, architecture_for(PAIRS, d_model=4, d_head=2), steps=12, measures=5, block=4)


def recipe_for(name: str, **fields) -> Recipe:
    """A recipe for a named case of the networks' tests."""
    task, architecture = CASES[name]
    return replace(Recipe(task, architecture, steps=12, measures=5, block=4), **fields)


def parameters(recipe: Recipe, models: int, seed: int = 0, size: float = 1.0) -> np.ndarray:
    """float64 [model, parameter] in the recipe's own layout."""
    return np.random.default_rng(seed).standard_normal((models, recipe.architecture.n_parameters)) * size
