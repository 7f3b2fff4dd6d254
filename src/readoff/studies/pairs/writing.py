"""Does a head write more for the tokens that it attends to less?

Two measures were declared before looking, each a rank correlation with attention over the four signal tokens, averaged
over the heads: the mean of what the rule says a head raises (primary), and the norm of the whole row in the gauge
MEAN_FREE (secondary). Both are asked.

The primary one is confounded. For a head's last token the rule leaves the double alone, and doubles are written more
strongly than mixed pairs whatever attention does. So turn attention round and keep all that is written: an honest rank
correlation would turn round too, and the two add up to 0; these two add up to `more to less`. And write doubles no more
than mixed pairs (`doubles_levelled`): the answer of the primary measure goes away.
"""

from dataclasses import replace
from typing import Any

from readoff.claims import Known, Measured, Seeds, Sweep, Trained, claim, enumerated, gauge_shifted, untrained
from readoff.studies.pairs.arms import ARMS, explored, in_arms, named
from readoff.studies.pairs.controls import attention_reversed, doubles_levelled, reversed_attention
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import solved, writing
from readoff.studies.pairs.recipes import DECAY, effective

ALTERNATIVES = ("more to less", "more to more")


SIGNS = Known("sign differs between the two measures and with decay", CALCULATED, comparable=False)


def _answers(tau: Any) -> Any:
    return {"more to less": tau < -0.1, "more to more": tau > 0.1}  # a multiple of 1/12, and 0 is neither


def _raised(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/writes-more-to-less/raised", arm),
        says="Does a head write more for tokens that it attends to less, measured by the mean of what the rule says it "
        f"raises (the primary measure), in at least {bar:.0%} of the networks ({words})?",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=writing,
        headline="attention_with_raised",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        known=SIGNS,
        must_fail=[untrained, doubles_levelled],
        open=True,
        alternatives=ALTERNATIVES,
    )
    def writes(n):
        return _answers(n["attention_with_raised"])

    return writes


by_raised = in_arms(
    {
        "exact": 0.5,  # explored: more to less in 82 of 128, more in 32
        "decay": 0.5,  # 83 and 38
        "sampled": 0.5,  # 89 and 34
        "no-direct-path": explored(103),
    },
    _raised,
)


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
        known=SIGNS,
        must_fail=[attention_reversed],
        open=True,
        alternatives=ALTERNATIVES,
    )
    def writes(n):
        return _answers(n["attention_with_norm"])

    return writes


by_norm = in_arms(dict.fromkeys(ARMS, 0.5), _norm)
"""Explored, of 128, by arm: more to less in 48, 58, 62 and 62, more to more in 63, 60, 57 and 51."""


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
        return _answers(n["attention_with_norm"])

    return writes


effective_writes = [
    _effective("effective", effective(2, 5)),  # explored: more to more in 100 of 128
    _effective("effective-decay", effective(2, 5, decay=DECAY)),  # explored: 53, and more to less in 52
]


def both_ways(run: Any) -> Measured:
    """The primary measure of the networks as they are, and with every score negated and all values kept."""
    turned = replace(run, ensemble=reversed_attention(run.ensemble))
    own, other = (writing(r).numbers["attention_with_raised"] for r in (run, turned))
    return enumerated(as_trained=own, turned_round=other, together=own + other)


def _confounded(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/writes-more-to-less/confounded", arm),
        says="What the rule says a head raises cannot decide it: turn attention round in the same network and keep "
        "everything written, and that measure does not turn round; the two correlations add up to less than 0, towards "
        f"`more to less`, in at least {bar:.0%} of the networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=both_ways,
        headline="together",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[untrained],
        must_hold=[attention_reversed, gauge_shifted],
    )
    def confounded(n):
        return n["together"] < -0.05  # a multiple of 1/12

    return confounded


primary_measure_is_confounded = in_arms(
    {
        "exact": explored(127),
        "decay": explored(128),
        "sampled": explored(127),
        "no-direct-path": explored(128),
    },
    _confounded,
)
