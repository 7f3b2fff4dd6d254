"""The audit in plain words.

>>> from readoff.beliefs.audit import audit
>>> from readoff.beliefs.streams import histories
>>> a = audit(histories([[0.5, 0.8, 0.3, 0.8, 0.2, 0.9, 0.1]] * 4, outcomes=[1, 0, 0, 1]))
>>> print(headline(a))
The forecasts move too much.
>>> print(reading(a)[0])
Per stream the forecasts moved 2.49 and reduced uncertainty by 0.25: X = +2.24, and 996 % of what was learned.
"""

import math

from readoff.beliefs.audit import Audit
from readoff.beliefs.bets import SIDES
from readoff.beliefs.intervals import TINY
from readoff.beliefs.promises import bound, consistent, needed
from readoff.beliefs.verdict import CERTAIN, MUCH, e_value

HEADLINES = {
    "consistent": "The forecasts are consistent with the law of total expectation: mean X and mean drift lie within "
    "the declared margin.",
    "moves too much": "The forecasts move too much.",
    "moves too little": "The forecasts move too little.",
    "drifts": "The forecasts drift: on average they {way}.",
    "certain too soon": "The forecaster was certain too soon.",
    "cannot tell": "These data cannot tell.",
}
MEANING = {
    "movement +": "they moved more than they reduced uncertainty: noise, or over-reaction to news",
    "movement -": "they moved less than they reduced uncertainty: news came in and was not acted on until the end",
    "momentum +": "an update tends to go on in the same direction: news is taken in step by step",
    "momentum -": "an update tends to be taken back by the next one: noise, or over-reaction",
    "drift +": "they rise on average: early forecasts were too low",
    "drift -": "they fall on average: early forecasts were too high",
}
QUESTIONS = {
    "drift": "drift",
    "movement": "X = M - R",
    "stopped": "X until movement passes ½",
    "momentum": "updates go on",
}
BINS = ("forecasts", "reports", "clusters", "mean forecast", "came true", "95 % (approx.)")
SIZES = ("updates of at least", "seen per stream", "at most expected")


def headline(a: Audit) -> str:
    """The verdict as one sentence."""
    way = "rise, so the early ones were too low" if "drift +" in a.because else "fall, so the early ones were too high"
    return HEADLINES[a.verdict].format(way=way)


def reading(a: Audit) -> list[str]:
    """The findings, a sentence or two each, most important first."""
    used = a.steps.counts() > 0
    if not used.any():
        return ["No stream has two beliefs, so nothing can be said about updates."]
    moved, reduced = float(a.movement[used].mean()), float(a.reduction[used].mean())
    ratio = f", and {moved / reduced:.0%} of what was learned".replace("%", " %") if reduced > 1e-6 else ""
    said = [
        f"Per stream the forecasts moved {moved:.3g} and reduced uncertainty by {reduced:.3g}: "
        f"X = {moved - reduced:+.3g}{ratio}."
    ]
    if a.verdict == CERTAIN:
        said.append(_certain(a))
    said += [f"Evidence: {MEANING[name]} (a bet on it multiplied money by {_best(a, name)}; {needed(a)} decides)."
             for name in a.because]  # fmt: skip
    if a.verdict == "consistent":
        said.append(consistent(a))
    if a.verdict != CERTAIN or a.independent:
        said += [*_independence(a), bound(a)]
    if a.settles:
        said.append(f"What would settle it: {a.settles}.")
    if a.setting.noise.any():
        said.append(_noise(a))
    if a.histories.resolved().any():
        said.append(
            f"The outcome is appended as last belief to {count(int(a.histories.resolved().sum()), 'stream')}; without "
            f"it the reduction of uncertainty would be {a.reduction_without_truth:.3g} per stream instead of "
            f"{reduced:.3g}."
        )
    if math.isfinite(a.autocorrelation):
        said.append(f"Successive updates correlate by {a.autocorrelation:+.2f}.")
    said += [_thinning(a), _chance(a), *_calibration(a)]
    return said + [f"Note: {caveat}." for caveat in a.caveats]


