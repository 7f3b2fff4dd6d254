"""What can be expressed and what is learnt: 60 cells of heads, d_head, constant logits and decay.

Learnt is a count of networks. Expressible is "possible" if one network of the cell, the best of those trained there, is
certified right on every input; "impossible" for the class of `pairs/rank-1-no-bias`, which a certificate rules out;
otherwise unknown. Hand-written witnesses of the smallest possible cells are claims of their own
(`pairs/rank-3-impossible`, `pairs/two-by-one/witness`).
"""

from typing import Any

import numpy as np

from readoff.claims import Exhibit, Measured, Seeds, Sweep, claim, enumerated, untrained
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.measures import certificate
from readoff.studies.pairs.recipes import (
    DECAY,
    PHASE_CONSTANTS,
    PHASE_D_HEADS,
    PHASE_DECAYS,
    PHASE_HEADS,
    phase_cell,
)

CELLS = [
    (constant, decay, heads, d_head)
    for constant in PHASE_CONSTANTS
    for decay in PHASE_DECAYS
    for heads in PHASE_HEADS
    for d_head in PHASE_D_HEADS
]


def ruled_out(cell: tuple[str, float, int, int]) -> bool:
    """One head, d_head 1, no constant logits: the class of `pairs/rank-1-no-bias`."""
    constant, _, heads, d_head = cell
    return heads == d_head == 1 and constant == "none"


def expressible(cell: tuple[str, float, int, int], run: Any) -> str:
    """What is known about a cell: possible (a certified network), impossible (a certificate), or unknown."""
    if ruled_out(cell):
        return "impossible"
    best = int(np.nanargmax(np.nan_to_num(least_margins(run.ensemble), nan=-np.inf)))
    return "possible" if certificate(run.ensemble[best]).lower.min() > 0 else "unknown"


def phase_numbers(runs: Any) -> Measured:
    """Per seed: the share of cells with d_head >= 2 that it solves, and whether it solves one that is ruled out."""
    ok = {cell: least_margins(run.ensemble) > 0 for cell, run in zip(CELLS, runs)}
    return enumerated(
        share_of_cells=np.mean([found for cell, found in ok.items() if cell[3] >= 2], axis=0),
        any_ruled_out=np.any([found for cell, found in ok.items() if ruled_out(cell)], axis=0),
    )


def phase_exhibit(runs: Any, n: Any) -> list[Exhibit]:
    """Learned beside expressible over (n_heads x d_head), one facet for every constant and decay."""
    found = dict(zip(CELLS, runs))
    facets, learned, possible = [], [], []
    for constant in PHASE_CONSTANTS:
        for decay in PHASE_DECAYS:
            facets.append(f"constant logits: {constant}; decay {decay:g}")
            cells = [[(constant, decay, h, d) for d in PHASE_D_HEADS] for h in PHASE_HEADS]
            learned.append([[_count(found[c]) for c in row] for row in cells])
            possible.append([[expressible(c, found[c]) for c in row] for row in cells])
    data = {
        "rows": [f"{h} head{'s' * (h > 1)}" for h in PHASE_HEADS],
        "columns": [f"d_head {d}" for d in PHASE_D_HEADS],
        "facets": facets,
        "learned": learned,
        "expressible": possible,
    }
    fresh = sum(run.source == "trained" for run in runs)
    caption = (
        f"Networks right on every input, of those trained ({len(runs) - fresh} of the {len(runs)} cells from the zoo). "
        "Possible: the best of them is certified. Impossible: ruled out by the certificate of pairs/rank-1-no-bias."
    )
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
    headline="share_of_cells",
    statement="pairs/rank-3-impossible",
    relation="refutes",
    exhibit=phase_exhibit,
    must_fail=[untrained],
)
def phase(n):
    return (n["share_of_cells"] >= 0.95) & ~n["any_ruled_out"]
