"""What does each head write? The rule, the source's example, one head alone, and entries that break the rule.

Bars were chosen on exploration seeds; `solved` networks only. Gauges and the rule are defined in `measures`.
"""

from dataclasses import replace
from typing import Any

from readoff.claims import (
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
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs.arms import ARMS
from readoff.studies.pairs.controls import attention_reversed, hardened, reversed_attention, sweep_reversed
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import solved, writing
from readoff.studies.pairs.recipes import (
    MAIN,
    MAIN_DECAY,
)


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


def writing_turned_round(run: Any) -> Measured:
    """`writing` of the same networks with every attention score negated and all values kept."""
    return writing(replace(run, ensemble=reversed_attention(run.ensemble)))


@claim(
    "pairs/writes-more-to-less/confounded",
    says="The primary measure cannot decide it: with attention turned round, values kept, it says `more to less` too, "
    "because what the rule raises shrinks to the double, the largest entry, as a token falls in the order.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=writing_turned_round,
    statement="pairs/writes-more-to-less",
    relation="qualifies",
    must_fail=[attention_reversed],
)
def primary_measure_is_confounded(n):
    return n["attention_with_raised"] < 0


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
