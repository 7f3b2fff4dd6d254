"""How sure one may be of a mean over clusters: with a bell curve, and without.

The bell curve (Student's t over clusters) is what people expect, and it is wrong exactly where forecasts are
interesting: thirty events that were given 2 % and did not happen have no spread at all, so its interval is a point
and its p-value 0.

>>> y = np.full(30, -0.0192)            # (1 - 2·0.02)·(0 - 0.02) for each of them
>>> bounded_interval(y, low=-0.25, high=1.75).__str__()
'-0.060 to 0.224'

The second interval holds for every distribution on [low, high], at every number of clusters, as long as the
clusters are independent (they need not be alike): a candidate mean m is left out when a bettor who may bet against
it at fair odds would have made 2/level of each unit. It uses log(1+z) ≥ z - κ(c)·z² for z ≥ -c, so two sums decide
each m.
"""

from dataclasses import dataclass

import numpy as np

EXACT = 1000  # values up to which evidence is computed value by value


@dataclass(frozen=True)
class Interval:
    """A confidence interval; nan at both ends when none exists."""

    low: float
    high: float

    def __str__(self) -> str:
        return "none" if np.isnan(self.low) else f"{self.low:.3f} to {self.high:.3f}"

    def within(self, margin: float) -> bool:
        """Whether it lies wholly between -margin and margin."""
        return -margin <= self.low and self.high <= margin

    def widened(self, down: float, up: float) -> "Interval":
        """The same with its ends moved outwards."""
        return Interval(self.low - down, self.high + up)


NOTHING = Interval(float("nan"), float("nan"))


@dataclass(frozen=True)
class BellCurve:
    """Mean over clusters, standard error, and one-sided p-values for a mean above (`p_more`) and below 0 (`p_less`).

    se and the p-values are nan with one cluster: from one draw nobody can tell how draws vary.
    """

    mean: float
    se: float
    interval: Interval
    p_more: float
    p_less: float


def bell_curve(y: np.ndarray, level: float, up: float = 0.0, down: float = 0.0) -> BellCurve:
    """Student's t over clusters. y: float64 [clusters]; up, down: what declared noise may add, taken into the null."""
    n = len(y)
    mean = float(np.mean(y)) if n else float("nan")
    if n < 2:
        return BellCurve(mean, float("nan"), NOTHING, float("nan"), float("nan"))
    from scipy.special import stdtr, stdtrit

    se = float(np.std(y, ddof=1) / np.sqrt(n))
    reach = float(stdtrit(n - 1, 1 - (1 - level) / 2)) * se
    if se == 0:
        more, less = (float(mean <= up), float(mean >= -down))
    else:
        more, less = float(stdtr(n - 1, (up - mean) / se)), float(stdtr(n - 1, (mean + down) / se))
    return BellCurve(mean, se, Interval(mean - reach, mean + reach), more, less)


def bounded_interval(y: np.ndarray, low: float, high: float, level: float = 0.95) -> Interval:
    """An interval for the average expectation of independent values in [low, high], valid at every number of them."""
    if len(y) < 2:
        return NOTHING
    need = float(np.log(2 / (1 - level)))
    return Interval(_lower_end(y, low, high, need), -_lower_end(-y, -high, -low, need))


def _lower_end(y: np.ndarray, low: float, high: float, need: float) -> float:
    """The least mean not rejected by a bet that the true one is higher: bisection on the evidence against it."""
    sums = (len(y), float(np.sum(y)), float(np.sum(y * y)))
    left, right = low, max(float(np.mean(y)), low)
    for _ in range(45):
        middle = (left + right) / 2
        if evidence_against(middle, y, sums, low, high) >= need:
            left = middle
        else:
            right = middle
    return left


def evidence_against(mean: float, y: np.ndarray, sums: tuple[int, float, float], low: float, high: float) -> float:
    """log of the wealth of a bettor who holds that the values have a mean above `mean`.

    sums: number of values, their sum, their sum of squares. A few stakes share the money; those for large n shrink like
    1/√n, and all keep wealth positive on [low, high]. From EXACT values on, a lower bound from the sums replaces it.
    """
    n, total, squares = sums
    room = mean - low
    if room <= 0:
        return np.inf if total > n * mean else 0.0
    stakes = np.minimum(0.9 / room, np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0]) * 4 / (np.sqrt(n) * (high - low)))
    if n <= EXACT:
        gain = np.log1p(np.outer(stakes, y - mean)).sum(axis=1)
    else:
        risk = stakes * room
        curve = (-np.log1p(-risk) - risk) / risk**2
        gain = stakes * (total - n * mean) - curve * stakes**2 * (squares - 2 * mean * total + n * mean**2)
    top = gain.max()
    return float(top + np.log(np.mean(np.exp(gain - top))))
