"""The source's worked example: on 7 4 10 3 0 both heads raise class 8, the pair 3 4, and little else.

A head *says* what it writes on an input beyond its population mean, logits centred. "The class that both raise most" is
the one whose smaller of the two contributions is largest. The example is one of 280 orbits; since the task treats all
signal tokens alike, what differs between networks is how their orders fall on 3 and 4.
"""

from typing import Any

from readoff.claims import Seeds, Trained, claim, heads_from_different_seeds, untrained
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs.arms import explored, in_arms, named
from readoff.studies.pairs.controls import follows_it_sharply, one_head_twice
from readoff.studies.pairs.measures import solved


def _most(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/worked-example", arm),
        says="On 7 4 10 3 0 class 8 (the pair 3 4) is the class that both heads raise most: its smaller contribution "
        f"is the largest of all ten, in at least {bar:.0%} of the networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.shared_classes,
        statement="pairs/worked-example",
        relation="supports",
        must_fail=[untrained, heads_from_different_seeds, one_head_twice],
        exhibit=C.example_exhibits if arm == "decay" else None,
    )
    def raised_most_by_both(n):
        return n["true_class_most_shared_here"] & n["true_class_shared_here"]

    return raised_most_by_both


worked_example = in_arms(
    {
        "exact": explored(102),
        "decay": explored(108),
        "sampled": explored(116),
        "no-direct-path": explored(116),
    },
    _most,
)


def _population(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/worked-example/population", arm),
        says="The same over all inputs: on at least three quarters of the population the true class is the one that "
        f"both heads raise most, in at least {bar:.0%} of the networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.shared_classes,
        headline="true_class_most_shared",
        statement="pairs/worked-example",
        relation="supports",
        must_fail=[untrained, heads_from_different_seeds, one_head_twice],
    )
    def on_most_inputs(n):
        return n["true_class_most_shared"] > 0.74  # shares are sixteenths: 3/4 or more

    return on_most_inputs


on_all_inputs = in_arms(
    {
        "exact": explored(112),
        "decay": explored(122),
        "sampled": explored(124),
        "no-direct-path": explored(127),
    },
    _population,
)


def _several(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/worked-example/only-shared", arm),
        says="But class 8 is mostly not the only class that both heads raise: on that input they share at least two, "
        f"class 8 among them, in at least {bar:.0%} of the networks; what differs is by how much ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.shared_classes,
        headline="raised_by_both_here",
        statement="pairs/worked-example",
        relation="qualifies",
        must_fail=[follows_it_sharply],
    )
    def others_shared_too(n):
        return (n["raised_by_both_here"] >= 2) & n["true_class_shared_here"]

    return others_shared_too


others_shared_too = in_arms(
    {
        "exact": explored(102),
        "decay": explored(97),
        "sampled": explored(100),
        "no-direct-path": explored(96),
    },
    _several,
)
