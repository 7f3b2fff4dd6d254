"""One head against two: what one head learns, whether d_head 4 is a threshold, and what two heads prefer."""

from dataclasses import replace
from typing import Any

import numpy as np

from readoff.circuits.attention import spread
from readoff.claims import (
    Exhibit,
    Known,
    Measured,
    Seeds,
    Sweep,
    Trained,
    claim,
    enumerated,
    permuted_labels,
    untrained,
)
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.controls import sweep_reversed
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import SIGNALS, TASK, cosine_with_table, outcome, signal_scores, tables
from readoff.studies.pairs.pictures import loss_curves
from readoff.studies.pairs.recipes import (
    DECAY,
    MAIN_DECAY,
    ONE_HEAD_DECAY,
    PHASE_CONSTANTS,
    PHASE_D_HEADS,
    PHASE_DECAYS,
    PHASE_HEADS,
    RANK_1_RELAXED,
    UNIFORM_ELSEWHERE,
    effective,
    phase_cell,
    with_d_head,
)


def _learns(id: str, recipe: Any, says: str, statement: str, relation: Any, **fields: Any) -> Any:
    @claim(
        id,
        says=says,
        about=Trained(recipe),
        scope=Seeds(at_least=0.9, confidence=0.95),
        measure=outcome,
        statement=statement,
        relation=relation,
        must_hold=[],  # margins are logits: no gauge could be read off them
        exhibit=loss_curves,
        **fields,
    )
    def learns(n):
        return n["least_margin"] > 0

    return learns


smaller_heads = [
    _learns(
        f"pairs/d-head-4/one-head-d-head-{d}",
        with_d_head(ONE_HEAD_DECAY, d),
        f"d_head 4 is no threshold of learning: one head with d_head {d}, biases and a direct path learns the task.",
        "pairs/d-head-4",
        "refutes",
        known=Known(known, CALCULATED + ", effective model", comparable=False),
    )
    for d, known in ((1, "16/24"), (2, "24/24"), (3, "24/24"))
]

relaxed_learns = _learns(
    "pairs/rank-1-no-bias/relaxed",
    RANK_1_RELAXED,
    "The smallest step outside the impossible class is learnt: one head, d_head 1, no biases, but a direct path.",
    "pairs/d-head-4",
    "refutes",
    known=Known("39/48 and 32/32", CALCULATED, comparable=False),
)

two_by_one = _learns(
    "pairs/two-by-one",
    with_d_head(MAIN_DECAY, 1),
    "Two heads with d_head 1 learn the task.",
    "pairs/two-by-one",
    "supports",
    known=Known("24/24", CALCULATED + ", effective model", comparable=False),
)


def one_head_table_numbers(run: Any) -> Measured:
    """Gauge-fixed cosine of one head's EVOU with the source's table, and its attention spread over signal tokens."""
    rows = tables(run.ensemble).values[:, 0][:, SIGNALS]
    return enumerated(
        cosine=cosine_with_table(rows),
        spread=spread(signal_scores(run.ensemble)[:, 0], range(len(SIGNALS))),
        least_margin=least_margins(run.ensemble),
    )


def solves(n: Any) -> Any:
    return n["least_margin"] > 0


@claim(
    "pairs/one-head-learns-table",
    says="One head learns something like the source's table: gauge-fixed cosine above 0.75, near-uniform attention "
    "over the signal tokens (spread below 1 nat).",
    about=Trained(ONE_HEAD_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solves),
    measure=one_head_table_numbers,
    headline="cosine",
    statement="pairs/one-head-learns-table",
    relation="supports",
    known=Known(".94 to .98 in 15 of 16", CALCULATED + ", effective model", comparable=False),
    must_fail=[untrained, permuted_labels],
)
def one_head_learns_table(n):
    return (n["cosine"] > 0.75) & (n["spread"] < 1)


@claim(
    "pairs/one-head-learns-table/closely",
    says="... and most networks learn it closely, with a cosine above 0.94; the others have found another table.",
    about=Trained(ONE_HEAD_DECAY),
    scope=Seeds(at_least=0.5, confidence=0.95, given=solves),
    measure=one_head_table_numbers,
    headline="cosine",
    statement="pairs/one-head-learns-table",
    relation="qualifies",
    must_fail=[untrained, permuted_labels],
)
def one_head_learns_table_closely(n):
    return n["cosine"] > 0.94


