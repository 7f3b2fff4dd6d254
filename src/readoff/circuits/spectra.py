"""How many directions a matrix uses: singular values, ranks that are not whole numbers, likeness, copying.

>>> identity, one = np.eye(3), np.ones((3, 3))
>>> effective_rank(identity).round(6), effective_rank(one).round(6), cosine(identity, one).round(4)
(np.float64(3.0), np.float64(1.0), np.float64(0.5774))
>>> copying_score(identity).value, copying_score(-identity).value
(1.0, -1.0)
>>> copying_score(np.array([[0.0, 1.0], [0.0, 0.0]]))           # 0 writes 1, and 1 writes nothing: nilpotent
CopyingScore(value=nan, reason='all eigenvalues are 0 (the matrix is nilpotent): 0/0')

All functions take leading model axes except `copying_score`. None of them fixes a gauge: do that first.
"""

from dataclasses import dataclass

import numpy as np

from readoff.core.errors import BadValue

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class CopyingScore:
    """Sum of eigenvalues over sum of their sizes, in [-1, 1]; NaN with a `reason` where that is 0/0."""

    value: float
    reason: str = ""


def singular_values(matrix: np.ndarray) -> np.ndarray:
    """[..., min(rows, columns)], descending; NaN for matrices that are not finite."""
    finite = np.asarray(np.isfinite(matrix).all(axis=(-2, -1)))
    values = np.linalg.svd(np.where(finite[..., None, None], matrix, 0.0), compute_uv=False)
    return np.where(finite[..., None], values, np.nan)


def participation_ratio(x: np.ndarray) -> np.ndarray:
    """[...]: (sum x)^2 / sum x^2 of non-negative numbers: how many of them count. NaN if all are 0."""
    with np.errstate(invalid="ignore"):
        return x.sum(axis=-1) ** 2 / (x**2).sum(axis=-1)


def effective_rank(matrix: np.ndarray) -> np.ndarray:
    """[...]: participation ratio of the squared singular values, between 1 and the rank. NaN for 0."""
    return participation_ratio(singular_values(matrix) ** 2)


def numerical_rank(matrix: np.ndarray, tolerance: float = 1e-9) -> np.ndarray:
    """int [...]: singular values above `tolerance` times the largest; 0 for the zero matrix."""
    values = singular_values(matrix)
    return (values > tolerance * values[..., :1]).sum(axis=-1)


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[...]: cosine of the angle between matrices (Frobenius, last two axes). NaN if either is 0."""
    with np.errstate(invalid="ignore"):
        size = np.sqrt((a * a).sum(axis=(-2, -1)) * (b * b).sum(axis=(-2, -1)))
        return (a * b).sum(axis=(-2, -1)) / size


def copying_score(matrix: np.ndarray) -> CopyingScore:
    """Eigenvalue copying score of an OV circuit [d_vocab, d_vocab] (Elhage et al. 2021).

    Eigenvalues of a matrix M with M^2, M^3 or M^4 = 0 up to rounding cannot be told from 0 (rounding moves them by a
    root of its own size), so their ratio is refused rather than reported.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise BadValue(f"a copying score needs a square matrix (same tokens in and out); got {list(matrix.shape)}.")
    if not np.isfinite(matrix).all():
        return CopyingScore(float("nan"), "the matrix is not finite")
    if not matrix.any():
        return CopyingScore(float("nan"), "the matrix is 0: 0/0")
    scaled = matrix / np.abs(matrix).max()
    scaled = scaled / np.linalg.norm(scaled)
    power = scaled
    for _ in range(3):
        power = power @ scaled
        if np.linalg.norm(power) <= 8 * len(matrix) * EPSILON:
            return CopyingScore(float("nan"), "all eigenvalues are 0 (the matrix is nilpotent): 0/0")
    eigenvalues = np.linalg.eigvals(scaled)
    return CopyingScore(float(eigenvalues.sum().real / np.abs(eigenvalues).sum()))
