"""What trained two-head networks do: do they learn, do the heads reverse each other, what does each head write?

Bars were chosen on exploration seeds. "Solved" is certified: every margin over the whole domain is positive for the
real-number function of the stored weights.
"""

from typing import Any

import numpy as np

from readoff.claims import (
    Known,
    Seeds,
    Sweep,
    Trained,
    claim,
    enumerated,
    heads_from_different_seeds,
    untrained,
)
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs.controls import attention_reversed, hardened, other_d_head, sweep_reversed
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import attention, outcome, solved, writing
from readoff.studies.pairs.pictures import attention_orders, loss_curves, main_exhibits
from readoff.studies.pairs.recipes import (
    DECAYS,
    MAIN,
    MAIN_DECAY,
    NO_DIRECT,
    SAMPLED,
    effective,
    with_d_head,
    with_decay,
)

ARMS = {
    "exact": (MAIN, "exact population gradient, no decay, float64 loss"),
    "decay": (MAIN_DECAY, "exact population gradient, decay 0.1"),
    "sampled": (SAMPLED, "batches of 256, decay 0.1"),
    "no-direct-path": (NO_DIRECT, "no direct path, decay 0.1"),
}


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


def _writes(measure: str, words: str) -> Any:
    @claim(
        f"pairs/writes-more-to-less/{measure}",
        says=f"Does a head write more for tokens that it attends to less, measured by {words}?",
        about=Trained(MAIN_DECAY),
        scope=Seeds(at_least=0.6, confidence=0.95, given=solved),
        measure=writing,
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[attention_reversed],
        open=True,
        alternatives=("more to less", "more to more"),
    )
    def writes(n):
        value = n["attention_with_raised" if measure == "raised" else "attention_with_norm"]
        return {"more to less": value < 0, "more to more": value > 0}

    return writes


writes_more_to_less = [
    _writes("raised", "the mean of what the rule says it raises (primary)"),
    _writes("norm", "the norm of the whole row, mean-free (secondary)"),
]


def _follows(arm: str, bar: float) -> Any:
    recipe, words = ARMS[arm]

    @claim(
        f"pairs/excludes-higher/{arm}",
        says="What a head raises follows its own order: of all 24 orders of the signal tokens none fits the signs of "
        f"EVOU better than the two heads' own, under the rule `pairs with the token, none higher` ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.rule_against_chance,
        headline="agreement",
        statement="pairs/excludes-higher",
        relation="supports",
        must_fail=[untrained, attention_reversed],
    )
    def follows(n):
        return (n["rank_of_own"] == 0) & (n["agreement"] > n["any_order"])

    return follows


excludes_higher = [_follows("exact", 0.85), _follows("decay", 0.9)]


@claim(
    "pairs/excludes-higher/not-all-entries",
    says="The rule is not the whole table: fewer than nine in ten of its 80 signs are as the rule says.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=C.rule_against_chance,
    statement="pairs/excludes-higher",
    relation="qualifies",
    must_fail=[attention_reversed],
)
def rule_is_partial(n):
    return (n["agreement"] < 0.9) & (n["agreement"] > n["any_order"])


@claim(
    "pairs/worked-example",
    says="On 7 4 10 3 0 and all other inputs, both heads raise the true class (on at least 85 % of the population).",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=C.shared_classes,
    statement="pairs/worked-example",
    relation="supports",
    must_fail=[untrained, heads_from_different_seeds],
    exhibit=C.example_exhibits,
)
def true_class_raised_by_both(n):
    return n["true_class_shared"] >= 0.85


@claim(
    "pairs/worked-example/only-shared",
    says="But the true class is often not the only one that both raise: on that input other classes are shared too "
    "in at least half of the networks; what differs is by how much.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.5, confidence=0.95, given=solved),
    measure=C.shared_classes,
    statement="pairs/worked-example",
    relation="qualifies",
    must_fail=[untrained],
)
def others_shared_too(n):
    return (n["raised_by_both_here"] >= 2) & (n["true_class_shared"] >= 0.85)


