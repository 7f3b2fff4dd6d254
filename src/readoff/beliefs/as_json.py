"""The audit as one JSON object: everything that was found, numbers unrounded, and null for what does not exist.

    to_json(audit)["tests"]["movement"]["log10_evidence"]   {"more": 3.1, "less": -0.9}

Of many streams the STREAMS with the largest |X| are listed, and `per_stream_left_out` says how many are not.
"""

import math
from typing import Any

import numpy as np

from readoff.beliefs import promises, words
from readoff.beliefs.audit import Audit
from readoff.beliefs.bets import SIDES, TESTS, Side
from readoff.beliefs.calibration import SCORES
from readoff.beliefs.intervals import Interval

STREAMS = 200
KEY = {+1: "more", -1: "less"}


def to_json(a: Audit) -> dict[str, Any]:
    """Everything as plain JSON values; what does not exist is null."""
    used = a.steps.counts() > 0
    moved = float(a.movement[used].mean()) if used.any() else 0.0
    reduced = float(a.reduction[used].mean()) if used.any() else 0.0
    shown = notable(a, STREAMS)
    return {
        "source": a.source,
        "verdict": a.verdict,
        "headline": words.headline(a),
        "because": list(a.because),
        "verdict_if_independent": a.if_independent,
        "certain_too_soon": {"count": a.certain_count, "first": list(a.certain)},
        "settles": a.settles,
        "reading": words.reading(a),
        "caveats": list(a.caveats),
        "streams": a.histories.n_streams,
        "streams_with_updates": int(used.sum()),
        "resolved": int(a.histories.resolved().sum()),
        "updates": len(a.steps.now),
        "clusters": a.clusters,
        "clustered_by": a.clustered_by,
        "independence_stated": a.setting.independent,
        "independence": {
            "contradicted": a.dependence.found,
            "could_be_contradicted": not a.dependence.blind,
            "log10_evidence_against": a.dependence.log_e / math.log(10),
            "variance_of_sums": _finite(a.dependence.ratio),
            "intervals_of_time": a.dependence.intervals,
        },
        "alpha": a.setting.alpha,
        "evidence_needed": a.needed,
        "evidence_bound": promises.bound(a),
        "margin": a.setting.margin,
        "consistent_means": promises.consistent(a) or None,
        "noise": {
            "rounding": a.setting.noise.rounding,
            "sd": a.setting.noise.sd,
            "simulations": a.setting.noise.simulations,
        },
        "movement": moved,
        "reduction": reduced,
        "excess": moved - reduced,
        "ratio": _finite(moved / reduced) if reduced > 0 else None,
        "reduction_without_outcomes": a.reduction_without_truth,
        "drift": a.drift,
        "autocorrelation": _finite(a.autocorrelation),
        "tests": {name: _test(a, name) for name in a.tests},
        "thinning": [
            {
                "interval": p.interval,
                "unit": "seconds" if a.histories.dated else "of the time column",
                "every": p.every,
                "reports": p.reports,
                "excess": p.excess,
                "se": _finite(p.se),
            }
            for p in a.thinned
        ],
        "reporting_noise": a.reporting_noise,
        "calibration": _calibration(a),
        "sizes": [{"size": row.size, "seen": row.seen, "at_most_expected": row.budget} for row in a.by_size],
        "chance_of_so_much_movement": {"at_most": a.markov, "simulated": _chance(a)},
        "per_stream": [stream_json(a, k) for k in shown],
        "per_stream_left_out": a.histories.n_streams - len(shown),
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


def _test(a: Audit, name: str) -> dict[str, Any]:
    """One statistic. "stopped" has an exact interval and no bet; p-values below 1e-300 are given as 1e-300."""
    test = a.tests[name]
    found = {
        "mean": _finite(test.curve.mean),
        "se": _finite(test.curve.se),
        "interval": _ends(test.curve.interval),
        "p_more": _finite(test.curve.p_more),
        "p_less": _finite(test.curve.p_less),
        "interval_without_bell_curve": _ends(test.bounded) if test.bounded else None,
        "noise_may_add": test.up,
        "noise_may_take": test.down,
    }
    if name in TESTS:
        found |= {
            "log10_evidence": _log10(name, a.log_e),
            "log10_evidence_under_any_dependence": _log10(name, a.log_e_any),
            "log10_evidence_if_independent": _log10(name, a.log_e_apart),
        }
    return found


def _log10(name: str, log_e: dict[Side, float]) -> dict[str, float]:
    return {KEY[side]: log_e[name, side] / math.log(10) for side in SIDES}


def _chance(a: Audit) -> dict[str, Any] | None:
    c = a.chance
    if c is None:
        return None
    kinds = {"steady_news": c.steady_news, "one_big_news": c.one_big_news}
    return {"draws": c.draws} | {name: {"hits": k, "at_most": c.at_most(k)} for name, k in kinds.items()}


def _calibration(a: Audit) -> dict[str, Any] | None:
    c = a.calibrated
    if c is None:
        return None
    return {
        "streams": c.streams,
        "reports": c.reports,
        **{name: c.score[name] for name in SCORES},
        "intervals": {name: _ends(c.interval[name]) for name in SCORES},
        "bins": [
            {
                "low": b.low,
                "high": b.high,
                "reports": b.reports,
                "clusters": b.clusters,
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
