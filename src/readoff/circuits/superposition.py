"""Words as predicates: superposed, polysemantic, decomposable, distributed, redundant, nonlinear, interfering.

Each takes declared features and a space (activations [n, D] of some units, heads or a residual stream on the same
inputs, `circuits.spaces.space_of`) and answers with numbers, a yes or no, and the threshold that was used. Example:
five sparse features, at most one of them active, in a head with two dimensions, on the corners of a pentagon:

>>> from readoff.circuits.features import declare
>>> corners = [[0, 0], [0, 5], [5, 1], [3, -4], [-3, -4], [-5, 1]]
>>> five = declare({f"f{i}": np.eye(6)[i + 1] for i in range(5)}, weights=[11, 1, 1, 1, 1, 1])
>>> found = superposed(five, np.array(corners))
>>> found.holds, found.numbers["n_features"], found.numbers["dimensions"], round(found.numbers["r_squared"], 3)
(True, 5, 2, 0.427)

Superposition, strictly: (1) more features than dimensions, (2) sparse features, (3) no linear map recovers all of them,
(4) yet every one of them is told from its absence by one threshold on one linear functional, with a margin. A scalar
code such as 0, 1, 4, 6 meets (1) to (3) and fails (4), so it is not superposition: it is read with a nonlinear decoder.
Codes by the corners of a cube do meet (4).

A fact to know: n *independent* binary features that are written linearly never meet (1) and (4) together. If u_i tells
feature i on all 2^n inputs, then u_i w_i exceeds the sum of |u_i w_j| over the others; the n x n matrix u_i w_j is
diagonally dominant, so its rank is n, and so are the dimensions. Strict superposition lives on exclusive features, or
(`thresholds.told`) on nearly all inputs instead of all.

What does not vary is no representation: on a constant space every answer is no. Answers do not depend on the scale of a
unit or of a direction, except that rounding is ignored (`circuits.recovery`).

Sources: L. Chan's sharper form; Toy Models of Superposition (Elhage et al. 2022); thresholds are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from readoff.circuits.features import Features
from readoff.circuits.recovery import (
    EXACT,
    centred,
    dimensions,
    directions,
    readout,
    recovery,
    weighted,
    weighted_features,
)
from readoff.circuits.spectra import participation_ratio
from readoff.circuits.thresholds import threshold_margins
from readoff.core.errors import BadValue

SPARSE = 0.25  # a sparse feature is active on at most this share of the inputs
MARGIN = 0.01  # least margin of a threshold, as a share of the functional's range
SHARE = 0.95  # a unit's features are those that explain this share of what all features explain of it
SPREAD = 1.5  # a readout spread over more units than this (participation ratio) is distributed
LEAK = 0.05  # interference: off-diagonal size relative to the diagonal


@dataclass(frozen=True, eq=False)
class Predicate:
    """A word, whether it fits, the numbers that say so, and the rule in words."""

    word: str
    holds: bool
    numbers: Mapping[str, float]
    rule: str


def strict_numbers(
    features: Features, spaces: np.ndarray, sparse: float = SPARSE, margin: float = MARGIN
) -> dict[str, np.ndarray]:
    """What strict superposition rests on, for spaces [model, n, D]; `holds` [model] is the answer.

    `sparse` 1 leaves sparsity out. Thresholds are looked for only where the other conditions are met; elsewhere
    `least_threshold_margin` is NaN.
    """
    room, r_squared = dimensions(features, spaces), recovery(features, spaces)
    activity = float(features.activity.max())
    maybe = (features.n_features > room) & (room > 0) & (activity <= sparse) & (r_squared < 1 - EXACT)
    least = np.full(len(spaces), np.nan)
    if maybe.any():
        least[maybe] = threshold_margins(features, spaces[maybe]).min(axis=-1)
    holds = maybe & (np.nan_to_num(least) >= margin)
    return {"holds": holds, "dimensions": room, "r_squared": r_squared, "least_threshold_margin": least}


def superposed(features: Features, space: np.ndarray, sparse: float = SPARSE, margin: float = MARGIN) -> Predicate:
    """Superposition in the strict sense; see the module docstring."""
    _one_space(features, space)
    found = strict_numbers(features, space[None], sparse, margin)
    numbers = {
        "n_features": features.n_features,
        "dimensions": int(found["dimensions"][0]),
        "activity": float(features.activity.max()),
        "r_squared": float(found["r_squared"][0]),
        "capacity": features.capacity(int(found["dimensions"][0])),
        "least_threshold_margin": float(found["least_threshold_margin"][0]),
    }
    rule = (
        f"n_features > dimensions, activity <= {sparse:g}, R^2 < 1, and every feature has a threshold with margin >= "
        f"{margin:g}"
    )
    return Predicate("superposed", bool(found["holds"][0]), numbers, rule)


def features_of_units(features: Features, space: np.ndarray, share: float = SHARE) -> np.ndarray:
    """int [D]: how many features each unit responds to.

    The least number of features, chosen one after the other, whose best affine description of the unit explains `share`
    of the variance that all features together explain. A feature that merely comes with another one (exclusive,
    correlated, a fixed sum) adds nothing and does not count. 0 for a unit that does not vary with any feature.
    """
    units, columns = weighted(features, space), weighted_features(features)
    out = np.zeros(units.shape[1], dtype=np.int64)
    for place, unit in enumerate(units.T):
        everything = _explained(columns, unit)
        if everything <= EXACT * (unit @ unit):
            continue
        chosen: list[int] = []
        while _explained(columns[:, chosen], unit) < share * everything:
            left = [i for i in range(columns.shape[1]) if i not in chosen]
            chosen.append(max(left, key=lambda i: _explained(columns[:, [*chosen, i]], unit)))
        out[place] = len(chosen)
    return out


def polysemantic(features: Features, space: np.ndarray, share: float = SHARE) -> Predicate:
    """Some unit responds to several features, beyond what these have in common."""
    _one_space(features, space)
    many = features_of_units(features, space, share)
    numbers = {"most_features_of_a_unit": int(many.max()), "polysemantic_units": int((many > 1).sum())}
    rule = f"no single feature explains {share:g} of what all features explain of a unit"
    return Predicate("polysemantic", bool(many.max() > 1), numbers, rule)


def decomposable(features: Features, space: np.ndarray) -> Predicate:
    """Every feature adds its own vector, and that is all there is in the space."""
    _one_space(features, space)
    back = weighted(features, space)
    total = float((back**2).sum())
    explained = sum(_explained(weighted_features(features), unit) for unit in back.T) / total if total else 0.0
    return Predicate(
        "decomposable", explained >= 1 - EXACT, {"explained": explained}, "R^2 of the space from features = 1"
    )


def distributed(features: Features, space: np.ndarray, spread: float = SPREAD) -> Predicate:
    """Some feature's readout uses several units (features that are not recovered at all have none)."""
    _one_space(features, space)
    read = readout(features, space).T
    read = read[read.any(axis=1)]
    ratio = participation_ratio(read**2) if len(read) else np.zeros(1)
    numbers = {"most_units_of_a_feature": float(ratio.max()), "fewest": float(ratio.min())}
    rule = f"participation ratio of a feature's readout over units (in standard deviations) > {spread:g}"
    return Predicate("distributed", bool(ratio.max() > spread), numbers, rule)


