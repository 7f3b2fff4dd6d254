"""Betting against a forecaster: three bets, six directions, and wealth that a rational one never lets grow.

Think of a forecast as a price. Hold `w` units of a contract that pays 1 if the statement comes true, where w may
depend on everything up to now, and the gain of one update is w·(next - now). Its mean is zero whatever the updates
look like. Three choices of w ask three questions:

    drift      w = 1                          do the forecasts rise (or fall) on average?
    movement   w = 1 - 2·now                  is there more movement than reduction of uncertainty? (the gain is X)
    momentum   w = sign of the last update    do updates go on, or are they taken back?

Put λ of each unit of wealth behind the bet: wealth multiplies by 1 + λ·w·(next - now) ≥ 0 at each update. So wealth
is a nonnegative martingale that starts at 1, and P(it ever reaches 120) ≤ 1/120 for a rational forecaster, for any
number of updates of any sizes. Wealth that a forecaster lets grow is evidence against her. (Several streams: their mean
wealth has this bound at a date fixed beforehand; at all dates at once only if each forecast is rational given the
history of all of them, or if they are independent.)

>>> from readoff.beliefs.streams import histories, steps
>>> s = steps(histories([[0.5, 0.8, 0.3, 0.8, 0.2, 0.9, 0.1]], outcomes=[1]))
>>> more, less = (stream_wealth(s, place(s, "movement", side)) for side in SIDES)
>>> round(float(np.exp(more).mean()), 1), round(float(np.exp(less).mean()), 2)
(3073.9, 0.08)

Nobody knows the best λ beforehand, so the bettor splits the money over a few (`STAKES`) and lets each part ride.

Rounding. A report r may lie up to h (the *slack*) off the belief b. The bettor then holds w from a report until the
report next changes, the truth comes out, or the data end. Over such a hold, from s to e,

    w·(b_e - b_s)  ≥  w·(r_e - r_s) - 2h|w|,      and at a truth y      w·(y - b_s)  ≥  w·(y - r_s) - h|w|,

since each report is at most h off and a truth is not. On the left is a fair bet: w is settled at s, e is a stopping
time, and the stake is small enough that the hold keeps at least 1 - AT_RISK of the money whatever comes. Wealth here
is the product of 1 + λ·(right side) over the holds, no factor counted lower than 1 - AT_RISK. Factor by factor that
is at most the wealth of the fair bet, whose mean is at most 1 at every fixed time. *Every* hold is charged at its
end, also when the number did not change (0.00 may have been 0.004 before a "no") and when the data end first.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.streams import Steps

TESTS = ("drift", "movement", "momentum")
SIDES = (+1, -1)
Side = tuple[str, int]  # one bet: a test and a side
BETS: tuple[Side, ...] = tuple((test, side) for test in TESTS for side in SIDES)
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

    stakes: what the money is split over. gain, cap, charge, all float64 [steps], in units of probability. gain: what
    the bet surely won at the end of a hold, 0 while a hold goes on. charge: what ending the hold in force at this
    step would cost.
    """

    stakes: tuple[float, ...]
    gain: np.ndarray
    cap: np.ndarray
    charge: np.ndarray

    def log_growth(self, stake: float) -> np.ndarray:
        """log of the growth of wealth at each step, float64 [steps]."""
        return self._log(stake, self.gain)

    def log_open(self, stake: float) -> np.ndarray:
        """log of the growth if the hold in force at each step ended with an unchanged report, float64 [steps]."""
        return self._log(stake, -self.charge)

    def _log(self, stake: float, gain: np.ndarray) -> np.ndarray:
        growth = np.minimum(stake, self.cap)
        growth *= gain
        growth += 1
        return np.log(np.maximum(growth, 1 - AT_RISK, out=growth), out=growth)


def place(s: Steps, test: str, side: int, slack: float = 0.0) -> Bet:
    """The bet of one test on one side (+1: there is too much of it, -1: too little).

    slack: how far reports may be off (half a grid), ≥ 0, in units of probability; see the module docstring.
    """
    return bet_on(s, side * weights(s, test), STAKES[test], slack)


def bet_on(s: Steps, holding: np.ndarray, stakes: tuple[float, ...], slack: float, lasting: bool = True) -> Bet:
    """The bet that holds `holding` (float64 [steps], settled before each step). lasting: a holding stays the same while
    the report does, so a hold ends only where the report changes; otherwise every step is a hold of its own.
    """
    size, change = np.abs(holding), s.change
    worst = size * np.minimum(np.where(holding > 0, s.now, 1 - s.now) + slack, 1.0)
    gain, charge = holding * change, 2 * slack * size
    if slack:
        gain -= np.where(s.truth, charge / 2, charge)
        if lasting:
            ends = s.truth | (change != 0)
            ends[s.starts[1:][s.counts() > 0] - 1] = True
            gain[~ends] = 0.0
    return Bet(stakes, gain, AT_RISK / np.maximum(worst, 1e-12), charge)


def stream_wealth(s: Steps, bet: Bet) -> np.ndarray:
    """Log of the final wealth of each stake in each stream, float64 [stakes, streams]."""
    return np.stack([s.sums(bet.log_growth(stake)) for stake in bet.stakes])


def wealth(s: Steps, test: str, side: int, slack: float = 0.0) -> np.ndarray:
    """`stream_wealth` of one test on one side, float64 [stakes, streams], in pieces that fit a processor's cache."""
    pieces = [stream_wealth(part, place(part, test, side, slack)) for part in s.parts()]
    return np.concatenate(pieces, axis=1) if pieces else np.zeros((len(STAKES[test]), len(s.starts) - 1))


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


def if_dependent(logs: np.ndarray, table: np.ndarray) -> np.ndarray:
    """log e-value of each table at a fixed time under any dependence: money split evenly, float64 [tables].

    logs: [stakes, streams], table: int64 [streams], numbers 0, 1, 2, … all in use. Streams without an update count
    as well: which streams get one may depend on the others.
    """
    return mean_exp(cluster_wealth(logs, table), axis=0)


def if_independent(logs: np.ndarray, cluster: np.ndarray, table_of_cluster: np.ndarray) -> np.ndarray:
    """log e-value of each table when its clusters are independent: their wealths multiply, float64 [tables].

    Money goes from cluster to cluster, in any order. logs: [stakes, streams]; cluster: int64 [streams];
    table_of_cluster: int64 [clusters].
    """
    by_cluster = cluster_wealth(logs, cluster)
    return mean_exp(np.stack([np.bincount(table_of_cluster, row) for row in by_cluster]), axis=0)
