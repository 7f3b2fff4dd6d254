"""The law itself: movement and reduction of uncertainty on exact trees, leaving 50 % early, and forgetting."""

import random
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flint import Ordering, fmpz_mpoly_ctx

from readoff.beliefs import trees
from readoff.beliefs.leaving import earliest_leaving, kolmogorov, leaves_at_once
from readoff.beliefs.trees import Tree, calibration_by_date, expected
from readoff.claims import Exhibit, Exists, Identity, Measured, Process, certified, claim, on_material

HALF = Fraction(1, 2)
TREES = 100


def forest() -> tuple[Tree, ...]:
    """Random martingale trees: uneven branches, jumps of all sizes, half of them resolved."""
    return tuple(trees.random_tree(random.Random(seed), depth=4, resolved=seed % 2 == 0) for seed in range(TREES))


def law_numbers(forest: tuple[Tree, ...]) -> Measured:
    """Over all trees: the largest departure from the two sums, exactly."""
    found = [expected(tree) for tree in forest]
    return certified(
        n_trees=len(forest),
        histories=sum(1 for tree in forest for _ in tree.paths()),
        martingales=sum(tree.violation() is None for tree in forest),
        worst_variance=max(abs(f.variance_of_last - f.variances_of_increments) for f in found),
        worst_excess=max(abs(f.excess) for f in found),
        movement=max(f.movement for f in found),
    )


def nudged(tree: Tree) -> Tree:
    """The same tree with the first belief moved by a hundredth: no longer the average of what follows."""
    moved = tree.belief + Fraction(1, 100) if tree.belief < HALF else tree.belief - Fraction(1, 100)
    return replace(tree, belief=moved)


def persistent(tree: Tree) -> Tree:
    """The same beliefs, but whoever rose rises: the upper branch gets all the chance at each node."""
    if not tree.branches:
        return tree
    top = max(branch.belief for _, branch in tree.branches)
    chances = [Fraction(branch.belief == top) for _, branch in tree.branches]
    branches = [(c / sum(chances), persistent(b)) for c, (_, b) in zip(chances, tree.branches)]
    return Tree(tree.belief, tuple(branches))


def _on_trees(name: str, change: Any) -> Any:
    return on_material(name, lambda forest: tuple(change(tree) for tree in forest))


LAW: Any = dict(
    about=Process(forest, f"{TREES} random martingale trees"),
    scope=Identity(),
    measure=law_numbers,
    must_fail=[_on_trees("first belief moved by a point", nudged), _on_trees("certain to rise", persistent)],
)


@claim(
    "beliefs/variance/sums",
    says="On every finite martingale tree tried, the variance of the last belief is exactly the sum of the "
    "variances of the "
    "increments.",
    statement="beliefs/variance",
    relation="supports",
    headline="worst_variance",
    **LAW,
)
def variance_sums(n):
    return (n["martingales"] == n["n_trees"]) & (n["worst_variance"] == 0) & (n["movement"] > 0)


@claim(
    "beliefs/variance/movement",
    says="... and expected movement is exactly the expected reduction of uncertainty, whatever the sizes of the "
    "updates.",
    statement="beliefs/movement",
    relation="supports",
    headline="worst_excess",
    **LAW,
)
def movement_is_reduction(n):
    return (n["martingales"] == n["n_trees"]) & (n["worst_excess"] == 0) & (n["movement"] > 0)


@dataclass(frozen=True)
class Holding:
    """The weight w(π) = constant + slope·π of a bet, as a polynomial with integer coefficients."""

    constant: int
    slope: int


def identity_numbers(holding: Holding) -> Measured:
    """Is movement minus reduction of one step equal to w(π)·(π' - π), as an identity of polynomials?"""
    now, then = fmpz_mpoly_ctx.get(("now", "then"), Ordering.lex).gens()
    excess = (then - now) ** 2 - (now * (1 - now) - then * (1 - then))
    return certified(zero=excess == (holding.constant + holding.slope * now) * (then - now))


@claim(
    "beliefs/variance/by-step",
    says="Step by step: movement minus reduction is (1-2π)(π'-π), an identity of polynomials, so it has mean "
    "zero as soon as "
    "the next belief averages to this one, for any number of updates of any size.",
    about=Process(lambda: Holding(1, -2), "the holding 1 - 2π"),
    scope=Identity(),
    measure=identity_numbers,
    statement="beliefs/variance",
    relation="supports",
    must_fail=[
        on_material("holding 1 - π", lambda h: Holding(1, -1)),
        on_material("holding 1", lambda h: Holding(1, 0)),
    ],
)
def by_step(n):
    return n["zero"]


def leaving_numbers(tree: Tree) -> Measured:
    """Whether a tree obeys the law, and how it leaves ½."""
    histories = list(tree.paths())
    first = min(abs(beliefs[1] - HALF) for _, beliefs in histories)
    found = expected(tree)
    return certified(
        lawful=tree.violation() is None,
        starts_at=tree.belief,
        tenths_of_distance_after_one_update=10 * first,
        movement=found.movement,
        excess=found.excess,
        share_of_budget=sum(p * (b[1] - b[0]) ** 2 for p, b in histories) / found.movement,
    )


