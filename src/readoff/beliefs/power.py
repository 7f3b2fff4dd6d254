"""How often the audit accuses the innocent, and how often it finds the guilty: by simulating both.

One *history* here is one audited table: `streams` forecasts with their truths. The evidence part of the audit runs on
thousands of histories at once, through the same functions as on one:

>>> shares("steady", audits=200, streams=10, dates=20, seed=1)["any"] <= 0.05
True

Level: for every rational kind the share of histories in which any of the six bets reaches its bar must not exceed
α. It is in fact far below, since Ville's inequality wastes what the updates do not use. Power: the same share for a
faulty kind.
"""

import numpy as np

from readoff.beliefs import bets
from readoff.beliefs.forecasters import as_histories, simulate
from readoff.beliefs.noise import Noise
from readoff.beliefs.streams import Steps, steps

VERDICT_OF = {
    ("movement", +1): "moves too much",
    ("movement", -1): "moves too little",
    ("momentum", +1): "moves too little",
    ("momentum", -1): "moves too much",
    ("drift", +1): "drifts",
    ("drift", -1): "drifts",
}


def evidence(s: Steps, audits: int, noise: Noise, independent: bool = True) -> dict[tuple[str, int], np.ndarray]:
    """log e-values [audits] of every bet, for `audits` histories of equally many streams laid end to end."""
    slack = noise.bound(1, 1.0)
    found = {}
    for test in bets.TESTS:
        for side in bets.SIDES:
            logs = bets.stream_wealth(s, bets.place(s, test, side, slack))
            per_audit = logs.reshape(len(logs), audits, -1)
            combined = per_audit.sum(axis=2) if independent else bets.mean_exp(per_audit)
            found[test, side] = bets.mean_exp(combined, axis=0)
    return found


def rejections(
    kind: str,
    audits: int,
    streams: int,
    dates: int,
    seed: int,
    alpha: float = 0.05,
    strength: float | None = None,
    independent: bool = True,
    batch: int = 100_000,
) -> dict[str, int]:
    """Of `audits` simulated histories: how many reach the bar of each bet ("drift +", …), of any, and how many get each
    verdict. Histories are made and judged in batches of about `batch` updates.
    """
    rng = np.random.default_rng(seed)
    bar = np.log(6 / alpha)
    noise = Noise(0.01 if kind == "rounded" else 0.0)
    count = dict.fromkeys(["any", *(f"{t} {'+' if side > 0 else '-'}" for t in bets.TESTS for side in bets.SIDES)], 0)
    count |= dict.fromkeys(sorted(set(VERDICT_OF.values())), 0)
    at_once = max(1, batch // (streams * dates))
    for first in range(0, audits, at_once):
        size = min(at_once, audits - first)
        reports, truth = simulate(kind, size * streams, dates, rng, strength)
        over = {
            bet: e >= bar for bet, e in evidence(steps(as_histories(reports, truth)), size, noise, independent).items()
        }
        undecided = np.ones(size, dtype=bool)
        # The order of `verdict.judge`: drift, then movement, then momentum.
        for (test, side), hit in over.items():
            count[f"{test} {'+' if side > 0 else '-'}"] += int(hit.sum())
        for bet, verdict in VERDICT_OF.items():
            if bet[0] == "drift":
                count[verdict] += int((undecided & over[bet]).sum())
                undecided &= ~over[bet]
        for bet, verdict in VERDICT_OF.items():
            if bet[0] != "drift":
                count[verdict] += int((undecided & over[bet]).sum())
                undecided &= ~over[bet]
        count["any"] += size - int(undecided.sum())
    return count


def shares(kind: str, audits: int, streams: int, dates: int, seed: int, **how) -> dict[str, float]:
    """`rejections` as shares."""
    return {name: k / audits for name, k in rejections(kind, audits, streams, dates, seed, **how).items()}
