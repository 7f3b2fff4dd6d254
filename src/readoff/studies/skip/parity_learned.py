"""What training finds of the parity that heads can compute: never with fewer heads than bits, not always with as many.

The grid is 2 to 4 bits by 1 to 4 heads of d_head 1, each cell an ensemble. Where heads are too few the theorem of
`parity` decides. Where they are enough, that a network exists says nothing about how often training finds one: learned
shares are measured, with a bar below and a bar above.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from readoff.circuits.threshold import heads_obstruction
from readoff.claims import (
    Control,
    EveryInput,
    Exhibit,
    Measured,
    Seeds,
    Sweep,
    Trained,
    certified,
    claim,
    enumerated,
    on_networks,
    untrained,
)
from readoff.constructions.parity import parity_network
from readoff.studies.pairs.arms import explored
from readoff.studies.pairs.controls import sweep_reversed
from readoff.studies.skip.certified import least_margin, parity_margin, rules_out
from readoff.studies.skip.recipes import PARITY_BITS, PARITY_GRID, PARITY_HEADS, parity_cell
from readoff.tasks import Parity


@lru_cache(maxsize=64)
def expressible(bits: int, n_heads: int) -> str:
    """What is known of a cell: "impossible" by a checked certificate, "possible" by a certified witness (heads beyond
    its own may write nothing), else "unknown"."""
    found = heads_obstruction(Parity(bits).domain(), n_heads, positions=True).certificate
    if found is not None and not rules_out(found, Parity(bits), n_heads):
        return "impossible"
    witness = parity_network(Parity(bits))
    fits = witness.architecture.n_heads <= n_heads and witness.architecture.d_head == 1
    return "possible" if fits and least_margin(witness, Parity(bits))[0] > 0 else "unknown"


def learned_cells(runs: Sequence[Any]) -> Measured:
    """Which networks of every cell compute parity: solved where heads < bits, and where heads >= bits."""
    solved = {(r.recipe.task.bits, r.recipe.architecture.n_heads): parity_solved(r) for r in runs}
    # The cells keep the roles of the recipe's *place* in the sweep, so that a sweep in another order is noticed.
    places = [(bits, heads) for bits in PARITY_BITS for heads in PARITY_HEADS]
    by_place = dict(zip(places, solved.values(), strict=True))
    few = np.array([by_place[b, h] for b, h in places if h < b])
    enough = np.array([by_place[b, h] for b, h in places if h >= b])
    return enumerated(with_too_few=few.sum(axis=0), with_enough=enough.sum(axis=0))


def parity_solved(run: Any) -> np.ndarray:
    """bool [model]: positive margins on every input, from the trace."""
    return run.trace["margin"][:, -1] > 0


def parity_grid(runs: Sequence[Any], n: Any) -> list[Exhibit]:
    """Bits by heads: impossible, possible, and how many of the seeds learned it."""
    cells = {(r.recipe.task.bits, r.recipe.architecture.n_heads): parity_solved(r) for r in runs}
    learned = [[[int(cells[b, h].sum()), len(cells[b, h])] for h in PARITY_HEADS] for b in PARITY_BITS]
    able = [[expressible(b, h) for h in PARITY_HEADS] for b in PARITY_BITS]
    data = {
        "rows": [f"{b} bits" for b in PARITY_BITS],
        "columns": [f"{h} head{'s' * (h > 1)}" for h in PARITY_HEADS],
        "row_axis": "parity of",
        "column_axis": "heads (d_head 1)",
        "learned": learned,
        "expressible": able,
    }
    caption = (
        "Impossible: certificate of threshold degree. Possible: certified witness. Numbers: seeds that learned it."
    )
    return [Exhibit("bits-heads", "phase", "Parity: what heads can do and what they learn", caption, data)]


@claim(
    "skip/parity-heads/learned",
    says="What the theorem rules out is not learned either: over 2 to 4 bits and 1 to 4 heads no trained network with "
    "fewer heads than bits computes parity.",
    about=Sweep(PARITY_GRID),
    scope=EveryInput(),
    measure=learned_cells,
    must_fail=[sweep_reversed],
    exhibit=parity_grid,
)
def nothing_else(n):
    return n["with_too_few"] == 0


def cell_numbers(run: Any) -> Measured:
    """Certified least margin [model] of a cell's networks, and whether a witness of its size exists [model]."""
    task, architecture = run.recipe.task, run.recipe.architecture
    can = expressible(task.bits, architecture.n_heads) == "possible" and architecture.d_head == 1
    margins = parity_margin(run).numbers["least_margin"]
    return certified(least_margin=margins, possible=np.full(np.shape(margins.lo), int(can)))


def _by_hand(ensemble: Any) -> Any:
    bits = ensemble.architecture.n_ctx - 1
    witness = parity_network(Parity(bits), architecture=ensemble.architecture)
    return ensemble.replace(**{k: np.repeat(v[None], len(ensemble), axis=0) for k, v in witness.weights.items()})


witness_everywhere = on_networks("the hand-written network in every seed's place", _by_hand)
two_bits = Control("two bits and two heads", lambda subject: Trained(parity_cell(2, 2)))
"""A cell that is nearly always learned."""


def _missed(bits: int, missed: int, of: int) -> Any:
    bar = explored(missed, of)

    @claim(
        f"skip/parity-heads/not-always-learned/{bits}-bits",
        says=f"Expressible is not always learned: {bits} heads of d_head 1 can compute the parity of {bits} bits, and "
        f"of the networks trained with {bits} heads at least {bar:.0%} do not.",
        about=Trained(parity_cell(bits, bits)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=cell_numbers,
        must_fail=[two_bits, witness_everywhere],
    )
    def not_learned(n):
        return (n["possible"] == 1) & ~(n["least_margin"] > 0)

    return not_learned


def _found(bits: int, found: int, of: int) -> Any:
    bar = explored(found, of)

    @claim(
        f"skip/parity-heads/sometimes-learned/{bits}-bits",
        says=f"Yet training does find it: of the networks trained on {bits} bits with {bits} heads at least {bar:.0%} "
        "compute parity.",
        about=Trained(parity_cell(bits, bits)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=cell_numbers,
        must_fail=[untrained, Control("one head fewer", lambda subject: Trained(parity_cell(bits, bits - 1)))],
    )
    def learned(n):
        return n["least_margin"] > 0

    return learned


# Exploration: with as many heads as bits, 137 of 256 learn three bits and 63 of 256 four.
not_always = [_missed(3, 119, 256), _missed(4, 193, 256)]
sometimes = [_found(3, 137, 256), _found(4, 63, 256)]