def count(n: int, thing: str) -> str:
    """A number of things: "1 stream", "1,200 streams"."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def _best(a: Audit, name: str) -> str:
    test, side = name.split()
    return e_value(a.log_e[test, +1 if side == "+" else -1])


def _certain(a: Audit) -> str:
    more = f" and {a.certain_count - len(a.certain):,} more" if a.certain_count > len(a.certain) else ""
    return (
        f"A forecast of exactly 0 or 1 was left again, or the outcome was the other one: {', '.join(a.certain)}{more}. "
        "No evidence is weighed here: whoever reports exactly and rationally cannot do that. If such a report only "
        "means “very unlikely”, say how far it may be off: --rounding 0.01, or --simulations N."
    )


def _independence(a: Audit) -> list[str]:
    """What the verdict assumes, what it would be otherwise, and whether the data contradict that."""
    if a.clusters < 2:
        return [
            "All updates belong to one cluster, so no standard error exists, and no interval. Evidence is that of "
            "money split evenly over the streams, which holds however they hang together."
        ]
    against = f"their simultaneous updates contradict independence: they {a.dependence}"
    best_apart, best_any = (e_value(max(by.values())) for by in (a.log_e_apart, a.log_e_any))
    if a.independent:
        said = [
            f"Stated: {a.clustered_by} is an independent draw ({a.clusters:,} of them). Verdict, intervals and "
            f"p-values are worth as much as that; under any dependence the best bet multiplied money by {best_any}."
        ]
        if a.dependence.found:
            said.append(
                f"WARNING: {against}. Either they share shocks, and then the statement is wrong and this verdict worth "
                "nothing, or all have the same fault at the same time."
            )
        elif a.dependence.blind:
            said.append("There are too few simultaneous updates for the data to contradict that statement.")
        return said
    said = (
        f"Nobody stated that {a.clustered_by} is independent of the others, so no standard error exists, and the "
        f"verdict rests on money split evenly over all streams, which is fair however they hang together; the best bet "
        f"multiplied it by {best_any}."
    )
    if a.dependence.found:
        return [f"{said} Stating it would be wrong here: {against}."]
    also = "also " if a.if_independent == a.verdict else ""
    return [
        f"{said} If these questions are independent of each other, say so with --independent (or name the groups that "
        f"are with --group): then the verdict would {also}be “{a.if_independent}” (best bet {best_apart}; {needed(a)} "
        "decides)."
    ]


def _noise(a: Audit) -> str:
    parts = []
    noise = a.setting.noise
    if noise.rounding:
        parts.append(f"rounding to {f'{noise.rounding:.6f}'.rstrip('0')}")
    if noise.sd:
        parts.append(f"random errors of {noise.sd:g}")
    if noise.simulations:
        parts.append(f"{noise.simulations:,} simulations behind each report")
    up = a.tests["movement"].up
    return f"Part of the null: {' and '.join(parts)}, which may account for up to {up:.2g} of X per stream."


def _thinning(a: Audit) -> str:
    first, last = a.thinned[0], a.thinned[-1]
    if len(a.thinned) == 1:
        return "There are too few reports per stream to look at them less often."
    text = f"With one report per {duration(last.interval, a.histories.dated)} only, X is {last.excess:+.3g} instead of "
    text += f"{first.excess:+.3g}"
    if a.reporting_noise is not None and a.verdict == MUCH:
        return f"{text}: the excess goes away, as with reporting noise of about {100 * a.reporting_noise:.1f} points."
    if "movement +" in a.because and last.excess > first.excess / 2:
        return f"{text}: the excess stays, as with over-reaction rather than reporting noise."
    return text + "."


def duration(interval: float, dated: bool) -> str:
    """A sampling interval as people say it: "90 minutes", "2 days", or "4 units of time" of an undated table."""
    if not dated:
        return f"{interval:g} {'unit' if interval == 1 else 'units'} of time"
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if interval >= 1.5 * seconds or interval == seconds:
            number = round(interval / seconds, 1)
            return f"{number:g} {unit}{'' if number == 1 else 's'}"
    return f"{interval:.3g} seconds"


def _chance(a: Audit) -> str:
    text = "Markov's bound on the chance of so much movement says nothing here"
    if a.markov == 0:
        text = "No rational forecaster moves at all from forecasts of 0 and 1"
    elif a.markov < 1:
        text = f"No rational forecaster moves this much or more with a probability above {a.markov:.2g} (Markov)"
    if a.chance is None:
        return text + "."
    return (
        f"{text}; simulated, streams taken as independent, the chance is {_share(a, a.chance.steady_news)} for one "
        f"with steady small news and {_share(a, a.chance.one_big_news)} for one who learns all at once."
    )


def _share(a: Audit, hits: int) -> str:
    assert a.chance is not None
    if hits == 0:
        return f"below {a.chance.at_most(0):.1g} (none of {a.chance.draws:,})"
    return f"{hits / a.chance.draws:.2g}"


def _calibration(a: Audit) -> list[str]:
    c = a.calibrated
    if c is None:
        return []

    def number(name: str) -> str:
        ends = c.interval[name]
        return f"{c.score[name]:.4f}" + ("" if math.isnan(ends.low) else f" ({ends.low:.4f} to {ends.high:.4f})")

    return [
        f"Brier score {number('brier')} = reliability {number('reliability')} - resolution {number('resolution')} + "
        f"uncertainty {number('uncertainty')} + within bins {number('within_bins')}. Sharpness, the mean of p(1-p) and "
        f"sharper if lower: {number('sharpness')}. Over {count(c.reports, 'report')} on "
        f"{count(c.streams, 'resolved stream')}, each report counting once; "
        + ("intervals: approximate 95 %." if a.independent else "no interval exists without independent clusters.")
    ]


def columns(a: Audit) -> tuple[str, ...]:
    """The head of `test_rows`; the level of the intervals is 1 - alpha."""
    level = f"{100 * (1 - a.setting.alpha):g} %"
    names = (f"{level} (approx.)", "p (approx.)", f"{level} (exact)")
    return ("per stream", "mean", *names, "evidence for more", "for less")


def test_rows(a: Audit) -> list[tuple[str, ...]]:
    """Drift, X, X stopped, momentum as rows of text under `columns`; evidence is an e-value, and `needed` decides."""
    rows = []
    for name, question in QUESTIONS.items():
        t = a.tests[name]
        approximate = ("", "") if name == "stopped" else (str(t.curve.interval), _p(t.curve.p_more, t.curve.p_less))
        evidence = ("", "") if name == "stopped" else tuple(e_value(a.log_e[name, side]) for side in SIDES)
        mean = f"{t.curve.mean:+.4f}" if math.isfinite(t.curve.mean) else ""
        rows.append((question, mean, *approximate, str(t.bounded) if t.bounded else "", *evidence))
    return rows


def _p(more: float, less: float) -> str:
    """A two-sided p-value; never 0."""
    if math.isnan(more):
        return "none"
    p = min(1.0, 2 * min(more, less))
    return f"below {2 * TINY:.0e}" if p <= 2 * TINY else f"{p:.2g}"


def bin_rows(a: Audit) -> list[tuple[str, ...]]:
    """The calibration as rows of text under BINS; none without resolved streams."""
    found = a.calibrated.bins if a.calibrated else ()
    return [
        (
            f"{100 * b.low:g} to {100 * b.high:g} %",
            f"{b.reports:,}",
            f"{b.clusters:,}",
            _percent(b.forecast),
            _percent(b.frequency),
            "none" if math.isnan(b.interval.low) else f"{100 * b.interval.low:.1f} to {100 * b.interval.high:.1f} %",
        )
        for b in found
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def size_rows(a: Audit) -> list[tuple[str, ...]]:
    """Large updates as rows of text under SIZES."""
    points = (f"{100 * row.size:g} point{'' if row.size == 0.01 else 's'}" for row in a.by_size)
    return [(size, f"{row.seen:.3g}", _figures(row.budget)) for size, row in zip(points, a.by_size)]


def _figures(x: float) -> str:
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"
