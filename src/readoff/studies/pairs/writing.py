"""Does a head write more for the tokens that it attends to less?

Two measures were declared before looking, each a rank correlation with attention over the four signal tokens, averaged
over the heads: the mean of what the rule says a head raises (primary), and the norm of the whole row in the gauge
MEAN_FREE (secondary). The primary one turned out to be confounded, which is a claim of its own: turn attention round,
keep what is written, and it gives the same answer.
"""

from dataclasses import replace
from typing import Any

from readoff.claims import Measured, Seeds, Sweep, Trained, claim, untrained
from readoff.studies.pairs.arms import explored, in_arms, named
from readoff.studies.pairs.controls import attention_reversed, reversed_attention
from readoff.studies.pairs.measures import solved, writing
from readoff.studies.pairs.recipes import DECAY, effective

WORDS = {
    "raised": "the mean of what the rule says it raises (primary)",
    "norm": "the norm of the whole row, mean-free (secondary)",
}
ALTERNATIVES = ("more to less", "more to more")


def _answers(n: Any, measure: str) -> Any:
    value = n["attention_with_raised" if measure == "raised" else "attention_with_norm"]
    return {"more to less": value < 0, "more to more": value > 0}


def _writes(measure: str, note: str, control: Any) -> Any:
    def make(arm: str, recipe: Any, words: str, bar: float) -> Any:
        @claim(
            named(f"pairs/writes-more-to-less/{measure}", arm),
            says=f"Does a head write more for tokens that it attends to less, measured by {WORDS[measure]}, in more "
            f"than half of the networks ({words})?{note}",
            about=Trained(recipe),
            scope=Seeds(at_least=bar, confidence=0.95, given=solved),
            measure=writing,
            headline=f"attention_with_{measure}",
            statement="pairs/writes-more-to-less",
            relation="qualifies",
            must_fail=[control],
            open=True,
            alternatives=ALTERNATIVES,
        )
        def writes(n):
            return _answers(n, measure)

        return writes

    return make


BARS = {"exact": 0.5, "decay": 0.5}
writes_more_to_less = [
    # explored: more to less in 82 and 83 of 128
    *in_arms(BARS, _writes("raised", " The claim `confounded` says what this measure is worth.", untrained)),
    # explored: more to less in 48 and 58, more to more in 63 and 60
    *in_arms(BARS, _writes("norm", "", attention_reversed)),
]


def _effective(name: str, recipe: Any, bar: float) -> Any:
    @claim(
        f"pairs/writes-more-to-less/norm/{name}",
        says="Does a head write more for tokens that it attends to less, measured by the norm of the whole row, in the "
        f"effective model (decay {recipe.weight_decay:g})?",
        about=Sweep((recipe,)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=lambda runs: writing(runs[0]),
        headline="attention_with_norm",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[attention_reversed],
        open=True,
        alternatives=ALTERNATIVES,
    )
    def writes(n):
        return _answers(n, "norm")

    return writes


effective_writes = [
    _effective("effective", effective(2, 5), 0.5),  # explored: more to more in 100 of 128
    _effective("effective-decay", effective(2, 5, decay=DECAY), 0.5),  # explored: 53, and more to less in 52
]


def writing_turned_round(run: Any) -> Measured:
    """`writing` of the same networks with every attention score negated and all values kept."""
    return writing(replace(run, ensemble=reversed_attention(run.ensemble)))


def _confounded(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/writes-more-to-less/confounded", arm),
        says="The primary measure cannot decide it: with attention turned round and everything written kept, it says "
        f"`more to less` in at least {bar:.0%} of the networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=writing_turned_round,
        headline="attention_with_raised",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[attention_reversed],
    )
    def confounded(n):
        return n["attention_with_raised"] < 0

    return confounded


primary_measure_is_confounded = in_arms({"exact": explored(128), "decay": explored(127)}, _confounded)
