"""Simulated histories as subjects of claims: each draw is one audited table of simulated forecasts.

A claim about them is about the share of histories: `Seeds(at_least, confidence)` counts the draws with its exact
binomial bound, and the numbers are SAMPLED. Histories are decided in batches by the function that `audit` goes
through; the first CHECKED of them go through `audit` itself as well, and must get the same verdict.

The claims draw with `SEED`, of which nothing had been seen when their bars, strengths and sizes stood.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.audit import audit
from readoff.beliefs.power import ACCUSATIONS, Plan, batches, keep, verdicts
from readoff.beliefs.verdict import CONSISTENT
from readoff.claims import Measured, Process, sampled

SEED = 11
CONFIDENCE, CHECKED = 0.999, 4


@dataclass(frozen=True)
class Drawn:
    """So many audited tables, made and declared as the plan says."""

    plan: Plan
    histories: int
    seed: int = SEED


def drawn(plan: Plan, histories: int) -> Process:
    """Histories as the subject of a claim, each of them one draw."""
    what = f"{histories:,} histories of {plan.streams} streams by a forecaster of the kind {plan.kind!r}"
    return Process(lambda: Drawn(plan, histories), what, draws=histories)


def verdict_numbers(d: Drawn) -> Measured:
    """By history: the verdict as one yes or no per word; and whether the audit itself agrees where it was run."""
    plan = d.plan
    said = verdicts(plan, d.histories, d.seed)
    h, table = next(batches(plan, d.histories, d.seed))
    n, told = min(CHECKED, int(table[-1]) + 1), plan.setting
    some = [keep(h, table == k) for k in range(n)]
    noise = None if plan.found else told.noise
    audits = [audit(one, told.alpha, told.margin, noise, told.independent).verdict for one in some]
    words = {word.replace(" ", "_"): said == word for word in (*ACCUSATIONS, CONSISTENT)}
    return sampled(accused=np.isin(said, ACCUSATIONS), audit_agrees=audits == said[:n].tolist(), **words)
