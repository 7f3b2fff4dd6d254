"""Strict linear systems, settled by one vector: a solution, or a reason why there is none.

Many questions about networks have the form: is there a z with A z > 0 in every row? (Is there a weighting of tokens, a
polynomial, a threshold, that is right on every input?) Gordan's theorem (1873) says that exactly one of these exists:

    a solution      z with A z > 0
    an obstruction  y >= 0, not all zero, with A^T y = 0       (then 0 = y^T A z would be a sum of positive numbers)

Whoever finds them may use floating point and luck. Here they are only checked, in whole numbers:

>>> rows = [[1, 0], [0, 1]]
>>> check_solution(rows, [3, 1]), check_obstruction(rows, [1, 0])
([], ['column 0: the combination gives 1, not 0.'])
>>> check_obstruction([[1, 2], [-2, -4]], [2, 1])
[]

All numbers are Python ints, so nothing overflows; a rational vector becomes one by its common denominator.
"""

from collections.abc import Sequence
from typing import Any

Rows = Sequence[Sequence[int]]
SCHEMA = 1


def check_solution(rows: Rows, z: Sequence[int]) -> list[str]:
    """Reasons why `z` does not make every row positive; empty if it does."""
    reasons = _shape_reasons(rows, z, "solution", len(rows[0]) if rows else 0)
    if reasons:
        return reasons
    values = [sum(a * x for a, x in zip(row, z)) for row in rows]
    return [f"row {i}: the value is {value}, not positive." for i, value in enumerate(values) if value <= 0][:5]


def check_obstruction(rows: Rows, y: Sequence[int]) -> list[str]:
    """Reasons why `y` does not show that no z makes every row positive; empty if it does."""
    reasons = _shape_reasons(rows, y, "obstruction", len(rows))
    if reasons:
        return reasons
    if min(y) < 0:
        return [f"the obstruction has a negative entry, {min(y)}."]
    if not any(y):
        return ["the obstruction is zero everywhere; it says nothing."]
    sums = [sum(weight * row[c] for weight, row in zip(y, rows) if weight) for c in range(len(rows[0]))]
    return [f"column {c}: the combination gives {total}, not 0." for c, total in enumerate(sums) if total][:5]


def check_system(certificate: Any) -> list[str]:
    """Check {"schema", "rows", "solution": z} or {"schema", "rows", "obstruction": y}, plain data."""
    try:
        if type(certificate["schema"]) is not int or certificate["schema"] != SCHEMA:
            return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
        if ("solution" in certificate) == ("obstruction" in certificate):
            return ["expected a solution or an obstruction, exactly one of them."]
        if "solution" in certificate:
            return check_solution(certificate["rows"], certificate["solution"])
        return check_obstruction(certificate["rows"], certificate["obstruction"])
    except (KeyError, TypeError, IndexError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]


def _shape_reasons(rows: Rows, vector: Sequence[int], name: str, expected: int) -> list[str]:
    if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
        return ["the rows must be equally long and there must be at least one."]
    if len(vector) != expected:
        return [f"the {name} has {len(vector)} entries; expected {expected}."]
    if not all(type(x) is int for row in rows for x in row) or not all(type(x) is int for x in vector):
        return ["every number must be a whole number (int)."]
    return []
