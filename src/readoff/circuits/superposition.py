"""Words as predicates: superposed, polysemantic, decomposable, distributed, redundant, nonlinear, interfering.

Each takes declared features and a space (activations [n, D] of some units, heads or a residual stream on the same
inputs) and answers with numbers, a yes or no, and the threshold that was used. Example: five sparse features, at most
one of them active, in two dimensions, on the corners of a pentagon:

>>> from readoff.constructions.polysemantic import pentagon
>>> case = pentagon()
>>> found = superposed(case.features, case.space)
>>> found.holds, found.numbers["n_features"], found.numbers["dimensions"], round(found.numbers["r_squared"], 3)
(True, 5, 2, 0.427)

Superposition, strictly: (1) more features than dimensions, (2) sparse features, (3) no linear map recovers all of them,
(4) yet every one of them is told from its absence by one threshold on one linear functional, with a margin. A scalar
code such as 0, 1, 4, 6 meets (1) to (3) and fails (4), so it is not superposition: it is read with a nonlinear decoder.
Codes by the corners of a cube do meet (4).

Sources: L. Chan's sharper form; Toy Models of Superposition (Elhage et al. 2022); thresholds are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from readoff.circuits.features import Features
from readoff.circuits.spectra import participation_ratio
from readoff.circuits.strict import ProgramFailed
from readoff.core.errors import BadValue

SPARSE = 0.25  # a sparse feature is active on at most this share of the inputs
EXACT = 1e-9  # 1 - R^2 up to this counts as exact recovery
MARGIN = 0.01  # least margin of a threshold, for functionals with entries up to 1 on units scaled to size 1
SHIFT = 0.5  # a unit responds to a feature if its mean moves by this many standard deviations
SPREAD = 1.5  # a readout spread over more units than this (participation ratio) is distributed
LEAK = 0.05  # interference: off-diagonal size relative to the diagonal
MOST_ROWS = 20_000  # of one linear program


@dataclass(frozen=True, eq=False)
class Predicate:
    """A word, whether it fits, the numbers that say so, and the rule in words."""

    word: str
    holds: bool
    numbers: Mapping[str, float]
    rule: str


def recovery(features: Features, space: np.ndarray) -> np.ndarray:
    """R^2 [...] of the best linear (affine) map from the space [..., n, D] to all features together."""
    rest = _residual(_centred(features, space), np.sqrt(features.probabilities)[:, None] * features.centred)
    total = (features.probabilities[:, None] * features.centred**2).sum()
    return 1 - (rest**2).sum(axis=(-2, -1)) / total


def recovery_each(features: Features, space: np.ndarray) -> np.ndarray:
    """R^2 [..., k] of every feature on its own."""
    rest = _residual(_centred(features, space), np.sqrt(features.probabilities)[:, None] * features.centred)
    return 1 - (rest**2).sum(axis=-2) / (features.probabilities[:, None] * features.centred**2).sum(axis=0)


def dimensions(features: Features, space: np.ndarray) -> np.ndarray:
    """int [...]: the rank of the centred space (singular values above 1e-9 of the largest)."""
    sizes = np.linalg.svd(_centred(features, space), compute_uv=False)
    return (sizes > 1e-9 * np.maximum(sizes[..., :1], 1e-300)).sum(axis=-1)


def threshold_margins(features: Features, space: np.ndarray) -> np.ndarray:
    """[..., k]: how widely one threshold on one linear functional of the space [..., n, D] parts active from inactive.

    Units are scaled to largest deviation 1 and the functional's entries are at most 1; 0 means that no threshold does.
    """
    used = features.weights > 0
    points = _shifted(features, np.asarray(space, dtype=np.float64))[..., used, :]
    points = points / np.maximum(np.abs(points).max(axis=(-2, -1), keepdims=True), 1e-300)
    active = features.values[used].T != 0
    flat = points.reshape(-1, *points.shape[-2:])
    blocks = [(one, on) for one in flat for on in active]
    step = max(1, MOST_ROWS // len(flat[0]))
    found = [_margins(blocks[i : i + step]) for i in range(0, len(blocks), step)]
    return np.concatenate(found).reshape(*points.shape[:-2], len(active))


def strict_numbers(
    features: Features, spaces: np.ndarray, sparse: float = SPARSE, margin: float = MARGIN
) -> dict[str, np.ndarray]:
    """What strict superposition rests on, for spaces [model, n, D]; `holds` [model] is the answer.

    Thresholds are looked for only where the other conditions are met; elsewhere `least_threshold_margin` is NaN.
    """
    room, r_squared = dimensions(features, spaces), recovery(features, spaces)
    activity = float(features.activity.max())
    maybe = (features.n_features > room) & (activity <= sparse) & (r_squared < 1 - EXACT)
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


def responses(features: Features, space: np.ndarray) -> np.ndarray:
    """[..., D, k]: how many standard deviations the mean of each unit moves when a feature is active."""
    active = features.values != 0
    p = features.probabilities[:, None]
    on = (active * p) / (active * p).sum(axis=0)
    off = (~active * p) / np.maximum((~active * p).sum(axis=0), 1e-300)
    centred = space - features.probabilities @ space if space.ndim == 2 else _shifted(features, space)
    deviation = np.sqrt((p * centred**2).sum(axis=-2))
    moved = np.swapaxes(centred, -1, -2) @ (on - off)
    return moved / np.maximum(deviation, 1e-300)[..., None]


def polysemantic(features: Features, space: np.ndarray, shift: float = SHIFT) -> Predicate:
    """Some unit responds to several features."""
    _one_space(features, space)
    many = (np.abs(responses(features, space)) >= shift).sum(axis=1)
    numbers = {"most_features_of_a_unit": int(many.max()), "polysemantic_units": int((many > 1).sum())}
    return Predicate(
        "polysemantic", bool(many.max() > 1), numbers, f"a unit's mean moves by {shift:g} sd for two features"
    )


def decomposable(features: Features, space: np.ndarray) -> Predicate:
    """Every feature adds its own vector, and that is all there is in the space."""
    _one_space(features, space)
    back = _centred(features, space)
    rest = _residual(np.sqrt(features.probabilities)[:, None] * features.centred, back)
    explained = 1 - float((rest**2).sum() / max((back**2).sum(), 1e-300))
    return Predicate(
        "decomposable", explained >= 1 - EXACT, {"explained": explained}, "R^2 of the space from features = 1"
    )


def distributed(features: Features, space: np.ndarray, spread: float = SPREAD) -> Predicate:
    """Some feature's readout uses several units."""
    _one_space(features, space)
    ratio = participation_ratio(np.abs(_readout(features, space)).T ** 2)
    numbers = {"most_units_of_a_feature": float(np.nanmax(ratio)), "fewest": float(np.nanmin(ratio))}
    rule = f"participation ratio of a feature's readout over units > {spread:g}"
    return Predicate("distributed", bool(np.nanmax(ratio) > spread), numbers, rule)


