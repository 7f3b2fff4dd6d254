"""Do two heads rank the signal tokens in opposite orders? By arm, by d_head, by size of the task, by 30 cells.

An order is that of a head's attention scores over the signal tokens. Exactly reversed: all pairs of tokens are ordered
oppositely. Kendall's tau is 1 for equal and -1 for reversed orders; with four tokens -2/3 is one pair out of place.
"""

from typing import Any

import numpy as np

from readoff.circuits.attention import exactly_reversed, kendall_tau
from readoff.claims import (
    Exhibit,
    Known,
    Measured,
    Seeds,
    Sweep,
    Trained,
    claim,
    enumerated,
    heads_from_different_seeds,
    untrained,
)
from readoff.studies.pairs.arms import ARMS, explored, in_arms
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.controls import other_d_head, pairs_instead
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import attention, signal_scores, solved
from readoff.studies.pairs.pictures import attention_orders
from readoff.studies.pairs.recipes import (
    DECAY,
    MAIN_DECAY,
    PHASE_CONSTANTS,
    PHASE_D_HEADS,
    PHASE_DECAYS,
    effective,
    phase_cell,
    sized,
    with_d_head,
)
from readoff.studies.pairs.trained import SIZES


def _reverses(name: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        f"pairs/opposite-orders/{name}",
        says="The two heads rank the four signal tokens in exactly opposite orders, in at least "
        f"{bar:.0%} of the networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=attention,
        headline="tau",
        statement="pairs/opposite-orders",
        relation="qualifies",
        must_fail=[untrained, heads_from_different_seeds],
        exhibit=attention_orders,
    )
    def reverses(n):
        return n["reversed"] & True

    return reverses


opposite_orders = in_arms(
    {
        "exact": explored(124),
        "decay": explored(117),
        "sampled": explored(119),
        "no-direct-path": explored(124),
    },
    _reverses,
)
by_d_head = [
    _reverses(f"d-head-{d}", with_d_head(MAIN_DECAY, d), f"d_head {d}, decay 0.1", bar)
    for d, bar in ((2, explored(108)), (3, explored(119)), (4, explored(124)))
]


def _nearly(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        f"pairs/opposite-orders/nearly/{arm}",
        says="The two orders are opposite but for at most one of the six pairs of tokens (Kendall's tau at most -2/3), "
        f"in at least {bar:.0%} of the networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=attention,
        headline="tau",
        statement="pairs/opposite-orders",
        relation="supports",
        must_fail=[untrained, heads_from_different_seeds],
    )
    def nearly(n):
        return n["tau"] < -0.6

    return nearly


nearly_opposite = in_arms(dict.fromkeys(ARMS, explored(128)), _nearly)


@claim(
    "pairs/opposite-orders/d-head-1",
    says="With d_head 1 the orders are often not exactly opposite: in at least "
    f"{explored(74):.0%} of the networks that solve the task.",
    about=Trained(with_d_head(MAIN_DECAY, 1)),
    scope=Seeds(at_least=explored(74), confidence=0.95, given=solved),
    measure=attention,
    headline="tau",
    statement="pairs/opposite-orders",
    relation="qualifies",
    must_fail=[other_d_head(5)],
    exhibit=attention_orders,
)
def not_reversed_at_d_head_1(n):
    return ~n["reversed"]


EFFECTIVE = {
    "effective-d-head-1": (effective(2, 1), 0.15, "9/24"),  # explored: 34 of 128; by chance it would be 1 in 24
    "effective-d-head-2": (effective(2, 2), explored(91), "20/24"),
    "effective-d-head-5": (effective(2, 5), explored(104), "23/24"),
    "effective-d-head-5-decay": (effective(2, 5, decay=DECAY), explored(122), "24/24"),
}


