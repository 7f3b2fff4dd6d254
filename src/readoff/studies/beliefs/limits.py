"""The limit of small steps: how near the walk is to a Wiener process, and why only to a stopped one.

All chances are enclosed in ball arithmetic; the moments are exact polynomials.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flint import arb, ctx

from readoff.beliefs import wiener
from readoff.beliefs.walks import Walk
from readoff.claims import Exhibit, Identity, Known, Measured, Process, certified, claim, on_material
from readoff.studies.beliefs.walks import CALCULATED, root

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Unstopped:
    """A Wiener process from `start` looked at once, at `time` (unit variance per unit of time, barriers ignored)."""

    start: Fraction
    time: Fraction


def ends(ball: arb) -> tuple[float, float]:
    """Outward-rounded floats around a ball."""
    low, high = float(ball.lower()), float(ball.upper())
    return low - 1e-15 * abs(low), high + 1e-15 * abs(high)


def unstopped_numbers(u: Unstopped) -> Measured:
    """Its variance against the most that a belief can have, and its chance to be outside [0, 1]."""
    return certified(
        variance=u.time,
        most_a_belief_can_have=u.start * (1 - u.start),
        outside=ends(wiener.outside(u.start, u.time)),
    )


@claim(
    "beliefs/wiener/not-unstopped",
    says="A belief cannot be a Wiener process: from 50 % that has more variance at time 1/2 than any belief can "
    "have, and lies "
    "outside [0, 1] with a chance of 48 %.",
    about=Process(lambda: Unstopped(HALF, HALF), "a Wiener process from 50 % at time 1/2"),
    scope=Identity(),
    measure=unstopped_numbers,
    statement="beliefs/taleb-wiener",
    relation="corrects",
    headline="outside",
    must_fail=[on_material("at a hundredth of that time", lambda u: replace(u, time=u.time / 100))],
)
def not_unstopped(n):
    return (n["variance"] > n["most_a_belief_can_have"]) & (n["outside"] > 0.47)


@dataclass(frozen=True)
class Refinement:
    """Walks from `start` with steps 1/n, n in `sizes`, against the limit at `times`; `clock` rescales its time."""

    start: Fraction
    sizes: tuple[int, ...]
    times: tuple[Fraction, ...]
    clock: Fraction = Fraction(1)


def refinement() -> Refinement:
    """Five, ten, twenty and forty steps between ½ and a barrier, at times around the mean ¼."""
    times = tuple(Fraction(k, 16) for k in (1, 2, 4, 8, 16))
    return Refinement(HALF, (8, 16, 32, 64), times)


def refinement_numbers(r: Refinement) -> Measured:
    """The greatest gap between the chance that a walk is still unsure and that of the stopped Wiener process."""
    gaps = {}
    with ctx.workprec(128):
        for n in r.sizes:
            w = Walk(r.start, Fraction(1, n))
            # Dates of a walk are even or odd: the mean of both sides of an instant removes the flicker.
            pairs = [((w.beyond(int(t * n * n) - 1) + w.beyond(int(t * n * n))) / 2, t) for t in r.times]
            worst = max((abs(tail - wiener.survival(r.start, t * r.clock)) for tail, t in pairs), key=lambda b: b.mid())
            gaps[f"gap_{n}"] = ends(worst)
    return certified(**gaps, unstopped_is_outside=ends(wiener.outside(r.start, r.times[-1])))


def refinement_exhibit(r: Refinement, n: Any) -> list[Exhibit]:
    grid = [Fraction(k, 64) for k in range(1, 65)]
    times = [float(t) for t in grid]
    with ctx.workprec(128):
        unsure = {"stopped Wiener process": [float(wiener.survival(r.start, t).mid()) for t in grid]}
        for size in r.sizes[:2]:
            w = Walk(r.start, Fraction(1, size))
            unsure[f"walk with {size} steps"] = [float(w.beyond(int(t * size * size)).mid()) for t in grid]
    data = {
        "x": times * len(unsure),
        "y": [y for ys in unsure.values() for y in ys],
        "series": [name for name in unsure for _ in times],
        "x_axis": "time (updates × squared step)",
        "y_axis": "chance to be still unsure",
    }
    caption = "From 50 %: walks with 8 and 16 steps between the barriers, and their limit, which stops at 0 and 1."
    return [Exhibit("limit", "scatter", "Small steps tend to a stopped Wiener process", caption, data)]


@claim(
    "beliefs/wiener/stopped-limit",
    says="What ever smaller steps tend to is a stopped Wiener process: the chance to be still unsure converges "
    "at the rate of "
    "the squared step.",
    about=Process(refinement, "walks with 8 to 64 steps"),
    scope=Identity(),
    measure=refinement_numbers,
    statement="beliefs/wiener",
    relation="corrects",
    headline="gap_64",
    must_fail=[on_material("limit with a clock 10 % faster", lambda r: replace(r, clock=Fraction(11, 10)))],
    exhibit=refinement_exhibit,
)
def stopped_limit(n):
    shrinks = (
        (n["gap_16"] < n["gap_8"].lo / 3) & (n["gap_32"] < n["gap_16"].lo / 3) & (n["gap_64"] < n["gap_32"].lo / 3)
    )
    return shrinks & (n["unstopped_is_outside"] > 0.5)


@dataclass(frozen=True)
class Increment:
    """The change over a time `span` of a belief that starts at `start` and follows a Wiener process until 0 or 1."""

    start: Fraction
    span: Fraction


def increment_numbers(i: Increment) -> Measured:
    """Chance that it has stopped (an atom at the barriers), and bounds on its variance E min(τ, span)."""
    slices = 64
    tails = [wiener.survival(i.start, i.span * k / slices) for k in range(slices + 1)]
    width = float(i.span) / slices
    # The survival function falls, so sums over left and right ends enclose its integral, which is the variance.
    high = sum(float(t.upper()) for t in tails[:-1]) * width
    low = sum(float(t.lower()) for t in tails[1:]) * width
    return certified(span=i.span, atom=ends(1 - tails[-1]), variance=(low - 1e-12, high + 1e-12))


@claim(
    "beliefs/wiener/increments",
    says="Increments over a time u are Gaussian with variance u for the unstopped process only: over u = 1/4 "
    "from 50 % the "
    "belief has stopped with a chance above 0.6, and its variance stays below 0.71 u.",
    about=Process(lambda: Increment(HALF, Fraction(1, 4)), "a stopped Wiener process over a quarter"),
    scope=Identity(),
    measure=increment_numbers,
    statement="beliefs/gaussian-increments",
    relation="qualifies",
    headline="atom",
    must_fail=[on_material("over a hundredth of that time", lambda i: replace(i, span=i.span / 100))],
)
def increments(n):
    return (n["atom"] > 0.6) & (n["variance"] < 0.71 * n["span"])


def hitting_numbers(w: Walk) -> Measured:
    """Mean, standard deviation and median of the time to certainty, of a walk against its limit in the same units."""
    squares = Fraction(1, w.n**2)
    return certified(
        mean_gap=abs(w.mean() * squares - wiener.mean_exit(w.start)),
        sd=root(w.variance() * squares**2),
        sd_ratio=root(w.variance() * squares**2 / wiener.variance_exit(w.start)),
        median=w.quantile(HALF) * squares,
        limit_median=ends(wiener.exit_quantile(w.start, HALF)),
        within_mean=w.at_most(int(w.mean())),
        limit_within_mean=ends(1 - wiener.survival(w.start, wiener.mean_exit(w.start))),
        variance_gap_law=wiener.variance_exit(w.start) - w.variance() * squares**2
        == Fraction(2, 3) * wiener.mean_exit(w.start) * squares,
    )


@claim(
    "beliefs/hitting",
    says="The Wiener picture is good for one-point steps: the same mean exactly, a variance that differs by "
    "2x(1-x)/3 squared "
    "steps, and median and chance to be done by the mean within half a percent.",
    about=Process(lambda: Walk(HALF, Fraction(1, 100)), "walk from 50 % in one-point steps"),
    scope=Identity(),
    measure=hitting_numbers,
    statement="beliefs/hitting",
    relation="supports",
    headline="median",
    known=Known("0.1894", CALCULATED + ": 1894 updates", "median"),
    must_fail=[on_material("steps of a quarter", lambda w: replace(w, step=Fraction(1, 4)))],
)
def hitting(n):
    exact = (n["mean_gap"] == 0) & n["variance_gap_law"] & (abs(n["sd_ratio"] - 1) < 0.005)
    median = (n["limit_median"] > n["median"] / 1.005) & (n["limit_median"] < n["median"] * 1.005)
    done = (n["limit_within_mean"] > n["within_mean"] - 0.005) & (n["limit_within_mean"] < n["within_mean"] + 0.005)
    return exact & median & done