def redundant(features: Features, space: np.ndarray) -> Predicate:
    """Any single unit can be removed and all features are still recovered linearly."""
    _one_space(features, space)
    units = centred(features, space)
    without = [float(recovery(features, np.delete(units, unit, axis=1))) for unit in range(units.shape[1])]
    numbers = {"r_squared": float(recovery(features, units)), "least_r_squared_without_a_unit": min(without)}
    return Predicate("redundant", min(without) >= 1 - EXACT, numbers, "R^2 = 1 after removing any one unit")


def nonlinear(features: Features, space: np.ndarray) -> Predicate:
    """The space determines the features and has room for them, but no linear map reads them."""
    _one_space(features, space)
    room, r_squared = int(dimensions(features, space)), float(recovery(features, space))
    sharp = _determines(features, space)
    numbers = {
        "dimensions": room,
        "n_features": features.n_features,
        "r_squared": r_squared,
        "determined": float(sharp),
    }
    holds = room >= features.n_features and sharp and r_squared < 1 - EXACT
    return Predicate("nonlinear", holds, numbers, "dimensions >= n_features, features determined, R^2 < 1")


def interfering(features: Features, space: np.ndarray, leak: float = LEAK) -> Predicate:
    """Reading one feature also reads others: the off-diagonal part of features -> space -> features, beyond that of
    the features themselves (0 unless they are dependent)."""
    _one_space(features, space)
    wanted, units = weighted_features(features), weighted(features, space)
    back = np.linalg.pinv(wanted, rcond=EXACT)
    basis = directions(features, space)
    chain = back @ basis @ (basis.T @ wanted)
    beyond = chain - back @ wanted
    off = beyond - np.diag(np.diag(beyond))
    diagonal = float(np.abs(np.diag(chain)).max())
    relative = float(np.abs(off).max()) / diagonal if diagonal > EXACT and units.any() else 0.0
    numbers = {"largest": relative, "most_negative": float(off.min()), "most_positive": float(off.max())}
    return Predicate("interfering", relative > leak, numbers, f"off-diagonal > {leak:g} of the largest diagonal entry")


PREDICATES = (superposed, polysemantic, decomposable, distributed, redundant, nonlinear, interfering)


def describe(features: Features, space: np.ndarray) -> tuple[Predicate, ...]:
    """Every predicate on one space."""
    return tuple(predicate(features, space) for predicate in PREDICATES)


def _explained(columns: np.ndarray, unit: np.ndarray) -> float:
    """The part of |unit|^2 that lies in the span of the columns."""
    if not columns.shape[1]:
        return 0.0
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    return float(((left[:, size > EXACT * size[0]].T @ unit) ** 2).sum())


def _determines(features: Features, space: np.ndarray) -> bool:
    """Whether inputs at one point (up to 1e-9 of each direction's size) have the same features."""
    used = features.weights > 0
    points = directions(features, space)[used] / np.sqrt(features.probabilities[used])[:, None]
    keys = np.round(points / max(np.abs(points).max(initial=0.0), 1e-300), 9) + 0.0
    both = np.unique(np.hstack([keys, features.values[used]]), axis=0)
    return len(np.unique(keys, axis=0)) == len(both)


def _one_space(features: Features, space: np.ndarray) -> None:
    if space.ndim != 2 or len(space) != len(features.weights) or 0 in space.shape or not np.isfinite(space).all():
        raise BadValue(
            f"a space has one row of finite numbers for each of the {len(features.weights)} inputs, and at least one "
            f"unit; got shape {list(space.shape)}. For an ensemble, ask for one model at a time."
        )
