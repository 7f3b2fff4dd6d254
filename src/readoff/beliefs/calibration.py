"""Calibration and sharpness: do 70 % forecasts come true 70 % of the time, and how far do they leave the average?

Calibration is about levels, the law of total expectation about changes; a forecaster can keep one and break the
other. Each stream weighs 1 here, split evenly over its reports, so that a question with a thousand reports does not
drown the rest. The Brier score splits exactly into four parts:

    mean (report - truth)²  =  reliability - resolution + uncertainty + what is left within the bins

>>> from readoff.beliefs.streams import histories
>>> c = calibration(histories([[0.2], [0.2], [0.8], [0.8]], outcomes=[0, 0, 1, 1]))
>>> [round(x, 3) for x in (c.brier, c.reliability, c.resolution, c.uncertainty, c.within_bins)]
[0.04, 0.04, 0.25, 0.25, 0.0]
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.intervals import NOTHING, Interval
from readoff.beliefs.streams import Histories

BINS = np.array([0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98])


@dataclass(frozen=True)
class Bin:
    """Reports between two levels. weight: streams' worth of reports. clusters: independent pieces they come from."""

    low: float
    high: float
    weight: float
    clusters: float
    forecast: float
    frequency: float
    interval: Interval


@dataclass(frozen=True)
class Calibration:
    """Over resolved yes-or-no streams. sharpness: mean p(1-p), lower is sharper; spread: variance of the reports."""

    streams: int
    bins: tuple[Bin, ...]
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float
    sharpness: float
    spread: float


def calibration(h: Histories) -> Calibration | None:
    """Bins, Brier score and its parts; None when no stream is resolved to 0 or 1."""
    settled = (h.outcome == 0) | (h.outcome == 1)
    if not settled.any():
        return None
    stream = h.stream_of_row()
    rows = np.flatnonzero(settled[stream])
    stream = stream[rows]
    p, y = h.belief[rows], h.outcome[stream]
    w = 1.0 / h.lengths()[stream]
    w /= w.sum()
    which = np.searchsorted(BINS, p, side="right") - 1
    weight = np.bincount(which, w, minlength=len(BINS))
    full = np.flatnonzero(weight > 0)
    forecast = np.bincount(which, w * p, minlength=len(BINS))[full] / weight[full]
    frequency = np.bincount(which, w * y, minlength=len(BINS))[full] / weight[full]
    share, rate = weight[full], float(np.sum(w * y))
    brier = float(np.sum(w * (p - y) ** 2))
    reliability = float(np.sum(share * (forecast - frequency) ** 2))
    resolution = float(np.sum(share * (frequency - rate) ** 2))
    uncertainty = rate * (1 - rate)
    mean = float(np.sum(w * p))
    pieces = _pieces(which, w, h.cluster[stream], full)
    edges = np.append(BINS, 1.0)
    one_draw = h.n_clusters < 2
    bins = tuple(
        Bin(
            float(edges[b]),
            float(edges[b + 1]),
            float(weight[b] * settled.sum()),
            float(n),
            float(f),
            float(o),
            NOTHING if one_draw else wilson(float(o), float(n)),
        )
        for b, n, f, o in zip(full, pieces, forecast, frequency)
    )
    return Calibration(
        int(settled.sum()),
        bins,
        brier,
        reliability,
        resolution,
        uncertainty,
        brier - reliability + resolution - uncertainty,
        float(np.sum(w * p * (1 - p))),
        float(np.sum(w * (p - mean) ** 2)),
    )


def _pieces(which: np.ndarray, w: np.ndarray, cluster: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Effective number of independent pieces in each bin: (Σ weights)² / Σ (cluster's weight)²."""
    clusters = int(cluster.max()) + 1
    per = np.bincount(which * clusters + cluster, w, minlength=len(BINS) * clusters).reshape(len(BINS), clusters)[full]
    return per.sum(axis=1) ** 2 / np.sum(per**2, axis=1)


def wilson(share: float, n: float, z: float = 1.959964) -> Interval:
    """Wilson's 95 % interval for a share of n pieces; approximate when n is an effective number."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, float(centre - reach)), min(1.0, float(centre + reach)))