def spreads(runs: Any) -> Measured:
    """Attention spread over signal tokens: the mean of two heads, and of the one head of the other recipe."""
    two, one = (spread(signal_scores(r.ensemble), range(len(SIGNALS))).mean(axis=1) for r in runs)
    return enumerated(two=two, one=one)


@claim(
    "pairs/hierarchy-preferred",
    says="With d_head 5, where one uniform head would do, two heads still use sharp preferences: their attention "
    "spreads over more than 3 nats, that of a single head over less than 1.5.",
    about=Sweep((MAIN_DECAY, ONE_HEAD_DECAY)),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=spreads,
    headline="two",
    statement="pairs/hierarchy-preferred",
    relation="supports",
    known=Known("3 to 7 against 0.2 to 1.3", CALCULATED + ", effective model", comparable=False),
    must_fail=[untrained, sweep_reversed],
)
def hierarchy_preferred(n):
    return (n["two"] > 3) & (n["one"] < 1.5)


def circuits_compared(runs: Any) -> Measured:
    """Cosines between a network trained at the read-off only and one trained everywhere, from the same seed.

    EQKE: signal and noise scores, centred. EVOU: rows of signal and noise tokens, logits and rows centred, heads
    matched. `signal_rows`, `noise_rows`: Frobenius norms of EVOU's rows in the network trained everywhere.
    """
    here, everywhere = (tables(run.ensemble) for run in runs)

    def centred(x: np.ndarray, *axes: int) -> np.ndarray:
        for axis in axes:
            x = x - x.mean(axis=axis, keepdims=True)
        return x

    def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
        return (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))

    scores = [centred(t.scores[..., 1:], -1) for t in (here, everywhere)]
    values = [centred(t.values[..., 1:, :], -1, -2) for t in (here, everywhere)]
    straight = np.maximum(cosine(scores[0], scores[1]), cosine(scores[0], scores[1][:, ::-1]))
    written = np.maximum(cosine(values[0], values[1]), cosine(values[0], values[1][:, ::-1]))
    return enumerated(
        eqke=straight,
        evou=written,
        solved_everywhere=least_margins(runs[1].ensemble) > 0,
        signal_rows=np.sqrt((values[1][..., : TASK.n_signal, :] ** 2).sum(axis=(-1, -2, -3))),
        noise_rows=np.sqrt((values[1][..., TASK.n_signal :, :] ** 2).sum(axis=(-1, -2, -3))),
    )


@claim(
    "pairs/uniform-elsewhere",
    says="Does training towards a uniform output at all other positions only rescale the circuits (EQKE and EVOU of "
    "the same seed with cosines above 0.95 after gauge fixing, heads matched)?",
    about=Sweep((MAIN_DECAY, UNIFORM_ELSEWHERE)),
    scope=Seeds(at_least=0.5, confidence=0.95),
    measure=circuits_compared,
    headline="evou",
    statement="pairs/uniform-elsewhere",
    relation="qualifies",
    must_fail=[untrained],
    open=True,
    alternatives=("only rescaled", "changed"),
)
def uniform_elsewhere(n):
    same = (n["eqke"] > 0.95) & (n["evou"] > 0.95)
    return {"only rescaled": same & n["solved_everywhere"], "changed": ~same & n["solved_everywhere"]}


@claim(
    "pairs/uniform-elsewhere/bigrams",
    says="Trained everywhere, the pair logits sit in the signal rows of EVOU: they are at least twice as large as "
    "those of all noise tokens together.",
    about=Sweep((MAIN_DECAY, UNIFORM_ELSEWHERE)),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=circuits_compared,
    headline="signal_rows",
    statement="pairs/bigrams-in-evou",
    relation="supports",
    must_fail=[untrained],
)
def bigrams_in_evou(n):
    return (n["signal_rows"] > 2 * n["noise_rows"]) & n["solved_everywhere"]


CELLS = [
    (constant, decay, heads, d_head)
    for constant in PHASE_CONSTANTS
    for decay in PHASE_DECAYS
    for heads in PHASE_HEADS
    for d_head in PHASE_D_HEADS
]


