"""Half of doom spread over ten years: which "median weekly update" is 0.096 %? None of them.

0.5/520 is the mass of a week as seen from the start, and the mean drop of a survivor. Medians are taken over
something, and over each of the natural somethings they are smaller.
"""

import itertools
from fractions import Fraction
from typing import Any

from readoff.beliefs.doom import Doom, uniform_density
from readoff.claims import Exhibit, Identity, Known, Measured, Process, certified, claim, on_material

CALCULATED = "independent calculation"
WEEKS, MASS, PERCENT = 520, Fraction(1, 2), Fraction(1, 100)


def even_doom() -> Doom:
    """The source's example: mass ½, spread evenly over ten years of weeks, none after."""
    return uniform_density(MASS, WEEKS)


def even_drops(doom: Doom) -> Doom:
    """The doom of the same mass and length under which a survivor's belief falls by the same amount every week."""
    weeks, mass = len(doom.masses), sum(doom.masses)
    alive = [(1 - mass) / (1 - mass * (1 - Fraction(k, weeks))) for k in range(weeks + 1)]
    return Doom(tuple(before - after for before, after in itertools.pairwise(alive)))


def update_sizes(doom: Doom) -> Measured:
    """Every reading of "the weekly update", exactly."""
    weeks = len(doom.masses)
    drops = [doom.drop(week) for week in range(1, weeks + 1)]
    return certified(
        weeks_for_one_unit_of_mass=1 / doom.masses[0],
        mean_drop=sum(drops) / weeks,
        first_drop=drops[0],
        last_drop=drops[-1],
        survivor_median=doom.survivor_median_drop(),
        live_week_median=doom.live_week_median(),
        live_weeks=doom.expected_live_weeks(),
        mean_is_mass=sum(drops) / weeks == MASS / weeks,
    )


def sizes_exhibit(doom: Doom, n: Any) -> list[Exhibit]:
    weeks = list(range(1, len(doom.masses) + 1, 4))
    drops = [100 * float(doom.drop(week)) for week in weeks]
    data = {
        "x": weeks,
        "y": drops,
        "x_axis": "week",
        "y_axis": "update in that week (%)",
        "rules": [
            {"axis": "y", "value": 100 * float(doom.masses[0]), "label": "mass of a week = mean drop"},
            {"axis": "y", "value": 100 * float(doom.survivor_median_drop()), "label": "a survivor's median"},
            {"axis": "y", "value": 100 * float(doom.live_week_median()), "label": "median of all live weeks"},
        ],
    }
    caption = "How far the belief falls in every fourth week without doom; doom itself is a jump of ½ or more."
    return [Exhibit("weekly-updates", "scatter", "The weekly update, week by week", caption, data)]


ABOUT: Any = dict(about=Process(even_doom, "doom spread evenly over 520 weeks"), scope=Identity())
same_every_week = on_material("a survivor's drops all equal", even_drops)
twenty_weeks = on_material("spread over 20 weeks", lambda doom: uniform_density(MASS, 20))


@claim(
    "beliefs/doom/median",
    says="0.5/520 = 0.096 % is the mass of a week and the mean drop of a survivor, and no median: a survivor's "
    "median weekly "
    "update is 0.0855 %, the median over all live weeks of all worlds 0.0771 %.",
    measure=update_sizes,
    statement="beliefs/doom",
    relation="corrects",
    headline="survivor_median",
    known=Known("0.0855 %", CALCULATED, "survivor_median"),
    must_fail=[same_every_week],
    exhibit=sizes_exhibit,
    **ABOUT,
)
def not_the_median(n):
    mass = n["mean_is_mass"] & (n["weeks_for_one_unit_of_mass"] == 1040)
    medians = (abs(n["survivor_median"] - 0.000855) < 5e-7) & (abs(n["live_week_median"] - 0.000771) < 5e-7)
    return mass & medians & (n["survivor_median"] < n["mean_drop"])


@claim(
    "beliefs/doom/all-live-weeks",
    says="Over all live weeks of all worlds, each weighted by its probability, the median weekly update is 0.0771 %.",
    measure=update_sizes,
    statement="beliefs/doom",
    relation="corrects",
    headline="live_week_median",
    known=Known("0.0771 %", CALCULATED, "live_week_median"),
    must_fail=[same_every_week],
    **ABOUT,
)
def all_live_weeks(n):
    return (abs(n["live_week_median"] - 0.000771) < 5e-7) & (n["live_week_median"] < n["survivor_median"])


@claim(
    "beliefs/doom/range",
    says="The drops run from 0.0481 % in the first week to 0.1919 % in the last, a factor of four.",
    measure=update_sizes,
    headline="last_drop",
    known=Known("0.1919 %", CALCULATED, "last_drop"),
    must_fail=[same_every_week],
    **ABOUT,
)
def drops_grow(n):
    first = (n["first_drop"] > 0.000480) & (n["first_drop"] < 0.000482)
    last = (n["last_drop"] > 0.001918) & (n["last_drop"] < 0.001920)
    return first & last & (abs(n["last_drop"] / n["first_drop"] - 4) < 0.05)


def large_updates(doom: Doom) -> Measured:
    """Updates above 1 %, and where the movement comes from, exactly."""
    weeks = range(1, len(doom.masses) + 1)
    return certified(
        expected_large=doom.expected_larger(PERCENT),
        largest_drop=max(doom.drop(week) for week in weeks),
        least_jump=min(doom.jump(week) for week in weeks),
        movement=doom.expected_movement(),
        in_the_jump=doom.jump_movement() / doom.expected_movement(),
    )


LARGE: Any = dict(measure=large_updates, relation="supports", must_fail=[twenty_weeks], **ABOUT)


@claim(
    "beliefs/doom-big/number",
    says="Exactly half an update above 1 % is expected in all.",
    statement="beliefs/doom-big",
    headline="expected_large",
    known=Known("0.5", CALCULATED, "expected_large"),
    **LARGE,
)
def half_an_update(n):
    return n["expected_large"] == 0.5


@claim(
    "beliefs/doom-big/only-doom",
    says="It comes only when doom does: every jump is at least 50 %, and no week without doom moves the belief "
    "by 0.2 %.",
    statement="beliefs/doom-only-when-observed",
    headline="largest_drop",
    **LARGE,
)
def only_doom(n):
    return (n["least_jump"] >= 0.5) & (n["largest_drop"] < 0.002)


@claim(
    "beliefs/doom-big/movement",
    says="The expected movement is ¼ exactly, and 99.86 % of it is the one jump.",
    statement="beliefs/uneven-updates",
    headline="in_the_jump",
    known=Known("99.86 %", CALCULATED, "in_the_jump"),
    **LARGE,
)
def in_the_jump(n):
    return (n["movement"] == 0.25) & (abs(n["in_the_jump"] - 0.9986) < 5e-5)