@claim(
    "pairs/ablate-one-head/refit",
    says="A trained head passes on more than one order statistic: alone, with its readout refitted within its own "
    "norm, it is right on more than 7/16 of the population. The ceiling 7/16 is for hard attention.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=C.refitted_head,
    headline="refitted",
    statement="pairs/ablate-one-head",
    relation="qualifies",
    known=Known("1.00 in 40 of 40", CALCULATED + ", effective model, unbounded refit", comparable=False),
    must_fail=[hardened],
)
def soft_heads_pass_on_more(n):
    return n["refitted"] > 7 / 16 + 0.01


@claim(
    "pairs/ablate-one-head/no-refit",
    says="Without a refit, replacing one head by its mean leaves between 0.15 and 0.75 of the population right.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=C.without_a_head,
    headline="best",
    known=Known(".31 to .69", CALCULATED + ", effective model", comparable=False),
    must_fail=[untrained],
)
def one_head_alone(n):
    return (n["worst"] > 0.15) & (n["best"] < 0.75)


@claim(
    "pairs/inconsistent-rule",
    says="The example is nearer to what networks do than the rule: even its least-attended token makes a head raise "
    "two or more of its four pairs, on average over the heads, where the rule allows only the double (no decay).",
    about=Trained(MAIN),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=writing,
    statement="pairs/inconsistent-rule",
    relation="corrects",
    known=Known("26 of 32 heads raise two or more", CALCULATED + ", effective model", comparable=False),
    must_fail=[untrained],
)
def least_attended_raises(n):
    return n["raised_by_least_attended"] >= 2


@claim(
    "pairs/inconsistent-rule/decay",
    says="Decay brings networks nearer to the rule: the least-attended token raises fewer of its pairs "
    "with it than without.",
    about=Sweep((MAIN_DECAY, MAIN)),
    scope=Seeds(at_least=0.6, confidence=0.95),
    measure=lambda runs: enumerated(
        fewer=writing(runs[0]).numbers["raised_by_least_attended"]
        < writing(runs[1]).numbers["raised_by_least_attended"]
    ),
    statement="pairs/inconsistent-rule",
    relation="qualifies",
    must_fail=[sweep_reversed],
)
def decay_nearer_to_rule(n):
    return n["fewer"] & True


@claim(
    "pairs/calibration-entries",
    says="What happens to the loss when exactly the entries are removed that raise a class without the attended token?",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=C.calibration,
    statement="pairs/calibration-entries",
    relation="corrects",
    must_fail=[attention_reversed],
    open=True,
    alternatives=("loss rises: they correct errors", "loss falls: they are leftovers"),
)
def calibration_entries(n):
    after, before = n["loss_without"], n["loss"]
    there = (n["n_entries"] > 0) & (before < 0.1)
    return {
        "loss rises: they correct errors": there & (after > before),
        "loss falls: they are leftovers": there & (after < before),
    }


def _cancels(arm: str, bar: float) -> Any:
    recipe, words = ARMS[arm]

    @claim(
        f"pairs/errors-cancel/{arm}",
        says="Are the two heads' errors (contributions beyond a multiple of the right answer, population mean removed) "
        f"opposite? Correlation beyond 0.05 either way ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.errors,
        statement="pairs/errors-cancel",
        relation="supports" if arm == "decay" else "qualifies",
        must_fail=[heads_from_different_seeds],
        open=True,
        alternatives=("opposite", "unrelated", "alike"),
    )
    def cancels(n):
        value = n["correlation"]
        return {"opposite": value < -0.05, "unrelated": (value >= -0.05) & (value <= 0.05), "alike": value > 0.05}

    return cancels


errors_cancel = [_cancels("exact", 0.5), _cancels("decay", 0.8)]


def _sum(arm: str, bar: float) -> Any:
    recipe, words = ARMS[arm]

    @claim(
        f"pairs/sum-is-table/{arm}",
        says="The two heads' EVOUs add up to something nearer to the source's table than the EVOUs of two heads that "
        f"were not trained together (paired difference of gauge-fixed cosines; {words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.sum_against_table,
        statement="pairs/sum-is-table",
        relation="supports",
        known=Known("own .96, shuffled .87", CALCULATED + ", effective model", comparable=False),
        must_fail=[heads_from_different_seeds],
        open=arm == "exact",
        alternatives=("own heads nearer", "strangers nearer") if arm == "exact" else (),
    )
    def adds_up(n):
        nearer = n["own"] > n["shuffled"]
        return {"own heads nearer": nearer, "strangers nearer": ~nearer} if arm == "exact" else nearer

    return adds_up


