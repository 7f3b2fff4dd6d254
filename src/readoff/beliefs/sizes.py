"""Large moves: how many a rational forecaster can expect, and how likely so much movement is.

The budget is fixed before the first update: E[movement] ≤ π₀(1-π₀). So there can be at most π₀(1-π₀)/s² updates of
size s or more in expectation, whatever the forecaster learns, and by Markov P(movement ≥ m) ≤ π₀(1-π₀)/m. The path
20 %, 85 %, 5 %, 0 has a movement of 1.065 against a budget of 0.16:

>>> from readoff.beliefs.streams import histories, steps
>>> s = steps(histories([[0.2, 0.85, 0.05]], outcomes=[0]))
>>> round(markov_bound(s), 3)
0.15
>>> [(row.size, row.seen, round(row.budget, 2)) for row in counts(s) if row.size > 0.1]
[(0.2, 2.0, 4.0), (0.5, 2.0, 0.64)]

The bound holds for all rational forecasters at once. For two kinds the chance itself is simulated: steady small
news (a threshold on a Wiener process) and one piece of news that settles everything.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.streams import Steps
from readoff.statistics.binomial import upper

SIZES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
CELLS = 1_000_000  # simulated updates at most


@dataclass(frozen=True)
class SizeCount:
    """Updates of at least `size`: seen per stream, and the most that a rational forecaster can expect per stream."""

    size: float
    seen: float
    budget: float


@dataclass(frozen=True)
class Chance:
    """How many of `draws` simulated rational forecasters moved at least as much, for two kinds of news."""

    steady_news: int
    one_big_news: int
    draws: int

    def at_most(self, hits: int) -> float:
        """The chance that so many hits allow, at most, with 95 % confidence (exact binomial): never 0."""
        return upper(hits, self.draws, 0.95)


def first_beliefs(s: Steps) -> np.ndarray:
    """π₀ of every stream that has an update, float64."""
    return s.now[s.starts[:-1][s.counts() > 0]]


def counts(s: Steps) -> list[SizeCount]:
    """Seen and greatest expected numbers of updates by size, per stream."""
    start = first_beliefs(s)
    size, n, budget = np.abs(s.change), max(len(start), 1), float(np.sum(start * (1 - start)))
    # 0.6 - 0.5 falls short of 0.1 in floating point; a hair below counts.
    return [SizeCount(t, float(np.sum(size >= t - 1e-12)) / n, budget / n / t**2) for t in SIZES]


def markov_bound(s: Steps) -> float:
    """Bound on the chance that a rational forecaster moves at least as much in all, valid under any dependence."""
    start, movement = first_beliefs(s), float(np.sum(s.change**2))
    return min(1.0, float(np.sum(start * (1 - start))) / movement) if movement else 1.0


def simulated_chance(s: Steps, seed: int = 0, most: int = 10_000) -> Chance | None:
    """Chance of at least this much total movement for two kinds of rational forecaster, streams independent.

    Same first beliefs and numbers of updates; every stream is run to its truth. None when too large to simulate.
    """
    counts_, start = s.counts()[s.counts() > 0], first_beliefs(s)
    draws = min(most, CELLS // max(len(s.now), 1))
    if draws < 200:
        return None
    from scipy.special import ndtri

    rng = np.random.default_rng(seed)
    seen = float(np.sum(s.change**2)) - 1e-12
    steady = np.zeros(draws)
    sudden = np.zeros(draws)
    for p, k in zip(start, counts_):
        steady += steady_movement(rng, float(ndtri(np.clip(p, 1e-12, 1 - 1e-12))), int(k), draws)
        yes = rng.random(draws) < p
        sudden += np.where(yes, (1 - p) ** 2, p**2)
    return Chance(int(np.sum(steady >= seen)), int(np.sum(sudden >= seen)), draws)


def steady_movement(rng: np.random.Generator, level: float, updates: int, draws: int) -> np.ndarray:
    """Movement of beliefs in {level + W₁ > 0} while W runs from 0 to 1 in equal steps, float64 [draws]."""
    from scipy.special import ndtr

    path = np.cumsum(rng.standard_normal((draws, updates)) / np.sqrt(updates), axis=1)
    left = 1 - np.arange(1, updates) / updates
    belief = np.empty((draws, updates + 1))
    belief[:, 0] = ndtr(level)
    belief[:, 1:-1] = ndtr((level + path[:, :-1]) / np.sqrt(left))
    belief[:, -1] = level + path[:, -1] > 0
    return np.sum(np.diff(belief, axis=1) ** 2, axis=1)
