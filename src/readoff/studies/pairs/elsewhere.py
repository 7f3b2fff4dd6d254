"""Trained at the read-off only, or towards a uniform output at all other positions too: what changes in the circuits?

Two sentences. That it only rescales EVOU and EQKE: compare, by cosine after gauge fixing, the network of the same seed
trained both ways; and, as the yardstick, two ways of training that differ in nothing but how inputs are drawn. And that
the pairs then have to sit in EVOU and not in EU: project both on the source's table. A token at its own position must
give a uniform output although the head, attending to it, writes its pairs there; what takes them back is EU.
"""

from typing import Any

import numpy as np

from readoff.claims import Control, Measured, Seeds, Sweep, claim, enumerated, untrained
from readoff.studies.pairs.arms import explored
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.controls import first_for_all
from readoff.studies.pairs.measures import SIGNALS, TABLE, cosine_with_table, fixed, tables
from readoff.studies.pairs.recipes import MAIN_DECAY, SAMPLED, UNIFORM_ELSEWHERE


def _centred(x: np.ndarray, *axes: int) -> np.ndarray:
    for axis in axes:
        x = x - x.mean(axis=axis, keepdims=True)
    return x


def likeness(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray]:
    """[model] cosines of EQKE (centred over keys) and of EVOU (logits and tokens centred), heads matched."""

    def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
        return (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))

    both = tables(first.ensemble), tables(second.ensemble)
    scores = [_centred(t.scores[..., 1:], -1) for t in both]
    values = [_centred(t.values[..., 1:, :], -1, -2) for t in both]
    return tuple(np.maximum(cosine(a, b), cosine(a, b[:, ::-1])) for a, b in (scores, values))  # type: ignore[return-value]


def circuits_compared(runs: Any) -> Measured:
    """Of the first run with the second, and with the third (the yardstick): cosines of EQKE and EVOU, same seed."""
    (eqke, evou), (_, yardstick) = likeness(runs[0], runs[1]), likeness(runs[0], runs[2])
    return enumerated(eqke=eqke, evou=evou, evou_yardstick=yardstick, least_margin=least_margins(runs[1].ensemble))


def _exchanged(subject: Any) -> Any:
    first, second, third = subject.recipes
    return Sweep((first, third, second))


@claim(
    "pairs/uniform-elsewhere",
    says="Does training towards a uniform output at all other positions only rescale the circuits (EQKE and EVOU of "
    "the same seed with cosines above 0.95), or does it do more, and change EVOU more than drawing batches instead of "
    "the exact population does?",
    about=Sweep((MAIN_DECAY, UNIFORM_ELSEWHERE, SAMPLED)),
    scope=Seeds(at_least=explored(126), confidence=0.95),  # changed more
    measure=circuits_compared,
    headline="evou",
    statement="pairs/uniform-elsewhere",
    relation="qualifies",
    must_fail=[untrained, Control("yardstick and comparison exchanged", _exchanged)],
    open=True,
    alternatives=("only rescaled", "changed more than by sampling"),
)
def uniform_elsewhere(n):
    works = n["least_margin"] > 0
    rescaled = (n["eqke"] > 0.95) & (n["evou"] > 0.95)
    return {
        "only rescaled": rescaled & works,
        "changed more than by sampling": ~rescaled & (n["evou"] < n["evou_yardstick"]) & works,
    }


def along_table(rows: np.ndarray) -> np.ndarray:
    """[...]: how many times the source's table (gauge-fixed) rows [..., 4, 10] hold."""
    table = fixed(TABLE)
    return (fixed(rows) * table).sum(axis=(-1, -2)) / (table**2).sum()


def where_the_pairs_sit(runs: Any) -> Measured:
    """Cosine with the source's table, and size along it, of the heads' EVOU together and of EU (signal rows)."""
    weights = runs[1].ensemble.weights
    direct = (weights["embed.W_E"] @ weights["unembed.W_U"])[:, SIGNALS].astype(np.float64)
    written = tables(runs[1].ensemble).values[..., SIGNALS, :].sum(axis=1)
    return enumerated(
        evou=cosine_with_table(written),
        eu=cosine_with_table(direct),
        size_in_evou=along_table(written),
        size_in_eu=along_table(direct),
        least_margin=least_margins(runs[1].ensemble),
    )


@claim(
    "pairs/uniform-elsewhere/bigrams",
    says="Trained everywhere, the pairs sit in EVOU, and in EU with the opposite sign and the same size: the signal "
    "rows of EVOU (heads together) have a cosine above 0.5 with the source's table, those of EU below -0.5, and their "
    "sizes along it cancel within a twentieth.",
    about=Sweep((MAIN_DECAY, UNIFORM_ELSEWHERE)),
    scope=Seeds(at_least=explored(128), confidence=0.95),
    measure=where_the_pairs_sit,
    headline="eu",
    statement="pairs/bigrams-in-evou",
    relation="qualifies",
    must_fail=[untrained, first_for_all],
)
def bigrams_in_evou(n):
    opposite = (n["evou"] > 0.5) & (n["eu"] < -0.5)
    return opposite & (abs(n["size_in_evou"] + n["size_in_eu"]) < 0.05 * n["size_in_evou"]) & (n["least_margin"] > 0)
