"""Can forecasts be told rational? Simulated forecasters: the lawful must pass, however strange their updates look.

A *history* is one audited table of simulated forecasts with their outcomes. Shares of histories are enclosed in
exact binomial intervals at 99.9 %, and judged by those: a level that holds is one whose upper end is below the
nominal level.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from readoff.beliefs.bets import weights
from readoff.beliefs.doom import Doom, constant_hazard, uniform_density
from readoff.beliefs.forecasters import as_histories, simulate
from readoff.beliefs.power import rejections
from readoff.beliefs.streams import steps
from readoff.claims import (
    Enclosure,
    Exhibit,
    Identity,
    Measured,
    Process,
    certified,
    claim,
    enumerated,
    on_material,
)
from readoff.statistics.binomial import interval

ALPHA, CONFIDENCE = 0.05, 0.999


@dataclass(frozen=True)
class Simulated:
    """`histories` audited tables of `streams` forecasts at `dates` dates by one kind of forecaster."""

    kind: str
    histories: int
    streams: int
    dates: int
    seed: int = 1
    strength: float | None = None


def accusations(s: Simulated) -> Measured:
    """Share of histories with any accusation, and with each verdict, as exact binomial intervals."""
    count = rejections(s.kind, s.histories, s.streams, s.dates, s.seed, ALPHA, s.strength)
    shares = {
        name.replace(" ", "_"): Enclosure(*interval(count[name], s.histories, CONFIDENCE))
        for name in ("any", "drifts", "moves too much", "moves too little")
    }
    return enumerated(histories=s.histories, nominal=ALPHA, **shares)


forgets = on_material("a forecaster who forgets", lambda s: replace(s, kind="forgetful", histories=500))
LEVEL: Any = dict(
    scope=Identity(),
    measure=accusations,
    statement="beliefs/gaussian",
    relation="supports",
    headline="any",
    must_fail=[forgets],
)


def lawful(kind: str) -> Process:
    """Ten thousand histories of one lawful kind."""
    dates = 1 if kind == "longshot" else 12
    return Process(lambda: Simulated(kind, 10_000, 8, dates), f"10,000 histories by a forecaster of the kind {kind!r}")


def within_level(n: Any) -> Any:
    """The share of false accusations is below the nominal level, upper end included."""
    return (n["any"] < n["nominal"]) & (n["histories"] >= 10_000)


@claim(
    "beliefs/gaussian/level-jumps",
    says="A forecaster with rare strong news (nothing, then leaps) is accused in less than 5 % of histories.",
    about=lawful("jumps"),
    **LEVEL,
)
def level_jumps(n):
    return within_level(n)


@claim(
    "beliefs/gaussian/level-hazard",
    says="... and so is one who watches for an event that may come at any date (a slow slide, or one jump to 1) ...",
    about=lawful("hazard"),
    **LEVEL,
)
def level_hazard(n):
    return within_level(n)


@claim(
    "beliefs/gaussian/level-longshot",
    says="... and one who gives a few percent once and waits ...",
    about=lawful("longshot"),
    **LEVEL,
)
def level_longshot(n):
    return within_level(n)


@claim(
    "beliefs/gaussian/level-steady",
    says="... and one with steady normal news ...",
    about=lawful("steady"),
    **LEVEL,
)
def level_steady(n):
    return within_level(n)


@claim(
    "beliefs/gaussian/level-stale",
    says="... and one who reports anew only at every tenth date ...",
    about=lawful("stale"),
    **LEVEL,
)
def level_stale(n):
    return within_level(n)


@claim(
    "beliefs/gaussian/level-rounded",
    says="... and one who rounds to whole percents, which the audit takes into its null.",
    about=lawful("rounded"),
    **LEVEL,
)
def level_rounded(n):
    return within_level(n)


def z_accusations(s: Simulated) -> Measured:
    """Share of histories in which a two-sided Z test of mean X over streams accuses at 5 %, and the bets do."""
    reports, truth = simulate(s.kind, s.histories * s.streams, s.dates, np.random.default_rng(s.seed))
    step = steps(as_histories(reports, truth))
    excess = step.sums(weights(step, "movement") * step.change).reshape(s.histories, s.streams)
    spread = excess.std(axis=1, ddof=1) / np.sqrt(s.streams)
    # No spread at all is what a Z test calls infinitely sure.
    accused = int(np.sum(np.abs(excess.mean(axis=1)) > 1.959964 * spread))
    bets = rejections(s.kind, s.histories, s.streams, s.dates, s.seed, ALPHA)["any"]
    return enumerated(
        z_test=Enclosure(*interval(accused, s.histories, CONFIDENCE)),
        bets=Enclosure(*interval(bets, s.histories, CONFIDENCE)),
    )


@claim(
    "beliefs/gaussian/z-test",
    says="The usual Z test over 30 streams accuses a lawful forecaster of longshots in more than 15 % of "
    "histories at its "
    "nominal 5 %; the bets stay below it.",
    about=Process(lambda: Simulated("longshot", 10_000, 30, 1), "10,000 histories of 30 longshots"),
    scope=Identity(),
    measure=z_accusations,
    statement="beliefs/gaussian",
    relation="qualifies",
    headline="z_test",
    must_fail=[on_material("steady normal news", lambda s: replace(s, kind="steady", histories=2000, dates=12))],
)
def z_test(n):
    return (n["z_test"] > 0.15) & (n["bets"] < ALPHA)


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
    says="A bias of 0.8 in log odds is found as drift in 9 of 10 histories of 250 streams.",
    about=guilty("biased", 250, 0.8),
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


def shape(doom: Doom) -> Measured:
    """Kurtosis of the first weekly update, exactly (3 for a normal one), and whether the law holds."""
    chance, jump, drop = doom.masses[0], doom.jump(1), doom.drop(1)
    second = chance * jump**2 + (1 - chance) * drop**2
    fourth = chance * jump**4 + (1 - chance) * drop**4
    start = doom.belief(0)
    return certified(
        kurtosis=float(fourth / second**2),
        mean=float(chance * jump - (1 - chance) * drop),
        excess=float(doom.expected_movement() - start * (1 - start)),
    )


@claim(
    "beliefs/gaussian/heavy-tails",
    says="A lawful forecast can be as far from Gaussian as one likes: the weekly update of evenly spread doom "
    "has mean zero "
    "and a kurtosis of 1038, where a normal one has 3, and obeys the law exactly.",
    about=Process(lambda: uniform_density(Fraction(1, 2), 520), "doom spread evenly over 520 weeks"),
    scope=Identity(),
    measure=shape,
    statement="beliefs/arbitrage-free",
    relation="supports",
    headline="kurtosis",
    must_fail=[on_material("a hazard of one half", lambda doom: constant_hazard(Fraction(1, 2), 8))],
)
def heavy_tails(n):
    return (n["kurtosis"] > 100) & (n["mean"] == 0) & (n["excess"] == 0)
