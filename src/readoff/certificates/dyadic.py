"""Float weights are exact: every float is an integer times a power of two, so products of weights need no rounding.

    0.75 = 3 * 2^-2,   -0.1 (float32) = -13421773 * 2^-27

A `Dyadic` is an integer matrix with one exponent. Scores, values and logit tables of a network are sums of products
of its weights, hence dyadic too; only the exponential and the division of the softmax have to be enclosed.

>>> a = dyadic([[0.5, 2.0]])
>>> a.integers, a.exponent
([1, 4], -1)
>>> (a @ dyadic([[1.0], [0.25]])).fractions()
[[Fraction(1, 1)]]
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpz, fmpz_mat


@dataclass(frozen=True)
class Dyadic:
    """The matrix `integers * 2**exponent`, exactly."""

    integers: fmpz_mat
    exponent: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.integers.nrows(), self.integers.ncols()

    def __matmul__(self, other: "Dyadic") -> "Dyadic":
        return Dyadic(self.integers * other.integers, self.exponent + other.exponent)

    def __add__(self, other: "Dyadic") -> "Dyadic":
        exponent = min(self.exponent, other.exponent)
        return Dyadic(self._at(exponent) + other._at(exponent), exponent)

    def transpose(self) -> "Dyadic":
        return Dyadic(self.integers.transpose(), self.exponent)

    def row(self, i: int) -> "Dyadic":
        """Row `i` as a [1, ncols] matrix."""
        return Dyadic(fmpz_mat([[self.integers[i, j] for j in range(self.shape[1])]]), self.exponent)

    def repeat(self, n: int) -> "Dyadic":
        """A [1, ncols] row repeated `n` times: [n, ncols]."""
        return Dyadic(fmpz_mat(n, 1, [1] * n) * self.integers, self.exponent)

    def less_its_largest(self) -> "Dyadic":
        """The matrix minus its largest entry, exactly (so the largest entry is 0)."""
        largest = max(self.integers.entries())
        return Dyadic(fmpz_mat(*self.shape, [x - largest for x in self.integers.entries()]), self.exponent)

    def balls(self) -> arb_mat:
        """The matrix as balls at the working precision."""
        return arb_mat(self.integers) * arb((1, self.exponent))

    def fractions(self) -> list[list[Fraction]]:
        """The matrix as exact fractions, row by row."""
        scale = Fraction(2) ** self.exponent
        return [[int(x) * scale for x in row] for row in self.integers.tolist()]

    def _at(self, exponent: int) -> fmpz_mat:
        return self.integers * (fmpz(1) << (self.exponent - exponent))


def dyadic(array: object, name: str = "the array") -> Dyadic:
    """A two-dimensional array of finite floats or integers, exactly. Any float type that widens to float64 will do."""
    given = np.asarray(array)
    if given.ndim != 2 or 0 in given.shape:
        raise ValueError(f"{name} has shape {given.shape}; expected two axes, neither empty.")
    n, m = given.shape
    if given.dtype.kind in "iub":
        return Dyadic(fmpz_mat(n, m, [int(x) for x in given.ravel()]), 0)
    if given.dtype.itemsize > 8 or given.dtype.kind in "cOSU":
        raise ValueError(f"{name} holds {given.dtype}; expected float16, bfloat16, float32, float64 or integers.")
    wide = given.astype(np.float64)
    if not np.isfinite(wide).all():
        raise ValueError(f"{name} holds {int((~np.isfinite(wide)).sum())} numbers that are not finite.")
    fraction, powers = np.frexp(wide.ravel())
    integers = np.ldexp(fraction, 53).astype(np.int64)  # exact: a float64 has 53 significant bits
    low_bit = np.where(integers == 0, 1, integers & -integers)
    integers, powers = integers // low_bit, powers - 53 + np.frexp(low_bit.astype(np.float64))[1] - 1
    lowest = int(powers[integers != 0].min()) if integers.any() else 0
    shifted = [x << (p - lowest) if x else 0 for x, p in zip(integers.tolist(), powers.tolist())]
    return Dyadic(fmpz_mat(n, m, shifted), lowest)
