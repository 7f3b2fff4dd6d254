"""Linear algebra without rounding: numpy arrays of Fractions, reduced by FLINT.

A table that has rank 4 in floating point "up to 1e-12" has no certain rank; over the rationals every float64 is exact
and the rank is a fact.

>>> rank(fractions([[1, 2], [2, 4], [0.5, 1]]))
1
>>> coordinates(fractions([[1], [2]]), fractions([[3], [6]])).tolist()
[[Fraction(3, 1)]]
>>> coordinates(fractions([[1], [2]]), fractions([[3], [7]])) is None      # not in the span
True
"""

from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from readoff.core.errors import BadValue

Rows = Any  # nested lists or an array of ints, floats or Fractions


def fractions(array: Rows, what: str = "the table") -> np.ndarray:
    """An object array of Fractions with the shape of `array`; floats are taken at their exact value."""
    source = np.asarray(array, dtype=object)
    flat = []
    for x in source.ravel().tolist():
        if isinstance(x, float | np.floating) and not isfinite(x):
            raise BadValue(f"{what} holds {x}; only finite numbers can be built (for hard attention use a large gap).")
        if not isinstance(x, int | float | Fraction | np.integer | np.floating):
            raise BadValue(f"{what} holds {x!r}; expected numbers in rows of equal length.")
        flat.append(Fraction(x if isinstance(x, Fraction) else x.item() if isinstance(x, np.generic) else x))
    out = np.empty(len(flat), dtype=object)
    out[:] = flat
    return out.reshape(source.shape)


def zeros(*shape: int) -> np.ndarray:
    """An object array of exact zeros."""
    return np.full(shape, Fraction(0), dtype=object)


def reduced(matrix: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Reduced row echelon form of a matrix of Fractions, and its pivot columns."""
    if 0 in matrix.shape:
        return matrix, []
    form, count = _to_flint(matrix).rref()
    table = _from_flint(form)
    return table, [int(np.flatnonzero(table[r] != 0)[0]) for r in range(count)]


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """left @ right over the rationals, for matrices."""
    if 0 in (*left.shape, right.shape[1]):
        return zeros(left.shape[0], right.shape[1])
    return _from_flint(_to_flint(left) * _to_flint(right))


def rank(matrix: np.ndarray) -> int:
    """Exact rank."""
    return len(reduced(matrix)[1])


def independent_columns(matrix: np.ndarray) -> list[int]:
    """Numbers of the columns that are independent of those before them."""
    return reduced(matrix)[1]


def coordinates(basis: np.ndarray, target: np.ndarray) -> np.ndarray | None:
    """X [k, j] with basis [n, k] @ X = target [n, j], for independent basis columns; None if there is none."""
    k = basis.shape[1]
    form, pivots = reduced(np.hstack([basis, target]))
    return None if any(p >= k for p in pivots) else form[:k, k:]


def factorised(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(left [n, k], right [k, m]) with left @ right = table and k its rank.

    Of the factorisation by rows and the one by columns, the one whose entries are floats, if there is one.
    """
    if not table.any():
        return zeros(table.shape[0], 0), zeros(0, table.shape[1])
    rows, columns = independent_columns(table.T), independent_columns(table)
    by_row = (coordinates(table[rows].T, table.T).T, table[rows])  # type: ignore[union-attr]
    by_column = (table[:, columns], coordinates(table[:, columns], table))
    return by_column if is_exact(by_column[1]) and not is_exact(by_row[0]) else by_row  # type: ignore[return-value]


def floats(array: np.ndarray) -> np.ndarray:
    """Nearest float64 of every entry."""
    return array.astype(np.float64)


def is_exact(array: np.ndarray) -> bool:
    """True if every entry is a float64."""
    return all(Fraction(float(x)) == x for x in array.ravel())


def _to_flint(matrix: np.ndarray) -> fmpq_mat:
    return fmpq_mat([[fmpq(x.numerator, x.denominator) for x in row] for row in matrix.tolist()])


def _from_flint(matrix: fmpq_mat) -> np.ndarray:
    out = zeros(matrix.nrows(), matrix.ncols())
    for r, row in enumerate(matrix.tolist()):
        for c, x in enumerate(row):
            if x != 0:
                out[r, c] = Fraction(int(x.p), int(x.q))
    return out
