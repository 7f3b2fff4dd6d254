"""Within a margin: how far mean X and mean drift can lie from 0, without a bell curve and at every number of clusters.

"Consistent" is said only if both means are shown to lie within the declared margin. A bell curve shows nothing of the
kind: if one stream in 400 flips between 5 and 95 % fifty times, most tables hold none or one of them, and look calm.
What is known for sure is a range. Of a stream with n updates

    drift                     lies in [-1, 1]
    X                         lies in [-1/4, n]: it is movement, at most n, less a reduction of at most 1/4
    X up to a movement of ½   lies in [-1/4, 7/4], since the update that passes ½ is the last one

and a mean over independent clusters is then bounded by betting (`intervals`). The number of updates is taken as given:
the interval for X is about the mean of E(X | n). It is wide for long streams, as it must be: with an X of up to n no
table of k streams can exclude a mean of n/k. So a margin m needs about 4·n/m streams.

>>> from readoff.beliefs.noise import Noise
>>> ends("movement", np.array([8.0]), Noise())
(array([-0.25]), array([8.]), array([0.]))
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.intervals import Grouped, Interval, bounded_interval, evidence_against
from readoff.beliefs.noise import Noise

CAP = 0.5  # the movement at which a stream is stopped for the narrower interval of X
BOTH = ("movement", "drift")  # what the margin is about


@dataclass(frozen=True, eq=False)
class Sums:
    """One statistic Σ w·(next - now), with what declared noise may add (up) or take (down).

    by_stream: float64 [streams with an update]. by_cluster, up, down, updates: float64 [clusters with an update], means
    over the streams of each cluster; updates: how many of them there are.
    """

    by_stream: np.ndarray
    by_cluster: np.ndarray
    up: np.ndarray
    down: np.ndarray
    updates: np.ndarray


def ends(name: str, updates: np.ndarray, noise: Noise) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The least and greatest value of a statistic given the number of updates, and the greatest allowance for noise.

    name: "drift", "movement" or "stopped"; updates and what is returned: float64, any shape.
    """
    if name == "drift":
        return np.full_like(updates, -1.0), np.ones_like(updates), np.full_like(updates, noise.rounding)
    high = np.full_like(updates, CAP + 1.25) if name == "stopped" else updates
    return np.full_like(updates, -0.25), high, updates * noise.most()


def within(sums: dict[str, Sums], table: np.ndarray, margin: float, alpha: float, noise: Noise) -> np.ndarray:
    """bool [tables]: whether mean X and mean drift are shown to lie within the margin, each side wrongly with a
    probability of at most alpha/2. table: int64 [clusters with an update].
    """
    need, first = float(np.log(2 / alpha)), np.flatnonzero(np.diff(table, prepend=-1))
    edge, inside = np.full(len(first), -margin), np.ones(len(first), dtype=bool)
    for name in BOTH:
        part = sums[name]
        low, high, most = ends(name, np.maximum.reduceat(part.updates, first), noise)
        least, greatest = part.by_cluster - part.up, part.by_cluster + part.down
        inside &= evidence_against(edge, Grouped(least, table), low - most, high) >= need
        inside &= evidence_against(edge, Grouped(-greatest, table), -high - most, -low) >= need
    return inside


def exact_interval(name: str, part: Sums, alpha: float, noise: Noise) -> Interval:
    """The interval of level 1 - alpha for the mean of one statistic, declared noise included; one table of clusters."""
    low, high, most = (float(end[0]) for end in ends(name, part.updates.max(keepdims=True), noise))
    return bounded_interval(part.by_cluster, low, high, 1 - alpha, part.up, part.down, most)
