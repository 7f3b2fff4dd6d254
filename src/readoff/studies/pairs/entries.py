"""Entries that break the rule: a head that raises classes without the attended token. Calibration, error correction?

Three readings of the conjecture. By themselves such entries can only cost where the loss stands at the read-off only:
an entry acts only on inputs that hold its token, and there its class is wrong. That is a fact about the task, and says
nothing about a loss that stands at other positions too. How much they cost is measured: take just them out, in the
gauge MEAN_FREE, and compare the exact population loss at the read-off before and after. And the second half of the
source's sentence, that they offset what the other head takes from those classes: over the 24 entries without the token,
do the two heads oppose each other?
"""

from dataclasses import dataclass
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
    on_material,
    untrained,
)
from readoff.claims.subject import Sweep
from readoff.interventions.edits import RemoveEntries, apply
from readoff.studies.pairs.arms import explored, in_arms, named
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.measures import (
    CONTAINS,
    SIGNALS,
    TASK,
    domain_loss,
    free_tables,
    population,
    solved,
    tables,
)
from readoff.studies.pairs.recipes import UNIFORM_ELSEWHERE


def classes_without(task: Any) -> Measured:
    """Of the (signal token, class without it) entries: how many have an input with that token, and with that label?"""
    domain = task.domain()
    tokens = {t for row in domain.tokens.tolist() for t in row}
    held = {(t, int(y)) for row, y in zip(domain.tokens.tolist(), domain.labels) for t in row}
    entries = [(t, y) for t in SIGNALS for y, pair in enumerate(TASK.classes) if t not in pair]
    return certified(
        n_entries=len(entries),
        reached=sum(t in tokens for t, _ in entries),
        ever_right=sum(entry in held for entry in entries),
    )


@claim(
    "pairs/calibration-entries",
    says="In every network of one attention layer (no MLP, no normalisation), lowering an entry of a head's EVOU on "
    "a class without the attended token, with everything else as it is, lowers the loss at the read-off: each of the "
    "24 such entries acts on some input, and none is on the true class of one. (Of a loss at other positions it says "
    "nothing.)",
    about=OnTask(TASK),
    scope=Identity(),
    measure=classes_without,
    headline="ever_right",
    statement="pairs/calibration-entries",
    relation="qualifies",
    assumes=[
        Lemma(
            "wrong logits cost",
            "an entry of EVOU reaches the read-off's logits on the inputs that hold its token, with a positive weight "
            "(a softmax is never 0), and on no others; the cross-entropy with one true class strictly rises with the "
            "logit of a wrong one",
            "the derivative of log-sum-exp is a positive probability",
        )
    ],
)
def only_cost(n):
    return (n["n_entries"] == 24) & (n["reached"] == 24) & (n["ever_right"] == 0)


def raised_without(values: np.ndarray) -> np.ndarray:
    """bool like values [..., d_vocab, d_out] (MEAN_FREE): raised entries of signal tokens on classes without them."""
    return _on_signals(values > 0, ~CONTAINS)


def raised_with(values: np.ndarray) -> np.ndarray:
    """... on classes that hold the token."""
    return _on_signals(values > 0, CONTAINS)


def as_many_at_random(values: np.ndarray) -> np.ndarray:
    """For each head as many entries of the signal tokens as `raised_without` has there, drawn at random."""
    draws = np.random.default_rng(0).random(values.shape)
    draws = np.where(_on_signals(np.ones(values.shape, dtype=bool), np.ones_like(CONTAINS)), draws, 2.0)
    flat = draws.reshape(*values.shape[:-2], -1)
    place = flat.argsort(axis=-1).argsort(axis=-1).reshape(values.shape)
    return place < raised_without(values).sum(axis=(-1, -2), keepdims=True)


def _on_signals(entries: np.ndarray, of_signals: np.ndarray) -> np.ndarray:
    chosen = np.zeros(entries.shape[-2:], dtype=bool)
    chosen[SIGNALS] = of_signals
    return entries & chosen


@dataclass(frozen=True)
class OtherEntries:
    """A run of which other entries are taken out than the claim says: chosen(values) is their mask."""

    run: Any
    chosen: Any

    @property
    def ensemble(self) -> Any:
        return self.run.ensemble

    @property
    def source(self) -> str:
        return self.run.source


def entries_taken_out(run: Any) -> Measured:
    """[model]: exact population loss at the read-off (nats) before and after the entries are 0, and the share lost."""
    domain, counts = population()
    chosen = run.chosen if isinstance(run, OtherEntries) else raised_without
    mask = chosen(free_tables(run.ensemble).values)
    before = domain_loss(tables(run.ensemble))
    after = domain_loss(apply(RemoveEntries(mask), tables(run.ensemble), counts, domain.probabilities))
    return enumerated(
        before=before,
        after=after,
        share_lost=1 - after / before,
        n_entries=mask.sum(axis=(-1, -2, -3)),
        least_margin=least_margins(run.ensemble),
    )


def _taken_out_instead(name: str, chosen: Any) -> Any:
    def change(thing: Any) -> Any:
        return tuple(map(change, thing)) if isinstance(thing, tuple) else OtherEntries(thing, chosen)

    return on_material(name, change)


OTHER_ENTRIES = [
    _taken_out_instead("raised entries with the token taken out instead", raised_with),
    _taken_out_instead("as many random entries taken out instead", as_many_at_random),
]


def _costs(arm: str, recipe: Any, words: str, bar: float) -> Any:
    of_a_sweep = arm == "uniform-elsewhere"

    @claim(
        f"pairs/calibration-entries/removed/{arm}",
        says="Those entries are no calibration of the loss at the read-off: set every raised entry on a class without "
        f"the attended token to 0, and that loss falls by more than a tenth, in at least {bar:.0%} of the networks "
        f"({words}).",
        about=Sweep((recipe,)) if of_a_sweep else Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=(lambda runs: entries_taken_out(runs[0])) if of_a_sweep else entries_taken_out,
        headline="share_lost",
        statement="pairs/calibration-entries",
        relation="qualifies",
        must_fail=[untrained, *OTHER_ENTRIES],
    )
    def costs(n):
        return n["share_lost"] > 0.1

    return costs


costs = [
    *in_arms(
        {
            "exact": explored(122),
            "decay": explored(120),
            "sampled": explored(119),
            "no-direct-path": explored(109),
        },
        _costs,
    ),
    _costs("uniform-elsewhere", UNIFORM_ELSEWHERE, "loss at all positions, decay 0.1", explored(102)),
]


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
