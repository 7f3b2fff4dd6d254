"""The thinning curve: X against the sampling interval, by looking at fewer and fewer of the reports.

A rational forecaster looked at less often is still rational, so X stays 0. Two faults behave differently:

- *reporting noise* of variance s² adds about 2s² per report: X falls in proportion to the number of reports kept;
- *over-reaction* is in the large moves: X stays.

>>> from readoff.beliefs.streams import histories
>>> wobble = histories([[0.5, 0.6] * 8 + [0.5]])        # noise: back and forth, one report per unit of time
>>> [(p.interval, p.every, p.reports, round(p.excess, 3)) for p in curve(wobble)]
[(1.0, 1, 17, 0.16), (2.0, 2, 9, 0.0), (4.0, 4, 5, 0.0), (8.0, 8, 3, 0.0)]

Time is cut into intervals of equal length from each stream's first report on, and the first report in each is kept.
That never peeks at the future, so each point of the curve is a valid test on its own; together they are one picture,
not several tests. Where reports come at equal distances, an interval of k distances keeps every k-th report.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.intervals import bell_curve
from readoff.beliefs.streams import Histories, steps


@dataclass(frozen=True)
class Point:
    """X when one report per `interval` of time is kept (seconds if dated, else units of the time column).

    every: the same as "every so-many-th report" where all reports come at equal distances, None where they do not.
    reports: kept in all. excess, movement, reduction: means over streams. se: of the mean excess over clusters, nan
    with one cluster.
    """

    interval: float
    every: int | None
    reports: int
    excess: float
    movement: float
    reduction: float
    se: float


def thin(h: Histories, interval: float) -> Histories:
    """Keep the first report in each `interval` (> 0) since the stream's first, and the last one of an open stream."""
    since = h.time - np.repeat(h.time[h.starts[:-1]], h.lengths())
    # A hair more, so that reports at equal distances never fall short of an edge.
    slot = np.floor(since / interval + 1e-9)
    keep = np.append(True, np.diff(slot) != 0)
    keep[h.starts[:-1]] = True
    keep[h.starts[1:][~h.resolved()] - 1] = True
    starts = np.concatenate([[0], np.cumsum(np.add.reduceat(keep, h.starts[:-1]))])
    return Histories(h.belief[keep], h.time[keep], starts, h.outcome, h.cluster, h.names, h.dated)


def curve(h: Histories, independent: bool = True, most: int = 12) -> list[Point]:
    """X at once, twice, four times, … the median distance of two reports, until few streams keep three of them.

    independent: whether clusters are independent draws, so that a standard error over them exists.
    """
    apart = np.diff(h.time)[np.isin(np.arange(1, len(h.time)), h.starts, invert=True)]
    apart = apart[apart > 0]
    gap = float(np.median(apart)) if len(apart) else 1.0
    even = bool(len(apart)) and bool(np.all(np.abs(apart - gap) <= 1e-6 * gap))
    points = [_point(h, gap, 1 if even else None, independent)]
    for k in range(1, most):
        thinned = thin(h, gap * 2**k)
        if np.median(thinned.lengths() + thinned.resolved()) < 3:
            break
        points.append(_point(thinned, gap * 2**k, 2**k if even else None, independent))
    return points


def _point(h: Histories, interval: float, every: int | None, independent: bool) -> Point:
    s = steps(h)
    used = s.counts() > 0
    movement = s.sums(s.change**2)[used]
    excess = s.sums((1 - 2 * s.now) * s.change)[used]
    cluster = np.unique(h.cluster[used], return_inverse=True)[1] if used.any() else np.zeros(0, dtype=np.int64)
    n = len(excess)
    by_cluster = np.bincount(cluster, excess) / np.maximum(np.bincount(cluster), 1) if n else np.zeros(0)
    return Point(
        interval,
        every,
        len(h.belief),
        float(excess.mean()) if n else 0.0,
        float(movement.mean()) if n else 0.0,
        float((movement - excess).mean()) if n else 0.0,
        bell_curve(by_cluster, 0.95).se if independent and n > 1 else float("nan"),
    )


def noise_that_explains(points: list[Point], streams: int) -> float | None:
    """Standard deviation s of reporting noise for which 2s² per report makes up the fall of X along the curve.

    None when X does not fall to a quarter or less, so that noise is not the story.
    """
    first, last = points[0], points[-1]
    fewer = (first.reports - last.reports) / max(streams, 1)
    if fewer <= 0 or first.excess <= 0 or last.excess > first.excess / 4:
        return None
    return float(np.sqrt((first.excess - last.excess) / (2 * fewer)))
