"""Hand-built representations for the words of `circuits.superposition`: one for every yes and every no.

    pentagon         five sparse features, at most one active, on corners in 2 dimensions    superposed
    scalar_code      three sparse features as the numbers 1, 4, 6 in one dimension           not: no thresholds
    rotated          four independent features in 4 rotated dimensions                       polysemantic, unsuperposed
    nonlinear_units  two features, units (a XOR b, a)                                        polysemantic, nonlinear
    composed         eight objects written as two digits 0, 1, 2                             polysemantic, no directions
    copies           one feature in three units                                              distributed, redundant
    aligned          a unit for every feature                                                decomposable, nothing else

>>> {case.name: case.space.shape for case in CASES()}["composed"]
(9, 2)

Features of which at most one is active always add up, so "decomposable" says little there. Activations are whole
numbers or halves, so ranks and separations can be checked exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readoff.circuits.features import Features, declare
from readoff.tasks.boolean import all_bits

CORNERS = ((0, 5), (5, 1), (3, -4), (-3, -4), (-5, 1))
HADAMARD = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


@dataclass(frozen=True, eq=False)
class Case:
    """Declared features, the space that represents them, and the words that fit."""

    name: str
    features: Features
    space: np.ndarray
    words: tuple[str, ...]


def pentagon() -> Case:
    """At most one of five features is active (each with probability 1/16); feature i is written at corner i."""
    return Case(
        "pentagon",
        _one_of(5, [11] + [1] * 5),
        np.array([(0, 0), *CORNERS], dtype=np.float64),
        ("superposed", "polysemantic", "decomposable", "distributed", "interfering"),
    )


def scalar_code(values: Sequence[int] = (1, 4, 6)) -> Case:
    """At most one feature is active; the number says which. They can be told apart, but 1 and 4 have no threshold."""
    features = _one_of(len(values), [16 - len(values)] + [1] * len(values))
    space = np.array([[0], *([v] for v in values)], dtype=np.float64)
    return Case("scalar code", features, space, ("polysemantic", "decomposable", "interfering"))


def rotated() -> Case:
    """Four independent features (probability 1/4) in an orthogonal basis that is not that of the units."""
    features = _bits(4, 3)
    return Case("rotated", features, features.values @ HADAMARD, ("polysemantic", "decomposable", "distributed"))


def nonlinear_units() -> Case:
    """Two independent features a, b (probability 1/4); the units are a XOR b and a. b is their XOR, no linear map."""
    features = _bits(2, 3)
    a, b = features.values.T
    space = np.stack([(a + b) % 2, a], axis=1)
    return Case("nonlinear units", features, space, ("polysemantic", "nonlinear"))


def composed() -> Case:
    """Eight objects (probability 1/16 each, none with 1/2) written as two digits of base 3: parts, not directions."""
    features = _one_of(8, [8] + [1] * 8)
    digits = np.array([divmod(i, 3) for i in range(9)], dtype=np.float64)
    return Case("composed", features, digits, ("polysemantic", "decomposable", "distributed", "interfering"))


def copies() -> Case:
    """One feature (probability 1/4) written on three units alike."""
    features = _bits(1, 3)
    return Case("copies", features, np.repeat(features.values, 3, axis=1), ("decomposable", "distributed", "redundant"))


def aligned() -> Case:
    """Three independent features (probability 1/4), a unit each."""
    features = _bits(3, 3)
    return Case("aligned", features, features.values.copy(), ("decomposable",))


def CASES() -> tuple[Case, ...]:
    """Every case."""
    return (pentagon(), scalar_code(), rotated(), nonlinear_units(), composed(), copies(), aligned())


def _one_of(n: int, weights: Sequence[int]) -> Features:
    """At most one of n features is active: inputs none, 1, ..., n with the given weights."""
    values = np.vstack([np.zeros((1, n)), np.eye(n)])
    return declare({f"f{i + 1}": values[:, i] for i in range(n)}, list(weights))


def _bits(n: int, odds: int) -> Features:
    """n independent features, each absent `odds` times as often as present."""
    bits = all_bits(n)
    weights = odds ** (n - bits.sum(axis=1))
    return declare({"abcdefgh"[i]: bits[:, i] for i in range(n)}, weights)
