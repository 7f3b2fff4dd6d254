"""Does a head write more for the tokens that it attends to less?

Two measures were declared before looking, each a rank correlation with attention over the four signal tokens, averaged
over the heads: the mean of what the rule says a head raises (primary), and the norm of the whole row (secondary).

An honest one turns round with attention: negate every score, keep all that is written, and the correlation changes its
sign, so that the two add up to 0. In the gauge MEAN_FREE neither does; both add up to `more to less`:

    primary     for a head's last token the rule leaves the double alone, and doubles are written more strongly than
                mixed pairs whatever attention does (`doubles_levelled` writes them alike, and the answer goes away)
    secondary   that gauge counts a head's rows from an average weighted by attention, which is nearest to the row that
                is attended to most

So the norm is asked of rows that are counted from their plain average. That was chosen on exploration seeds.
"""

from dataclasses import replace
from typing import Any

from readoff.claims import Known, Measured, Seeds, Sweep, Trained, claim, enumerated, gauge_shifted, untrained
from readoff.studies.pairs.arms import explored, in_arms, named
from readoff.studies.pairs.controls import attention_reversed, doubles_levelled, reversed_attention
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import solved, writing
from readoff.studies.pairs.recipes import DECAY, effective

ALTERNATIVES = ("more to less", "more to more")


SIGNS = Known("sign differs between the two measures and with decay", CALCULATED, comparable=False)


def _answers(tau: Any) -> Any:
    return {"more to less": tau < -0.1, "more to more": tau > 0.1}  # a multiple of 1/6, and 0 is neither


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
        says="Does a head write more for tokens that it attends to less, measured by the norm of a whole row, counted "
        f"from the four rows' average, in at least {bar:.0%} of the networks ({words})?",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=writing,
        headline="attention_with_centred_norm",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        known=SIGNS,
        must_fail=[attention_reversed],
        open=True,
        alternatives=ALTERNATIVES,
    )
    def writes(n):
        return _answers(n["attention_with_centred_norm"])

    return writes


by_norm = in_arms(
    {
        "exact": explored(124),  # more to more, in every arm
        "decay": explored(116),
        "sampled": explored(114),
        "no-direct-path": explored(111),
    },
    _norm,
)


def _effective(name: str, recipe: Any, bar: float) -> Any:
    @claim(
        f"pairs/writes-more-to-less/norm/{name}",
        says="Does a head write more for tokens that it attends to less, measured by the norm of a whole row, counted "
        f"from the four rows' average, in at least {bar:.0%} of the effective models (decay {recipe.weight_decay:g})?",
        about=Sweep((recipe,)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=lambda runs: writing(runs[0]),
        headline="attention_with_centred_norm",
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        must_fail=[attention_reversed],
        open=True,
        alternatives=ALTERNATIVES,
    )
    def writes(n):
        return _answers(n["attention_with_centred_norm"])

    return writes


effective_writes = [
    _effective("effective", effective(2, 5), explored(124)),  # more to more
    _effective("effective-decay", effective(2, 5, decay=DECAY), 0.5),  # explored: more to more in 88 of 128, less in 24
]


def both_ways(run: Any) -> Measured:
    """Both measures in the gauge MEAN_FREE, each added to itself with every score negated and all values kept."""
    turned = replace(run, ensemble=reversed_attention(run.ensemble))
    own, other = (writing(r).numbers for r in (run, turned))
    return enumerated(**{name: own[f"attention_with_{name}"] + other[f"attention_with_{name}"] for name in MEASURES})


MEASURES = {
    "raised": "what the rule says a head raises",
    "norm": "the norm of a row in the gauge whose average is weighted by attention",
}


def _confounded(measure: str) -> Any:
    def of_arm(arm: str, recipe: Any, words: str, bar: float) -> Any:
        @claim(
            named(f"pairs/writes-more-to-less/confounded{'' if measure == 'raised' else '/' + measure}", arm),
            says=f"{MEASURES[measure].capitalize()} cannot decide it: turn attention round in the same network, keep "
            "all that is written, and the correlation does not turn round; the two add up to less than 0, towards "
            f"`more to less`, in at least {bar:.0%} of the networks ({words}).",
            about=Trained(recipe),
            scope=Seeds(at_least=bar, confidence=0.95),
            measure=both_ways,
            headline=measure,
            statement="pairs/writes-more-to-less",
            relation="qualifies",
            must_fail=[untrained],
            must_hold=[attention_reversed, gauge_shifted],
        )
        def confounded(n):
            return n[measure] < -0.05  # a multiple of 1/6

        return confounded

    return of_arm


confounded_by_doubles = in_arms(
    {"exact": explored(127), "decay": explored(128), "sampled": explored(127), "no-direct-path": explored(128)},
    _confounded("raised"),
)
confounded_by_gauge = in_arms(
    {"exact": explored(100), "decay": explored(111), "sampled": explored(104), "no-direct-path": explored(108)},
    _confounded("norm"),
)
