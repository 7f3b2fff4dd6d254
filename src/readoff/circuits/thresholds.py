"""Is a feature told from its absence by one threshold on one linear functional of a space, and how widely?

    threshold_margins(features, space)     the gap between active and inactive inputs, as a share of the range
    told(features, values, cut)            how often given functionals, cut at a number, are right

A margin is that of the best functional: the distance between the closest active and inactive inputs, as a share of the
distance between its lowest and highest input. It does not depend on the scale, the basis or the origin of the space.
0 means that there is no such functional.

>>> from readoff.circuits.features import declare
>>> f = declare({"a": [0, 1, 0], "b": [0, 0, 1]}, weights=[2, 1, 1])
>>> threshold_margins(f, np.array([[0.0], [1.0], [3.0]])).round(3).tolist()      # 1 lies between 0 and 3
[0.0, 0.667]
>>> told(f, np.array([[0.0, 0.1], [0.9, 0.2], [0.0, 1.0]]), cut=0.5).tolist()
[1.0, 1.0]
"""

from collections.abc import Sequence

import numpy as np

from readoff.circuits.features import Features
from readoff.circuits.recovery import directions
from readoff.circuits.strict import ProgramFailed
from readoff.core.errors import BadValue

MOST_ROWS = 20_000  # of one linear program
LEAST = 1e-9  # margins below this are rounding


def threshold_margins(features: Features, space: np.ndarray) -> np.ndarray:
    """[..., k], from 0 to 1: how widely one threshold on one functional of the space [..., n, D] parts active from
    inactive inputs. BadValue: a feature that is never or always active."""
    active = _active(features)
    used = features.weights > 0
    points = directions(features, space)[..., used, :] / np.sqrt(features.probabilities[used])[:, None]
    flat = points.reshape(-1, *points.shape[-2:])
    blocks = [(one[:, one.any(axis=0)], on) for one in flat for on in active[used].T]
    step = max(1, MOST_ROWS // (2 * int(used.sum())))
    found = [_margins(blocks[i : i + step]) for i in range(0, len(blocks), step)]
    return np.concatenate(found).reshape(*points.shape[:-2], active.shape[1])


def told(features: Features, values: np.ndarray, cut: float) -> np.ndarray:
    """[..., k], from 0 to 1: "active where the value [..., n, k] exceeds the cut" is right on so large a share of the
    inputs where the feature is active, and of those where it is not: the smaller of the two shares. A value that is not
    finite is wrong, and so is one that lies on the cut where the feature is active."""
    active, weights = _active(features), features.weights[:, None]
    with np.errstate(invalid="ignore"):
        right = np.where(active, values > cut, values <= cut)
    shares = [(right * where * weights).sum(axis=-2) / (where * weights).sum(axis=0) for where in (active, ~active)]
    return np.minimum(*shares)


def _active(features: Features) -> np.ndarray:
    """bool [n, k]."""
    active = features.values != 0
    share = features.probabilities @ active
    if (share <= 0).any() or (share >= 1).any():
        raise BadValue("a threshold parts active from inactive inputs; one of these features is never or always on.")
    return active


def _margins(blocks: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """For every (points [n, D], active [n]) the largest g with 0 <= f <= 1 for an affine f, and a cut from which active
    inputs lie g / 2 above (so f >= 0 is sure there) and the others g / 2 below.

    One sparse linear program for all of them; its parts have nothing in common.
    """
    from scipy.optimize import linprog
    from scipy.sparse import block_diag

    parts, bounds, cost, limits, ends = [], [], [], [], []
    for points, active in blocks:
        side = np.where(active, -1.0, 1.0)[:, None]
        table = np.unique(np.hstack([points, np.ones_like(side), side]), axis=0)
        f, side = table[:, :-1], table[:, -1:]
        n, width = f.shape
        nothing = np.zeros((n, 1))
        parts.append(np.block([[side * f, -side, nothing + 0.5], [-side * f, nothing, nothing]]))
        bounds += [0.0] * n + (side[:, 0] < 0).astype(float).tolist()
        cost += [0.0] * (width + 1) + [-1.0]
        limits += [(None, None)] * (width + 1) + [(0, 1)]
        ends.append(len(cost) - 1)
    found = linprog(cost, A_ub=block_diag(parts, format="csr"), b_ub=bounds, bounds=limits, method="highs")
    if found.status != 0:
        raise ProgramFailed(f"the search for thresholds failed: {found.message}")
    margins = found.x[ends]
    return np.where(margins > LEAST, margins, 0.0)
