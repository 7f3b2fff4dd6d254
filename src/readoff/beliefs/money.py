"""The money of the bets over time: what the evidence would have been, had the data ended earlier.

    times, logs = money(h, setting)          logs["movement", +1][-1] is the evidence that the verdict rests on

At each date the money is counted as the audit counts it at the end, by the same functions: split evenly over all
streams, or multiplied over clusters that are stated to be independent. Split evenly, it is a nonnegative
supermartingale with respect to the joint history of all streams, if at every date the forecasts that stand are
rational given all of them: then P(it ever reaches 1/α) ≤ α, so one may stop looking at any time. Truths count at the
end of the calendar, when everybody knows them.
"""

import numpy as np

from readoff.beliefs import bets
from readoff.beliefs.decide import Setting
from readoff.beliefs.streams import Histories, Steps, steps

DATES = 60
CELLS = 4_000_000  # streams × dates at most


def money(h: Histories, setting: Setting) -> tuple[np.ndarray, dict[bets.Side, np.ndarray]]:
    """(times float64 [dates], log money float64 [dates] by bet), for up to DATES dates spread over the calendar.

    Counts what the verdict rests on: all streams evenly, or the product over clusters if `setting.independent`.
    """
    s = steps(h)
    cluster = np.unique(h.cluster, return_inverse=True)[1]
    one = np.zeros(h.n_streams, dtype=np.int64)
    every = np.unique(s.time)
    n = int(np.clip(CELLS // max(h.n_streams, 1), 2, DATES))
    times = every[np.unique(np.linspace(0, len(every) - 1, min(n, len(every))).round().astype(np.int64))]
    last = [s.starts[:-1] + s.sums((s.time <= t).astype(float)).astype(np.int64) - 1 for t in times]
    slack = setting.noise.bound(len(h.belief), setting.risk or 1.0)
    found = {}
    for bet in bets.BETS:
        logs = _logs(s, bets.place(s, *bet, slack), last)
        if setting.independent:
            alone = np.zeros(int(cluster.max()) + 1, dtype=np.int64)
            found[bet] = np.array([bets.if_independent(then, cluster, alone)[0] for then in logs])
        else:
            found[bet] = np.array([bets.if_dependent(then, one)[0] for then in logs])
    return times, found


def _logs(s: Steps, bet: bets.Bet, last: list[np.ndarray]) -> np.ndarray:
    """Log wealth had the data ended at each date, float64 [dates, stakes, streams].

    last: int64 [streams] for each date, the latest step by then (one before the stream's first step if none). A hold
    that would still be open is ended at the report that stands.
    """
    logs = np.zeros((len(last), len(bet.stakes), len(s.starts) - 1))
    for k, stake in enumerate(bet.stakes):
        path = np.concatenate([[0.0], np.cumsum(bet.log_growth(stake))])
        begin = path[s.starts[:-1]]
        unfinished = np.append(bet.log_open(stake), 0.0)
        for d, at in enumerate(last):
            some = at >= s.starts[:-1]
            goes_on = some & (at + 1 < s.starts[1:])
            logs[d, k] = np.where(some, path[at + 1] - begin, 0.0)
            logs[d, k] += np.where(goes_on, unfinished[np.minimum(at + 1, len(s.now))], 0.0)
    return logs