def redundant(features: Features, space: np.ndarray) -> Predicate:
    """Any single unit can be removed and all features are still recovered linearly."""
    _one_space(features, space)
    whole = float(recovery(features, space))
    without = [float(recovery(features, np.delete(space, unit, axis=1))) for unit in range(space.shape[1])]
    numbers = {"r_squared": whole, "least_r_squared_without_a_unit": min(without)}
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
    """Reading one feature also reads others: the off-diagonal part of features -> space -> features."""
    _one_space(features, space)
    root = np.sqrt(features.probabilities)[:, None]
    write = np.linalg.lstsq(root * features.centred, _centred(features, space), rcond=1e-9)[0]
    chain = write @ _readout(features, space)
    off = chain - np.diag(np.diag(chain))
    relative = float(np.abs(off).max() / max(np.abs(np.diag(chain)).max(), 1e-300))
    numbers = {"largest": relative, "most_negative": float(off.min()), "most_positive": float(off.max())}
    return Predicate("interfering", relative > leak, numbers, f"off-diagonal > {leak:g} of the largest diagonal entry")


PREDICATES = (superposed, polysemantic, decomposable, distributed, redundant, nonlinear, interfering)


def describe(features: Features, space: np.ndarray) -> tuple[Predicate, ...]:
    """Every predicate on one space."""
    return tuple(predicate(features, space) for predicate in PREDICATES)