def _effective_reverses(name: str) -> Any:
    recipe, bar, known = EFFECTIVE[name]

    @claim(
        f"pairs/opposite-orders/{name}",
        says=f"In the effective model (free score tables) the orders are exactly opposite in at least {bar:.0%} of the "
        f"networks (d_head {recipe.architecture.d_head}, decay {recipe.weight_decay:g}).",
        about=Sweep((recipe,)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=lambda runs: attention(runs[0]),
        headline="tau",
        known=Known(known, CALCULATED + ", 24 seeds, other initial values", "rate"),
        must_fail=[untrained, heads_from_different_seeds],
    )
    def reverses(n):
        return n["reversed"] & True

    return reverses


effective_orders = [_effective_reverses(name) for name in EFFECTIVE]


def attention_and_mean(runs: Any) -> Measured:
    """As `attention`, and Kendall's tau averaged over the networks, which is what the known values are."""
    found = attention(runs[0]).numbers
    return enumerated(**found, mean_tau=float(found["tau"].mean()))


def _effective_nearly(name: str, bar: float, known: str) -> Any:
    recipe, *_ = EFFECTIVE[name]

    @claim(
        f"pairs/opposite-orders/nearly/{name}",
        says="In the effective model the two orders are opposite but for at most one of the six pairs of tokens in at "
        f"least {bar:.0%} of the networks (d_head {recipe.architecture.d_head}, decay {recipe.weight_decay:g}).",
        about=Sweep((recipe,)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=attention_and_mean,
        headline="mean_tau",
        known=Known(known, CALCULATED + ", mean of 24 seeds, other initial values", "mean_tau", comparable=False),
        must_fail=[untrained, heads_from_different_seeds],
    )
    def nearly(n):
        return n["tau"] < -0.6

    return nearly


effective_nearly = [
    _effective_nearly("effective-d-head-1", explored(94), "-0.78"),
    _effective_nearly("effective-d-head-2", explored(125), "-0.94"),
    _effective_nearly("effective-d-head-5", explored(126), "-0.99"),
    _effective_nearly("effective-d-head-5-decay", explored(128), "-1.00"),
]


def _reverses_size(name: str, bar: float) -> Any:
    task, words = SIZES[name]

    @claim(
        f"pairs/opposite-orders/{name}",
        says=f"At another size ({words}; decay 0.1) the two orders are exactly opposite in at least {bar:.0%} of the "
        "networks.",
        about=Sweep((sized(task),)),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=lambda runs: attention(runs[0]),
        headline="tau",
        statement="pairs/opposite-orders",
        relation="qualifies",
        must_fail=[untrained, heads_from_different_seeds],
    )
    def reverses(n):
        return n["reversed"] & True

    return reverses


by_size = [_reverses_size("three-signals", explored(126)), _reverses_size("five-signals", explored(120))]


@claim(
    "pairs/opposite-orders/three-per-input",
    says="With three signal tokens in an input two heads share three order statistics, and exact reversal is not the "
    f"rule: in at least {explored(93):.0%} of the networks that solve that task the orders are not exactly opposite.",
    about=Sweep((sized(SIZES["three-per-input"][0]),)),
    scope=Seeds(at_least=explored(93), confidence=0.95, given=solved),
    measure=lambda runs: attention(runs[0]),
    headline="tau",
    statement="pairs/opposite-orders",
    relation="qualifies",
    must_fail=[pairs_instead],
)
def not_reversed_with_three(n):
    return ~n["reversed"]


CELLS = [(c, w, d) for c in PHASE_CONSTANTS for w in PHASE_DECAYS for d in PHASE_D_HEADS]


def cells(runs: Any) -> Measured:
    """Per seed: the share of cells in which its network solves the task and is exactly reversed, by d_head."""
    found = {d: [] for d in PHASE_D_HEADS}
    for (_, _, d_head), run in zip(CELLS, runs, strict=True):
        scores = signal_scores(run.ensemble)
        found[d_head].append(exactly_reversed(scores[:, 0], scores[:, 1]) & (least_margins(run.ensemble) > 0))
    return enumerated(
        at_1=np.mean(found[1], axis=0),
        at_3_or_more=np.mean([c for d in (3, 4, 5) for c in found[d]], axis=0),
    )


def cells_exhibit(runs: Any, n: Any) -> list[Exhibit]:
    """Exactly reversed of those that solve the task, and the median tau, in every cell."""
    rows = []
    for constant in PHASE_CONSTANTS:
        for decay in PHASE_DECAYS:
            row = [f"{constant}, decay {decay:g}"]
            for d_head in PHASE_D_HEADS:
                run = runs[CELLS.index((constant, decay, d_head))]
                scores, right = signal_scores(run.ensemble), least_margins(run.ensemble) > 0
                opposite = exactly_reversed(scores[:, 0], scores[:, 1])
                tau = np.nanmedian(kendall_tau(scores[:, 0], scores[:, 1])[right]) if right.any() else np.nan
                row.append(f"{int((opposite & right).sum())} of {int(right.sum())} (tau {tau:.2f})")
            rows.append(row)
    columns = ["constant logits, decay", *[f"d_head {d}" for d in PHASE_D_HEADS]]
    caption = "Two heads: exactly reversed of those that solve the task; in brackets the median of Kendall's tau."
    table = {"columns": columns, "rows": rows}
    return [Exhibit("orders-by-cell", "table", "Opposite orders over the cells", caption, table)]


@claim(
    "pairs/opposite-orders/cells",
    says="Over 30 cells of two heads (d_head 1 to 5; constant logits from nowhere, biases or the direct path; decay 0 "
    f"and {DECAY:g}) a seed is exactly reversed in at least three quarters of the cells with d_head 3 or more, and in "
    "a smaller share of those with d_head 1.",
    about=Sweep(tuple(phase_cell(2, d, c, w) for c, w, d in CELLS)),
    scope=Seeds(at_least=explored(121), confidence=0.95),
    measure=cells,
    headline="at_3_or_more",
    statement="pairs/opposite-orders",
    relation="qualifies",
    must_fail=[untrained, heads_from_different_seeds],
    exhibit=cells_exhibit,
)
def reversed_in_most_cells(n):
    return (n["at_3_or_more"] >= 0.75) & (n["at_3_or_more"] > n["at_1"])
