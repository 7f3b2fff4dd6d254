"""Doom that may come in any week: beliefs with one rare great jump and many tiny steps down.

Somebody believes in doom with mass ½, spread evenly over the next 520 weeks, and in none after:

>>> doom = uniform_density(mass=Fraction(1, 2), weeks=520)
>>> doom.belief(0), doom.belief(520)
(Fraction(1, 2), Fraction(0, 1))

A week without doom lowers the belief a little; doom lifts it to 1. How large is "the" weekly update? It depends on
which weekly update is meant, and the four natural readings differ by up to a factor of four:

>>> ['%.4f %%' % (100 * size) for size in (doom.masses[0], doom.drop(1), doom.survivor_median_drop(), doom.drop(520))]
['0.0962 %', '0.0481 %', '0.0855 %', '0.1919 %']

The first is the *mass* of a week as seen from the start, and also the mean drop of a survivor, ½ in 520 steps. It
is the median of nothing. The jump happens with probability ½ and carries nearly all of the movement:

>>> doom.expected_larger(Fraction(1, 100)), doom.expected_movement(), float(4 * doom.jump_movement())
(Fraction(1, 2), Fraction(1, 4), 0.9985...)
"""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from readoff.core.errors import BadValue


@dataclass(frozen=True)
class Doom:
    """`masses[k]` is the probability, as seen from week 0, that doom comes in week k + 1; the rest is "never"."""

    masses: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if not self.masses or min(self.masses) < 0 or not 0 < sum(self.masses) <= 1:
            raise BadValue("a doom process needs at least one week, masses ≥ 0, and a total above 0 and at most 1")
        if sum(self.masses) == 1 and self.masses[-1] == 0:
            raise BadValue("doom is certain before the last week: leave out the weeks that nobody lives to see")

    @cached_property
    def _come(self) -> tuple[Fraction, ...]:
        """P(doom in the first k weeks) for k = 0, 1, …"""
        return tuple(itertools.accumulate(self.masses, initial=Fraction(0)))

    def survives(self, weeks: int) -> Fraction:
        """P(no doom in the first `weeks` weeks)."""
        return 1 - self._come[weeks]

    def belief(self, weeks: int) -> Fraction:
        """Belief in eventual doom of someone who has lived through `weeks` weeks (1 when living on was impossible)."""
        alive = self.survives(weeks)
        return (self._come[-1] - self._come[weeks]) / alive if alive else Fraction(1)

    def drop(self, week: int) -> Fraction:
        """How far the belief falls in the given week (counted from 1) when doom does not come."""
        return self.belief(week - 1) - self.belief(week)

    def jump(self, week: int) -> Fraction:
        """How far the belief rises in the given week when doom comes."""
        return 1 - self.belief(week - 1)

    def updates(self) -> list[tuple[Fraction, Fraction]]:
        """(expected number, size) of every possible update in every week: a drop and a jump each."""
        found = []
        for week in range(1, len(self.masses) + 1):
            found += [(self.survives(week), self.drop(week)), (self.masses[week - 1], self.jump(week))]
        return found

    def expected_live_weeks(self) -> Fraction:
        """Expected number of weeks that begin before doom."""
        return sum((self.survives(week) for week in range(len(self.masses))), Fraction(0))

    def expected_larger(self, size: Fraction) -> Fraction:
        """Expected number of updates larger than `size`."""
        return sum((number for number, update in self.updates() if update > size), Fraction(0))

    def survivor_median_drop(self) -> Fraction:
        """Median over the weeks of someone who survives them all (mean of the middle two for an even number)."""
        drops = sorted(self.drop(week) for week in range(1, len(self.masses) + 1))
        return (drops[(len(drops) - 1) // 2] + drops[len(drops) // 2]) / 2

    def live_week_median(self) -> Fraction:
        """Median update over all live weeks of all worlds, doom weeks included, each weighted by its probability."""
        half, reached = self.expected_live_weeks() / 2, Fraction(0)
        for size, number in sorted((size, number) for number, size in self.updates()):
            reached += number
            if reached >= half:
                return size
        raise AssertionError("the updates are as many as the live weeks")

    def expected_movement(self) -> Fraction:
        """E Σ (next - now)² over the whole process; π₀(1-π₀) by the law."""
        return sum((number * size**2 for number, size in self.updates()), Fraction(0))

    def jump_movement(self) -> Fraction:
        """The part of the expected movement that the one jump to 1 carries."""
        return sum((mass * self.jump(week) ** 2 for week, mass in enumerate(self.masses, start=1)), Fraction(0))


def uniform_density(mass: Fraction, weeks: int) -> Doom:
    """Doom with total probability `mass`, equally likely in each of `weeks` weeks as seen from the start."""
    return Doom((mass / weeks,) * weeks)


def constant_hazard(hazard: Fraction, weeks: int) -> Doom:
    """Doom that comes in each week with probability `hazard` given that it has not come before, for `weeks` weeks."""
    return Doom(tuple(hazard * (1 - hazard) ** week for week in range(weeks)))
