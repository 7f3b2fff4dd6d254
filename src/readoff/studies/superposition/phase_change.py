"""Sparsity turns superposition on: bottleneck autoencoders over how often features are active.

Five features (0 or 1, importance 1, 0.9, 0.81, ...) go through two dimensions; the population of 32 weighted inputs is
exact, and everything is judged on all of it. A feature counts as *told* if the network's own read-out of it, cut at one
half, is right on at least 90 % of the inputs in which it is active and of those in which it is not. Cutting a ReLU at
one half is a threshold on one linear functional of the two dimensions.

Why not on every input: no network can do that. Independent features that are written linearly have a threshold each on
*all* inputs only if there are as many dimensions as features (`circuits.superposition` says why). The strict predicate,
without exception, is measured too and is false throughout.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from readoff.circuits.features import Features, declare
from readoff.circuits.recovery import EXACT, dimensions, recovery
from readoff.circuits.superposition import SPARSE, strict_numbers
from readoff.circuits.thresholds import told
from readoff.claims import (
    Control,
    Exhibit,
    Measured,
    Seeds,
    Sweep,
    claim,
    enumerated,
)
from readoff.networks.autoencoder import Autoencoder, hidden, reconstruct
from readoff.studies.pairs.arms import explored
from readoff.studies.pairs.controls import sweep_reversed
from readoff.training.autoencoder import AutoencoderRecipe

ACTIVITIES = (0.5, 0.3, 0.2, 0.1, 0.05, 0.01)
RECIPES = tuple(AutoencoderRecipe(activity=p) for p in ACTIVITIES)
REPRESENTED = 0.5
"""A feature counts as represented if its row of W is at least this long."""
CUT, SHARE = 0.5, 0.9
"""A feature is told if its read-out, cut here, is right on so large a share of active and of inactive inputs."""


@lru_cache(maxsize=32)
def population(architecture: Autoencoder, activity: float) -> Features:
    """The features on all 2^n inputs, weighted exactly: each is active independently with this probability."""
    inputs, p = architecture.inputs(), Fraction(activity).limit_denominator(1000)
    on = inputs.sum(axis=1).astype(int).tolist()
    n = architecture.n_features
    weights = [p.numerator**k * (p.denominator - p.numerator) ** (n - k) for k in on]
    return declare({f"f{i + 1}": inputs[:, i] for i in range(n)}, weights)


def words(run: Any) -> dict[str, np.ndarray]:
    """Of every network [model]: how many features are told and represented, the least share told, superposition with
    that share (`nearly`) and without exception (`strictly`), both with the sparsity of the population measured, and
    `nearly` with sparsity left out (`beyond_room`): all are told, more than there are dimensions, and not linearly."""
    a, w = run.recipe.architecture, run.ensemble.weights
    features = population(a, run.recipe.activity)
    spaces = np.nan_to_num(hidden(w, a.inputs()))
    shares = told(features, reconstruct(w, a.inputs()), CUT)
    room, r_squared = dimensions(features, spaces), recovery(features, spaces)
    sparse = float(features.activity.max()) <= SPARSE
    every = (shares >= SHARE).all(axis=1)
    beyond = every & (features.n_features > room) & (r_squared < 1 - EXACT)
    return {
        "told": (shares >= SHARE).sum(axis=1),
        "least_share": shares.min(axis=1),
        "represented": (np.linalg.norm(w["W"].astype(np.float64), axis=-1) >= REPRESENTED).sum(axis=1),
        "beyond_room": beyond,
        "nearly": sparse & beyond,
        "strictly": strict_numbers(features, spaces)["holds"],
    }


def over_sparsity(runs: Sequence[Any]) -> Measured:
    """`words` of the first and of the last recipe, from dense to sparse; how often `beyond_room` changes from one
    recipe to the next over all of them; and the largest activity at which it is met (0: nowhere)."""
    found = [words(run) for run in runs]
    dense, sparse = found[0], found[-1]
    met = np.stack([one["beyond_room"] for one in found])
    activity = np.array([run.recipe.activity for run in runs])
    numbers = {f"{name}_when_dense": value for name, value in dense.items()}
    numbers |= {f"{name}_when_sparse": value for name, value in sparse.items()}
    n_hidden = runs[0].recipe.architecture.n_hidden
    return enumerated(
        **numbers,
        n_hidden=np.full(len(dense["told"]), n_hidden),
        changes=(met[1:] != met[:-1]).sum(axis=0),
        met_up_to=(met * activity[:, None]).max(axis=0),
    )


def switch(runs: Sequence[Any], n: Any) -> list[Exhibit]:
    """Features represented and features told against activity, and the same in numbers."""
    activity = [run.recipe.activity for run in runs]
    found = [words(run) for run in runs]
    size = runs[0].recipe.architecture
    data = {
        "x": activity * 2,
        "y": [float(f[name].mean()) for name in ("represented", "told") for f in found],
        "series": [name for name in ("represented (mean)", "told by a threshold (mean)") for _ in runs],
        "x_axis": "chance that a feature is active",
        "y_axis": f"features, of {size.n_features}",
        "log_x": True,
        "x_ticks": sorted(activity),
        "rules": [{"axis": "y", "value": size.n_hidden, "label": f"{size.n_hidden} dimensions"}],
    }
    rows = [
        [p, f"{f['represented'].mean():.2f}", f"{f['told'].mean():.2f}", f"{np.median(f['least_share']):.3f}",
         f"{f['nearly'].mean():.0%}", f"{f['strictly'].mean():.0%}"]
        for p, f in zip(activity, found)
    ]  # fmt: skip
    columns = [
        "chance of a feature", "features represented", "features told", "least share of inputs told (median)",
        f"superposed, up to {1 - SHARE:.0%} of inputs", "superposed, on every input",
    ]  # fmt: skip
    caption = (
        f"{len(found[0]['told'])} networks a row: {size.n_features} binary features in {size.n_hidden} dimensions, on "
        f"the whole population. Superposed includes that no feature is active on more than {SPARSE:g} of the inputs. "
        f"{int((n['changes'] == 1).sum())} networks switch once; all five are told up to an activity of "
        f"{np.median(n['met_up_to']):g} (median)."
    )
    return [
        Exhibit("switch", "scatter", "Sparsity turns superposition on", caption, data),
        Exhibit("numbers", "table", "The same in numbers", caption, {"columns": columns, "rows": rows}),
    ]


def _dense(subject: Any) -> Any:
    return Sweep(subject.recipes[:1] * 2)


def _out_of_order(subject: Any) -> Any:
    first, second, *middle, fifth, last = subject.recipes
    return Sweep((first, fifth, *middle, second, last))


def _no_steps(subject: Any) -> Any:
    return Sweep(tuple(replace(recipe, steps=0) for recipe in subject.recipes))


same_sparsity = Control("dense features throughout", _dense)
no_steps = Control("untrained", _no_steps)
out_of_order = Control("the second and the fifth activity in each other's places", _out_of_order)
"""Both ends stay as they are."""


@claim(
    "superposition/phase-change",
    says="Sparsity turns superposition on. Trained on dense features (each active half the time) the network tells two "
    "of five features and represents no more; on sparse ones (1 in 100) it tells all five in two dimensions, each by "
    "one threshold that is right on 90 % of the inputs with the feature and of those without, while no linear map "
    "recovers them. Over six activities, from the one to the other, this is switched on once and never off. (Right on "
    "every input, the strict sense, no network is.)",
    about=Sweep(RECIPES),
    scope=Seeds(at_least=explored(255, 256), confidence=0.95),
    measure=over_sparsity,
    statement="superposition/phase-change",
    relation="supports",
    must_fail=[sweep_reversed, same_sparsity, no_steps, out_of_order],
    exhibit=switch,
)
def phase_change(n):
    few = (n["told_when_dense"] == n["n_hidden"]) & (n["represented_when_dense"] <= n["n_hidden"])
    return few & (n["changes"] == 1) & n["nearly_when_sparse"] & ~n["strictly_when_sparse"] & ~n["strictly_when_dense"]
