"""Sparsity turns superposition on: bottleneck autoencoders over how often features are active.

Five features (0 or 1, importance 1, 0.9, 0.81, ...) go through two dimensions; the population of 32 inputs is exact.
The predicate is the strict one, on the inputs with at most one active feature (their share is reported): in two
dimensions five features can each have a threshold only as long as few of them are active at once.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from readoff.circuits.features import Features, declare
from readoff.circuits.superposition import strict_numbers
from readoff.claims import (
    Control,
    Exhibit,
    Measured,
    Seeds,
    Sweep,
    claim,
    enumerated,
)
from readoff.networks.autoencoder import hidden
from readoff.studies.pairs.controls import sweep_reversed
from readoff.training.autoencoder import AutoencoderRecipe

ACTIVITIES = (0.5, 0.3, 0.2, 0.1, 0.05, 0.01)
RECIPES = tuple(AutoencoderRecipe(activity=p) for p in ACTIVITIES)
REPRESENTED = 0.5
"""A feature counts as represented if its row of W is at least this long."""


@lru_cache(maxsize=8)
def one_at_a_time(n_features: int) -> tuple[Features, np.ndarray]:
    """No feature or one of them active, equally likely, as declared features; and the rows of inputs."""
    inputs = np.vstack([np.zeros((1, n_features)), np.eye(n_features)])
    names = {f"f{i + 1}": inputs[:, i] for i in range(n_features)}
    return declare(names, np.ones(n_features + 1, dtype=np.int64)), inputs


def strictly(run: Any) -> np.ndarray:
    """bool [model]: the strict predicate on the hidden space, features one at a time."""
    features, inputs = one_at_a_time(run.recipe.architecture.n_features)
    spaces = hidden(run.ensemble.weights, inputs)
    return strict_numbers(features, np.nan_to_num(spaces))["holds"]


def over_sparsity(runs: Sequence[Any]) -> Measured:
    """For the densest and the sparsest recipe: superposed, and how many features are represented."""
    ends = runs[0], runs[-1]
    lengths = [np.linalg.norm(run.ensemble.weights["W"].astype(np.float64), axis=-1) for run in ends]
    counted = [(length >= REPRESENTED).sum(axis=1) for length in lengths]
    found = [strictly(run) for run in ends]
    return enumerated(
        dense=found[0],
        sparse=found[1],
        represented_when_dense=counted[0],
        represented_when_sparse=counted[1],
        n_hidden=np.full(len(found[0]), runs[0].recipe.architecture.n_hidden),
    )


def switch(runs: Sequence[Any], n: Any) -> list[Exhibit]:
    """Represented features and the share of superposed networks against activity."""
    activity = [run.recipe.activity for run in runs]
    lengths = [np.linalg.norm(run.ensemble.weights["W"].astype(np.float64), axis=-1) for run in runs]
    counts = [(length >= REPRESENTED).sum(axis=1) for length in lengths]
    share = [float(strictly(run).mean()) for run in runs]
    means = [float(c.mean()) for c in counts]
    points = {
        "x": activity + activity,
        "y": means + [5 * s for s in share],
        "series": ["features represented (mean)"] * len(runs) + ["share of networks superposed, times 5"] * len(runs),
        "x_axis": "chance that a feature is active",
        "y_axis": "features (of 5)",
        "log_x": True,
        "rules": [{"axis": "y", "value": 2, "label": "two dimensions"}],
    }
    rows = [
        [p, f"{(1 - p) ** 5 + 5 * p * (1 - p) ** 4:.3f}", f"{c.mean():.2f}", f"{s:.2f}"]
        for p, c, s in zip(activity, counts, share)
    ]
    columns = ["chance of a feature", "inputs with at most one active", "features represented", "share superposed"]
    caption = f"{len(counts[0])} networks a point, five binary features in two dimensions."
    return [
        Exhibit("switch", "scatter", "Sparsity turns superposition on", caption, points),
        Exhibit("numbers", "table", "The same in numbers", caption, {"columns": columns, "rows": rows}),
    ]


def _dense(subject: Any) -> Any:
    return Sweep(subject.recipes[:1] * 2)


def _no_steps(subject: Any) -> Any:
    return Sweep(tuple(replace(recipe, steps=0) for recipe in subject.recipes))


same_sparsity = Control("dense features throughout", _dense)
no_steps = Control("untrained", _no_steps)


@claim(
    "superposition/phase-change",
    says="Sparsity turns superposition on: trained on dense features (each active half the time) the network "
    "represents two and superposes nothing; on sparse ones (1 in 100) it represents all five in two dimensions, "
    "strictly superposed.",
    about=Sweep(RECIPES),
    scope=Seeds(at_least=0.8, confidence=0.95),
    measure=over_sparsity,
    statement="superposition/phase-change",
    relation="supports",
    must_fail=[sweep_reversed, same_sparsity, no_steps],
    exhibit=switch,
)
def phase_change(n):
    dense = ~n["dense"] & (n["represented_when_dense"] <= n["n_hidden"])
    return dense & n["sparse"] & (n["represented_when_sparse"] > n["n_hidden"])
