"""The audit: one history of forecasts, three questions, one verdict.

>>> from readoff.beliefs.streams import histories
>>> flip = [0.5, 0.8, 0.3, 0.8, 0.2, 0.9, 0.1]
>>> found = audit(histories([flip] * 3 + [flip[::-1]] * 3, outcomes=[1, 0, 0, 1, 0, 1]))
>>> found.verdict, found.settles
('moves too much', None)

What the verdict rests on is the betting evidence alone (`bets`), because that holds at every sample size and for
every shape of update. Intervals and p-values beside it are the usual ones over clusters, for readers; they are
approximations. "Consistent" is said only within a declared margin, and by an interval that needs no bell curve
(`margin`). Everything else is "cannot tell", with what would
settle it. One thing needs no evidence: who reports exactly and leaves 0 or 1 has been certain too soon.

Independence is never guessed. Streams of one question are one cluster. Whether clusters are independent draws is for
the user to state; until then the verdict rests on a bet that is fair however the streams hang together, no standard
error exists, and `if_independent` says what the verdict would be. If simultaneous updates contradict independence
(`dependence`), the audit says that too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from readoff.beliefs import calibration, sizes, thinning
from readoff.beliefs.bets import Side
from readoff.beliefs.decide import Setting, decide, leaves_certainty
from readoff.beliefs.dependence import Shared, shared_fate
from readoff.beliefs.intervals import NOTHING, BellCurve, Interval, bell_curve
from readoff.beliefs.margin import BOTH, Sums, exact_interval
from readoff.beliefs.noise import Noise
from readoff.beliefs.problems import SHOWN, some
from readoff.beliefs.spacing import spacing
from readoff.beliefs.streams import Histories, Steps, split_at, steps
from readoff.beliefs.verdict import UNKNOWN, accused, what_would_settle
from readoff.core.errors import BadValue


@dataclass(frozen=True)
class Finding:
    """One statistic per stream. curve: mean and approximate interval over clusters. bounded: an interval that needs no
    bell curve (None where there is none), declared noise included. Both have level 1 - alpha. up, down: mean allowance
    for declared noise.
    """

    curve: BellCurve
    bounded: Interval | None
    up: float
    down: float


@dataclass(frozen=True, eq=False)
class Audit:
    """Everything the audit found. Means are over streams with at least one update, in units of probability squared
    (X, movement, reduction) or of probability (drift).

    tests: by name in bets.TESTS, and "stopped" for X up to a movement of one half. log_e: by bet, what the verdict
    rests on; log_e_any: valid under any dependence; log_e_apart: valid if clusters are independent. certain: the places
    where 0 or 1 was left, the first few in words, and `certain_count` of them in all.
    """

    histories: Histories
    steps: Steps
    source: str
    setting: Setting
    clusters: int
    clustered_by: str
    dependence: Shared
    movement: np.ndarray  # per stream
    reduction: np.ndarray  # per stream
    reduction_without_truth: float
    drift: float
    autocorrelation: float
    tests: dict[str, Finding]
    log_e: dict[Side, float]
    log_e_any: dict[Side, float]
    log_e_apart: dict[Side, float]
    certain: tuple[str, ...]
    certain_count: int
    thinned: list[thinning.Point]
    reporting_noise: float | None
    calibrated: calibration.Calibration | None
    by_size: list[sizes.SizeCount]
    markov: float
    verdict: str
    if_independent: str
    because: tuple[str, ...]
    settles: str | None
    caveats: tuple[str, ...]
    seed: int

    @cached_property
    def chance(self) -> sizes.Chance | None:
        """The simulated chance of so much movement, made when first asked for; None where streams may be dependent or
        are too many.
        """
        alone = np.count_nonzero(self.steps.counts()) == 1
        return sizes.simulated_chance(self.steps, self.seed) if self.independent or alone else None

    @property
    def excess(self) -> np.ndarray:
        """X = M - R of every stream."""
        return self.movement - self.reduction

    @property
    def needed(self) -> float:
        """The e-value that one side of one test needs."""
        return self.setting.needed

    @property
    def independent(self) -> bool:
        """Whether statistics over clusters exist: independence is stated, and there are two of them."""
        return self.setting.independent and self.clusters > 1


def audit(
    h: Histories,
    alpha: float = 0.05,
    margin: float | None = None,
    noise: Noise | None = None,
    independent: bool = False,
    clustered_by: str = "each stream",
    cut: float | None = None,
    caveats: Sequence[str] = (),
    source: str = "the history",
    seed: int = 0,
    place: Callable[[int], str] | None = None,
) -> Audit:
    """Audit forecast histories against the law of total expectation.

    alpha: the error budget of all tests together; 1 - alpha is the level of the intervals. margin: how far mean X and
    mean drift may lie from 0 and still be called consistent. noise: what reports may be off (None: rounding to the
    spacing that the reports visibly use, nothing else). independent: the user's statement that clusters are independent
    draws. cut: a time at which the method changed; updates across it are left out. seed: of the simulated chance.
    place: names a row of `h` in messages. Raises BadValue for an alpha or margin that cannot be.
    """
    if not 0 < alpha < 1 or (margin is not None and not 0 < margin < float("inf")):
        raise BadValue(
            f"alpha={alpha}, margin={margin}: alpha lies between 0 and 1, a margin is above 0 (such as 0.02)"
        )
    whole, caveats = h, list(caveats)
    if noise is None:
        seen = spacing(h)
        noise = Noise(seen.rounding)
        caveats += [note] if (note := seen.note()) else []
    if cut is not None:
        h, crossed = split_at(h, cut)
        caveats.append(
            f"the declared change of method cuts {crossed} streams in two, each part a stream of its own; "
            "updates across it are left out"
        )
    setting = Setting(alpha, margin, noise, independent)
    found = decide(h, setting)
    clusters = int(found.clusters[0])
    apart = independent and clusters > 1
    s = steps(h)
    used = s.counts() > 0
    tests = {name: _finding(name, part, apart, setting) for name, part in found.sums.items()}
    log_e_any, log_e_apart = ({bet: float(e[0]) for bet, e in by.items()} for by in (found.log_e_any, found.log_e))
    log_e = log_e_apart if independent else log_e_any
    points = thinning.curve(h, apart)
    movement = s.sums(s.change**2)
    left = leaves_certainty(s)
    places = tuple((place or _report(h))(int(s.row[k])) for k in left[:SHOWN])
    if setting.noise.any() and len(left):
        caveats.append(
            f"a forecast of 0 or 1 was left again or came out otherwise ({some(places, len(left))}): possible where "
            "reports may be off, impossible where they are exact (--rounding 0)"
        )
    need, verdict = float(np.log(setting.needed)), str(found.verdict[0])
    settles = None
    if verdict == UNKNOWN:
        settles = what_would_settle(max(log_e.values()), need, int(used.sum()), clusters, apart, _widest(tests), margin)
    return Audit(
        histories=h,
        steps=s,
        source=source,
        setting=setting,
        clusters=clusters,
        clustered_by=clustered_by,
        dependence=shared_fate(h, setting.noise.bound(len(h.belief), setting.risk or 1.0)),
        movement=movement,
        reduction=movement - s.sums((1 - 2 * s.now) * s.change),
        reduction_without_truth=_reduction_without_truth(h, used),
        drift=float(s.change.sum() / max(used.sum(), 1)),
        autocorrelation=_autocorrelation(s),
        tests=tests,
        log_e=log_e,
        log_e_any=log_e_any,
        log_e_apart=log_e_apart,
        certain=places[: len(found.certain)],
        certain_count=len(found.certain),
        thinned=points,
        reporting_noise=thinning.noise_that_explains(points, h.n_streams),
        calibrated=calibration.calibration(whole, apart),
        by_size=sizes.counts(s),
        markov=sizes.markov_bound(s),
        verdict=verdict,
        if_independent=str(found.if_independent[0]),
        because=accused(log_e, need),
        settles=settles,
        caveats=tuple(caveats),
        seed=seed,
    )


def _finding(name: str, sums: Sums, apart: bool, setting: Setting) -> Finding:
    """Intervals over clusters if they are independent, else the mean over streams and nothing beside it."""
    up, down = (float(a.mean()) if len(a) else 0.0 for a in (sums.up, sums.down))
    if not apart:
        mean = float(sums.by_stream.mean()) if len(sums.by_stream) else float("nan")
        return Finding(BellCurve(mean, float("nan"), NOTHING, float("nan"), float("nan")), None, up, down)
    bounded = None if name == "momentum" else exact_interval(name, sums, setting.alpha, setting.noise)
    return Finding(bell_curve(sums.by_cluster, 1 - setting.alpha, up, down), bounded, up, down)


def _widest(tests: dict[str, Finding]) -> float:
    """How far the intervals that a margin is compared with reach from 0; nan without intervals."""
    found = [tests[name].bounded or NOTHING for name in BOTH]
    return max((max(abs(i.low), abs(i.high)) for i in found if not np.isnan(i.low)), default=float("nan"))


def _report(h: Histories) -> Callable[[int], str]:
    stream = h.stream_of_row()
    return lambda row: f"report {row - h.starts[stream[row]] + 1} of {h.names[stream[row]]}"


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
