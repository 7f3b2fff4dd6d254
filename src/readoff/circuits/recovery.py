"""What can be read linearly from a space: its dimensions, R^2 of declared features, readouts.

A space is [n, D]: D activations (units, a head's output, a residual stream) on the n inputs of the features; most
functions take leading model axes. Everything is weighted by the exact distribution of the inputs.

    recovery(features, space)         R^2 of the best affine map to all features together
    dimensions(features, space)       how many directions vary

Rounding is no signal. A unit that varies by less than 1e-12 of the largest activation in the space does not vary, and a
direction whose singular value is below 1e-9 of the largest is not there. Up to these two, answers do not depend on the
scale of a unit or of a direction.

>>> from readoff.circuits.features import declare
>>> f = declare({"a": [0, 1, 0, 1], "b": [0, 0, 1, 1]}, weights=[1, 1, 1, 1])
>>> space = np.array([[7.0, 0], [8, 0], [7, 1e-13], [8, 0]])
>>> int(dimensions(f, space)), float(recovery(f, space))
(1, 0.5)
"""

import numpy as np

from readoff.circuits.features import Features
from readoff.core.errors import BadValue

EXACT = 1e-9
"""1 - R^2 up to this counts as exact recovery, R^2 up to this as none."""
ROUNDING = 1e-12
DIRECTION = 1e-9


def centred(features: Features, space: np.ndarray) -> np.ndarray:
    """float64 [..., n, D]: the space minus its mean; units that vary by rounding only are exactly 0.

    BadValue: not one row for every input.
    """
    space = np.asarray(space, dtype=np.float64)
    if space.ndim < 2 or space.shape[-2] != len(features.weights):
        raise BadValue(
            f"a space has one row for each of the {len(features.weights)} inputs; got shape {list(space.shape)}."
        )
    used = features.weights > 0
    away = space - (features.probabilities[:, None] * space).sum(axis=-2, keepdims=True)
    largest = np.abs(space[..., used, :]).max(axis=(-2, -1), keepdims=True, initial=0.0)
    varies = np.abs(away[..., used, :]).max(axis=-2, keepdims=True, initial=0.0) > ROUNDING * largest
    return np.where(varies, away, 0.0)


def weighted(features: Features, space: np.ndarray) -> np.ndarray:
    """sqrt(p) times `centred`: least squares on it is weighted and has an intercept."""
    return np.sqrt(features.probabilities)[:, None] * centred(features, space)


def directions(features: Features, space: np.ndarray) -> np.ndarray:
    """[..., n, min(n, D)]: orthonormal columns that span the weighted space; a column of zeros for one that is not
    there."""
    left, size, _ = np.linalg.svd(weighted(features, space), full_matrices=False)
    return left * (size > DIRECTION * np.maximum(size[..., :1], 1e-300))[..., None, :]


def dimensions(features: Features, space: np.ndarray) -> np.ndarray:
    """int [...]: the number of directions in which the space varies."""
    return directions(features, space).any(axis=-2).sum(axis=-1)


def recovery(features: Features, space: np.ndarray) -> np.ndarray:
    """R^2 [...] of the best linear (affine) map from the space [..., n, D] to all features together."""
    read, wanted = _read(features, space)
    return (read**2).sum(axis=(-2, -1)) / (wanted**2).sum()


def recovery_each(features: Features, space: np.ndarray) -> np.ndarray:
    """R^2 [..., k] of every feature on its own."""
    read, wanted = _read(features, space)
    return (read**2).sum(axis=-2) / (wanted**2).sum(axis=0)


def readout(features: Features, space: np.ndarray) -> np.ndarray:
    """[D, k]: the least-squares readout of every feature, for units in standard deviations (0 for units that do not
    vary). A feature that is not recovered at all (R^2 up to 1e-9) has readout 0: fitting rounding is no reading."""
    units = weighted(features, space)
    size = np.linalg.norm(units, axis=0)
    scaled = np.divide(units, size, out=np.zeros_like(units), where=size > 0)
    found = np.linalg.lstsq(scaled, weighted_features(features), rcond=DIRECTION)[0]
    found = np.where(recovery_each(features, space) > EXACT, found, 0.0)
    return np.where(np.abs(found) > DIRECTION * np.abs(found).max(axis=0, initial=0.0), found, 0.0)


def weighted_features(features: Features) -> np.ndarray:
    """[n, k]: sqrt(p) times the centred features."""
    return np.sqrt(features.probabilities)[:, None] * features.centred


def _read(features: Features, space: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the best affine map reads [..., n, k], and what there is to read [n, k], both weighted and centred."""
    basis, wanted = directions(features, space), weighted_features(features)
    return basis @ (np.swapaxes(basis, -1, -2) @ wanted), wanted
