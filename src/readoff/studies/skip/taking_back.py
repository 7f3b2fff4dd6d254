"""What must be suppressed in the copy-suppression task, and what cannot do it: facts about the task itself.

Whatever solves the task lets a copy of its prediction pull that prediction below the fallback, and only where it is the
prediction. That is read off the inputs and labels alone. It follows that contributions of single tokens do not add up
to a solution, so one head in one layer is not enough (certified). Two heads in one layer are, so the task does *not*
need an earlier layer that predicts and a later one that suppresses: that trained two-layer networks work so is measured
in `copy_suppression`.
"""

from fractions import Fraction
from functools import partial
from typing import Any

from readoff.certificates.rounding import fraction_interval
from readoff.circuits.behaviour import margins_of, network_logits
from readoff.claims import (
    Certified,
    EveryNetwork,
    Identity,
    Measured,
    OnTask,
    Trained,
    certified,
    claim,
    enumerated,
    on_material,
)
from readoff.claims.control import corrupted
from readoff.studies.heads_claim import HEADS
from readoff.studies.skip.certified import another, obstruction, one_number_off, rules_out
from readoff.studies.skip.recipes import ONE_LAYER_ONE_HEAD, ONE_LAYER_TWO_HEADS, SUPPRESSION
from readoff.tasks import Grid, Parity


def taking_back(task: Any) -> Measured:
    """What the task itself asks of whatever solves it; inputs are those of the copy-suppression task, labels its own.

    turned  of the pairs of inputs in which a copy of the prediction s stands in one and some other item in the other,
            with no further copy, the share in which the right answer turns from s to the fallback t
    spared  of the inputs whose key falls back on s, and that hold both its prediction and s, the share in which s is
            right although a copy of it stands there
    """
    domain = task.domain()
    labels = {tuple(row): int(y) for row, y in zip(domain.tokens.tolist(), domain.labels)}
    turned: list[bool] = []
    spared: list[bool] = []
    for row, label in labels.items():
        (key,) = (t for t in row if SUPPRESSION.n_items <= t < SUPPRESSION.d_vocab - 1)
        s, t = SUPPRESSION.expected(key)
        if s in row and t in row:
            spared.append(label == t)
        for place, item in enumerate(row):
            if item < SUPPRESSION.n_items and s not in row:
                copied = labels[(*row[:place], s, *row[place + 1 :])]
                turned.append((label, copied) == (s, t))
    shares = [fraction_interval(Fraction(sum(found), len(found))) for found in (turned, spared)]
    return certified(pairs=len(turned), turned=shares[0], spared=shares[1])


def _relabelled(task: Any, label: Any) -> Grid:
    """The same inputs with other labels: label(prediction, fallback, items that were seen)."""
    rows = tuple(map(tuple, task.domain().tokens.tolist()))
    keys = [next(t for t in row if SUPPRESSION.n_items <= t < SUPPRESSION.d_vocab - 1) for row in rows]
    labels = tuple(label(*SUPPRESSION.expected(key), set(row)) for key, row in zip(keys, rows))
    return Grid("relabelled", task.input_tokens, task.output_labels, rows, labels)


nothing_taken_back = on_material(
    "a task in which the prediction is always right", lambda task: _relabelled(task, lambda s, t, seen: s)
)
whatever_was_seen = on_material(
    "a task in which nothing that was seen is right",
    lambda task: _relabelled(task, lambda s, t, seen: s if s not in seen else t if t not in seen else 3 - s - t),
)


@claim(
    "skip/copy-suppression/needed",
    says="What this task needs is a logit that a copy pulls down: in every input whose key predicts s, a copy of s in "
    "the place of another item turns the right answer from s to the fallback t, so whatever solves the task must put s "
    "below t there; and this must hang on the prediction, for under a key that falls back on s the same copy must "
    "leave s on top. An earlier layer that predicts and a later one that suppresses are not needed (two heads in one "
    "layer do it, see not-additive).",
    about=OnTask(SUPPRESSION),
    scope=Identity(),
    measure=taking_back,
    headline="turned",
    statement="skip/copy-suppression",
    relation="illustrates",
    must_fail=[nothing_taken_back, whatever_was_seen],
)
def needed(n):
    return (n["turned"] == 1) & (n["spared"] == 1) & (n["pairs"] > 0)


def one_layer_margins(run: Any) -> Measured:
    """Least margin of every one-layer network over the whole domain."""
    domain = SUPPRESSION.domain(orbits=True)
    return enumerated(least_margin=margins_of(network_logits(run.ensemble, domain.tokens), domain.labels).min(axis=1))


@claim(
    "skip/copy-suppression/not-additive",
    says="No sum of per-token contributions, and so no single head in one layer, with positions or without, solves the "
    "task. (Two heads in one layer can: the step outside the class.)",
    about=Certified(
        partial(obstruction, SUPPRESSION, 1), partial(rules_out, task=SUPPRESSION, n_heads=1), "no additive model"
    ),
    scope=EveryNetwork(
        "one attention layer with one head, any d_head, positions allowed, no MLP, no normalisation",
        relaxation=Trained(ONE_LAYER_TWO_HEADS),
        attack=Trained(ONE_LAYER_ONE_HEAD),
    ),
    measure=one_layer_margins,
    must_fail=[
        *corrupted("weights"),
        one_number_off("weights"),
        another("XOR and one head", partial(obstruction, Parity(2), 1)),
    ],
    assumes=[HEADS],
)
def not_additive(n):
    return ~(n["least_margin"] > 0)
