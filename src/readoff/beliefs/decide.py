"""From updates to verdicts, for one table of forecasts or for thousands of them at once.

`audit` decides about one table; `power` decides about thousands of simulated ones laid end to end, to learn how often
the audit is wrong. Both go through `decide`, so what is learnt there is true of the audit itself.

>>> from readoff.beliefs.streams import histories
>>> flip = [0.5, 0.8, 0.3, 0.8, 0.2, 0.9, 0.1]
>>> h = histories([flip] * 3 + [flip[::-1]] * 3 + [[0.5]] * 3, outcomes=[1, 0, 0, 1, 0, 1, 1, 0, 0])
>>> found = decide(h, Setting(independent=True), table=np.repeat([0, 1], [6, 3]))
>>> found.verdict.tolist()
['moves too much', 'cannot tell']

Three tests, two sides each, share the error budget α: each side needs an e-value of 6/α. Which e-value that is
depends on what the user states. If clusters of streams are independent, their wealths multiply; if nothing is stated,
the money is split evenly over all streams, which is fair however they hang together (at a date fixed beforehand).
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs import bets
from readoff.beliefs.margin import CAP, Sums, within
from readoff.beliefs.noise import Noise, allowance
from readoff.beliefs.streams import Histories, Steps, segment_sums, steps
from readoff.beliefs.verdict import judge

HAIR = 1e-3
EXACT = Noise()


@dataclass(frozen=True)
class Setting:
    """What is declared before the forecasts are looked at.

    alpha: error budget of the six bets together, and chance to be called consistent wrongly, in (0, 1). margin: how far
    from 0 mean X and mean drift per stream may lie and still be called consistent (None: never say so). noise: what
    reports may be off. independent: whether clusters are independent draws.
    """

    alpha: float = 0.05
    margin: float | None = None
    noise: Noise = EXACT
    independent: bool = False

    @property
    def risk(self) -> float:
        """The part of alpha that pays for random noise larger than its bound."""
        return self.alpha / 20 if self.noise.random() else 0.0

    @property
    def needed(self) -> float:
        """The e-value that one side of one test needs."""
        return 2 * len(bets.TESTS) / (self.alpha - self.risk)


@dataclass(frozen=True, eq=False)
class Decided:
    """What the data say, by table.

    verdict: str [tables], given what is stated; if_independent: what it would be if clusters were stated to be
    independent. log_e: float64 [tables] by bet, the e-values that `if_independent` rests on; log_e_any: those that hold
    under any dependence. certain: int64 [k], the steps that leave 0 or 1 although reports are exact. sums: by test,
    and "stopped" for X up to a movement of CAP. clusters: int64 [tables], those with an update.
    """

    verdict: np.ndarray
    if_independent: np.ndarray
    log_e: dict[bets.Side, np.ndarray]
    log_e_any: dict[bets.Side, np.ndarray]
    certain: np.ndarray
    sums: dict[str, Sums]
    clusters: np.ndarray


def decide(h: Histories, setting: Setting, table: np.ndarray | None = None) -> Decided:
    """Decide about every table. table: int64 [streams], 0, 0, …, 1, 1, … (None: one table); clusters never cross."""
    s, table = steps(h), np.zeros(h.n_streams, dtype=np.int64) if table is None else table
    n = int(table[-1]) + 1
    cluster = np.unique(h.cluster, return_inverse=True)[1]
    of_cluster = np.zeros(int(cluster.max()) + 1, dtype=np.int64)
    of_cluster[cluster] = table
    reports = int(np.bincount(table, h.lengths()).max())
    slack = setting.noise.bound(reports, setting.risk or 1.0)

    log_e, log_e_any = {}, {}
    for bet in bets.BETS:
        logs = bets.wealth(s, *bet, slack)
        log_e[bet] = bets.if_independent(logs, cluster, of_cluster)
        log_e_any[bet] = bets.if_dependent(logs, table)
    certain = np.zeros(0, dtype=np.int64) if setting.noise.any() else leaves_certainty(s)
    hit = np.zeros(n, dtype=bool)
    hit[table[s.stream_of_step()[certain]]] = True

    used = s.counts() > 0
    present, which = np.unique(cluster[used], return_inverse=True)
    sums = {name: _sums(s, name, setting.noise, used, which) for name in (*bets.TESTS, "stopped")}
    clusters = np.bincount(of_cluster[present], minlength=n)
    inside = np.zeros(n, dtype=bool)
    if setting.margin is not None and clusters.min() > 1:
        inside = within(sums, of_cluster[present], setting.margin, setting.alpha, setting.noise)
    need = float(np.log(setting.needed))
    apart = judge(log_e, hit, inside, need)
    verdict = apart if setting.independent else judge(log_e_any, hit, np.zeros(n, dtype=bool), need)
    return Decided(verdict, apart, log_e, log_e_any, certain, sums, clusters)


def leaves_certainty(s: Steps) -> np.ndarray:
    """The steps that leave a belief of exactly 0 or 1 by more than HAIR: impossible for a rational forecaster who
    reports exactly. (Within a hair, 1.0 may be what a computer makes of 1 - 10⁻¹⁷.)
    """
    return np.flatnonzero(((s.now == 0) | (s.now == 1)) & (np.abs(s.change) > HAIR))


def running(s: Steps) -> np.ndarray:
    """bool [steps]: whether the movement of the stream before the step is at most CAP."""
    before = np.concatenate([[0.0], np.cumsum(s.change**2)])
    return before[:-1] - np.repeat(before[s.starts[:-1]], s.counts()) <= CAP


def stopped_excess(s: Steps) -> np.ndarray:
    """X of each stream up to and including the step at which its movement passes CAP, float64 [streams]."""
    return segment_sums(np.where(running(s), (1 - 2 * s.now) * s.change, 0.0), s.starts)


def _sums(s: Steps, name: str, noise: Noise, used: np.ndarray, which: np.ndarray) -> Sums:
    """A statistic of the streams in use, by cluster. which: int64 [streams in use], the cluster of each."""
    test = "movement" if name == "stopped" else name
    weight = bets.weights(s, test)
    if name == "stopped":
        weight = np.where(running(s), weight, 0.0)
    size = np.bincount(which)
    total = s.sums(weight * s.change)
    up, down = allowance(s, test, weight, noise)
    return Sums(total[used], *(np.bincount(which, part[used]) / size for part in (total, up, down, s.counts())))
