"""The audit in plain words, and as one JSON object.

>>> from readoff.beliefs.audit import audit
>>> from readoff.beliefs.streams import histories
>>> a = audit(histories([[0.5, 0.8, 0.3, 0.8, 0.2, 0.9, 0.1]] * 4, outcomes=[1, 0, 0, 1]), independent=True)
>>> print(headline(a))
The forecasts move too much.
>>> print(reading(a)[0])
Per stream the forecasts moved 2.49 and reduced uncertainty by 0.25: X = +2.24, and 996 % of what was learned.
"""

import math
from typing import Any

import numpy as np

from readoff.beliefs.audit import Audit
from readoff.beliefs.bets import SIDES, TESTS
from readoff.beliefs.intervals import Interval

HEADLINES = {
    "consistent": "The forecasts are consistent with the law of total expectation, within the declared margin.",
    "moves too much": "The forecasts move too much.",
    "moves too little": "The forecasts move too little.",
    "drifts": "The forecasts drift: on average they {way}.",
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
STREAMS_IN_JSON = 200
COLUMNS = ("question", "mean", "95 % (approx.)", "p (approx.)", "95 % (exact)", "evidence for more", "for less")
QUESTIONS = {"drift": "drift", "movement": "X = M - R", "momentum": "updates go on"}


def headline(a: Audit) -> str:
    """The verdict as one sentence."""
    way = "rise, so the early ones were too low" if "drift +" in a.because else "fall, so the early ones were too high"
    return HEADLINES[a.verdict].format(way=way)


def e_value(log_e: float) -> str:
    """An e-value as people read it: 0.31, 4.5, 2,300 or 10^17."""
    if log_e > math.log(1e6):
        return f"10^{log_e / math.log(10):.0f}"
    value = math.exp(log_e)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


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
    said += [f"Evidence: {MEANING[name]} (a bet on it would have multiplied money by {_best(a, name)})."
             for name in a.because if name in MEANING]  # fmt: skip
    if a.settles:
        said.append(f"What would settle it: {a.settles}.")
    said.append(_independence(a))
    if a.noise.any():
        said.append(_noise(a))
    if a.histories.resolved().any():
        said.append(
            f"The outcome is appended as last belief to {int(a.histories.resolved().sum()):,} streams; without it the "
            f"reduction of uncertainty would be {a.reduction_without_truth:.3g} per stream instead of {reduced:.3g}."
        )
    if math.isfinite(a.autocorrelation):
        said.append(f"Successive updates correlate by {a.autocorrelation:+.2f}.")
    said.append(_thinning(a))
    said.append(_chance(a))
    return said + [f"Note: {caveat}." for caveat in a.caveats]


def _best(a: Audit, name: str) -> str:
    test, side = name.split()
    return e_value(a.tests[test].log_e[+1 if side == "+" else -1])


def _independence(a: Audit) -> str:
    if a.independent:
        return (
            f"Assumed: {a.clustered_by} is an independent draw ({a.clusters:,} of them). Intervals, p-values and the "
            "verdict are worth as much as that; questions that share fate need --group."
        )
    return (
        "All streams count as one draw: no standard error exists, and p-values or intervals over streams would be "
        "invalid. Evidence is that of bets split evenly over the streams, which holds under any dependence."
    )


def _noise(a: Audit) -> str:
    parts = []
    if a.noise.rounding:
        parts.append(f"rounding to {a.noise.rounding:g}")
    if a.noise.sd:
        parts.append(f"random errors of {a.noise.sd:g}")
    if a.noise.simulations:
        parts.append(f"{a.noise.simulations:,} simulations behind each report")
    up = a.tests["movement"].up
    return f"Part of the null: {' and '.join(parts)}, which may account for up to {up:.2g} of X per stream."


def _thinning(a: Audit) -> str:
    first, last = a.thinned[0], a.thinned[-1]
    if len(a.thinned) == 1:
        return "There are too few reports per stream to look at them less often."
    text = f"Keeping one report in {last.every} only, X is {last.excess:+.3g} instead of {first.excess:+.3g}"
    if a.reporting_noise is not None and a.verdict == "moves too much":
        return f"{text}: the excess goes away, as with reporting noise of about {100 * a.reporting_noise:.1f} points."
    if "movement +" in a.because and last.excess > first.excess / 2:
        return f"{text}: the excess stays, as with over-reaction rather than reporting noise."
    return text + "."


def _chance(a: Audit) -> str:
    text = "Markov's bound on the chance of so much movement says nothing here"
    if a.markov < 1:
        text = f"No rational forecaster moves this much or more with a probability above {a.markov:.2g} (Markov)"
    if a.chance is None:
        return text + "."
    return (
        f"{text}; simulated, it is {a.chance.steady_news:.2g} for one with steady small news and "
        f"{a.chance.one_big_news:.2g} for one who learns all at once, streams taken as independent."
    )


def to_json(a: Audit) -> dict[str, Any]:
    """Everything as plain JSON values; what does not exist is null."""
    used = a.steps.counts() > 0
    moved = float(a.movement[used].mean()) if used.any() else 0.0
    reduced = float(a.reduction[used].mean()) if used.any() else 0.0
    return {
        "source": a.source,
        "verdict": a.verdict,
        "headline": headline(a),
        "because": list(a.because),
        "settles": a.settles,
        "reading": reading(a),
        "caveats": list(a.caveats),
        "streams": a.histories.n_streams,
        "streams_with_updates": int(used.sum()),
        "resolved": int(a.histories.resolved().sum()),
        "updates": len(a.steps.now),
        "clusters": a.clusters,
        "clustered_by": a.clustered_by,
        "independent": a.independent,
        "co_movement": {
            "ratio": _finite(a.dependence.ratio),
            "z": _finite(a.dependence.z),
            "times": a.dependence.times,
        },
        "alpha": a.alpha,
        "evidence_needed": a.needed,
        "margin": a.margin,
        "noise": {"rounding": a.noise.rounding, "sd": a.noise.sd, "simulations": a.noise.simulations},
        "movement": moved,
        "reduction": reduced,
        "excess": moved - reduced,
        "ratio": _finite(moved / reduced) if reduced > 0 else None,
        "reduction_without_outcomes": a.reduction_without_truth,
        "drift": a.drift,
        "autocorrelation": _finite(a.autocorrelation),
        "tests": {name: _test_json(a, name) for name in TESTS},
        "thinning": [
            {"every": p.every, "reports": p.reports, "gap": _finite(p.gap), "excess": p.excess, "se": _finite(p.se)}
            for p in a.thinned
        ],
        "reporting_noise": a.reporting_noise,
        "calibration": _calibration_json(a),
        "sizes": [{"size": row.size, "seen": row.seen, "at_most_expected": row.budget} for row in a.by_size],
        "chance_of_so_much_movement": {
            "at_most": a.markov,
            "steady_news": a.chance.steady_news if a.chance else None,
            "one_big_news": a.chance.one_big_news if a.chance else None,
        },
        "per_stream": [stream_json(a, k) for k in notable(a, STREAMS_IN_JSON)],
    }


def notable(a: Audit, most: int) -> list[int]:
    """The streams to show: all in file order if they are few, else those with the largest |X|, largest first."""
    n = a.histories.n_streams
    if n <= most:
        return list(range(n))
    return [int(k) for k in np.argsort(-np.abs(a.excess), kind="stable")[:most]]


def stream_json(a: Audit, k: int) -> dict[str, Any]:
    """One stream as a row."""
    h = a.histories
    return {
        "name": str(h.names[k]),
        "reports": int(h.starts[k + 1] - h.starts[k]),
        "first": float(h.belief[h.starts[k]]),
        "last": float(h.belief[h.starts[k + 1] - 1]),
        "outcome": _finite(float(h.outcome[k])),
        "movement": float(a.movement[k]),
        "reduction": float(a.reduction[k]),
        "excess": float(a.excess[k]),
    }


def _test_json(a: Audit, name: str) -> dict[str, Any]:
    test = a.tests[name]
    key = {+1: "more", -1: "less"}
    return {
        "mean": _finite(test.curve.mean),
        "se": _finite(test.curve.se),
        "interval": _ends(test.curve.interval),
        "p_more": _finite(test.curve.p_more),
        "p_less": _finite(test.curve.p_less),
        "interval_without_bell_curve": _ends(test.bounded) if test.bounded else None,
        "noise_may_add": test.up,
        "noise_may_take": test.down,
        "log10_evidence": {key[s]: test.log_e[s] / math.log(10) for s in SIDES},
        "log10_evidence_under_any_dependence": {key[s]: test.log_e_any[s] / math.log(10) for s in SIDES},
        "greatest_wealth": {key[s]: test.peak[s] for s in SIDES},
    }


def _calibration_json(a: Audit) -> dict[str, Any] | None:
    c = a.calibrated
    if c is None:
        return None
    return {
        "streams": c.streams,
        "brier": c.brier,
        "reliability": c.reliability,
        "resolution": c.resolution,
        "uncertainty": c.uncertainty,
        "within_bins": c.within_bins,
        "sharpness": c.sharpness,
        "spread": c.spread,
        "bins": [
            {
                "low": b.low,
                "high": b.high,
                "weight": b.weight,
                "forecast": b.forecast,
                "frequency": b.frequency,
                "interval": _ends(b.interval),
            }
            for b in c.bins
        ],
    }


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _ends(interval: Interval) -> list[float] | None:
    return None if math.isnan(interval.low) else [interval.low, interval.high]


def test_rows(a: Audit) -> list[tuple[str, ...]]:
    """The three tests as rows of text under COLUMNS; evidence is an e-value, of which `needed` decides."""
    return [
        (
            QUESTIONS[name],
            f"{t.curve.mean:+.4f}" if math.isfinite(t.curve.mean) else "",
            str(t.curve.interval),
            f"{min(1.0, 2 * min(t.curve.p_more, t.curve.p_less)):.2g}" if math.isfinite(t.curve.se) else "none",
            str(t.bounded) if t.bounded else "",
            *(e_value(t.log_e[side]) for side in SIDES),
        )
        for name, t in a.tests.items()
    ]
