"""Can forecasts be told irrational by their shape? The lawful must pass, however strange their updates look.

Each claim about a level: of 10,000 audited histories at least 95 % are not accused, said with 99.9 % confidence. So the
false-positive rate is at most the nominal 5 %. The usual Z test does not keep it. Likewise for calling forecasts
consistent that are not, where the usual interval does not keep it.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from readoff.beliefs.bets import weights
from readoff.beliefs.doom import Doom, constant_hazard, uniform_density
from readoff.beliefs.forecasters import restless_excess
from readoff.beliefs.noise import Noise
from readoff.beliefs.power import Plan, tables
from readoff.beliefs.streams import steps
from readoff.claims import Identity, Measured, Process, Seeds, certified, claim, on_material, sampled
from readoff.studies.beliefs.simulated import CONFIDENCE, Drawn, drawn, verdict_numbers

HISTORIES = 10_000


def instead(name: str, **changes: Any) -> Any:
    """The same number of histories by another forecaster, or declared in another way."""
    return on_material(name, lambda d: replace(d, plan=replace(d.plan, **changes)))


forgets = instead("a forecaster who forgets", kind="forgetful")
LEVEL: Any = dict(
    scope=Seeds(0.95, CONFIDENCE), measure=verdict_numbers, statement="beliefs/gaussian", relation="supports"
)


def innocent(n: Any) -> Any:
    """By history: not accused; and the audit itself says the same where it was run."""
    return ~n["accused"] & n["audit_agrees"]


@claim(
    "beliefs/gaussian/level-jumps",
    says="A forecaster with rare strong news (nothing, then leaps) is accused in at most 5 % of histories.",
    about=drawn(Plan("jumps", 5, 8), HISTORIES),
    must_fail=[forgets],
    **LEVEL,
)
def level_jumps(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-hazard",
    says="A forecaster who watches for an event that may come at any date (a slow slide, or one jump to 1) is "
    "accused in at most 5 % of histories.",
    about=drawn(Plan("hazard", 5, 8), HISTORIES),
    must_fail=[forgets],
    **LEVEL,
)
def level_hazard(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-longshot",
    says="A forecaster who gives a few percent once and waits is accused in at most 5 % of histories.",
    about=drawn(Plan("longshot", 20, 1), HISTORIES),
    must_fail=[instead("one report, and the truth comes 0.4 more often", kind="offset", strength=0.4)],
    **LEVEL,
)
def level_longshot(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-steady",
    says="A forecaster with steady normal news is accused in at most 5 % of histories.",
    about=drawn(Plan("steady", 5, 8), HISTORIES),
    must_fail=[forgets],
    **LEVEL,
)
def level_steady(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-stale",
    says="A forecaster who reports anew only at every tenth date is accused in at most 5 % of histories.",
    about=drawn(Plan("stale", 5, 12), HISTORIES),
    must_fail=[forgets],
    **LEVEL,
)
def level_stale(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-open",
    says="A forecaster with steady news whose questions are all still open is accused in at most 5 % of histories.",
    about=drawn(Plan("steady", 5, 8, hidden=1.0), HISTORIES),
    must_fail=[forgets],
    **LEVEL,
)
def level_open(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-answers",
    says="A forecaster who gives the chances of five answers to a question is accused in at most 5 % of histories, if "
    "questions are stated to be independent.",
    about=drawn(Plan("answers", 15, 8, group=5), HISTORIES),
    must_fail=[forgets],
    **LEVEL,
)
def level_answers(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-shared",
    says="A forecaster whose questions share most of their news, as the states of an election do, is accused in at "
    "most 5 % of histories, if nothing is stated about independence.",
    about=drawn(Plan("shared", 20, 8, independent=False, group=20), HISTORIES),
    must_fail=[instead("the same forecasts, stated to be independent", independent=True)],
    **LEVEL,
)
def level_shared(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-rounded",
    says="A forecaster who rounds to whole percents, which the audit takes into its null, is accused in at most 5 % of "
    "histories.",
    about=drawn(Plan("rounded", 5, 8), HISTORIES),
    must_fail=[forgets],
    **LEVEL,
)
def level_rounded(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-edge",
    says="A forecaster whose beliefs lie where rounding to 5 % hides most, open questions among them, is accused in at "
    "most 5 % of histories.",
    about=drawn(Plan("edge", 20, 2), HISTORIES),
    must_fail=[instead("the same reports, declared exact", declared=False)],
    **LEVEL,
)
def level_edge(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-sampled",
    says="A forecaster whose reports are shares of 400 simulations is accused in at most 5 % of histories, if that is "
    "declared.",
    about=drawn(Plan("sampled", 5, 8), HISTORIES),
    must_fail=[instead("the same reports, declared exact", declared=False)],
    **LEVEL,
)
def level_sampled(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-shaky",
    says="A forecaster whose reports are off by normal errors of 3 points is accused in at most 5 % of histories, if "
    "that is declared.",
    about=drawn(Plan("shaky", 5, 8), HISTORIES),
    must_fail=[instead("the same reports, declared exact", declared=False)],
    **LEVEL,
)
def level_shaky(n):
    return innocent(n)


@claim(
    "beliefs/gaussian/level-words",
    says="A forecaster who has only three words for a chance, 5, 50 and 95 %, is accused in at most 5 % of histories, "
    "told nothing: the audit finds out from the reports that they are so coarse.",
    about=drawn(Plan("words", 12, 8, found=True), HISTORIES),
    must_fail=[instead("taken as rounded to the grid on which they lie, 5 %", found=False, noise=Noise(0.05))],
    **LEVEL,
)
def level_words(n):
    return innocent(n)


OUTSIDE = 0.25  # how far mean drift lies from 0, and the margin


@claim(
    "beliefs/gaussian/level-consistent",
    says="A forecaster whose mean drift is as large as the margin is called consistent in at most 5 % of histories.",
    about=drawn(Plan("offset", 40, 1, strength=OUTSIDE, margin=OUTSIDE), HISTORIES),
    must_fail=[instead("the same forecaster without a drift", strength=0.0)],
    **LEVEL,
)
def level_consistent(n):
    return ~n["consistent"] & n["audit_agrees"]


RESTLESS, DATES = 0.08, 6  # about three streams in forty flip, and each of them has an X of 3.24
AT_MARGIN = Plan("restless", 40, DATES, strength=RESTLESS, margin=restless_excess(RESTLESS, DATES))


@claim(
    "beliefs/gaussian/level-heavy",
    says="A forecaster whose mean X is as large as the margin, nearly all of it in three streams of forty, is called "
    "consistent in at most 5 % of histories.",
    about=drawn(AT_MARGIN, HISTORIES),
    must_fail=[instead("one report each, and nothing to hide", strength=0.0, dates=1)],
    **LEVEL,
)
def level_heavy(n):
    return ~n["consistent"] & n["audit_agrees"]


def bell_numbers(d: Drawn) -> Measured:
    """By history: does the usual 95 % interval for mean X over streams lie within the margin?"""
    from scipy.special import stdtrit

    step = steps(tables(d.plan, d.histories, np.random.default_rng(d.seed)))
    excess = step.sums(weights(step, "movement") * step.change).reshape(d.histories, d.plan.streams)
    reach = stdtrit(d.plan.streams - 1, 0.975) / np.sqrt(d.plan.streams) * excess.std(axis=1, ddof=1)
    return sampled(consistent=np.abs(excess.mean(axis=1)) + reach <= d.plan.margin)


@claim(
    "beliefs/gaussian/bell-curve",
    says="The usual 95 % interval (Student's t over streams) would call the same forecaster consistent in more than "
    "10 % of histories.",
    about=drawn(AT_MARGIN, HISTORIES),
    scope=Seeds(0.1, CONFIDENCE),
    measure=bell_numbers,
    statement="beliefs/gaussian",
    relation="qualifies",
    must_fail=[instead("the same mean X, in four times as many streams", strength=4 * RESTLESS, dates=3)],
)
def bell_curve_consistent(n):
    return n["consistent"]


def z_numbers(d: Drawn) -> Measured:
    """By history: does a two-sided Z test of mean X over streams accuse at 5 %?"""
    step = steps(tables(d.plan, d.histories, np.random.default_rng(d.seed)))
    excess = step.sums(weights(step, "movement") * step.change).reshape(d.histories, d.plan.streams)
    spread = excess.std(axis=1, ddof=1) / np.sqrt(d.plan.streams)
    # No spread at all is what a Z test calls infinitely sure.
    return sampled(accused=np.abs(excess.mean(axis=1)) > 1.959964 * spread)


@claim(
    "beliefs/gaussian/z-test",
    says="The usual Z test over 30 streams accuses a lawful forecaster of longshots in more than 15 % of histories at "
    "its nominal 5 %.",
    about=drawn(Plan("longshot", 30, 1), HISTORIES),
    scope=Seeds(0.15, CONFIDENCE),
    measure=z_numbers,
    statement="beliefs/gaussian",
    relation="qualifies",
    must_fail=[instead("steady normal news", kind="steady", dates=4)],
)
def z_test(n):
    return n["accused"]


def shape(doom: Doom) -> Measured:
    """Kurtosis of the first weekly update, exactly (3 for a normal one), and whether the law holds."""
    chance, jump, drop = doom.masses[0], doom.jump(1), doom.drop(1)
    second = chance * jump**2 + (1 - chance) * drop**2
    fourth = chance * jump**4 + (1 - chance) * drop**4
    start = doom.belief(0)
    return certified(
        kurtosis=fourth / second**2,
        mean=chance * jump - (1 - chance) * drop,
        excess=doom.expected_movement() - start * (1 - start),
    )


@claim(
    "beliefs/gaussian/heavy-tails",
    says="A lawful forecast can be far from Gaussian: the weekly update of evenly spread doom has mean zero and a "
    "kurtosis above 1000, where a normal one has 3, and obeys the law exactly.",
    about=Process(lambda: uniform_density(Fraction(1, 2), 520), "doom spread evenly over 520 weeks"),
    scope=Identity(),
    measure=shape,
    statement="beliefs/arbitrage-free",
    relation="supports",
    headline="kurtosis",
    must_fail=[on_material("a hazard of one half", lambda doom: constant_hazard(Fraction(1, 2), 8))],
)
def heavy_tails(n):
    return (n["kurtosis"] > 1000) & (n["mean"] == 0) & (n["excess"] == 0)
