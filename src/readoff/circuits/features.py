"""Declared features over an exact distribution: what a representation is asked to hold, written down first.

A feature is a number for every input (0 where it is absent), an input has an exact weight:

    inputs   -   a   b        weights 2 1 1
    a        0   1   0        active with probability 1/4
    b        0   0   1

`n_features` is the rank of the covariance, an exact fact for whole-numbered features. Features that never vary, or that
are sums of others, are refused unless that is what you mean.

>>> f = declare({"a": [0, 1, 0], "b": [0, 0, 1]}, weights=[2, 1, 1])
>>> f.n_features, f.activity.tolist()
(2, [0.25, 0.25])
>>> declare({"a": [0, 1, 0], "not a": [1, 0, 1]}, weights=[2, 1, 1])
Traceback (most recent call last):
readoff.core.errors.BadValue: features are linearly dependent: 2 features of rank 1 ('not a' is a combination of those \
before it). Leave it out, or pass dependent=True; the rank then counts as their number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd, lcm

import numpy as np
from flint import fmpz_mat

from readoff.core.domain import Domain
from readoff.core.errors import BadValue

WHOLE = 10**6
LARGEST = 2**53


@dataclass(frozen=True, eq=False)
class Features:
    """`values` float64 [n, k] of features `names`; `weights` int64 [n] sum to the denominator of the distribution.

    `indices` are the columns that are independent of those before them (after centring); their number is `n_features`.
    """

    names: tuple[str, ...]
    values: np.ndarray
    weights: np.ndarray
    indices: tuple[int, ...]

    @property
    def n_features(self) -> int:
        return len(self.indices)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """float64 [n]."""
        return self.weights / float(self.weights.sum())

    @cached_property
    def activity(self) -> np.ndarray:
        """float64 [k]: the probability that a feature is not 0."""
        return self.probabilities @ (self.values != 0)

    @cached_property
    def centred(self) -> np.ndarray:
        """float64 [n, k]: values minus their mean."""
        return self.values - self.probabilities @ self.values

    def capacity(self, dimensions: int) -> float:
        """The largest share of the features' variance that any `dimensions` linear dimensions can recover."""
        covariance = self.centred.T @ (self.probabilities[:, None] * self.centred)
        sizes = np.sort(np.linalg.eigvalsh(covariance))[::-1]
        return float(min(1.0, sizes[:dimensions].sum() / sizes.sum()))


def declare(
    features: Mapping[str, Sequence[float] | np.ndarray], weights: Sequence[int] | np.ndarray, dependent: bool = False
) -> Features:
    """Features by name, one number an input. BadValue: constant or linearly dependent ones, lengths that differ, and
    weights that do not add up exactly in floating point."""
    names = tuple(features)
    exact = np.asarray(weights)
    if not names or exact.ndim != 1 or exact.dtype.kind not in "iu" or exact.min(initial=0) < 0 or not exact.any():
        raise BadValue("features need at least one name, and weights that are whole numbers >= 0, not all 0.")
    if sum(exact.tolist()) > LARGEST:
        raise BadValue(
            f"the weights add up to more than 2^53 and lose digits. Their common factor is {gcd(*exact.tolist())}: "
            "divide by it, or give smaller whole numbers."
        )
    columns = [_column(name, features[name]) for name in names]
    for name, column in zip(names, columns):
        if column.shape != exact.shape or not np.isfinite(column).all():
            raise BadValue(f"feature {name!r} has shape {list(column.shape)}; expected {len(exact)} finite numbers.")
        if len(np.unique(column[exact > 0])) == 1:
            raise BadValue(
                f"feature {name!r} is constant ({column[0]:g}); it cannot be told apart from a bias. Drop it."
            )
    values = np.stack(columns, axis=1)
    indices = _independent(values, exact)
    if len(indices) < len(names) and not dependent:
        extra = next(i for i in range(len(names)) if i not in indices)
        raise BadValue(
            f"features are linearly dependent: {len(names)} features of rank {len(indices)} ({names[extra]!r} is a "
            "combination of those before it). Leave it out, or pass dependent=True; the rank then counts as their "
            "number."
        )
    return Features(names, values, exact.astype(np.int64), indices)


def token_counts(domain: Domain, tokens: Sequence[int], names: Sequence[str], dependent: bool = False) -> Features:
    """How often each of some tokens stands in an input, as features."""
    return declare(
        {name: (domain.tokens == t).sum(axis=1) for name, t in zip(names, tokens, strict=True)},
        domain.weights,
        dependent,
    )


def _column(name: str, values: Sequence[float] | np.ndarray) -> np.ndarray:
    given = np.asarray(values)
    if given.dtype.kind not in "biuf":
        raise BadValue(
            f"feature {name!r} holds {given.dtype}; expected a number for every input (0 where it is absent)."
        )
    return given.astype(np.float64)


def _independent(values: np.ndarray, weights: np.ndarray) -> tuple[int, ...]:
    """Columns independent of those before them and of constants, on inputs with weight; exact for whole numbers."""
    rows = np.unique(np.hstack([np.ones((len(values), 1)), values])[weights > 0], axis=0)
    scaled = rows * _common(rows)
    if (scaled == np.round(scaled)).all() and np.abs(scaled).max() < 2**53:
        form, _, rank = fmpz_mat([[int(x) for x in row] for row in scaled.tolist()]).rref()
        pivots = [next(c for c in range(scaled.shape[1]) if form[r, c] != 0) for r in range(rank)]
        return tuple(p - 1 for p in pivots if p > 0)
    kept: list[int] = [0]
    for column in range(1, rows.shape[1]):
        basis, rest = np.linalg.qr(rows[:, kept])[0], rows[:, column]
        if np.linalg.norm(rest - basis @ (basis.T @ rest)) > 1e-9 * np.linalg.norm(rest):
            kept.append(column)
    return tuple(c - 1 for c in kept[1:])


def _common(rows: np.ndarray) -> int:
    """A factor that makes simple fractions whole."""
    denominators = [float(x).as_integer_ratio()[1] for x in np.unique(rows)]
    factor = lcm(*denominators)
    return factor if factor <= WHOLE else 1