def expressible(constant: str, heads: int, d_head: int) -> str:
    """What witnesses and the rank-1 certificate say about a cell: possible, impossible, or unknown."""
    if heads == 1 and d_head == 1 and constant == "none":
        return "impossible"
    return "possible"  # one head: d_head 1 with a constant, d_head 2 without; more heads or dimensions only add


def phase_numbers(runs: Any) -> Measured:
    """Per seed: the share of expressible cells with d_head >= 2 it solves, and whether it solves impossible ones."""
    ok = {cell: least_margins(run.ensemble) > 0 for cell, run in zip(CELLS, runs)}
    easy = [ok[c] for c in CELLS if expressible(c[0], c[2], c[3]) == "possible" and c[3] >= 2]
    never = [ok[c] for c in CELLS if expressible(c[0], c[2], c[3]) == "impossible"]
    return enumerated(share_of_easy_cells=np.mean(easy, axis=0), any_impossible=np.any(never, axis=0))


def phase_exhibit(runs: Any, n: Any) -> list[Exhibit]:
    """Learned beside expressible over (n_heads x d_head), one facet for every constant and decay."""
    found = dict(zip(CELLS, runs))
    facets, learned, possible = [], [], []
    for constant in PHASE_CONSTANTS:
        for decay in PHASE_DECAYS:
            facets.append(f"constant logits: {constant}; decay {decay:g}")
            cells = [[(constant, decay, h, d) for d in PHASE_D_HEADS] for h in PHASE_HEADS]
            learned.append([[_count(found[c]) for c in row] for row in cells])
            possible.append([[expressible(constant, c[2], c[3]) for c in row] for row in cells])
    data = {
        "rows": [f"{h} head{'s' * (h > 1)}" for h in PHASE_HEADS],
        "columns": [f"d_head {d}" for d in PHASE_D_HEADS],
        "facets": facets,
        "learned": learned,
        "expressible": possible,
    }
    source = {run.source for run in runs}
    caption = f"Networks right on every input, of those trained; networks: {', '.join(sorted(source))}."
    return [Exhibit("phase", "phase", "What can be expressed and what is learnt", caption, data)]


def _count(run: Any) -> list[int]:
    return [int((least_margins(run.ensemble) > 0).sum()), len(run.ensemble)]


@claim(
    "pairs/d-head-4/phase",
    says="Over 60 cells (heads 1 and 2, d_head 1 to 5, constant logits from nowhere, biases or the direct path, "
    f"decay 0 and {DECAY:g}): a seed learns at least 19 in 20 cells with d_head 2 or more, and impossible ones never.",
    about=Sweep(tuple(phase_cell(h, d, c, w) for c, w, h, d in CELLS)),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=phase_numbers,
    headline="share_of_easy_cells",
    statement="pairs/d-head-4",
    relation="refutes",
    exhibit=phase_exhibit,
    must_fail=[untrained],
)
def phase(n):
    return (n["share_of_easy_cells"] >= 0.95) & ~n["any_impossible"]


ONE_HEAD_EFFECTIVE = replace(effective(1, 5), loss_dtype="float64")


@claim(
    "pairs/one-head-learns-table/effective",
    says="In the effective model one head (d_head 5, no decay) learns the table with a cosine above 0.9.",
    about=Sweep((ONE_HEAD_EFFECTIVE,)),
    scope=Seeds(at_least=0.5, confidence=0.95),
    measure=lambda runs: one_head_table_numbers(runs[0]),
    headline="cosine",
    known=Known("15/16", CALCULATED + ": cosine .94 to .98", "rate", comparable=False),
    must_fail=[untrained, permuted_labels],
)
def effective_one_head(n):
    return n["cosine"] > 0.9


def _effective_learns(d_head: int, bar: float, known: str) -> Any:
    @claim(
        f"pairs/d-head-4/effective-d-head-{d_head}",
        says=f"In the effective model one head with d_head {d_head} and a bias learns the task in at least {bar:.0%} "
        "of the networks.",
        about=Sweep((effective(1, d_head),)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=lambda runs: enumerated(least_margin=least_margins(runs[0].ensemble)),
        known=Known(known, CALCULATED + ", 24 seeds, other initial values", "rate"),
        must_fail=[untrained],
    )
    def learns(n):
        return n["least_margin"] > 0

    return learns


effective_learns = [_effective_learns(1, 0.5, "16/24"), _effective_learns(2, 0.9, "24/24")]
