"""How coarse are the reports? The spacing that a forecaster visibly uses, when nobody says how she rounds.

Whole percents lie 0.01 apart, and a report is then at most half of that off. But who has only three words for a
chance, 5, 50 and 95 %, also writes whole percents, and her reports are up to 22 points off. So the spacing is the
coarsest usual grid that holds every report, or the widest gap between neighbouring levels that she does not use,
whichever is larger:

>>> from readoff.beliefs.streams import histories
>>> found = spacing(histories([[0.05, 0.5, 0.5, 0.95], [0.5, 0.05, 0.5], [0.95, 0.5, 0.05]] * 2))
>>> found.levels, found.grid, round(found.rounding, 9)
(3, 0.05, 0.45)
>>> spacing(histories([[0.31, 0.35, 0.5], [0.4, 0.62]])).rounding
0.01

A gap counts only if it can be no accident: both levels beside it are reported at least SEEN times, and so often that
the grid points between them, were they used like the rarer of the two, would have been reported EXPECTED times. A
report that only repeats the one before it is not counted again, nor a 0 or 1 at the end of a stream, which may be an
outcome. If there is such a gap, beliefs beyond the outermost level may also be reported as that level; how far it is
from certainty is taken from the side that comes closer to it.

Too coarse a spacing makes the audit say "cannot tell"; too fine a one makes it accuse the innocent. So in doubt this
finds too coarse a one, and says so. What it cannot see is a forecaster who mixes grids: most reports in tens, some in
whole percents, count as whole percents.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.streams import Histories

GRIDS = (0.1, 0.05, 0.01, 0.005, 0.001, 0.0005, 1e-4, 1e-5, 1e-6)
SEEN, EXPECTED = 3, 15
FINEST = 1e-6  # the grid of reports that lie on none
PARTS = range(3, 101)  # reports on no usual grid may be exact thirds, …, hundredths


@dataclass(frozen=True)
class Spacing:
    """rounding: the spacing, twice what a report may be off (0: exact). grid: the coarsest usual grid, or else the
    largest of 1/3, 1/4, …, that holds all reports, 0 if none does. levels: how many different reports there are (0 if
    they were not counted).
    """

    rounding: float
    grid: float
    levels: int = 0

    def note(self) -> str | None:
        """What was assumed, if that is more than meets the eye."""
        if self.rounding <= self.grid:
            return None
        return (
            f"the reports use only {self.levels} levels, up to {self.rounding:.3g} apart or from certainty: each is "
            "taken to stand for any belief nearer to it than to the others. If they are finer than that, say so with "
            f"--rounding ({self.grid:g}, or 0 if they are exact)"
        )


def spacing(h: Histories) -> Spacing:
    """The spacing that the reports of a history visibly use."""
    usual = grid_of(h.belief)
    grid = usual or grid_of(h.belief, tuple(1 / n for n in PARTS))
    news = _news(h)
    levels, seen = np.unique(np.round(h.belief[news], 9), return_counts=True)
    if len(levels) < 2:
        return Spacing(grid, grid, len(levels))
    gap, rarer = np.diff(levels), np.minimum(seen[1:], seen[:-1])
    unused = gap / (usual or FINEST) - 1
    chosen = (rarer >= SEEN) & (unused * rarer >= EXPECTED - 1e-6)
    inner = (levels[:-1] > 0) & (levels[1:] < 1)
    if not np.any(chosen & (inner | ~inner.any())):
        return Spacing(grid, grid, len(levels))
    outside = min(levels[0], 1 - levels[-1])
    return Spacing(float(max(gap[chosen].max(), 2 * outside, grid)), grid, len(levels))


def grid_of(belief: np.ndarray, grids: tuple[float, ...] = GRIDS) -> float:
    """The coarsest of some grids (0.1, 0.05, 0.01, … 0.000001) that holds every value, or 0 when none does.

    >>> grid_of(np.array([0.35, 0.5, 1.0])), grid_of(np.array([0.35, 1 / 3]))
    (0.05, 0.0)
    """
    for grid in grids:
        if all(_on(grid, part) for part in (belief[:1000], belief)):
            return grid
    return 0.0


def _on(grid: float, belief: np.ndarray) -> bool:
    scaled = belief / grid
    return bool(np.all(np.abs(scaled - np.round(scaled)) < 1e-6))


def _news(h: Histories) -> np.ndarray:
    """bool [rows]: reports that differ from the one before them in their stream, without a last one of 0 or 1."""
    news = np.append(True, h.belief[1:] != h.belief[:-1])
    news[h.starts[:-1]] = True
    last = h.starts[1:][h.lengths() > 1] - 1
    news[last[(h.belief[last] == 0) | (h.belief[last] == 1)]] = False
    return news
