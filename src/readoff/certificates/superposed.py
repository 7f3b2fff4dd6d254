"""Strict superposition, checked in whole numbers: more sparse features than dimensions, each with its own threshold.

The data are a space (one point an input), features (one row an input, 0 = absent), exact weights of the inputs, and for
every feature a functional (w, c), with the least margin that every threshold must have. The checker computes all ranks
itself, and all margins in rationals:

    rank of the features (centred) > rank of the space (centred)       more features than dimensions
    rank of (1, space, features) > rank of (1, space)                  no linear map recovers all of them
    every feature is active with probability <= sparse                 sparse
    w . z + c > 0 where a feature is active and < 0 where not          one threshold each
    gap between its active and inactive inputs >= margin x its range   and no hair-thin one

Three features on the corners of a triangle around the origin, each active with probability 1/8:

>>> triangle = {"schema": 1, "space": [[0, 0], [2, 0], [-1, 2], [-1, -2]], "weights": [5, 1, 1, 1], "sparse": [1, 4],
...             "features": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], "margin": [1, 100],
...             "functionals": [[1, 0, -1], [0, 1, -1], [0, -1, -1]]}
>>> check_superposed(triangle)
[]
>>> check_superposed({**triangle, "sparse": [1, 10]})[0]
'feature 0 is active with probability 1/8, more than 1/10.'
>>> check_superposed({**triangle, "margin": [3, 5]})[0]
'feature 1: the gap at its threshold is 1/2 of the range, less than 3/5.'
"""

from fractions import Fraction
from typing import Any

from readoff.certificates.linear import check_obstruction, check_solution
from readoff.certificates.rank import rank

SCHEMA = 1
Rows = list[list[int]]


def check_superposed(certificate: Any) -> list[str]:
    """Reasons why the data are not a case of strict superposition; empty if they are."""
    try:
        return _reasons(certificate)
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def _reasons(certificate: dict[str, Any]) -> list[str]:
    space, features, weights = certificate["space"], certificate["features"], certificate["weights"]
    if type(certificate["schema"]) is not int or certificate["schema"] != SCHEMA:
        return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
    if not len(space) == len(features) == len(weights) > 0 or min(weights) <= 0:
        return ["expected a point, a row of features and a weight > 0 for every input."]
    shares = [certificate["sparse"], certificate["margin"]]
    if not all(type(x) is int for row in [*space, *features, weights, *shares] for x in row):
        return ["space, features, weights, sparse and margin must be whole numbers."]
    reasons = []
    room, wanted = affine_rank(space), affine_rank(features)
    if wanted <= room:
        reasons.append(f"{wanted} features fit into {room} dimensions.")
    if affine_rank([[*z, *f] for z, f in zip(space, features)]) == room:
        reasons.append("a linear map of the space recovers all features.")
    limit, margin = (Fraction(over, under) for over, under in shares)
    if not 0 < margin < 1:
        reasons.append(f"margin is {margin}; expected a share between 0 and 1.")
    if not 0 < limit < Fraction(1, 2):
        reasons.append(f"sparse is {limit}; expected a share between 0 and 1/2.")
    for i in range(len(features[0])):
        active = [row[i] != 0 for row in features]
        share = Fraction(sum(w for w, on in zip(weights, active) if on), sum(weights))
        if not 0 < share < 1:
            reasons.append(f"feature {i} is never or always active; there is nothing to tell.")
        if share > limit:
            reasons.append(f"feature {i} is active with probability {share}, more than {limit}.")
    return reasons + _threshold_reasons(space, features, certificate["functionals"], margin)


def _threshold_reasons(space: Rows, features: Rows, functionals: Rows, margin: Fraction) -> list[str]:
    if len(functionals) != len(features[0]):
        return [f"{len(functionals)} functionals for {len(features[0])} features."]
    reasons = []
    for i, functional in enumerate(functionals):
        active = [row[i] != 0 for row in features]
        wrong = check_solution(_signed(space, active), functional)[:1]
        if not wrong and 0 < sum(active) < len(active):
            share = _gap(space, active, functional)
            if share < margin:
                wrong = [f"the gap at its threshold is {share} of the range, less than {margin}."]
        reasons += [f"feature {i}: {reason}" for reason in wrong]
    return reasons


def _gap(space: Rows, active: list[bool], functional: list[int]) -> Fraction:
    """How far the lowest active input lies above the highest inactive one, as a share of the functional's range. The
    functional parts them, so its range is not 0."""
    values = [sum(w * x for w, x in zip(functional, [*point, 1], strict=True)) for point in space]
    on = [value for value, is_on in zip(values, active) if is_on]
    off = [value for value, is_on in zip(values, active) if not is_on]
    return Fraction(min(on) - max(off), max(values) - min(values))


def check_no_threshold(certificate: Any, space: Rows, active: list[bool]) -> list[str]:
    """Reasons why the data do not show that no linear functional of the space [n][D] has a threshold that parts the
    active inputs [n] from the others; empty if they do. The data: {"schema", "weights"}, whole numbers >= 0 [n] under
    which the active points and the others have the same sum and the same mass: a point that two hulls share."""
    try:
        if type(certificate["schema"]) is not int or certificate["schema"] != SCHEMA:
            return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
        return check_obstruction(_signed(space, active), certificate["weights"])
    except (KeyError, TypeError, ValueError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def _signed(space: Rows, active: list[bool]) -> Rows:
    """(point, 1) where active and -(point, 1) elsewhere: a threshold is a (w, c) that is positive on all of them."""
    return [[x if on else -x for x in (*point, 1)] for point, on in zip(space, active, strict=True)]


def affine_rank(rows: Rows) -> int:
    """The rank of the rows after centring: that of (1, rows), less one."""
    return rank([[1, *row] for row in rows]) - 1
