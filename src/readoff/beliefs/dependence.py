"""Do streams that are called independent share fate? Their simultaneous updates tell.

If clusters are independent, the variance of a sum of simultaneous updates is the sum of the variances. Fifty states
that swing together make it many times larger; 32 teams of which exactly one wins make it 0, since what one gains
the others lose. `co_movement` measures the ratio and how far it is from 1 in standard errors:

>>> from readoff.beliefs.bets import calendar
>>> from readoff.beliefs.streams import histories, steps
>>> rng = np.random.default_rng(1)
>>> swing = np.clip(0.5 + np.cumsum(rng.normal(0, 0.02, (1, 60)), axis=1) + np.zeros((8, 1)), 0, 1)
>>> h = histories(list(swing))
>>> round(co_movement(steps(h), h.cluster, calendar(steps(h))).ratio, 3)
8.0

This needs updates at equal times. It can find dependence; it cannot prove independence, which stays an assumption
that the audit states.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.streams import Steps


@dataclass(frozen=True)
class CoMovement:
    """ratio: variance of summed simultaneous updates over the sum of variances (1 if independent, nan if unknown).

    z: standard errors away from 1. times: number of distinct times at which at least two clusters moved.
    """

    ratio: float
    z: float
    times: int

    def shared(self) -> bool:
        """Whether independence is refuted by a clear margin."""
        return self.times >= 5 and abs(self.z) > 3 and not 0.5 <= self.ratio <= 2

    def __str__(self) -> str:
        how = "add up to a constant" if self.ratio < 0.5 else "move together"
        return f"{how} (variance of the sum is {self.ratio:.2g} times what independence gives)"


def co_movement(s: Steps, cluster: np.ndarray, dates: tuple[np.ndarray, np.ndarray]) -> CoMovement:
    """Compare summed simultaneous updates between clusters with the sum of their squares.

    cluster: int64 [streams]. dates: `bets.calendar(s)`.
    """
    use = np.flatnonzero(~s.truth & (s.change != 0))
    if not len(use):
        return CoMovement(float("nan"), 0.0, 0)
    order, last = dates
    when = np.empty(len(s.now), dtype=np.int64)
    when[order] = np.repeat(np.arange(len(last)), np.diff(last, prepend=-1))
    when = when[use]
    pair = when * (cluster.max() + 1) + cluster[s.stream_of_step()[use]]
    cells, which = np.unique(pair, return_inverse=True)
    moved = np.bincount(which, s.change[use])
    time_of_cell = cells // (cluster.max() + 1)
    total, squares = np.bincount(time_of_cell, moved), np.bincount(time_of_cell, moved**2)
    several = np.bincount(time_of_cell) > 1
    total, squares = total[several], squares[several]
    cross = total**2 - squares
    if squares.sum() < 1e-12:
        return CoMovement(float("nan"), 0.0, int(several.sum()))
    spread = float(np.sqrt(np.sum(cross**2)))
    return CoMovement(
        float(np.sum(total**2) / squares.sum()), float(cross.sum() / spread) if spread else 0.0, int(several.sum())
    )
