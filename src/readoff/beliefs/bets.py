"""Betting against a forecaster: three bets, six directions, and wealth that a rational one never lets grow.

Think of a forecast as a price. Hold `w` units of a contract that pays 1 if the statement comes true, where w may
depend on everything up to now, and the gain of one update is w·(next - now). Its mean is zero whatever the updates
look like. Three choices of w ask three questions:

    drift      w = 1                          do the forecasts rise (or fall) on average?
    movement   w = 1 - 2·now                  is there more movement than reduction of uncertainty? (the gain is X)
    momentum   w = sign of the last update    do updates go on, or are they taken back?

Put λ of each unit of wealth behind the bet: wealth multiplies by 1 + λ·w·(next - now) ≥ 0 at each update. So wealth
is a nonnegative martingale that starts at 1, and P(it ever reaches 120) ≤ 1/120 for a rational forecaster, for any
number of updates, any sizes, however few the streams. Wealth that a forecaster lets grow is evidence against her:

>>> from readoff.beliefs.streams import histories, steps
>>> s = steps(histories([[0.5, 0.8, 0.3, 0.8, 0.2, 0.9, 0.1]], outcomes=[1]))
>>> more, less = (stream_wealth(s, place(s, "movement", side)) for side in SIDES)
>>> round(float(np.exp(more).mean()), 1), round(float(np.exp(less).mean()), 2)
(3073.9, 0.08)

Nobody knows the best λ beforehand, so the bettor splits the money over a few (`STAKES`) and lets each part ride.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.streams import Steps

TESTS = ("drift", "movement", "momentum")
SIDES = (+1, -1)
STAKES = {
    "drift": (0.1, 0.2, 0.4, 0.8),
    "movement": (0.4, 1.2, 4.0, 12.0),
    "momentum": (0.4, 1.2, 4.0, 12.0),
}
AT_RISK = 0.95  # of its wealth a bet may lose at most in one update, whatever comes


def weights(s: Steps, test: str) -> np.ndarray:
    """The holding w at each step, float64 [steps], from what was known before the step."""
    if test == "drift":
        return np.ones(len(s.now))
    if test == "movement":
        return 1 - 2 * s.now
    return last_sign(s)


def last_sign(s: Steps) -> np.ndarray:
    """Sign of the latest earlier update of the same stream that was not zero; 0 before there is one."""
    n = len(s.now)
    change = s.change
    at = np.where(change != 0, np.arange(n), -1)
    seen = np.concatenate([[-1], np.maximum.accumulate(at)[:-1]]) if n else at
    start = np.repeat(s.starts[:-1], s.counts())
    return np.where(seen >= start, np.sign(change[np.maximum(seen, 0)]) if n else 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Bet:
    """A bet at every step: how much it wins per unit of stake, and the largest stake that is safe whatever comes.

    stakes: what the money is split over. gain, cap: float64 [steps]; gain is what wealth surely won if reports are
    noisy.
    """

    stakes: tuple[float, ...]
    gain: np.ndarray
    cap: np.ndarray

    def log_growth(self, stake: float) -> np.ndarray:
        """log of the growth of wealth at each step, float64 [steps]."""
        growth = np.minimum(stake, self.cap)
        growth *= self.gain
        growth += 1
        return np.log(np.maximum(growth, 1e-300, out=growth), out=growth)


def place(s: Steps, test: str, side: int, slack: float = 0.0) -> Bet:
    """The bet of one test on one side (+1: there is too much of it, -1: too little).

    With slack, reports are up to that much off: the bettor holds still while the report stands still, and each
    change may be 2·slack smaller than it looks (1·slack at the truth, which carries no error). Wealth computed from
    gain - error then understates the wealth of a bet on the true beliefs.
    """
    holding = side * weights(s, test)
    size, change = np.abs(holding), s.change
    worst = size * np.minimum(np.where(holding > 0, s.now, 1 - s.now) + slack, 1.0)
    gain = holding * change
    if slack:
        gain -= np.where(change != 0, np.where(s.truth, slack, 2 * slack) * size, 0.0)
    return Bet(STAKES[test], gain, AT_RISK / np.maximum(worst, 1e-12))


def stream_wealth(s: Steps, bet: Bet) -> np.ndarray:
    """Log of the final wealth of each stake in each stream, float64 [stakes, streams]."""
    return np.stack([s.sums(bet.log_growth(stake)) for stake in bet.stakes])


def mean_exp(logs: np.ndarray, axis: int = -1) -> np.ndarray:
    """log of the mean of exp(logs) along an axis, without overflow."""
    top = np.max(logs, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.mean(np.exp(logs - top), axis=axis))


def cluster_wealth(logs: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Log of the mean wealth over the streams of each cluster, float64 [stakes, clusters], stake by stake.

    logs: [stakes, streams]; cluster: int64 [streams], every number from 0 to the largest in use. A mean of fair
    bets is fair however the streams of a cluster depend on each other.
    """
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    if len(starts) == len(cluster):
        return logs[:, order]
    sorted_logs = logs[:, order]
    top = np.maximum.reduceat(sorted_logs, starts, axis=1)
    sizes = np.diff(np.append(starts, len(cluster)))
    spread = np.exp(sorted_logs - np.repeat(top, sizes, axis=1))
    return top + np.log(np.add.reduceat(spread, starts, axis=1) / sizes)


