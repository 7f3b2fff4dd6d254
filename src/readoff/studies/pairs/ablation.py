"""One head alone: how much of the answer does it hold?

Read as a hierarchy, each head hands over one order statistic of the pair, and whoever knows only that is right at most
7 times in 16 (`facts`). That ceiling is for hard attention. A soft head passes on a mixture of both tokens, which a
readout may take apart; so accuracy is asked twice, without a refit and with one inside the norm of the head's own.
"""

from typing import Any

from readoff.claims import Known, Measured, Seeds, Sweep, Trained, claim, enumerated, untrained
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs.arms import ARMS, explored, in_arms, named
from readoff.studies.pairs.controls import hardened
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import solved
from readoff.studies.pairs.recipes import DECAY, effective

CEILING = 7 / 16


def _refit(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/ablate-one-head/refit", arm),
        says="A trained head passes on more than one order statistic: head 0 alone, its readout refitted within its "
        f"own norm, is right on more than 7/16 of the population ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.refitted_head,
        headline="refitted",
        statement="pairs/ablate-one-head",
        relation="qualifies",
        known=Known("1.00 in 40 of 40", CALCULATED + ", effective model, unbounded refit", comparable=False)
        if arm == "decay"
        else None,
        must_fail=[hardened],
    )
    def soft_heads_pass_on_more(n):
        return n["refitted"] > CEILING + 0.01

    return soft_heads_pass_on_more


soft_heads_pass_on_more = in_arms(
    dict.fromkeys(ARMS, explored(128)),
    _refit,
)


def _no_refit(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/ablate-one-head/no-refit", arm),
        says="Without a refit, replacing either head by its mean leaves between 0.15 and 0.75 of the population right "
        f"({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.without_a_head,
        headline="best",
        known=Known(".31 to .69", CALCULATED + ", effective model", comparable=False) if arm == "decay" else None,
        must_fail=[untrained],
    )
    def one_head_alone(n):
        return (n["worst"] > 0.15) & (n["best"] < 0.75)

    return one_head_alone


one_head_alone = in_arms(
    {
        "exact": explored(127),
        "decay": explored(128),
        "sampled": explored(128),
        "no-direct-path": explored(128),
    },
    _no_refit,
)


def without_an_effective_head(runs: Any) -> Measured:
    """As `without_a_head`, and over all networks the least (with the worse head) and the most (with the better)."""
    found = C.without_a_head(runs[0]).numbers
    return enumerated(**found, least_of_all=float(found["worst"].min()), most_of_all=float(found["best"].max()))


@claim(
    "pairs/ablate-one-head/no-refit/effective",
    says="In the effective model with decay much the same is true: without a refit, replacing either head by its "
    f"mean leaves between 0.15 and 0.8 of the population right in at least {explored(111):.0%} of the networks.",
    about=Sweep((effective(2, 5, decay=DECAY),)),
    scope=Seeds(at_least=explored(111), confidence=0.95),
    measure=without_an_effective_head,
    headline="best",
    known=Known(
        ".31 to .69",
        CALCULATED + ", the least and the most of 40, other initial values",
        "most_of_all",
        comparable=False,
    ),
    must_fail=[untrained],
)
def one_effective_head_alone(n):
    return (n["worst"] > 0.15) & (n["best"] < 0.8)
