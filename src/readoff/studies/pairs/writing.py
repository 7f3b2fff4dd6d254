"""Does a head write more for the tokens that it attends to less?

Two measures were declared before looking, each a rank correlation with attention over the four signal tokens, averaged
over the heads: the mean of what the rule says a head raises (primary), and the norm of the whole row in the gauge
MEAN_FREE (secondary). The primary one is confounded: turn attention round, keep what is written, and it gives the same
answer even more often. So that is what is claimed of it, and the question is asked of the secondary one.
"""

from dataclasses import replace
from typing import Any

from readoff.claims import Measured, Seeds, Sweep, Trained, claim, enumerated
from readoff.studies.pairs.arms import explored, in_arms, named
from readoff.studies.pairs.controls import attention_reversed, reversed_attention
from readoff.studies.pairs.measures import solved, writing
from readoff.studies.pairs.recipes import DECAY, effective

ALTERNATIVES = ("more to less", "more to more")


def _answers(n: Any) -> Any:
    tau = n["attention_with_norm"]  # a multiple of 1/6, and 0 is neither
    return {"more to less": tau < -0.1, "more to more": tau > 0.1}


def _norm(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/writes-more-to-less/norm", arm),
        says="Does a head write more for tokens that it attends to less, measured by the norm of the whole row, in "
        f"more than half of the networks ({words})?",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=writing,
        headline="attention_with_norm",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[attention_reversed],
        open=True,
        alternatives=ALTERNATIVES,
    )
    def writes(n):
        return _answers(n)

    return writes


by_norm = in_arms({"exact": 0.5, "decay": 0.5}, _norm)  # explored: more to less in 48 and 58 of 128, more in 63 and 60


def _effective(name: str, recipe: Any) -> Any:
    @claim(
        f"pairs/writes-more-to-less/norm/{name}",
        says="Does a head write more for tokens that it attends to less, measured by the norm of the whole row, in "
        f"more than half of the effective models (decay {recipe.weight_decay:g})?",
        about=Sweep((recipe,)),
        scope=Seeds(at_least=0.5, confidence=0.95),
        measure=lambda runs: writing(runs[0]),
        headline="attention_with_norm",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[attention_reversed],
        open=True,
        alternatives=ALTERNATIVES,
    )
    def writes(n):
        return _answers(n)

    return writes


effective_writes = [
    _effective("effective", effective(2, 5)),  # explored: more to more in 100 of 128
    _effective("effective-decay", effective(2, 5, decay=DECAY)),  # explored: 53, and more to less in 52
]


def both_ways(run: Any) -> Measured:
    """The primary measure of the networks as they are, and with every score negated and all values kept."""
    turned = replace(run, ensemble=reversed_attention(run.ensemble))
    own, other = (writing(r).numbers["attention_with_raised"] for r in (run, turned))
    return enumerated(as_trained=own, turned_round=other)


def _confounded(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/writes-more-to-less/confounded", arm),
        says="What the rule says a head raises cannot decide it: with attention turned round and everything written "
        f"kept, that measure says `more to less` in at least {bar:.0%} of the networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=both_ways,
        headline="as_trained",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[attention_reversed],
    )
    def confounded(n):
        return n["turned_round"] < -0.1  # a multiple of 1/6

    return confounded


primary_measure_is_confounded = in_arms({"exact": explored(128), "decay": explored(127)}, _confounded)
