"""The audit: one history of forecasts, three questions, one verdict.

>>> from readoff.beliefs.streams import histories
>>> flip = [0.5, 0.8, 0.3, 0.8, 0.2, 0.9, 0.1]
>>> found = audit(histories([flip] * 3 + [flip[::-1]] * 3, outcomes=[1, 0, 0, 1, 0, 1]))
>>> found.verdict, found.settles
('moves too much', None)

What the verdict rests on is the betting evidence alone (`bets`), because that holds at every sample size and for
every shape of update: three tests, two sides each, share the error budget α, so each side needs an e-value of 6/α.
Intervals and p-values beside it are the usual ones over clusters, for readers; they are approximations and decide
nothing. "Consistent" is said only within a declared margin, from an interval that needs no bell curve either.
Everything else is "cannot tell", with what would settle it.

Independence is an assumption, so it is stated. Streams of one question are one cluster; if simultaneous updates
show that clusters share fate, or if all come from snapshots of one draw, they are one cluster, no standard error
exists, and only a bet on the average over all streams counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from readoff.beliefs import bets, calibration, sizes, thinning
from readoff.beliefs.checks import rounding_of
from readoff.beliefs.dependence import CoMovement, co_movement
from readoff.beliefs.intervals import bell_curve, bounded_interval
from readoff.beliefs.noise import Noise, allowance
from readoff.beliefs.streams import Histories, Steps, segment_sums, steps
from readoff.beliefs.verdict import Finding, judge
from readoff.core.errors import BadValue

# For the interval without bell curve a stream is stopped once its movement passes CAP; then X lies in RANGE.
CAP = 0.5
RANGE = {"movement": (-0.25, CAP + 1.25), "drift": (-1.0, 1.0)}


@dataclass(frozen=True, eq=False)
class Audit:
    """Everything the audit found. Means are over streams with at least one update, in units of probability squared."""

    histories: Histories
    steps: Steps
    source: str
    clusters: int
    clustered_by: str
    independent: bool
    dependence: CoMovement
    alpha: float
    margin: float | None
    noise: Noise
    movement: np.ndarray  # per stream
    reduction: np.ndarray  # per stream
    reduction_without_truth: float
    drift: float
    autocorrelation: float
    tests: dict[str, Finding]
    rides: dict[tuple[str, int], bets.Ride]
    thinned: list[thinning.Point]
    reporting_noise: float | None
    calibrated: calibration.Calibration | None
    by_size: list[sizes.SizeCount]
    markov: float
    chance: sizes.Chance | None
    verdict: str
    because: tuple[str, ...]
    settles: str | None
    caveats: tuple[str, ...]

    @property
    def excess(self) -> np.ndarray:
        """X = M - R of every stream."""
        return self.movement - self.reduction

    @property
    def needed(self) -> float:
        """The e-value that one side of one test needs."""
        return 6 / self.alpha


def audit(
    h: Histories,
    alpha: float = 0.05,
    margin: float | None = None,
    noise: Noise | None = None,
    independent: bool | None = None,
    clustered_by: str = "each stream",
    cut: float | None = None,
    caveats: Sequence[str] = (),
    source: str = "the history",
    seed: int = 0,
) -> Audit:
    """Audit forecast histories against the law of total expectation.

    alpha: the error budget of all tests together. margin: how far mean X and mean drift may lie from 0 and still be
    called consistent. noise: what reports may be off (None: rounding to the grid that the reports visibly use,
    nothing else). independent: whether clusters are independent draws (None: assume so unless the updates show
    otherwise). cut: a time at which the method changed; updates across it are left out. seed: of the simulated
    chance.
    """
    if not 0 < alpha < 1 or (margin is not None and margin <= 0):
        raise BadValue(
            f"alpha={alpha}, margin={margin}: alpha lies between 0 and 1, a margin is above 0 (such as 0.02)"
        )
    whole = h
    caveats = list(caveats)
    if cut is not None:
        h, crossed = split_at(h, cut)
        caveats.append(
            f"the declared change of method cuts {crossed} streams in two, each part a stream of its own; "
            "updates across it are left out"
        )
    noise = noise if noise is not None else Noise(rounding_of(h.belief))
    every_step = steps(h)
    used = every_step.counts() > 0
    dates = bets.calendar(every_step)
    together = co_movement(every_step, h.cluster, dates)
    if independent is None:
        independent = not together.shared()
        if not independent and h.n_clusters > 1:
            caveats.append(
                f"{clustered_by} is not independent of the others: their updates {together}; all are one draw"
            )
    cluster = (
        np.unique(h.cluster[used], return_inverse=True)[1] if independent else np.zeros(used.sum(), dtype=np.int64)
    )
    clusters = int(cluster.max()) + 1 if len(cluster) else 0
    independent = independent and clusters > 1
    s = replace(every_step, starts=np.append(every_step.starts[:-1][used], every_step.starts[-1]))

    risk = alpha / 20 if noise.random() else 0.0
    slack = noise.bound(len(h.belief), risk or 1.0)
    rides = {(name, side): bets.ride(s, name, side, dates, slack) for name in bets.TESTS for side in bets.SIDES}
    tests = {name: _test(s, name, cluster, clusters, noise, rides, independent) for name in bets.TESTS}
    points = thinning.curve(h if independent else _one_cluster(h))
    change = s.change
    movement = every_step.sums(every_step.change**2)
    excess = every_step.sums((1 - 2 * every_step.now) * every_step.change)
    found = Audit(
        histories=h,
        steps=every_step,
        source=source,
        clusters=clusters,
        clustered_by=clustered_by,
        independent=independent,
        dependence=together,
        alpha=alpha,
        margin=margin,
        noise=noise,
        movement=movement,
        reduction=movement - excess,
        reduction_without_truth=_reduction_without_truth(h, used),
        drift=float(change.sum() / max(used.sum(), 1)),
        autocorrelation=_autocorrelation(s),
        tests=tests,
        rides=rides,
        thinned=points,
        reporting_noise=thinning.noise_that_explains(points, h.n_streams),
        calibrated=calibration.calibration(whole if independent else _one_cluster(whole)),
        by_size=sizes.counts(s),
        markov=sizes.markov_bound(s),
        chance=sizes.simulated_chance(s, seed) if independent or used.sum() == 1 else None,
        verdict="cannot tell",
        because=(),
        settles=None,
        caveats=tuple(caveats),
    )
    verdict = judge(tests, np.log(6 / (alpha - risk)), margin, clusters, independent)
    return replace(found, verdict=verdict.word, because=verdict.because, settles=verdict.settles)


def _test(
    s: Steps,
    name: str,
    cluster: np.ndarray,
    clusters: int,
    noise: Noise,
    rides: dict[tuple[str, int], bets.Ride],
    independent: bool,
) -> Finding:
    """One test: statistics over clusters, and evidence on both sides."""
    weight = bets.weights(s, name)
    total = s.sums(weight * s.change)
    up, down = (float(a.mean()) if len(a) else 0.0 for a in allowance(s, name, weight, noise))
    size = np.maximum(np.bincount(cluster, minlength=clusters), 1)
    by_cluster = np.bincount(cluster, total, minlength=clusters) / size
    bounded = None
    if name in RANGE:
        stopped = total if name == "drift" else stopped_excess(s)
        y = np.bincount(cluster, stopped, minlength=clusters) / size
        bounded = bounded_interval(y, *RANGE[name]).widened(up, down)
    log_e, log_e_any, peak = {}, {}, {}
    for side in bets.SIDES:
        logs, wealth = rides[name, side].logs, rides[name, side].wealth
        log_e_any[side] = bets.evidence_if_dependent(logs) if len(total) else 0.0
        log_e[side] = log_e_any[side]
        if independent:
            log_e[side] = bets.evidence_if_independent(bets.cluster_wealth(logs, cluster))
        peak[side] = float(wealth.max()) if len(wealth) else 1.0
    return Finding(name, bell_curve(by_cluster, 0.95, up, down), bounded, up, down, log_e, log_e_any, peak)


def stopped_excess(s: Steps) -> np.ndarray:
    """X of each stream up to and including the step at which its movement passes CAP, float64 [streams]."""
    squares = np.cumsum(s.change**2)
    before = np.concatenate([[0.0], squares])
    earlier = before[:-1] - np.repeat(before[s.starts[:-1]], s.counts())
    return segment_sums(np.where(earlier <= CAP, (1 - 2 * s.now) * s.change, 0.0), s.starts)


def split_at(h: Histories, time: float) -> tuple[Histories, int]:
    """Cut every stream that has reports before and after a time into an unresolved part and the rest; how many were."""
    late = h.time >= time
    stream = h.stream_of_row()
    inside = np.concatenate([[False], late[1:] & ~late[:-1] & (stream[1:] == stream[:-1])])
    starts = np.unique(np.concatenate([h.starts, np.flatnonzero(inside)]))
    owner = stream[starts[:-1]]
    last = np.append(owner[1:] != owner[:-1], True)
    names = [str(h.names[k]) + ("" if end else " (before the cut)") for k, end in zip(owner, last)]
    outcome = np.where(last, h.outcome[owner], np.nan)
    return Histories(h.belief, h.time, starts, outcome, h.cluster[owner], names, h.dated), int(inside.sum())


def _one_cluster(h: Histories) -> Histories:
    return replace(h, cluster=np.zeros_like(h.cluster))


def _reduction_without_truth(h: Histories, used: np.ndarray) -> float:
    """Mean π₀(1-π₀) - π(1-π) with π the last report: what R would be had no outcome been appended."""
    first, last = h.belief[h.starts[:-1]][used], h.belief[h.starts[1:] - 1][used]
    return float(np.mean(first * (1 - first) - last * (1 - last))) if used.any() else 0.0


def _autocorrelation(s: Steps) -> float:
    """Correlation of successive updates around a mean of 0, pooled over streams; nan without pairs that vary."""
    if len(s.now) < 2:
        return float("nan")
    stream = s.stream_of_step()
    pair = stream[1:] == stream[:-1]
    a, b = s.change[:-1][pair], s.change[1:][pair]
    scale = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b)) / scale if scale else float("nan")
