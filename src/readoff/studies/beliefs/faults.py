"""What the audit finds: over- and under-reaction, bias, noise, forgetting, false certainty; and how much it needs.

Simulated forecasters are independent of each other by construction, and the audit is told so.
"""

from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import Any

import numpy as np

from readoff.beliefs.power import Plan, evidence
from readoff.claims import Exhibit, Measured, Process, Seeds, claim, on_material, sampled
from readoff.statistics.binomial import interval
from readoff.studies.beliefs.levels import instead
from readoff.studies.beliefs.simulated import CONFIDENCE, SEED, drawn, verdict_numbers

rational = instead("the same forecaster without the fault", kind="steady", strength=None)
FAULT: Any = dict(
    scope=Seeds(0.9, CONFIDENCE),
    measure=verdict_numbers,
    statement="beliefs/movement",
    relation="illustrates",
    must_fail=[rational],
)


@claim(
    "beliefs/gaussian/over-reacting",
    says="Over-reaction (news counted 1.6 times) is found as too much movement in 9 of 10 histories of 250 streams.",
    about=drawn(Plan("overreact", 250, 16), 150),
    **FAULT,
)
def over_reacting(n):
    return n["moves_too_much"] & n["audit_agrees"]


@claim(
    "beliefs/gaussian/under-reacting",
    says="Under-reaction (news counted half) is found as too little movement in 9 of 10 histories of 250 streams.",
    about=drawn(Plan("underreact", 250, 16), 150),
    **FAULT,
)
def under_reacting(n):
    return n["moves_too_little"] & n["audit_agrees"]


@claim(
    "beliefs/gaussian/biased",
    says="A bias of 1 in log odds is found as drift in 9 of 10 histories of 250 streams.",
    about=drawn(Plan("biased", 250, 16, strength=1.0), 150),
    **FAULT,
)
def biased(n):
    return n["drifts"] & n["audit_agrees"]


@claim(
    "beliefs/gaussian/noisy",
    says="Reporting noise of 0.35 in log odds is found as too much movement in 9 of 10 histories of 250 streams.",
    about=drawn(Plan("noisy", 250, 16, strength=0.35), 150),
    **FAULT,
)
def noisy(n):
    return n["moves_too_much"] & n["audit_agrees"]


@claim(
    "beliefs/gaussian/certain",
    says="A forecaster who says 0 or 1 where 10 or 90 % is passed is found certain too soon in 9 of 10 histories of 50 "
    "streams, by logic and not by evidence.",
    about=drawn(Plan("certain", 50, 12), 500),
    **FAULT,
)
def certain(n):
    return n["certain_too_soon"] & n["audit_agrees"]


@claim(
    "beliefs/forgetful/caught",
    says="The forecaster who is calibrated at every date and forgets is caught, as moving too much, in 98 of 100 "
    "histories of 30 streams.",
    about=drawn(Plan("forgetful", 30, 12), 1000),
    scope=Seeds(0.98, CONFIDENCE),
    measure=verdict_numbers,
    statement="beliefs/forgetful",
    relation="qualifies",
    must_fail=[rational],
)
def forgetful_caught(n):
    return n["moves_too_much"] & n["audit_agrees"]


KINDS = {
    "overreact": (1.0, 1.2, 1.6, 2.0),
    "underreact": (1.0, 0.8, 0.5, 0.35),
    "noisy": (0.0, 0.1, 0.3, 0.45),
    "biased": (0.0, 0.2, 0.6, 1.0),
}


@dataclass(frozen=True)
class Ladders:
    """Histories of several faults at several strengths, from none up, with the same news at every strength.

    sizes: evidence is taken from so many of the first streams of each history.
    """

    kinds: tuple[tuple[str, tuple[float, ...]], ...] = tuple(KINDS.items())
    sizes: tuple[int, ...] = (30, 100, 250)
    histories: int = 60
    dates: int = 10
    seed: int = SEED


def climb(given: Ladders) -> Measured:
    """By history: the greatest log e-value of the six bets for each fault, [histories, strengths, sizes]; the bar."""
    plans = {kind: [Plan(kind, max(given.sizes), given.dates, strength=s) for s in row] for kind, row in given.kinds}
    found = {
        kind: np.stack([evidence(plan, given.histories, given.seed, given.sizes) for plan in row], axis=1)
        for kind, row in plans.items()
    }
    return sampled(bar=float(np.log(Plan("steady", 1, 1).setting.needed)), **found)


def power_exhibit(given: Ladders, n: Any) -> list[Exhibit]:
    rows = []
    for kind, strengths in given.kinds:
        found = (n[kind] >= n["bar"]).sum(axis=0)
        for size, by_strength in zip(given.sizes, found.T):
            rows.append([kind, str(size), *(_cell(s, int(k), given.histories) for s, k in zip(strengths, by_strength))])
    columns = ["fault", "streams", "no fault", *(f"strength {k}" for k in range(1, len(rows[0]) - 2))]
    caption = (
        f"Strength: share of {given.histories} histories of {given.dates} dates in which the audit accuses, with exact "
        "95 % intervals."
    )
    return [Exhibit("power", "table", "What the audit finds", caption, {"columns": columns, "rows": rows})]


def _cell(strength: float, k: int, n: int) -> str:
    low, high = interval(k, n, 0.95)
    return f"{strength:g}: {k / n:.2f} ({low:.2f} to {high:.2f})"


POWER: Any = dict(
    about=Process(Ladders, "four faults at four strengths, tables of 30, 100 and 250 streams", draws=60),
    scope=Seeds(0.8, CONFIDENCE),
    measure=climb,
    statement="beliefs/movement",
    relation="illustrates",
)


def strengths(name: str, change: Any, sizes: tuple[int, ...]) -> Any:
    """As many histories with other strengths, looked at for some sizes."""
    return on_material(
        name, lambda given: replace(given, kinds=tuple((k, change(row)) for k, row in given.kinds), sizes=sizes)
    )


@claim(
    "beliefs/gaussian/power",
    says="In 8 of 10 histories each of four faults at its strongest gives more evidence than no fault with the same "
    "news, more with 250 streams than with the first 30 of them, and enough with 250.",
    must_fail=[
        strengths("the ladder upside down: the strongest fault against none", lambda row: (row[-1], row[0]), (30, 250)),
        strengths("the strongest faults, and the larger table is the first", lambda row: (row[0], row[-1]), (250, 30)),
        strengths("the weakest faults", lambda row: row[:2], (30, 250)),
    ],
    exhibit=power_exhibit,
    **POWER,
)
def power(n):
    grows = [(n[k][:, -1, -1] > n[k][:, 0, -1]) & (n[k][:, -1, -1] > n[k][:, -1, 0]) for k in KINDS]
    return reduce(and_, grows) & reduce(and_, [n[k][:, -1, -1] >= n["bar"] for k in KINDS])


@claim(
    "beliefs/gaussian/few-streams",
    says="Small faults need many streams: with 30 streams the weakest of the four faults (news counted 1.2 or 0.8 "
    "times, noise of 0.1 or a bias of 0.2 in log odds) all go unseen in 8 of 10 histories.",
    must_fail=[strengths("the strongest faults", lambda row: (row[0], row[-1]), (30,))],
    **POWER,
)
def few_streams(n):
    return reduce(and_, [n[k][:, 1, 0] < n["bar"] for k in KINDS])
