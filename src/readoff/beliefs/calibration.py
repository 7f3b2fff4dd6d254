"""Calibration and sharpness: do 70 % forecasts come true 70 % of the time, and how far do they leave the average?

Calibration is about levels, the law of total expectation about changes; a forecaster can keep one and break the
other. Every report counts once. (To split a weight of 1 over the reports of a question would weigh each report by how
many were still to come, which nobody knew: questions that close when the event happens would look miscalibrated.) So
a question with many reports counts more, and intervals come from the differences between clusters, not reports.

The Brier score splits exactly into four parts:

    mean (report - truth)²  =  reliability - resolution + uncertainty + what is left within the bins

>>> from readoff.beliefs.streams import histories
>>> c = calibration(histories([[0.2], [0.2], [0.8], [0.8]], outcomes=[0, 0, 1, 1]))
>>> [round(c.score[name], 3) for name in SCORES]
[0.04, 0.04, 0.25, 0.25, 0.0, 0.16, 0.09]
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.intervals import NOTHING, Interval
from readoff.beliefs.streams import Histories

BINS = np.array([0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98])
SCORES = ("brier", "reliability", "resolution", "uncertainty", "within_bins", "sharpness", "spread")
BLOCKS = 200  # clusters are left out in at most so many blocks to see how much a score depends on them


@dataclass(frozen=True)
class Bin:
    """Reports between two levels, and the share of them whose question came true.

    reports: how many. clusters: from how many clusters. interval: approximate, 95 %; nan at both ends if none exists.
    """

    low: float
    high: float
    reports: int
    clusters: int
    forecast: float
    frequency: float
    interval: Interval


@dataclass(frozen=True)
class Calibration:
    """Over the reports on streams resolved to yes or no.

    score, interval: by name in SCORES, with approximate 95 % intervals over clusters, none for `within_bins`.
    sharpness: mean p(1-p), lower is sharper; spread: variance of the reports; the others are the Brier score and its
    parts.
    """

    streams: int
    reports: int
    bins: tuple[Bin, ...]
    score: dict[str, float]
    interval: dict[str, Interval]


def calibration(h: Histories, independent: bool = True) -> Calibration | None:
    """Bins, Brier score and its parts; None when no stream is resolved to 0 or 1.

    independent: whether clusters are independent draws; if not, or with one cluster, no interval exists.
    """
    settled = (h.outcome == 0) | (h.outcome == 1)
    if not settled.any():
        return None
    stream = h.stream_of_row()
    rows = np.flatnonzero(settled[stream])
    p, y = h.belief[rows], h.outcome[stream[rows]]
    cluster = np.unique(h.cluster[stream[rows]], return_inverse=True)[1]
    clusters = int(cluster.max()) + 1
    which = np.searchsorted(BINS, p, side="right") - 1
    blocks = min(clusters, BLOCKS)
    cell = (cluster % blocks) * len(BINS) + which
    moments = (np.ones_like(p), p, y, p * p, p * y)
    table = np.stack([np.bincount(cell, m, minlength=blocks * len(BINS)) for m in moments])
    table = table.reshape(len(moments), blocks, len(BINS))
    whole = table.sum(axis=1, keepdims=True)
    without = whole - table if independent and blocks > 1 else None
    seen = np.bincount(np.unique(cluster * len(BINS) + which) % len(BINS), minlength=len(BINS))
    score = {name: float(value[0]) for name, value in scores(whole).items()}
    spread = scores(without) if without is not None else None
    interval = {name: NOTHING if spread is None else _jackknife(score[name], spread[name]) for name in SCORES}
    interval["within_bins"] = NOTHING  # a remainder whose jackknife misses too often
    if without is not None:  # at a rate of one half p(1-p) has no slope, so it goes by the interval of the rate
        rates = without[2].sum(axis=-1) / without[0].sum(axis=-1)
        interval["uncertainty"] = _uncertain(_jackknife(float(np.mean(y)), rates))
    return Calibration(int(settled.sum()), len(p), _bins(whole[:, 0], without, seen), score, interval)


def scores(table: np.ndarray) -> dict[str, np.ndarray]:
    """SCORES from sums over reports of 1, p, y, p², py: float64 [5, samples, bins] to float64 [samples] by name."""
    n, p, y, pp, py = table
    per = np.maximum(n, 1)
    total, rate = n.sum(axis=-1), y.sum(axis=-1) / n.sum(axis=-1)
    brier = (pp - 2 * py + y).sum(axis=-1) / total
    reliability = ((p - y) ** 2 / per).sum(axis=-1) / total
    resolution = (n * (y / per - rate[..., None]) ** 2).sum(axis=-1) / total
    uncertainty = rate * (1 - rate)
    mean, square = p.sum(axis=-1) / total, pp.sum(axis=-1) / total
    rest = brier - reliability + resolution - uncertainty
    found = (brier, reliability, resolution, uncertainty, rest, mean - square, square - mean**2)
    return dict(zip(SCORES, found))


def _jackknife(value: float, without: np.ndarray) -> Interval:
    """Approximate 95 % interval from the values without each block of clusters, float64 [blocks]."""
    from scipy.special import stdtrit

    g = len(without)
    reach = float(stdtrit(g - 1, 0.975) * np.sqrt((g - 1) / g * np.sum((without - without.mean()) ** 2)))
    return Interval(max(value - reach, 0.0) if value >= 0 else value - reach, value + reach)


def _uncertain(rate: Interval) -> Interval:
    """The range of p(1-p) over an interval of p."""
    low, high = max(rate.low, 0.0), min(rate.high, 1.0)
    ends = low * (1 - low), high * (1 - high)
    return Interval(min(ends), 0.25 if low <= 0.5 <= high else max(ends))


def _bins(whole: np.ndarray, without: np.ndarray | None, clusters: np.ndarray) -> tuple[Bin, ...]:
    """The bins that hold a report. whole: [5, bins]; without: [5, blocks, bins]; clusters: int64 [bins]."""
    edges = np.append(BINS, 1.0)
    found = []
    for b in np.flatnonzero(whole[0] > 0):
        n, p, y = whole[:3, b]
        interval = NOTHING
        if without is not None:
            interval = wilson(y / n, _effective(y / n, n, without[0, :, b], without[2, :, b], clusters[b]))
        low, high = float(edges[b]), float(edges[b + 1])
        found.append(Bin(low, high, int(n), int(clusters[b]), float(p / n), float(y / n), interval))
    return tuple(found)


def _effective(share: float, reports: float, n: np.ndarray, y: np.ndarray, clusters: int) -> float:
    """How many independent reports a bin's share is worth: share·(1 - share) over its variance between clusters.

    At most one per cluster. n, y: float64 [blocks], reports and those that came true without each block.
    """
    g = len(n)
    off = (share * reports - y) - share * (reports - n)  # of each block: how many more came true than its share
    variance = g / (g - 1) * float(np.sum((off / reports) ** 2))
    return min(float(clusters), share * (1 - share) / variance) if variance > 0 else float(clusters)


def wilson(share: float, n: float, z: float = 1.959964) -> Interval:
    """Wilson's 95 % interval for a share of n pieces; approximate when n is an effective number."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, float(centre - reach)), min(1.0, float(centre + reach)))
