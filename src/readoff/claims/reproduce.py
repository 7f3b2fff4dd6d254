"""Do networks trained here come out like the shipped ones? `readoff reproduce` compares what both license one to say.

    for one in compare(zoo.load(recipe, seeds), train(recipe, seeds)):
        print(one.name, one.shipped, one.trained, one.overlap)

    solved           share of networks that are right on every input         exact binomial interval
    smallest margin  median over networks; diverged ones count as -inf       interval of the median by order statistics
    loss             median over networks; diverged ones count as +inf       the same

Each interval holds with 99 %, so two of the same distribution miss each other in fewer than one of a thousand
comparisons. Bits need not agree: they depend on device, width and versions. How many do is counted all the same.
"""

from dataclasses import dataclass

import numpy as np

from readoff.core.errors import Unreachable
from readoff.statistics.binomial import interval
from readoff.statistics.paired import median_interval
from readoff.training.outcome import Outcome, outcome
from readoff.training.run import Run

CONFIDENCE = 0.99


@dataclass(frozen=True)
class Estimate:
    """A value and the interval that holds it with `CONFIDENCE`; None where too few networks give one."""

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Comparison:
    """The same number of shipped and of newly trained networks."""

    name: str
    shipped: Estimate
    trained: Estimate

    @property
    def overlap(self) -> bool | None:
        """Whether the intervals meet; None if one is missing."""
        a, b = self.shipped.interval, self.trained.interval
        return None if a is None or b is None else a[0] <= b[1] and b[0] <= a[1]


def compare(shipped: Run, trained: Run) -> list[Comparison]:
    """The comparisons of the module docstring; `solved` and margins only where inputs have a single right answer."""
    a, b = outcome(shipped), outcome(trained)
    found = []
    if a.judged and b.judged:
        found.append(Comparison("solved", _share(a), _share(b)))
        found.append(Comparison("smallest margin", _median(a, a.margin, -np.inf), _median(b, b.margin, -np.inf)))
    found.append(Comparison("loss", _median(a, a.loss, np.inf), _median(b, b.loss, np.inf)))
    return found


def equal_weights(shipped: Run, trained: Run) -> tuple[int, int]:
    """(networks whose weights are the same bit for bit, networks with a seed in both runs)."""
    ours = {int(seed): i for i, seed in enumerate(trained.ensemble.seeds)}
    both = [(i, ours[int(seed)]) for i, seed in enumerate(shipped.ensemble.seeds) if int(seed) in ours]
    return sum(shipped.ensemble[i].hash == trained.ensemble[j].hash for i, j in both), len(both)


def _share(found: Outcome) -> Estimate:
    n, k = len(found.seeds), int(found.solved.sum())
    return Estimate(k / n, interval(k, n, CONFIDENCE))


def _median(found: Outcome, values: np.ndarray, diverged: float) -> Estimate:
    counted = np.where(found.alive & ~np.isnan(values), values, diverged)
    try:
        enclosed = median_interval(counted, CONFIDENCE)
        return Estimate(float(np.median(counted)), (enclosed.lo, enclosed.hi))
    except Unreachable:
        return Estimate(float(np.median(counted)), None)
