"""Do two heads learn the task, and do they rank the signal tokens in opposite orders?

Bars were chosen on exploration seeds. "Solved" is certified: every margin over the whole domain is positive for the
real-number function of the stored weights.
"""

from typing import Any

from readoff.claims import (
    Known,
    Seeds,
    Sweep,
    Trained,
    claim,
    heads_from_different_seeds,
    untrained,
)
from readoff.studies.pairs.arms import ARMS
from readoff.studies.pairs.controls import other_d_head
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import attention, outcome, solved
from readoff.studies.pairs.pictures import attention_orders, loss_curves, main_exhibits
from readoff.studies.pairs.recipes import (
    MAIN,
    MAIN_DECAY,
    SAMPLED,
    effective,
    with_d_head,
)


def _learns(arm: str) -> Any:
    recipe, words = ARMS[arm]

    @claim(
        f"pairs/two-heads-learn/{arm}",
        says=f"Two heads with d_head 5 learn the task: every margin over the whole domain is positive ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=0.9, confidence=0.95),
        measure=outcome,
        statement="pairs/two-heads-learn",
        relation="supports",
        must_hold=[],  # margins are logits: no gauge could be read off them
        exhibit=main_exhibits if arm == "decay" else loss_curves,
    )
    def learns(n):
        return n["least_margin"] > 0

    return learns


two_heads_learn = [_learns(arm) for arm in ARMS]


@claim(
    "pairs/recipe",
    says="The frozen recipe solves the task within its 2,000 steps with room to spare: every margin is above 1.",
    about=Trained(MAIN),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=outcome,
)
def recipe_margins(n):
    return n["least_margin"] > 1


REVERSED = {
    "exact": (MAIN, 0.8, "d_head 5, no decay"),
    "decay": (MAIN_DECAY, 0.7, "d_head 5, decay 0.1"),
    "sampled": (SAMPLED, 0.7, "d_head 5, batches of 256, decay 0.1"),
    "d-head-2": (with_d_head(MAIN_DECAY, 2), 0.6, "d_head 2, decay 0.1"),
}


def _reverses(arm: str) -> Any:
    recipe, bar, words = REVERSED[arm]

    @claim(
        f"pairs/opposite-orders/{arm}",
        says=f"The two heads rank the four signal tokens in exactly opposite orders ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=attention,
        statement="pairs/opposite-orders",
        relation="supports",
        must_fail=[untrained, heads_from_different_seeds],
        exhibit=attention_orders,
    )
    def reverses(n):
        return n["reversed"] & True

    return reverses


opposite_orders = [_reverses(arm) for arm in REVERSED]


@claim(
    "pairs/opposite-orders/d-head-1",
    says="With d_head 1 the orders are often not exactly opposite: in at least two of five networks that "
    "solve the task.",
    about=Trained(with_d_head(MAIN_DECAY, 1)),
    scope=Seeds(at_least=0.4, confidence=0.95, given=solved),
    measure=attention,
    statement="pairs/opposite-orders",
    relation="qualifies",
    must_fail=[other_d_head(5)],
    exhibit=attention_orders,
)
def not_reversed_at_d_head_1(n):
    return ~n["reversed"]


EFFECTIVE = {
    "effective-d-head-1": (effective(2, 1), 0.15, "9/24"),
    "effective-d-head-2": (effective(2, 2), 0.6, "20/24"),
    "effective-d-head-5": (effective(2, 5), 0.6, "23/24"),
    "effective-d-head-5-decay": (effective(2, 5, decay=0.1), 0.8, "24/24"),
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
        known=Known(known, CALCULATED + ", 24 seeds, other initial values", "rate"),
        must_fail=[untrained, heads_from_different_seeds],
    )
    def reverses(n):
        return n["reversed"] & True

    return reverses


effective_orders = [_effective_reverses(name) for name in EFFECTIVE]
