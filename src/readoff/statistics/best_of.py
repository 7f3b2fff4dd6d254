"""The best of several runs: never a maximum without the number of runs behind it.

If c of n runs succeeded, the chance that at least one of k fresh runs succeeds is estimated without bias by the share
of k-subsets of the n runs that hold a success, 1 - C(n-c, k) / C(n, k). None of twenty still allows one in seven:

>>> found = success_within(1, successes=0, n=20, confidence=0.95)
>>> found.estimate, round(found.upper, 3)
(0.0, 0.139)
>>> expected_best([1.0, 2.0, 3.0], 2)                    # pairs 12, 13, 23: bests 2, 3, 3
2.6666666666666665
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from readoff.core.errors import BadValue
from readoff.statistics.binomial import lower, upper


@dataclass(frozen=True)
class BestOf:
    """The chance of at least one success in `k` runs: unbiased estimate, one-sided bounds (each at `confidence`).

    With k close to n the estimate is coarse, and being unbiased it may lie outside the bounds: trust the bounds.
    """

    k: int
    estimate: float
    lower: float
    upper: float
    confidence: float


def success_within(k: int, successes: int, n: int, confidence: float) -> BestOf:
    """At least one success in k runs, from n independent runs. BadValue for k outside 1..n: that would be a guess."""
    _check_k(k, n)
    low, high = lower(successes, n, confidence), upper(successes, n, confidence)
    estimate = 1 - Fraction(math.comb(n - successes, k), math.comb(n, k))
    return BestOf(k, float(estimate), 1 - (1 - low) ** k, 1 - (1 - high) ** k, confidence)


def expected_best(scores: Sequence[float], k: int) -> float:
    """Unbiased estimate of the expected maximum of k of n runs: the mean over all k-subsets. BadValue as above."""
    x = sorted(float(s) for s in scores)
    _check_k(k, len(x))
    whole = math.comb(len(x), k)
    return math.fsum(s * float(Fraction(math.comb(i, k - 1), whole)) for i, s in enumerate(x))


def expected_best_interval(
    scores: Sequence[float], k: int, bounds: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """(lo, hi) around the expected maximum of k runs whose scores lie in `bounds`, with that confidence together.

    The distribution function lies within eps = sqrt(log(2 / alpha) / 2n) of the empirical one (Massart, Ann. Probab.
    18 (1990) 1269-1283), and the expected maximum is bounds[1] minus the integral of its k-th power.
    """
    x = sorted(float(s) for s in scores)
    _check_k(k, len(x))
    low, high = bounds
    if not low <= x[0] or not x[-1] <= high or not 0 < confidence < 1:
        raise BadValue(f"scores run from {x[0]:g} to {x[-1]:g}; expected them within {bounds}, 0 < confidence < 1.")
    eps = math.sqrt(math.log(2 / (1 - confidence)) / (2 * len(x)))
    edges = [low, *x, high]

    def mean(shift: float) -> float:
        steps = (
            (b - a) * min(1.0, max(0.0, i / len(x) + shift)) ** k for i, (a, b) in enumerate(itertools.pairwise(edges))
        )
        return high - math.fsum(steps)

    return mean(eps), mean(-eps)


def _check_k(k: int, n: int) -> None:
    if not 1 <= k <= n:
        raise BadValue(f"the best of {k} runs from {n}; expected 1 <= k <= n, anything beyond is extrapolation.")
