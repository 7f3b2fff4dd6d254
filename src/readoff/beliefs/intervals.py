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
TINY = 1e-300  # no p-value is given below this


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

    nan where they do not exist: with one cluster, since from one draw nobody can tell how draws vary, and the p-values
    also when all clusters are equal, since then no spread was seen.
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
    if se < 1e-12:
        return BellCurve(mean, 0.0, NOTHING, float("nan"), float("nan"))
    reach = float(stdtrit(n - 1, 1 - (1 - level) / 2)) * se
    more, less = float(stdtr(n - 1, (up - mean) / se)), float(stdtr(n - 1, (mean + down) / se))
    return BellCurve(mean, se, Interval(mean - reach, mean + reach), max(more, TINY), max(less, TINY))


def bounded_interval(
    y: np.ndarray,
    low: float,
    high: float,
    level: float = 0.95,
    up: float | np.ndarray = 0.0,
    down: float | np.ndarray = 0.0,
    most: float = 0.0,
) -> Interval:
    """An interval for the average expectation of independent values in [low, high], valid at every number of them.

    up, down: what noise may have added to each value or taken from it, at most `most`; then the interval is for the
    values without it, wherever they lie between y - up and y + down.
    """
    if len(y) < 2:
        return NOTHING
    return Interval(
        _lower_end(y - up, low - most, high, level),
        -_lower_end(-(y + down), -high - most, -low, level),
    )


def _lower_end(y: np.ndarray, low: float, high: float, level: float) -> float:
    """The least mean not rejected by a bet that the true one is higher: bisection on the evidence against it. It is
    above the true mean with a probability of at most (1 - level)/2.
    """
    one, need = Grouped(y), float(np.log(2 / (1 - level)))
    left, right = low, max(float(np.mean(y)), low)
    for _ in range(32):
        middle = (left + right) / 2
        if evidence_against(np.array([middle]), one, low, high)[0] >= need:
            left = middle
        else:
            right = middle
    return left


class Grouped:
    """Values of several tables end to end, with their number, sum and sum of squares by table.

    y: float64 [values]; table: int64 [values], 0, 0, …, 1, 1, … (None: one table).
    """

    def __init__(self, y: np.ndarray, table: np.ndarray | None = None) -> None:
        self.y = y
        self.starts = np.flatnonzero(np.diff(table, prepend=-1)) if table is not None else np.zeros(1, dtype=np.int64)
        self.n = np.diff(np.append(self.starts, len(y)))
        self.total, self.squares = np.add.reduceat(y, self.starts), np.add.reduceat(y * y, self.starts)


def evidence_against(mean: np.ndarray, g: Grouped, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
    """log of the wealth, float64 [tables], of a bettor who holds that the values of a table have a mean above `mean`.

    mean: float64 [tables]; low, high: the range of the values, one for all or float64 [tables]. A few stakes share the
    money; those for large n shrink like 1/√n, and all keep wealth positive on [low, high]. From EXACT values on, a
    lower bound from the sums replaces it.
    """
    room = np.maximum(mean - low, 1e-12)
    steps = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 16.0])[:, None] * 4 / (np.sqrt(g.n) * (high - low))
    stakes = np.minimum(0.9 / room, steps)
    if g.n.max() <= EXACT:
        gain = np.log1p(np.repeat(stakes, g.n, axis=1) * (g.y - np.repeat(mean, g.n)))
        gain = np.add.reduceat(gain, g.starts, axis=1)
    else:
        risk = stakes * room
        curve = (-np.log1p(-risk) - risk) / risk**2
        gain = stakes * (g.total - g.n * mean)
        gain -= curve * stakes**2 * (g.squares - 2 * mean * g.total + g.n * mean**2)
    top = gain.max(axis=0)
    found = top + np.log(np.mean(np.exp(gain - top), axis=0))
    impossible = np.where(g.total > g.n * mean, np.inf, 0.0)
    return np.where(mean - low <= 0, impossible, found)
