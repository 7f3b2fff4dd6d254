"""Entries that break the rule: a head that raises classes without the attended token. Calibration, error correction?

Two readings of the conjecture. By themselves such entries can only cost: an entry acts only on inputs that hold its
token, and there its class is wrong, whatever the network. That is a fact about the task. What is left is the second
half of the source's sentence: they offset what the other head takes from those classes. That can be looked at: over
the 24 entries without the token, do the two heads oppose each other?
"""

from typing import Any

import numpy as np

from readoff.claims import (
    Identity,
    Lemma,
    Measured,
    OnTask,
    Seeds,
    Trained,
    certified,
    claim,
    enumerated,
    heads_from_different_seeds,
)
from readoff.studies.pairs.arms import explored, in_arms, named
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.measures import (
    CONTAINS,
    SIGNALS,
    TASK,
    free_tables,
    solved,
)


def classes_without(task: Any) -> Measured:
    """Of the (signal token, class without it) entries: how many have an input with that token and that label?"""
    domain = task.domain()
    held = {(t, int(y)) for row, y in zip(domain.tokens.tolist(), domain.labels) for t in row}
    entries = [(t, y) for t in SIGNALS for y, pair in enumerate(TASK.classes) if t not in pair]
    return certified(n_entries=len(entries), ever_right=sum(entry in held for entry in entries))


@claim(
    "pairs/calibration-entries",
    says="In every one-layer network, with everything else as it is, removing an entry that raises a class without the "
    "attended token lowers the loss: of the 24 such entries none is ever on the true class of an input with its token.",
    about=OnTask(TASK),
    scope=Identity(),
    measure=classes_without,
    headline="ever_right",
    statement="pairs/calibration-entries",
    relation="qualifies",
    assumes=[
        Lemma(
            "wrong logits cost",
            "an entry of EVOU reaches the logits only on inputs that hold its token, and cross-entropy strictly rises "
            "with the logit of a wrong class",
            "the derivative of log-sum-exp is a positive probability",
        )
    ],
)
def only_cost(n):
    return (n["n_entries"] == 24) & (n["ever_right"] == 0)


def opposition(run: Any) -> Measured:
    """Correlation of the two heads over the 24 entries without the attended token."""
    first, second = np.moveaxis(free_tables(run.ensemble).values[..., SIGNALS, :][..., ~CONTAINS], 1, 0)
    first, second = (x - x.mean(axis=-1, keepdims=True) for x in (first, second))
    with np.errstate(invalid="ignore"):
        correlation = (first * second).sum(axis=-1) / np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    return enumerated(correlation=correlation, least_margin=least_margins(run.ensemble))


def _offsets(arm: str, recipe: Any, words: str, bar: float) -> Any:
    open_question = arm == "exact"

    @claim(
        named("pairs/calibration-entries/cancels", arm),
        says="Where one head raises classes without the attended token, the other lowers them: over those 24 entries "
        f"the two are negatively correlated, in at least {bar:.0%} of the networks ({words})."
        if not open_question
        else f"Without decay, do the heads' entries without the attended token oppose each other or agree ({words})?",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=opposition,
        headline="correlation",
        statement="pairs/calibration-cancels",
        relation="qualifies" if open_question else "supports",
        must_fail=[heads_from_different_seeds],
        open=open_question,
        alternatives=("they oppose", "they agree") if open_question else (),
    )
    def offsets(n):
        opposed = n["correlation"] < 0
        return {"they oppose": opposed, "they agree": n["correlation"] > 0} if open_question else opposed

    return offsets


offsets = in_arms(
    {
        "exact": 0.5,  # more than half, either way; explored: they oppose in 67 of 128
        "decay": explored(117),
        "sampled": explored(112),
        "no-direct-path": explored(116),
    },
    _offsets,
)
