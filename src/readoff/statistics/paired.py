"""Two arms, the same seeds: what the paired differences show, without assuming a shape for them.

Under "neither arm tends to win", each non-zero difference is positive with probability 1/2, so the signs are coin
throws. The same fact encloses the median: fewer than r of n differences lie below it with binomial probability.

>>> found = sign_test([0.3, 0.1, 0.4, 0.2, 0.0, 0.5])
>>> found.n_positive, found.n_negative, found.n_ties, found.p_greater
(5, 0, 1, 0.03125)
>>> median_interval([1, 2, 3, 4, 5, 6], 0.95)
MedianInterval(lo=1.0, hi=6.0, confidence=0.96875)
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from readoff.core.errors import BadValue, Unreachable
from readoff.statistics.binomial import as_written, tail

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class SignTest:
    """How many differences are positive, negative, zero; `p_greater` is the probability of at least that many positive
    signs among the non-zero ones under fair coins (small: the first arm tends to be greater), `p_less` the mirror."""

    n_positive: int
    n_negative: int
    n_ties: int
    p_greater: float
    p_less: float


@dataclass(frozen=True)
class MedianInterval:
    """The median lies in [lo, hi] with at least `confidence` (what the order statistics reach, not what was asked)."""

    lo: float
    hi: float
    confidence: float


def sign_test(differences: Iterable[float]) -> SignTest:
    """The exact sign test of paired differences (first arm minus second), ties set aside. BadValue for a NaN."""
    values = _finite(differences)
    positive, negative = sum(x > 0 for x in values), sum(x < 0 for x in values)
    n = positive + negative
    return SignTest(positive, negative, len(values) - n, float(tail(positive, n, HALF)), float(tail(negative, n, HALF)))


def median_interval(values: Iterable[float], confidence: float) -> MedianInterval:
    """The narrowest pair x_(r), x_(n+1-r) of order statistics that holds the population's median.

    Valid for any distribution. Unreachable if even the smallest and largest value do not reach the confidence.
    """
    x = sorted(_finite(values))
    alpha = 1 - as_written(confidence)
    if not 0 < alpha < 1:
        raise BadValue(f"a confidence of {confidence!r}; expected a number between 0 and 1, such as 0.95.")
    n = len(x)
    outside = Fraction(0)  # the chance that the median lies outside [x_(r), x_(n+1-r)]
    chosen, r = None, 1
    while 2 * r <= n + 1:
        outside = 2 * (1 - tail(r, n, HALF))
        if outside > alpha:
            break
        chosen = MedianInterval(float(x[r - 1]), float(x[n - r]), float(1 - outside))
        r += 1
    if chosen is None:
        enough = 1 + math.ceil(-math.log2(alpha))
        raise Unreachable(f"{n} values cannot enclose a median with confidence {confidence:g}; that takes {enough}.")
    return chosen


def _finite(values: Iterable[float]) -> list[float]:
    exact = [float(x) for x in values]
    if any(math.isnan(x) for x in exact):
        raise BadValue("a value is NaN; decide first what a failed seed counts as.")
    return exact
