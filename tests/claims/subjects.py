"""Tiny hand-made networks for the claims' tests: nothing is trained here.

Two heads, four tokens, two outputs. The "trait" of a network is its first head's score of token 0 beyond that of token
1, so that a test can decide what each seed does; all other scores are zero, and V and O are random.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readoff.claims.provider import Ready
from readoff.claims.scope import confirmation_seeds
from readoff.networks.architecture import EffectiveArchitecture
from readoff.networks.network import Ensemble, Network
from readoff.tasks.grid import Grid, grid_task

ARCHITECTURE = EffectiveArchitecture(4, 2, 3, n_heads=2, d_head=1)


@grid_task(tokens=3, n_ctx=2, outputs=2)
def first_is_zero(a: int, b: int) -> int:
    return int(a == 0)


TASK: Grid = first_is_zero


@dataclass(frozen=True)
class FakeRecipe:
    """As much of a recipe as the claims need."""

    name: str = "fake"
    steps: int = 100
    stop_margin: float | None = None
    task: Any = TASK
    architecture: Any = field(default=ARCHITECTURE)

    @property
    def id(self) -> str:
        return f"{self.name}-{self.steps}"


@dataclass(frozen=True)
class FakeRun:
    """As much of a run as the claims need."""

    recipe: FakeRecipe
    ensemble: Ensemble
    source: str = "trained"


def traits_of(found: Any) -> np.ndarray:
    """The traits of an ensemble (or the trait of a network); a difference of scores, so that no gauge shows in it."""
    return found.weights["scores"][..., 0, 0] - found.weights["scores"][..., 0, 1]


def ensemble(traits: Any, alive: Any = None, seeds: Any = None) -> Ensemble:
    """Networks with these traits; V and O differ from network to network."""
    traits = np.asarray(traits, dtype=np.float64)
    n = len(traits)
    rng = np.random.default_rng(1)
    scores = np.zeros((n, 2, 4))
    scores[:, 0, 0] = traits
    weights = {
        "scores": scores,
        "V": rng.standard_normal((n, 2, 4, 1)),
        "O": rng.standard_normal((n, 2, 1, 2)),
        "b": np.zeros((n, 2)),
    }
    given = np.array(confirmation_seeds(n)) if seeds is None else np.asarray(seeds)
    alive = np.ones(n, bool) if alive is None else np.asarray(alive, dtype=bool)
    return Ensemble(ARCHITECTURE, weights, given, "trained", "by hand", alive)


def run(traits: Any, recipe: FakeRecipe | None = None, **kwargs: Any) -> FakeRun:
    return FakeRun(recipe or FakeRecipe(), ensemble(traits, **kwargs))


def provider(traits: Any, untrained: Any = None, **kwargs: Any) -> Ready:
    """Networks of FakeRecipe() with these traits, and untrained ones (trait 0 unless said otherwise)."""
    zeros = np.zeros(len(traits)) if untrained is None else untrained
    return Ready([run(traits, **kwargs), run(zeros, FakeRecipe(steps=0))])


def network(trait: float) -> Network:
    return ensemble([trait])[0]
