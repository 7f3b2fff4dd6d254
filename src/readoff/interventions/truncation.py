"""Low-rank approximations of a table, and the choice that equal singular values leave open.

The best approximation of rank k keeps the k largest singular values. If the k-th equals the next one, there is no
"the": any direction of their common space may be lost, and different choices give different networks. `truncate` then
asks for the directions (in token space) to lose.

The pair task's 4 x 10 table has squared singular values 33, 17, 17, 17, so "the" rank-3 approximation does not exist:

>>> table = np.diag([2.0, 1.0, 1.0])
>>> truncate(table, 1).tolist()
[[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
>>> truncate(table, 2)
Traceback (most recent call last):
readoff.core.errors.BadValue: singular values 2 and 3 are equal, so rank 2 has no single best table. Say which 1 of 2 \
directions of token space to lose (drop=...).
>>> truncate(table, 2, drop=np.array([[0.0, 0.0, 1.0]])).diagonal().tolist()
[2.0, 1.0, 0.0]
"""

import numpy as np

from readoff.core.errors import BadValue

EQUAL = 1e-9


def truncate(table: np.ndarray, rank: int, drop: np.ndarray | None = None) -> np.ndarray:
    """The best rank-`rank` approximation of tables [..., d_vocab, d_out] in the Frobenius norm.

    `drop` [j, d_vocab] (only for one table): directions whose projections on the degenerate space are lost; j must be
    the number that has to go. Singular values count as equal within 1e-9 of the largest. The result is P table, P the
    projection on the kept left singular space. Tables that are not finite stay so.
    """
    if not 0 <= rank <= min(table.shape[-2:]):
        raise BadValue(
            f"rank {rank} asked for; a table {list(table.shape[-2:])} has ranks 0 to {min(table.shape[-2:])}."
        )
    finite = np.isfinite(table).all(axis=(-2, -1), keepdims=True)
    left, size, _ = np.linalg.svd(np.where(finite, table, 0.0), full_matrices=False)
    largest = size[..., :1]
    if rank == size.shape[-1] or rank == 0:
        return table * float(rank > 0)
    tied = (size[..., rank - 1] - size[..., rank] <= EQUAL * largest[..., 0]) & (
        size[..., rank] > EQUAL * largest[..., 0]
    )
    if not tied.any():
        kept = left[..., :rank]
    else:
        kept = _kept_of_equals(left, size, rank, drop)
    return kept @ (kept.swapaxes(-1, -2) @ table)


def lost(table: np.ndarray, truncated: np.ndarray) -> np.ndarray:
    """[...]: relative Frobenius error of an approximation."""
    return np.linalg.norm(table - truncated, axis=(-2, -1)) / np.linalg.norm(table, axis=(-2, -1))


def _kept_of_equals(left: np.ndarray, size: np.ndarray, rank: int, drop: np.ndarray | None) -> np.ndarray:
    """Left directions [d_vocab, rank] once `drop` has chosen among equal singular values."""
    if left.ndim > 2:
        raise BadValue("some of these tables have equal singular values at the cut; truncate those one by one.")
    equal = np.flatnonzero(np.abs(size - size[rank - 1]) <= EQUAL * size[0])
    first, last = int(equal[0]), int(equal[-1]) + 1
    losing = last - rank
    if drop is None or np.shape(drop) != (losing, len(left)):
        given = "" if drop is None else f" Given: shape {list(np.shape(drop))}, expected {[losing, len(left)]}."
        raise BadValue(
            f"singular values {rank} and {rank + 1} are equal, so rank {rank} has no single best table. Say which "
            f"{losing} of {last - first} directions of token space to lose (drop=...).{given}"
        )
    space = left[:, first:last]
    inside = space.T @ np.asarray(drop, dtype=np.float64).T
    basis, lengths, _ = np.linalg.svd(inside, full_matrices=True)
    if lengths.size < losing or lengths.min() <= EQUAL:
        raise BadValue("the directions to lose do not span enough of the degenerate space; choose others.")
    return np.hstack([left[:, :first], space @ basis[:, losing:]])
