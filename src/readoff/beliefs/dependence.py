"""Do questions that are called independent share fate? One more bet tells: on each with what the others just did.

If questions are independent, the updates of the others say nothing about the next update of this one. So a bettor who
goes through the questions in a fixed order, knows everything about the earlier ones, and holds the next one in the
direction in which the earlier ones moved at the same time (or against it) plays a fair game, whatever the sizes and
shapes of the updates. Money that grows speaks against independence: fifty states that swing together make it grow.
Where sums do not move at all, as with 32 teams of which exactly one can win, no bet is needed.

>>> from readoff.beliefs.streams import histories
>>> rng = np.random.default_rng(1)
>>> swing = np.clip(0.5 + np.cumsum(rng.normal(0, 0.02, (1, 60)), axis=1) + np.zeros((8, 1)), 0, 1)
>>> h = histories(list(swing))
>>> found = shared_fate(h)
>>> round(found.ratio, 3), found.found, str(found)
(8.0, True, 'move together (the variance of their sum is 8 times what independence gives)')

"At the same time" means in the same interval of time, as long as the typical gap between two reports of a stream;
the truths have an interval of their own. What this finds is that the questions are not independent *and* rational: a
fault that pushes all of them one way (all forecasts too low) looks like one common shock, and with one report each
nobody can tell them apart. What it does not find is not thereby independent; `Shared.blind` says when it could not
have found anything.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs import bets
from readoff.beliefs.streams import Histories, Steps, steps

BAR = 100.0  # the wealth that contradicts independence: 1 in 100 if the questions are independent and rational


@dataclass(frozen=True)
class Shared:
    """ratio: variance of summed simultaneous updates over the sum of variances (1 if independent, nan if unknown).

    log_e: log of the bettor's wealth. best: log of what she would have if every bet had been won. intervals: number of
    intervals of time in which at least two clusters moved.
    """

    ratio: float
    log_e: float
    best: float
    intervals: int

    @property
    def constant(self) -> bool:
        """Whether the forecasts add up to a constant at every one of several times."""
        return self.ratio < 0.01 and self.intervals >= 5

    @property
    def found(self) -> bool:
        """Whether the updates contradict independence."""
        return self.constant or bool(self.log_e >= np.log(BAR))

    @property
    def blind(self) -> bool:
        """Whether these data could not have contradicted independence, whatever they were."""
        return not self.constant and bool(self.best < np.log(BAR))

    def __str__(self) -> str:
        if self.ratio < 0.5:
            return f"add up to a constant (the variance of their sum is {self.ratio:.2g} times what independence gives)"
        return f"move together (the variance of their sum is {self.ratio:.2g} times what independence gives)"


def shared_fate(h: Histories, slack: float = 0.0) -> Shared:
    """Bet on every cluster with (and against) the earlier ones.

    slack: how far reports may be off. The bettor's money rides from cluster to cluster, split evenly over the streams
    of each, over the stakes of "momentum", and over both directions.
    """
    s = steps(h)
    cluster = np.unique(h.cluster, return_inverse=True)[1]
    when, owner = intervals(h, s), cluster[s.stream_of_step()]
    before, several, ratio = _earlier(s.change, when, owner)
    if not several:
        return Shared(float("nan"), 0.0, 0.0, 0)
    stakes = bets.STAKES["momentum"]
    logs, best = [], []
    for side in bets.SIDES:
        bet = bets.bet_on(s, side * before, stakes, slack, lasting=False)
        wealth = bets.cluster_wealth(bets.stream_wealth(s, bet), cluster)
        logs.append(wealth.sum(axis=1))
        won = bets.Bet(stakes, np.abs(before * s.change) - (bet.charge if slack else 0), bet.cap, bet.charge)
        best.append(bets.cluster_wealth(bets.stream_wealth(s, won), cluster).sum(axis=1))
    fold = [float(bets.mean_exp(np.concatenate(some), axis=0)) for some in (logs, best)]
    return Shared(ratio, fold[0], fold[1], several)


def intervals(h: Histories, s: Steps) -> np.ndarray:
    """The interval of time that each step ends in, int64 [steps]: as long as the median gap; truths come last."""
    inside = np.diff(h.time)[np.isin(np.arange(1, len(h.time)), h.starts, invert=True)]
    inside = inside[inside > 0]
    gap = float(np.median(inside)) if len(inside) else 1.0
    # A hair more, so that times at equal distances never fall on both sides of an edge.
    slot = np.floor((s.time - h.time.min()) / gap + 1e-6)
    slot[s.truth] = np.inf
    return np.unique(slot, return_inverse=True)[1]


def _earlier(change: np.ndarray, when: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, int, float]:
    """(direction [steps] in -1 .. 1 of the earlier clusters in the same interval, intervals with several, ratio).

    The direction is the sum of their updates over √(sum of squares), cut at ±1.
    """
    order = np.lexsort((owner, when))
    w, o, x = when[order], owner[order], change[order]
    new_cell = np.append(True, (np.diff(w) != 0) | (np.diff(o) != 0)) if len(w) else np.zeros(0, dtype=bool)
    cell = np.flatnonzero(new_cell)
    moved = np.add.reduceat(x, cell) if len(cell) else np.zeros(0)
    at = w[cell]
    first = np.searchsorted(at, at)  # the first cell of each cell's interval
    total = np.concatenate([[0.0], np.cumsum(moved)])
    squares = np.concatenate([[0.0], np.cumsum(moved**2)])
    s, q = total[:-1] - total[first], squares[:-1] - squares[first]
    direction = np.where(q > 1e-9, s / np.sqrt(np.maximum(q, 1e-9)), 0.0)
    direction = np.where(np.abs(direction) > 1e-4, np.clip(direction, -1, 1), 0.0)
    back = np.empty(len(w))
    back[order] = np.repeat(direction, np.diff(np.append(cell, len(w))))

    n = int(at.max()) + 1 if len(at) else 0
    sums, parts = np.bincount(at, moved, minlength=n), np.bincount(at, moved**2, minlength=n)
    several = np.bincount(at[moved != 0], minlength=n) > 1
    spread = parts[several].sum()
    return back, int(several.sum()), float(np.sum(sums[several] ** 2) / spread) if spread > 1e-12 else float("nan")