sum_is_table = [_sum("exact", 0.5), _sum("decay", 0.7)]


@claim(
    "pairs/rank-5-vacuous/whole-table",
    says="Over all twelve tokens d_head 5 does not bind either: the fifth singular value of a head's EVOU is below 1 % "
    "of the first, three directions hold 99 % of it, and noise rows are less than half as large as signal rows.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=C.whole_table,
    headline="noise_to_signal",
    statement="pairs/rank-5-vacuous",
    relation="corrects",
    known=Known("about .35", CALCULATED + ", effective model", comparable=False),
    must_fail=[untrained],
)
def rank_5_does_not_bind(n):
    return (n["last_direction"] < 0.01) & (n["three_directions"] > 0.99) & (n["noise_to_signal"] < 0.5)


def dose(runs: Any) -> Any:
    """Tau and evenness at d_head 1, 2, 5 (the same seeds)."""
    found = [attention(run).numbers for run in runs]
    even = [C.errors(run).numbers["norm_evenness"] for run in runs]
    return enumerated(
        tau_1=found[0]["tau"], tau_5=found[-1]["tau"], evenness_1=even[0], evenness_5=even[-1],
        differ=found[0]["reversed"] != found[-1]["reversed"],
        only_at_5=found[-1]["reversed"] & ~found[0]["reversed"],
    )  # fmt: skip


@claim(
    "pairs/rank-explains-split",
    says="Rank is not what splits the work: reversal grows with d_head. Where rank binds least (d_head 5) the orders "
    "are at least as opposite as where it binds most (d_head 1), seed by seed, and more opposite or exactly so.",
    about=Sweep((with_d_head(MAIN_DECAY, 1), with_d_head(MAIN_DECAY, 2), MAIN_DECAY)),
    scope=Seeds(at_least=0.75, confidence=0.95),
    measure=dose,
    statement="pairs/rank-explains-split",
    relation="refutes",
    must_fail=[sweep_reversed],
)
def reversal_grows(n):
    return n["tau_5"] <= n["tau_1"]


@claim(
    "pairs/rank-explains-split/discordant",
    says="Of the seeds whose networks are exactly reversed at one of d_head 1 and 5 but not at the other, most are "
    "reversed at 5 (an exact sign test on the discordant pairs).",
    about=Sweep((with_d_head(MAIN_DECAY, 1), with_d_head(MAIN_DECAY, 2), MAIN_DECAY)),
    scope=Seeds(at_least=0.6, confidence=0.95, given=lambda n: n["differ"]),
    measure=dose,
    statement="pairs/rank-explains-split",
    relation="refutes",
    must_fail=[sweep_reversed],
)
def reversal_grows_where_it_differs(n):
    return n["only_at_5"] & True


def sizes(runs: Any) -> Any:
    """Frobenius norm of EVOU's signal rows, summed in squares over heads, at every decay."""
    from readoff.studies.pairs.measures import SIGNALS, free_tables

    rows = [free_tables(run.ensemble).values[..., SIGNALS, :] for run in runs]
    norms = np.stack([np.sqrt((r**2).sum(axis=(-1, -2, -3))) for r in rows])
    return enumerated(falls=(np.diff(norms, axis=0) < 0).all(axis=0), smallest=norms[-1], largest=norms[0])


@claim(
    "pairs/scale-and-decay",
    says="EVOU is scaled up until decay stops it: its norm falls strictly along the decays "
    f"{', '.join(map(str, DECAYS))}, seed by seed.",
    about=Sweep(tuple(with_decay(MAIN_DECAY, d) for d in DECAYS)),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=sizes,
    statement="pairs/scale-and-decay",
    relation="supports",
    must_fail=[sweep_reversed],
)
def scale_falls_with_decay(n):
    return n["falls"] & True
