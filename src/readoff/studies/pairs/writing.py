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
RAISED = "the mean of what the rule says it raises (the primary measure)"
NORM = "the norm of a whole row, counted from the four rows' average"


def _asked(id: str, measured_by: str, of_whom: str, number: str, bar: float, **fields: Any) -> Any:
    """The open question by one measured number; `fields` say about whom, in which scope and with which controls."""

    @claim(
        id,
        says=f"Does a head write more for tokens that it attends to less, measured by {measured_by}, in at least "
        f"{bar:.0%} of the {of_whom}?",
        headline=number,
        statement="pairs/writes-more-to-less",
        relation="qualifies",
        open=True,
        alternatives=ALTERNATIVES,
        **fields,
    )
    def writes(n):
        return {"more to less": n[number] < -0.1, "more to more": n[number] > 0.1}  # a multiple of 1/6; 0 is neither

    return writes


def _in_arm(name: str, measured_by: str, number: str, must_fail: list[Any]) -> Any:
    """The question in an arm of the main recipe, as `in_arms` wants it."""

    def make(arm: str, recipe: Any, words: str, bar: float) -> Any:
        scope = Seeds(at_least=bar, confidence=0.95, given=solved)
        fields: Any = dict(about=Trained(recipe), scope=scope, measure=writing, known=SIGNS, must_fail=must_fail)
        return _asked(
            named(f"pairs/writes-more-to-less/{name}", arm), measured_by, f"networks ({words})", number, bar, **fields
        )

    return make


by_raised = in_arms(
    {
        "exact": 0.5,  # explored: more to less in 82 of 128, more in 32
        "decay": 0.5,  # 83 and 38
        "sampled": 0.5,  # 89 and 34
        "no-direct-path": explored(103),
    },
    _in_arm("raised", RAISED, "attention_with_raised", [untrained, doubles_levelled]),
)

by_norm = in_arms(
    {
        "exact": explored(124),  # more to more, in every arm
        "decay": explored(116),
        "sampled": explored(114),
        "no-direct-path": explored(111),
    },
    _in_arm("norm", NORM, "attention_with_centred_norm", [attention_reversed]),
)


def _effective(name: str, recipe: Any, bar: float) -> Any:
    fields: Any = dict(
        about=Sweep((recipe,)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=lambda runs: writing(runs[0]),
        must_fail=[attention_reversed],
    )
    whom = f"effective models (decay {recipe.weight_decay:g})"
    return _asked(f"pairs/writes-more-to-less/norm/{name}", NORM, whom, "attention_with_centred_norm", bar, **fields)


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
