"""Do two heads learn the task? Certified: every margin over the whole domain is positive for the stored weights.

Also beside the source's sizes: other numbers of signal tokens, and three signal tokens in an input instead of two.
"""

from dataclasses import replace
from typing import Any

from readoff.claims import Known, Seeds, Sweep, Trained, claim, untrained
from readoff.studies.pairs.arms import ARMS, explored, in_arms
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import outcome
from readoff.studies.pairs.pictures import loss_curves, main_exhibits
from readoff.studies.pairs.recipes import MAIN, SAMPLED, TASK, sized


def _learns(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        f"pairs/two-heads-learn/{arm}",
        says=f"Two heads with d_head 5 learn the task: every margin over the whole domain is positive ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=outcome,
        headline="least_margin",
        statement="pairs/two-heads-learn",
        relation="supports",
        known=Known("all or nearly all", CALCULATED, comparable=False),
        must_hold=[],  # margins are logits: no gauge could be read off them
        exhibit=main_exhibits if arm == "decay" else loss_curves,
    )
    def learns(n):
        return n["least_margin"] > 0

    return learns


two_heads_learn = in_arms(dict.fromkeys(ARMS, explored(128)), _learns)


def _recipe(name: str, recipe: Any, words: str) -> Any:
    @claim(
        f"pairs/recipe{name}",
        says="The frozen recipe solves the task within its 2,000 steps with room to spare: every margin is above 1 "
        f"({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=explored(128), confidence=0.95),
        measure=outcome,
        headline="least_margin",
        known=Known("solved by step 2,000 without decay", CALCULATED, comparable=False),
        must_hold=[],
    )
    def margins_above_one(n):
        return n["least_margin"] > 1

    return margins_above_one


recipe_margins = [_recipe("", MAIN, ARMS["exact"][1]), _recipe("/sampled", SAMPLED, ARMS["sampled"][1])]


SIZES = {
    "three-signals": (replace(TASK, n_signal=3), "three signal tokens, six classes"),
    "five-signals": (replace(TASK, n_signal=5), "five signal tokens, fifteen classes"),
    "three-per-input": (replace(TASK, n_per_input=3), "three signal tokens in an input, twenty classes"),
}
"""The task at other sizes; networks as in the main recipe with decay."""


def _learns_size(name: str) -> Any:
    task, words = SIZES[name]

    @claim(
        f"pairs/two-heads-learn/{name}",
        says=f"Two heads with d_head 5 learn the task at another size as well ({words}; decay 0.1).",
        about=Sweep((sized(task),)),
        scope=Seeds(at_least=explored(128), confidence=0.95),
        measure=lambda runs: outcome(runs[0]),
        headline="least_margin",
        must_fail=[untrained],
        must_hold=[],
    )
    def learns(n):
        return n["least_margin"] > 0

    return learns


other_sizes = [_learns_size(name) for name in SIZES]
