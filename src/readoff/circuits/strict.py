"""Search for what `certificates.linear` checks: a solution of A z > 0, or an obstruction, in whole numbers.

One linear program (scipy's HiGHS, floating point, untrusted) decides which of the two to look for:

    maximise t   subject to   A z >= t,  -1 <= z <= 1        t > 0: round z;   t = 0: the row multipliers obstruct

The float answer is then made exact: a solution is rounded to binary fractions, an obstruction is re-solved over the
rationals on its own support. What comes back has passed the checker; None means that rounding defeated every attempt.

>>> strict_system(np.array([[1, 0], [1, 1]])).solution is not None
True
>>> strict_system(np.array([[1, 2], [-2, -4], [0, 1]])).obstruction
(2, 1, 0)
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpz_mat

from readoff.certificates.linear import check_obstruction, check_solution
from readoff.core.errors import BadValue, ReadoffError, TooLarge

MAX_ENTRIES = 20_000_000
LARGEST = 2**53


class ProgramFailed(ReadoffError):
    """A linear program that must have an optimum did not reach one."""


@dataclass(frozen=True)
class Strict:
    """Exactly one of a solution z [columns] and an obstruction y [rows] in whole numbers, or neither (undecided).

    `margin`: the largest smallest value of A z over |z| <= 1, in floating point (0 with an obstruction).
    """

    solution: tuple[int, ...] | None
    obstruction: tuple[int, ...] | None
    margin: float

    @property
    def decided(self) -> bool:
        return self.solution is not None or self.obstruction is not None


def strict_system(rows: np.ndarray) -> Strict:
    """Is there a z with rows [n, k] @ z > 0 everywhere? Rows hold whole numbers.

    BadValue: no rows, numbers that are not whole; TooLarge: more than MAX_ENTRIES numbers.
    """
    table = _whole(rows)
    margin, z, y = _program(table)
    exact = [[int(x) for x in row] for row in table]
    if margin > 0:
        for bits in (8, 16, 24, 32, 44):
            rounded = [round(x * 2**bits) for x in z]
            if not check_solution(exact, rounded):
                return Strict(_shortened(rounded), None, margin)
    for floor in (1e-7, 1e-9, 1e-5):
        support = [i for i, x in enumerate(y) if x > floor * max(y)]
        found = _on_support(exact, support, [y[i] for i in support])
        if found is not None and not check_obstruction(exact, found):
            return Strict(None, _shortened(found), 0.0)
    return Strict(None, None, margin)


def _program(table: np.ndarray) -> tuple[float, list[float], list[float]]:
    """(t, z, row multipliers) of the program in the module docstring."""
    from scipy.optimize import linprog

    n, k = table.shape
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1)
    scaled = table / scale
    cost = np.append(np.zeros(k), -1.0)
    limits = [(-1, 1)] * k + [(None, 1)]
    found = linprog(
        cost, A_ub=np.hstack([-scaled, np.ones((n, 1))]), b_ub=np.zeros(n), bounds=limits, method="highs-ds"
    )
    if found.status != 0:
        kinds = {1: "ran into its iteration limit", 2: "was called infeasible", 3: "was called unbounded"}
        raise ProgramFailed(
            f"the linear program with {n} rows and {k} columns {kinds.get(found.status, 'failed')}. It has an optimum "
            "by construction, so the numbers are badly scaled: divide the rows by common factors."
        )
    multipliers = np.maximum(-found.ineqlin.marginals, 0) / scale[:, 0]
    return float(found.x[-1]), found.x[:-1].tolist(), multipliers.tolist()


def _on_support(rows: list[list[int]], support: list[int], weights: list[float]) -> list[int] | None:
    """Whole numbers y >= 0 near `weights` (up to scale) on the support with rows^T y = 0; None if there are none."""
    if not support:
        return None
    columns = fmpz_mat([[rows[i][c] for i in support] for c in range(len(rows[0]))])
    reduced, denominator, rank = columns.rref()
    table = [[Fraction(int(reduced[r, c]), int(denominator)) for c in range(len(support))] for r in range(rank)]
    pivots = [next(c for c, x in enumerate(row) if x) for row in table]
    free = [c for c in range(len(support)) if c not in pivots]
    if not free:
        return None
    top = max(weights)
    for bits in (4, 10, 20, 40):
        chosen = {c: Fraction(max(1, round(weights[c] / top * 2**bits)), 2**bits) for c in free}
        for row, pivot in zip(table, pivots):
            chosen[pivot] = -sum((row[c] * chosen[c] for c in free), Fraction(0))
        if min(chosen.values()) >= 0:
            out = [Fraction(0)] * len(rows)
            for place, value in chosen.items():
                out[support[place]] = value
            common = math.lcm(*(x.denominator for x in out))
            return [int(x * common) for x in out]
    return None


def _shortened(numbers: list[int]) -> tuple[int, ...]:
    common = math.gcd(*numbers)
    return tuple(x // common for x in numbers)


def _whole(rows: np.ndarray) -> np.ndarray:
    table = np.asarray(rows)
    if table.ndim != 2 or 0 in table.shape:
        raise BadValue(f"a strict system needs rows and columns; got an array of shape {list(table.shape)}.")
    if table.size > MAX_ENTRIES:
        raise TooLarge(
            f"a system of {table.shape[0]:,} rows and {table.shape[1]:,} columns is over the limit of {MAX_ENTRIES:,} "
            "entries; use orbits, merge equal rows, or a smaller domain."
        )
    if table.dtype.kind not in "biufO":
        raise BadValue(f"a strict system holds whole numbers; got {table.dtype}.")
    values = table.astype(np.float64)
    if not np.isfinite(values).all() or (values != np.round(values)).any() or np.abs(values).max() > LARGEST:
        raise BadValue("a strict system holds whole numbers up to 2^53; multiply rows by their denominators first.")
    return np.array([[int(x) for x in row] for row in table.tolist()], dtype=np.float64)
