"""Finite martingale trees: every history a forecaster could have had, with exact probabilities.

A node says what is believed there and what may come next. Tomorrow's average must be today's belief:

>>> sure = [(Fraction(1, 2), Tree(Fraction(0))), (Fraction(1, 2), Tree(Fraction(1)))]
>>> coin = Tree(Fraction(1, 2), tuple(sure))
>>> coin.violation() is None, expected(coin).movement
(True, Fraction(1, 4))

What the law says about a whole tree, path by path weighted: the variance of the last belief is the sum of the
variances of the increments; expected movement `E Σ(π' - π)²` equals the expected reduction of uncertainty
`E[π₀(1-π₀) - π_T(1-π_T)]`. Both follow step by step from one identity of polynomials,

    (π' - π)² - [π(1-π) - π'(1-π')] = (1 - 2π)(π' - π),

whose right side has mean zero as soon as E[π' | the past] = π. `step_identity` checks the identity itself by algebra;
`expected` sums over trees. A forgetful forecaster, calibrated at every date but with no memory, breaks the law:

>>> expected(forgetful(Fraction(1, 2), Fraction(3, 4), dates=4)).excess
Fraction(9, 32)
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import Ordering, fmpz_mpoly_ctx

from readoff.core.errors import BadValue


@dataclass(frozen=True)
class Tree:
    """A belief and the branches that may follow it: (probability, subtree), none at a leaf."""

    belief: Fraction
    branches: tuple[tuple[Fraction, "Tree"], ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.belief <= 1:
            raise BadValue(f"a belief of {self.belief}: beliefs are probabilities between 0 and 1")
        chances = [chance for chance, _ in self.branches]
        if self.branches and (sum(chances) != 1 or min(chances) < 0):
            raise BadValue(f"branches with chances {', '.join(map(str, chances))}: they must be ≥ 0 and add up to 1")

    def violation(self, trail: tuple[Fraction, ...] = ()) -> tuple[Fraction, ...] | None:
        """The beliefs that lead to the first node whose branches do not average to it, or None for a martingale."""
        trail = (*trail, self.belief)
        if self.branches and sum(chance * branch.belief for chance, branch in self.branches) != self.belief:
            return trail
        return next(filter(None, (branch.violation(trail) for _, branch in self.branches)), None)

    def paths(self) -> Iterator[tuple[Fraction, tuple[Fraction, ...]]]:
        """(probability, beliefs from first to last) of every history."""
        if not self.branches:
            yield Fraction(1), (self.belief,)
        for chance, branch in self.branches:
            for rest, beliefs in branch.paths():
                yield chance * rest, (self.belief, *beliefs)


@dataclass(frozen=True)
class Expected:
    """Exact expectations over the histories of a tree, in units of probability squared."""

    movement: Fraction
    reduction: Fraction
    variance_of_last: Fraction
    variances_of_increments: Fraction

    @property
    def excess(self) -> Fraction:
        """Movement minus reduction: 0 for every martingale."""
        return self.movement - self.reduction


def expected(tree: Tree) -> Expected:
    """Movement, reduction, Var(last belief) and summed variances of the increments, over all histories."""
    movement = reduction = last = last_square = Fraction(0)
    steps: dict[int, list[Fraction]] = {}
    for chance, beliefs in tree.paths():
        for date, (now, then) in enumerate(itertools.pairwise(beliefs)):
            movement += chance * (then - now) ** 2
            moments = steps.setdefault(date, [Fraction(0), Fraction(0)])
            moments[0] += chance * (then - now)
            moments[1] += chance * (then - now) ** 2
        reduction += chance * (beliefs[0] * (1 - beliefs[0]) - beliefs[-1] * (1 - beliefs[-1]))
        last += chance * beliefs[-1]
        last_square += chance * beliefs[-1] ** 2
    variances = sum((square - mean**2 for mean, square in steps.values()), Fraction(0))
    return Expected(movement, reduction, last_square - last**2, variances)


def step_identity() -> bool:
    """Is (π'-π)² - [π(1-π) - π'(1-π')] = (1-2π)(π'-π) an identity of polynomials with integer coefficients?"""
    now, then = fmpz_mpoly_ctx.get(("now", "then"), Ordering.lex).gens()
    return (then - now) ** 2 - (now * (1 - now) - then * (1 - then)) == (1 - 2 * now) * (then - now)


def random_tree(rng: random.Random, depth: int, resolved: bool = True) -> Tree:
    """A random martingale tree of at most `depth` updates, unequal branches and sizes, built backwards from its leaves.

    Leaves are 0 or 1 when `resolved`, else any rational; every inner belief is the mean of what follows, so the law
    holds by construction and whatever is computed from the tree can be tested against it.
    """
    if depth == 0 or rng.random() < 0.15:
        return Tree(Fraction(rng.randint(0, 1)) if resolved else Fraction(rng.randint(0, 12), 12))
    weights = [rng.randint(1, 9) for _ in range(rng.randint(2, 3))]
    branches = [(Fraction(w, sum(weights)), random_tree(rng, depth - 1, resolved)) for w in weights]
    belief = sum((chance * branch.belief for chance, branch in branches), Fraction(0))
    return Tree(belief, tuple(branches))


def forgetful(prior: Fraction, accuracy: Fraction, dates: int, memory: bool = False) -> Tree:
    """A forecaster who sees one fresh signal a date, right with probability `accuracy`, and forgets all earlier ones.

    Each report is P(yes | today's signal): among all days with that report the share of yes is exactly the report, so
    she is calibrated at every date. The tree starts at the prior, has `dates` reports, and ends with the truth. With
    `memory` each report uses all signals so far, which makes it a martingale.
    """
    says_yes = prior * accuracy + (1 - prior) * (1 - accuracy)
    after_yes, after_no = prior * accuracy / says_yes, prior * (1 - accuracy) / (1 - says_yes)

    def grow(report: Fraction, truth: Fraction, left: int) -> Tree:
        """`truth` is P(yes | all signals so far), which she does not know."""
        if left == 0:
            return Tree(report, ((1 - truth, Tree(Fraction(0))), (truth, Tree(Fraction(1)))))
        yes = truth * accuracy + (1 - truth) * (1 - accuracy)
        truth_if_yes, truth_if_no = truth * accuracy / yes, truth * (1 - accuracy) / (1 - yes)
        return Tree(
            report,
            (
                (yes, grow(truth_if_yes if memory else after_yes, truth_if_yes, left - 1)),
                (1 - yes, grow(truth_if_no if memory else after_no, truth_if_no, left - 1)),
            ),
        )

    return grow(prior, prior, dates)


def calibration_by_date(tree: Tree) -> dict[tuple[int, Fraction], Fraction]:
    """(date, report) → share of yes among the histories that say so then; the last date, the outcome, is left out."""
    weight: dict[tuple[int, Fraction], Fraction] = {}
    yes: dict[tuple[int, Fraction], Fraction] = {}
    for chance, beliefs in tree.paths():
        for date, report in enumerate(beliefs[:-1]):
            weight[date, report] = weight.get((date, report), Fraction(0)) + chance
            yes[date, report] = yes.get((date, report), Fraction(0)) + chance * beliefs[-1]
    return {key: yes[key] / total for key, total in weight.items() if total}
