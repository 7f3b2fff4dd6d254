"""Can forecasts be told irrational by their shape? The lawful must pass, however strange their updates look.

A level that holds is one whose upper end is below the nominal 5 %. The usual Z test does not keep it.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from readoff.beliefs.bets import weights
from readoff.beliefs.doom import Doom, constant_hazard, uniform_density
from readoff.beliefs.forecasters import as_histories, simulate
from readoff.beliefs.power import rejections
from readoff.beliefs.streams import steps
from readoff.claims import Enclosure, Identity, Measured, Process, certified, claim, enumerated, on_material
from readoff.statistics.binomial import interval
from readoff.studies.beliefs.simulated import ALPHA, CONFIDENCE, Simulated, accusations

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
