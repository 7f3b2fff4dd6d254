"""What the audit finds: over- and under-reaction, bias, noise, forgetting; and how much of each it needs."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from readoff.beliefs.power import rejections
from readoff.claims import Exhibit, Identity, Measured, Process, claim, enumerated, on_material
from readoff.studies.beliefs.simulated import ALPHA, Simulated, accusations


def guilty(kind: str, streams: int, strength: float | None = None) -> Process:
    """Histories of one faulty kind."""
    return Process(
        lambda: Simulated(kind, 300, streams, 16, strength=strength), f"300 histories of {streams} streams, {kind}"
    )


rational = on_material("the same forecaster without the fault", lambda s: replace(s, kind="steady", strength=None))
FAULT: Any = dict(
    scope=Identity(), measure=accusations, statement="beliefs/movement", relation="illustrates", must_fail=[rational]
)


@claim(
    "beliefs/gaussian/over-reacting",
    says="Over-reaction (news counted 1.6 times) is found as too much movement in 9 of 10 histories of 250 streams.",
    about=guilty("overreact", 250),
    headline="moves_too_much",
    **FAULT,
)
def over_reacting(n):
    return n["moves_too_much"] > 0.9


@claim(
    "beliefs/gaussian/under-reacting",
    says="Under-reaction (news counted half) is found as too little movement in 9 of 10 histories of 250 streams.",
    about=guilty("underreact", 250),
    headline="moves_too_little",
    **FAULT,
)
def under_reacting(n):
    return n["moves_too_little"] > 0.9


@claim(
    "beliefs/gaussian/biased",
    says="A bias of 1 in log odds is found as drift in 9 of 10 histories of 250 streams.",
    about=guilty("biased", 250, 1.0),
    headline="drifts",
    **FAULT,
)
def biased(n):
    return n["drifts"] > 0.9


@claim(
    "beliefs/gaussian/noisy",
    says="Reporting noise of 0.35 in log odds is found as too much movement in 9 of 10 histories of 250 streams.",
    about=guilty("noisy", 250, 0.35),
    headline="moves_too_much",
    **FAULT,
)
def noisy(n):
    return n["moves_too_much"] > 0.9


@claim(
    "beliefs/forgetful/caught",
    says="The forecaster who is calibrated at every date and forgets is caught, as moving too much, in 99 of 100 "
    "histories "
    "of 30 streams.",
    about=Process(lambda: Simulated("forgetful", 1000, 30, 12), "1,000 histories of 30 streams, forgetful"),
    scope=Identity(),
    measure=accusations,
    statement="beliefs/forgetful",
    relation="qualifies",
    headline="moves_too_much",
    must_fail=[rational],
)
def forgetful_caught(n):
    return n["moves_too_much"] > 0.99


@dataclass(frozen=True)
class Ladder:
    """Histories of one faulty kind at several strengths of the fault, from none up."""

    kind: str
    strengths: tuple[float, ...]
    histories: int
    streams: int
    dates: int


KINDS = {
    "overreact": (1.0, 1.2, 1.4, 1.6, 2.0),
    "underreact": (1.0, 0.8, 0.65, 0.5, 0.35),
    "noisy": (0.0, 0.1, 0.2, 0.3, 0.45),
    "biased": (0.0, 0.2, 0.4, 0.6, 0.9),
}
SIZES = (30, 100, 300)


def ladders() -> tuple[Ladder, ...]:
    """Every fault at every strength, for three sizes of table."""
    return tuple(Ladder(kind, strengths, 60, size, 12) for kind, strengths in KINDS.items() for size in SIZES)


def faultless(given: tuple[Ladder, ...]) -> tuple[Ladder, ...]:
    """The same ladders with nothing on any rung."""
    return tuple(replace(ladder, strengths=ladder.strengths[:1] * 2, histories=20) for ladder in given)


def curves(given: tuple[Ladder, ...]) -> Measured:
    """Power along each ladder: at no fault, at the greatest, and whether it rises by size of table."""
    found = {ladder: power_curve(ladder) for ladder in given}
    last = {(ladder.kind, ladder.streams): curve[-1] for ladder, curve in found.items()}
    kinds = sorted({ladder.kind for ladder in given})
    sizes = sorted({ladder.streams for ladder in given})
    arrays = {f"power_{ladder.kind}_{ladder.streams}": np.array(curve) for ladder, curve in found.items()}
    return enumerated(
        at_no_fault=max(curve[0] for curve in found.values()),
        at_full_fault=min(last[kind, sizes[-1]] for kind in kinds),
        rises=all(curve[-1] >= curve[0] for curve in found.values()),
        **arrays,
    )


def power_curve(ladder: Ladder) -> list[float]:
    """Share of histories with any accusation at each strength."""
    return [
        rejections(ladder.kind, ladder.histories, ladder.streams, ladder.dates, 7, ALPHA, strength)["any"]
        / ladder.histories
        for strength in ladder.strengths
    ]


def power_exhibit(given: tuple[Ladder, ...], n: Any) -> list[Exhibit]:
    rows = [
        [ladder.kind, str(ladder.streams)] + [f"{s:g}: {p:.2f}" for s, p in zip(ladder.strengths, n[_name(ladder)])]
        for ladder in given
    ]
    columns = ["fault", "streams", *(f"strength {k}" if k else "no fault" for k in range(len(rows[0]) - 2))]
    caption = (
        "Share of histories in which the audit accuses, by strength of the fault and number of streams (12 dates)."
    )
    return [Exhibit("power", "table", "What the audit finds", caption, {"columns": columns, "rows": rows})]


def _name(ladder: Ladder) -> str:
    return f"power_{ladder.kind}_{ladder.streams}"


@claim(
    "beliefs/gaussian/power",
    says="Power rises with the fault and with the number of streams, from (almost) nothing to 9 in 10 with 300 "
    "streams; with "
    "30 streams only gross faults are seen.",
    about=Process(ladders, "four faults at five strengths, tables of 30, 100 and 300 streams"),
    scope=Identity(),
    measure=curves,
    statement="beliefs/movement",
    relation="illustrates",
    headline="at_full_fault",
    must_fail=[
        on_material(
            "no fault at any strength",
            lambda given: tuple(replace(x, strengths=x.strengths[:1] * 2, histories=20) for x in given),
        )
    ],
    exhibit=power_exhibit,
)
def power(n):
    return (n["at_no_fault"] <= 0.05) & (n["at_full_fault"] > 0.9) & n["rises"]