slow = on_material("a forecast that creeps", lambda tree: leaves_at_once(Fraction(1, 100)))
unlawful = on_material("the same forecast, never corrected", lambda tree: Tree(tree.belief, tuple(
    (chance, Tree(branch.belief, ((HALF, Tree(Fraction(0))), (HALF, Tree(Fraction(1)))))) for chance, branch in
    tree.branches)))  # fmt: skip


@claim(
    "beliefs/near-half/witness",
    says="A lawful forecast may leave 50 % with its first update, for certain, to 10 or 90 %, and stay there "
    "until the end: "
    "that spends 64 % of its expected movement at once.",
    about=Process(lambda: leaves_at_once(Fraction(2, 5)), "a forecast that leaves 50 % at once"),
    scope=Exists(),
    measure=leaving_numbers,
    statement="beliefs/near-half",
    relation="supports",
    headline="tenths_of_distance_after_one_update",
    must_fail=[slow, unlawful],
)
def leaves_half(n):
    far = (n["starts_at"] == 0.5) & (n["tenths_of_distance_after_one_update"] == 4)
    return n["lawful"] & far & (n["movement"] == 0.25) & (n["excess"] == 0)


@claim(
    "beliefs/near-half/no-pull",
    says="So nothing in the law pulls a rational forecast towards 50 %: what does is a model of the underlying "
    "variable.",
    about=Process(lambda: leaves_at_once(Fraction(2, 5)), "a forecast that leaves 50 % at once"),
    scope=Exists(),
    measure=leaving_numbers,
    statement="beliefs/taleb-near-half",
    relation="qualifies",
    headline="share_of_budget",
    must_fail=[slow, unlawful],
)
def no_pull(n):
    return n["lawful"] & (n["excess"] == 0) & (n["share_of_budget"] > 0.5)


@dataclass(frozen=True)
class Bounded:
    """Updates of `step` grid units up or down, or none, `away` units from ½ as the aim, and how many updates to see."""

    away: int
    step: int
    updates: int


def bounded_numbers(b: Bounded) -> Measured:
    """The best chance of a martingale to have left by each of these updates, and Kolmogorov's bound for unit steps."""
    best = [earliest_leaving(-(-b.away // b.step), t) for t in range(b.updates + 1)]
    bound = [kolmogorov(b.away, t) for t in range(b.updates + 1)]
    return certified(
        first_possible=next(t for t, chance in enumerate(best) if chance > 0),
        away=b.away,
        within_bound=all(chance <= limit for chance, limit in zip(best, bound)),
        even_odds_by=next((t for t, chance in enumerate(best) if chance >= HALF), -1),
        at_the_end=best[-1],
    )


def bounded_exhibit(b: Bounded, n: Any) -> list[Exhibit]:
    times = list(range(b.updates + 1))
    data = {
        "x": times * 2,
        "y": [float(f(b.away, t)) for f in (earliest_leaving, kolmogorov) for t in times],
        "series": ["best possible"] * len(times) + ["Kolmogorov's bound"] * len(times),
        "x_axis": "updates of one point or none",
        "y_axis": "chance to have left",
    }
    caption = (
        f"How likely a lawful forecast in whole points can be to have moved {b.away} points from 50 %: the best "
        "process with updates of one point or none, and the bound."
    )
    return [Exhibit("leaving", "scatter", "How early a forecast can leave 50 %", caption, data)]


@claim(
    "beliefs/near-half/how-early",
    says="With updates of one point or none nobody is 10 points from 50 % before the tenth update, and the best "
    "chance to be so by update t stays below t/100 (Kolmogorov), for the best of all lawful forecasts of that kind.",
    about=Process(lambda: Bounded(away=10, step=1, updates=100), "updates of one point or none"),
    scope=Identity(),
    measure=bounded_numbers,
    statement="beliefs/near-half",
    relation="qualifies",
    headline="even_odds_by",
    must_fail=[on_material("updates of two points", lambda b: replace(b, step=2))],
    exhibit=bounded_exhibit,
)
def how_early(n):
    return (n["first_possible"] == n["away"]) & n["within_bound"] & (n["at_the_end"] > 0)


@dataclass(frozen=True)
class Signals:
    """Fresh signals, each right with probability `accuracy`, at `dates` dates; `memory`: reports use all so far."""

    prior: Fraction
    accuracy: Fraction
    dates: int
    memory: bool = False


def memory_numbers(s: Signals) -> Measured:
    """Calibration at every date, and movement against reduction, over all histories."""
    tree = trees.forgetful(s.prior, s.accuracy, s.dates, s.memory)
    levels = calibration_by_date(tree)
    found = expected(tree)
    return certified(
        calibrated=all(share == report for (_, report), share in levels.items()),
        levels=len(levels),
        lawful=tree.violation() is None,
        movement=found.movement,
        reduction=found.reduction,
        excess=found.excess,
    )


@claim(
    "beliefs/forgetful/no-martingale",
    says="Calibration at every date is not enough: who reports P(yes | today's signal) is exactly calibrated at "
    "every date, "
    "and moves more than she learns as soon as there are two signals.",
    about=Process(lambda: Signals(HALF, Fraction(3, 4), 5), "five signals, each forgotten"),
    scope=Identity(),
    measure=memory_numbers,
    statement="beliefs/forgetful",
    relation="qualifies",
    headline="excess",
    must_fail=[on_material("with memory", lambda s: replace(s, memory=True))],
)
def forgetful(n):
    return n["calibrated"] & ~n["lawful"] & (n["excess"] > 0)
