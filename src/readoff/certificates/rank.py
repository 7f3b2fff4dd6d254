"""Rank and singular values of exact matrices: how well a table can be written with fewer dimensions.

The squared singular values of M are the eigenvalues of M M^T, the roots of an integer polynomial: rational roots are
found exactly, the others are isolated in balls. By Eckart and Young, the best rank-k approximation misses exactly the
singular values after the k-th:

    |M - M_k| / |M| = sqrt(sum_{i > k} s_i^2 / sum_i s_i^2)          (Frobenius norms)

>>> M = [[2, 0, 0], [0, 1, 0], [0, 0, 1]]
>>> rank(M), [s.exact for s in squared_singular_values(M)]
(3, [Fraction(4, 1), Fraction(1, 1), Fraction(1, 1)])
>>> best_rank_error(M, 1).squared                                  # 2 / 6
Fraction(1, 3)

Source: C. Eckart and G. Young, Psychometrika 1 (1936) 211-218.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq, fmpq_mat

from readoff.certificates.rounding import interval

BITS = 128
Matrix = Sequence[Sequence[int | Fraction]]


@dataclass(frozen=True)
class SquaredSingularValue:
    """One squared singular value: floats lo <= value <= hi, and the value itself if it is rational (else None)."""

    lo: float
    hi: float
    exact: Fraction | None


@dataclass(frozen=True)
class RankError:
    """The best relative Frobenius error of a rank: floats lo <= error <= hi, and its exact square if that is known."""

    lo: float
    hi: float
    squared: Fraction | None


def rank(matrix: Matrix) -> int:
    """The exact rank of a matrix of ints and Fractions."""
    return _exact(matrix).rank()


def squared_singular_values(matrix: Matrix) -> tuple[SquaredSingularValue, ...]:
    """min(n, m) of them, largest first, with multiplicity."""
    return tuple(SquaredSingularValue(*interval(ball), exact) for ball, exact in _spectrum(_exact(matrix)))


def best_rank_error(matrix: Matrix, k: int) -> RankError:
    """The smallest |M - X| / |M| over all X of rank at most k. ValueError for k < 0 or a zero matrix."""
    m = _exact(matrix)
    if k < 0 or m.rank() == 0:
        raise ValueError(f"rank {k} of a {m.nrows()} x {m.ncols()} matrix of rank {m.rank()}: nothing to approximate.")
    tail = _spectrum(m)[k:]
    total = sum((x * x for x in m.entries()), fmpq(0))
    missing = [exact for _, exact in tail]
    with ctx.workprec(BITS):
        if None in missing:
            error = (sum((ball for ball, _ in tail), arb(0)) / total).sqrt()
            return RankError(*interval(error), None)
        squared = sum((x for x in missing if x is not None), Fraction(0)) / Fraction(int(total.p), int(total.q))
        return RankError(*interval(arb(fmpq(squared.numerator, squared.denominator)).sqrt()), squared)


def _spectrum(m: fmpq_mat) -> list[tuple[arb, Fraction | None]]:
    """Eigenvalues of the smaller Gram matrix, largest first: a ball, and the exact value if rational."""
    gram = m * m.transpose() if m.nrows() <= m.ncols() else m.transpose() * m
    polynomial = gram.charpoly()
    with ctx.workprec(BITS):
        found: list[tuple[arb, Fraction | None]] = []
        rational = polynomial.roots()
        for root, times in rational:
            found += [(arb(root), Fraction(int(root.p), int(root.q)))] * times
            polynomial = polynomial // _linear(polynomial, root) ** times
        isolated: list = polynomial.complex_roots()  # type: ignore[assignment]
        for root, times in isolated:  # a Gram matrix is symmetric: every root is real
            found += [(root.real, None)] * times
    return sorted(found, key=lambda pair: pair[0].mid(), reverse=True)


def _linear(like, root: fmpq):
    return type(like)([-root, 1])


def _exact(matrix: Matrix) -> fmpq_mat:
    rows = [list(row) for row in matrix]
    if not rows or not rows[0] or {len(row) for row in rows} != {len(rows[0])}:
        raise ValueError(f"row lengths {[len(row) for row in rows]}: expected a matrix with equally long rows.")
    if not all(isinstance(x, int | Fraction) for row in rows for x in row):
        raise ValueError("exact matrices hold ints and Fractions; write table.tolist() for an integer array.")
    return fmpq_mat([[fmpq(x.numerator, x.denominator) for x in row] for row in rows])
