"""How often the audit accuses the innocent, and how often it finds the guilty: by simulating both.

One *history* here is one audited table: `streams` forecasts with their truths, under a declared setting. Thousands of
tables are decided at once, by the function that `audit` itself goes through (`decide`):

>>> said = verdicts(Plan("steady", streams=10, dates=20), audits=200, seed=1)
>>> float(np.mean(np.isin(said, ACCUSATIONS))) <= 0.05
True

Level: for every rational kind the share of tables that get one of ACCUSATIONS must not exceed α. It is in fact far
below, since Ville's inequality wastes what the updates do not use. Power: the share of accusations of a faulty kind.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from readoff.beliefs.decide import Setting, decide
from readoff.beliefs.forecasters import NOISE, as_histories, simulate
from readoff.beliefs.noise import Noise
from readoff.beliefs.spacing import spacing
from readoff.beliefs.streams import Histories
from readoff.beliefs.verdict import CERTAIN, DRIFTS, LITTLE, MUCH

ACCUSATIONS = (CERTAIN, DRIFTS, MUCH, LITTLE)
AT_ONCE = 100_000  # reports simulated together


@dataclass(frozen=True)
class Plan:
    """Tables of one kind of forecaster (see `forecasters`), and what is declared about them.

    independent: clusters are stated to be independent. hidden: chance that a truth is not known. group: streams after
    each other that are one cluster (answers to one question) or share their news. declared: the kind's own noise is
    declared; noise: another is. found: nothing is declared, and the spacing of the reports of each table is found as
    `audit` finds it. strength, margin: as in `simulate` and `audit`.
    """

    kind: str
    streams: int
    dates: int
    independent: bool = True
    strength: float | None = None
    hidden: float = 0.0
    group: int = 1
    declared: bool = True
    margin: float | None = None
    alpha: float = 0.05
    noise: Noise | None = None
    found: bool = False

    @property
    def setting(self) -> Setting:
        """What the audit is told."""
        noise = self.noise or (NOISE.get(self.kind) if self.declared else None)
        return Setting(self.alpha, self.margin, noise or Setting.noise, self.independent)


def tables(plan: Plan, audits: int, rng: np.random.Generator) -> Histories:
    """So many tables end to end, `plan.streams` streams each."""
    n = audits * plan.streams
    reports, truth = simulate(plan.kind, n, plan.dates, rng, plan.strength, plan.group)
    truth = np.where(rng.random(n) < plan.hidden, np.nan, truth)
    return as_histories(reports, truth, 1 if plan.kind == "shared" else plan.group)


def batches(plan: Plan, audits: int, seed: int) -> Iterator[tuple[Histories, np.ndarray]]:
    """The tables in batches of about AT_ONCE reports: histories, and the table of each stream from 0 on."""
    rng = np.random.default_rng(seed)
    at_once = max(1, AT_ONCE // (plan.streams * plan.dates))
    for first in range(0, audits, at_once):
        size = min(at_once, audits - first)
        yield tables(plan, size, rng), np.repeat(np.arange(size), plan.streams)


def verdicts(plan: Plan, audits: int, seed: int) -> np.ndarray:
    """The verdict on each of `audits` simulated tables, str [audits]."""
    told = plan.setting
    return np.concatenate(
        [
            _as_found(told, h, table) if plan.found else decide(h, told, table).verdict
            for h, table in batches(plan, audits, seed)
        ]
    )


def _as_found(told: Setting, h: Histories, table: np.ndarray) -> np.ndarray:
    """The verdict on each table with the spacing found in it; tables with the same one are decided together."""
    first = np.searchsorted(table, np.arange(table[-1] + 2))
    found = np.array([spacing(_streams(h, a, b)).rounding for a, b in itertools.pairwise(first)])
    verdict = np.empty(len(found), dtype="<U16")
    for rounding in np.unique(found):
        these = found == rounding
        part, setting = keep(h, these[table]), replace(told, noise=Noise(float(rounding)))
        verdict[these] = decide(part, setting, np.unique(table[these[table]], return_inverse=True)[1]).verdict
    return verdict


def _streams(h: Histories, a: int, b: int) -> Histories:
    """Streams a to b - 1."""
    i, j = h.starts[a], h.starts[b]
    parts = h.belief[i:j], h.time[i:j], h.starts[a : b + 1] - i, h.outcome[a:b], h.cluster[a:b]
    return Histories(*parts, h.names[a:b], h.dated)


def evidence(plan: Plan, audits: int, seed: int, sizes: tuple[int, ...]) -> np.ndarray:
    """The greatest log e-value of the six bets on the first so many streams of each table, float64 [audits, sizes]."""
    found = []
    for h, _ in batches(plan, audits, seed):
        place = np.arange(h.n_streams) % plan.streams
        parts = [(keep(h, place < size), np.repeat(np.arange(h.n_streams // plan.streams), size)) for size in sizes]
        decisions = [decide(part, plan.setting, table) for part, table in parts]
        by_bet = [(d.log_e if plan.independent else d.log_e_any).values() for d in decisions]
        found.append(np.stack([np.max(list(values), axis=0) for values in by_bet], axis=1))
    return np.concatenate(found)


def keep(h: Histories, mask: np.ndarray) -> Histories:
    """The streams of a mask, bool [streams]."""
    rows = np.repeat(mask, h.lengths())
    starts = np.concatenate([[0], np.cumsum(h.lengths()[mask])])
    names = [name for name, kept in zip(h.names, mask) if kept]
    return Histories(h.belief[rows], h.time[rows], starts, h.outcome[mask], h.cluster[mask], names, h.dated)