def evidence_if_independent(clusters: np.ndarray) -> float:
    """log e-value when clusters are independent: money goes from cluster to cluster, so their wealths multiply.

    clusters: float64 [stakes, clusters]. The order of the clusters does not matter.
    """
    return float(mean_exp(clusters.sum(axis=1)))


def evidence_if_dependent(logs: np.ndarray) -> float:
    """log e-value at a fixed time under any dependence: money split evenly. logs: float64 [stakes, streams]."""
    return float(mean_exp(mean_exp(logs, axis=1)))


@dataclass(frozen=True, eq=False)
class Ride:
    """A bet carried through: logs, float64 [stakes, streams], of final wealth; and the money of all over time.

    wealth: float64 [times], of money split evenly over streams and stakes, after all updates of each distinct time.
    """

    logs: np.ndarray
    times: np.ndarray
    wealth: np.ndarray


def calendar(s: Steps) -> tuple[np.ndarray, np.ndarray]:
    """(all steps in the order of time, the last place in it of every distinct time)."""
    order = np.argsort(s.time, kind="stable")
    return order, np.flatnonzero(np.diff(s.time[order], append=np.inf))


def ride(s: Steps, test: str, side: int, dates: tuple[np.ndarray, np.ndarray], slack: float = 0.0) -> Ride:
    """Carry the bet of one test on one side through all streams; dates: `calendar(s)`.

    `wealth` is a nonnegative martingale with respect to the joint history of all streams, if each forecast is rational
    given all of them: then P(its maximum ≥ 1/α) ≤ α, so one may stop looking at any time. Truths count at the end of
    the calendar, when everybody knows them.
    """
    logs = np.zeros((len(STAKES[test]), len(s.starts) - 1))
    gain = np.zeros(len(s.now))
    step = stream = 0
    for part in s.parts():
        stop, end = step + len(part.now), stream + len(part.starts) - 1
        logs[:, stream:end], gain[step:stop] = _carry(part, place(part, test, side, slack))
        step, stream = stop, end
    order, last = dates
    total = 1 + np.cumsum(gain[order])[last] / max(int(np.sum(s.counts() > 0)), 1)
    return Ride(logs, s.time[order[last]], total)


def _carry(s: Steps, bet: Bet) -> tuple[np.ndarray, np.ndarray]:
    """(log of final wealth [stakes, streams], what each step added to the mean wealth over stakes [steps])."""
    counts = s.counts()
    full = np.flatnonzero(counts)
    starts, ends = s.starts[full], s.starts[full + 1] - 1
    logs = np.zeros((len(bet.stakes), len(counts)))
    wealth = np.zeros(len(s.now))
    for k, stake in enumerate(bet.stakes):
        path = np.cumsum(bet.log_growth(stake))
        path -= np.repeat(np.concatenate([[0.0], path])[starts], counts[full])
        logs[k, full] = path[ends]
        wealth += np.exp(np.minimum(path, 600.0, out=path), out=path)
    wealth /= len(bet.stakes)
    gain = np.diff(wealth, prepend=1.0)
    gain[starts] = wealth[starts] - 1.0
    return logs, gain
