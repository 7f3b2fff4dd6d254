"""Fewer points, the same picture: deterministic thinning that keeps extremes and gaps.

A loss curve of 5,000 steps is drawn with 200 points. Taking every 25th would lose a spike, so the curve is cut into
buckets and each bucket keeps its lowest and highest point; a bucket with a non-finite value also keeps that gap.

>>> thin_curve([0, 1, 2, 3, 4, 5], [0, 9, 0, 0, 0, 1], 4)
[0, 1, 2, 5]
"""

import math
from collections.abc import Sequence


def thin_curve(x: Sequence[float], y: Sequence[float], limit: int) -> list[int]:
    """Indices to keep, in order: at most `limit` finite points (at least 4), first and last among them."""
    count = len(x)
    if count <= limit:
        return list(range(count))
    keep = {0, count - 1}
    buckets = max(1, (limit - 2) // 2)
    for bucket in range(buckets):
        inside = range(1 + bucket * (count - 2) // buckets, 1 + (bucket + 1) * (count - 2) // buckets)
        finite = [i for i in inside if math.isfinite(y[i])]
        if finite:
            keep.add(min(finite, key=lambda i: (y[i], i)))
            keep.add(max(finite, key=lambda i: (y[i], i)))
        gap = next((i for i in inside if not math.isfinite(y[i])), None)
        if gap is not None:
            keep.add(gap)
    return sorted(keep)


def thin_sorted(count: int, limit: int, head: int = 40) -> list[int]:
    """Indices of a sorted list to keep: the `head` smallest, then evenly spaced ones, always the last."""
    if count <= limit:
        return list(range(count))
    head = min(head, limit // 2)
    rest = limit - head
    return sorted({*range(head), *(head + round(i * (count - 1 - head) / (rest - 1)) for i in range(rest))})


def median_curve(curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> tuple[list[float], list[float]]:
    """The pointwise median over curves, at every x where at least half of them have a finite value."""
    at: dict[float, list[float]] = {}
    for xs, ys in curves:
        for x, y in zip(xs, ys):
            if math.isfinite(x) and math.isfinite(y):
                at.setdefault(x, []).append(y)
    steps = [x for x in sorted(at) if 2 * len(at[x]) >= len(curves)]
    return steps, [_median(sorted(at[x])) for x in steps]


def _median(ordered: list[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