def _margins(blocks: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """For every (points [n, D], active [n]) the largest t with sign (w . z + c) >= t everywhere and |w| <= 1.

    One sparse linear program for all of them; its parts have nothing in common.
    """
    from scipy.optimize import linprog
    from scipy.sparse import block_diag

    parts, width = [], blocks[0][0].shape[1]
    for points, active in blocks:
        if active.all() or not active.any():
            raise BadValue(
                "a threshold parts active from inactive inputs; one of these features is never or always on."
            )
        sign = np.where(active, -1.0, 1.0)[:, None]
        rows = np.hstack([sign * points, sign, np.ones((len(points), 1))])
        parts.append(np.unique(rows, axis=0))
    cost = np.tile(np.append(np.zeros(width + 1), -1.0), len(parts))
    limits = ([(-1, 1)] * width + [(None, None), (0, None)]) * len(parts)
    total = sum(map(len, parts))
    found = linprog(cost, A_ub=block_diag(parts, format="csr"), b_ub=np.zeros(total), bounds=limits, method="highs")
    if found.status != 0:
        raise ProgramFailed(f"the search for thresholds failed: {found.message}")
    return np.maximum(found.x.reshape(len(parts), width + 2)[:, -1], 0.0)


def _determines(features: Features, space: np.ndarray) -> bool:
    used = features.weights > 0
    scale = max(np.abs(space).max(), 1e-300)
    keys = np.round(space[used] / scale, 9) + 0.0
    both = np.unique(np.hstack([keys, features.values[used]]), axis=0)
    return len(np.unique(keys, axis=0)) == len(both)


def _readout(features: Features, space: np.ndarray) -> np.ndarray:
    """[D, k]: the least-squares readout of every feature, for units in standard deviations."""
    centred = _centred(features, space)
    scaled = centred / np.maximum(np.linalg.norm(centred, axis=0), 1e-300)
    scaled = np.where(np.linalg.norm(centred, axis=0) > 0, scaled, 0.0)
    found = np.linalg.lstsq(scaled, np.sqrt(features.probabilities)[:, None] * features.centred, rcond=1e-9)[0]
    return (
        found
        / np.maximum(np.linalg.norm(centred, axis=0), 1e-300)[:, None]
        * (np.linalg.norm(centred, axis=0) > 0)[:, None]
    )


def _centred(features: Features, space: np.ndarray) -> np.ndarray:
    """sqrt(p) (z - mean z): least squares on it is weighted and has an intercept."""
    return np.sqrt(features.probabilities)[:, None] * _shifted(features, space)


def _shifted(features: Features, space: np.ndarray) -> np.ndarray:
    return space - (features.probabilities[:, None] * space).sum(axis=-2, keepdims=True)


def _residual(inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    left, size, _ = np.linalg.svd(inputs, full_matrices=False)
    left = left * (size > 1e-9 * np.maximum(size[..., :1], 1e-300))[..., None, :]
    return outputs - left @ (np.swapaxes(left, -1, -2) @ outputs)


def _one_space(features: Features, space: np.ndarray) -> None:
    if space.ndim != 2 or len(space) != len(features.weights) or not np.isfinite(space).all():
        raise BadValue(
            f"a space has one row of finite numbers for each of the {len(features.weights)} inputs; got shape "
            f"{list(space.shape)}. For an ensemble, ask for one model at a time."
        )
