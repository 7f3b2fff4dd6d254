"""The thinning curve: look at every 2nd, 4th, 8th report only, and see what happens to X.

A rational forecaster looked at less often is still rational, so X stays 0. Two faults behave differently:

- *reporting noise* of variance s² adds about 2s² per report: X falls in proportion to the number of reports kept;
- *over-reaction* is in the large moves: X stays.

>>> from readoff.beliefs.streams import histories
>>> wobble = histories([[0.5, 0.6] * 8 + [0.5]])        # noise: back and forth
>>> [(p.every, p.reports, round(p.excess, 3)) for p in curve(wobble)]
[(1, 17, 0.16), (2, 9, 0.0), (4, 5, 0.0), (8, 3, 0.0)]

Keeping every k-th report never peeks at the future, so each point of the curve is a valid test on its own; together
they are one picture, not several tests.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.intervals import bell_curve
from readoff.beliefs.streams import Histories, steps


@dataclass(frozen=True)
class Point:
    """X when every `every`-th report is kept. reports: kept in all. gap: median time between them (seconds if dated).

    excess, movement, reduction: means over streams. se: of the mean excess over clusters, nan with one cluster.
    """

    every: int
    reports: int
    gap: float
    excess: float
    movement: float
    reduction: float
    se: float


def thin(h: Histories, every: int) -> Histories:
    """Keep the reports number 0, every, 2·every, … of each stream, and its last one if the truth is not known."""
    position = np.arange(len(h.belief)) - np.repeat(h.starts[:-1], h.lengths())
    keep = position % every == 0
    keep[h.starts[1:][~h.resolved()] - 1] = True
    starts = np.concatenate([[0], np.cumsum(np.add.reduceat(keep, h.starts[:-1]))])
    return Histories(h.belief[keep], h.time[keep], starts, h.outcome, h.cluster, h.names, h.dated)


def curve(h: Histories, most: int = 12) -> list[Point]:
    """X at every 1, 2, 4, … reports, until half of the streams have fewer than three reports left."""
    points, every, longest = [], 1, np.median(h.lengths())
    while len(points) < most and (every == 1 or longest / every >= 2):
        points.append(_point(thin(h, every) if every > 1 else h, every))
        every *= 2
    return points


def _point(h: Histories, every: int) -> Point:
    s = steps(h)
    used = s.counts() > 0
    movement = s.sums(s.change**2)[used]
    excess = s.sums((1 - 2 * s.now) * s.change)[used]
    cluster = np.unique(h.cluster[used], return_inverse=True)[1] if used.any() else np.zeros(0, dtype=np.int64)
    n = len(excess)
    by_cluster = np.bincount(cluster, excess) / np.maximum(np.bincount(cluster), 1) if n else np.zeros(0)
    inside = np.diff(h.time)[np.isin(np.arange(1, len(h.time)), h.starts, invert=True)]
    return Point(
        every,
        len(h.belief),
        float(np.median(inside)) if len(inside) else float("nan"),
        float(excess.mean()) if n else 0.0,
        float(movement.mean()) if n else 0.0,
        float((movement - excess).mean()) if n else 0.0,
        bell_curve(by_cluster, 0.95).se if n > 1 else float("nan"),
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
