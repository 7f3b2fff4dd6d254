"""From evidence to one word, and what would settle it when there is none.

certain too soon    a report of exactly 0 or 1 was left again, or the outcome was the other one: no evidence is
                    weighed, since no rational forecaster can do so who reports exactly
drifts              a bet on a steady rise (or fall) of all forecasts won 6/α; asked next, since drift also
                    makes X ≠ 0
moves too much      more movement than uncertainty was reduced, or updates that are taken back
moves too little    less movement than that, or updates that go on in the same direction
consistent          nothing of the kind, and mean X and mean drift are shown to lie within the declared margin, wrongly
                    with a probability of at most α (`margin`)
cannot tell         everything else: no evidence is not evidence of nothing
"""

import math

import numpy as np

from readoff.beliefs.bets import BETS, Side

CERTAIN, DRIFTS, MUCH, LITTLE = "certain too soon", "drifts", "moves too much", "moves too little"
CONSISTENT, UNKNOWN = "consistent", "cannot tell"
VERDICTS = (CERTAIN, DRIFTS, MUCH, LITTLE, CONSISTENT, UNKNOWN)
USEFUL = 0.25  # the uncertainty of a coin: no margin as wide as that says anything

# The order in which accusations are asked; a bet that reaches its bar gives this verdict.
VERDICT_OF: dict[Side, str] = {
    ("drift", +1): DRIFTS,
    ("drift", -1): DRIFTS,
    ("movement", +1): MUCH,
    ("movement", -1): LITTLE,
    ("momentum", -1): MUCH,
    ("momentum", +1): LITTLE,
}


def judge(log_e: dict[Side, np.ndarray], certain: np.ndarray, within: np.ndarray, need: float) -> np.ndarray:
    """The verdict on each table, str [tables].

    log_e: float64 [tables] by bet. certain: bool [tables], a report of 0 or 1 was left. within: bool [tables], the
    exact intervals lie within the margin. need: the log e-value that one bet must reach.
    """
    found = np.where(within, CONSISTENT, UNKNOWN).astype("<U16")
    for bet in reversed(VERDICT_OF):
        found[log_e[bet] >= need] = VERDICT_OF[bet]
    found[certain] = CERTAIN
    return found


def accused(log_e: dict[Side, float], need: float) -> tuple[str, ...]:
    """The bets that reached their bar, such as "movement +", in the order of `bets.BETS`."""
    return tuple(f"{test} {'+' if side > 0 else '-'}" for test, side in BETS if log_e[test, side] >= need)


def what_would_settle(
    best: float, need: float, streams: int, clusters: int, independent: bool, widest: float, margin: float | None
) -> str:
    """The shortest way to a verdict from "cannot tell".

    best: greatest log e-value. streams, clusters: those with an update. widest: how far the intervals that the margin
    is compared with reach from 0, nan without intervals.
    """
    if not clusters:
        return "no stream has two beliefs: add later forecasts or outcomes"
    if not independent:
        joint = (
            " (now that they were looked at, that counts only if every forecast is rational given the history of all "
            "streams, not just its own)"
        )
        return (
            f"further updates of these streams, until one bet has multiplied money by {e_value(need)}, "
            f"{e_value(best)} so far{joint if streams > 1 else ''}, or questions that are independent of each other "
            "and stated to be so"
        )
    ways = []
    if best > 1:
        wanted = math.ceil(clusters * need / best) - clusters
        ways.append(f"about {wanted:,} more independent clusters would show a fault if they go on like these")
    if widest > USEFUL:
        ways = ways or [f"far more clusters: with {clusters:,} of them the intervals still reach ±{widest:.2g}"]
    elif margin is None:
        ways.append(
            f"with a declared margin (--margin) of {_up(widest):.3f} or more this would be consistent: declare how "
            "much would matter to you"
        )
    else:
        wanted = math.ceil(clusters * (widest / margin) ** 2) - clusters
        ways.append(
            f"at most about {wanted:,} more clusters would bring ±{widest:.2g} within the margin, if all is well"
        )
    return "; ".join(ways)


def e_value(log_e: float) -> str:
    """An e-value as people read it: 0.31, 4.5, 2,300 or 10^17."""
    if log_e > math.log(1e6):
        return f"10^{log_e / math.log(10):.0f}"
    value = math.exp(log_e)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _up(x: float) -> float:
    return math.ceil(x * 1000) / 1000
