"""What can be expressed and what is learnt: 60 cells of heads, d_head, constant logits and decay.

Learnt is a count of networks, with its interval. Expressible is another question, and no trained network answers it:
"possible" if a network written by hand for the cell's very architecture (`by_hand`) is certified right on every input,
"impossible" for the class of `pairs/rank-1-no-bias`, whose certificate is built and checked anew; else unknown.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from readoff.certificates.rank1 import CLASS, build_rank1_certificate, check_rank1_certificate
from readoff.claims import Exhibit, Measured, Seeds, Sweep, claim, enumerated, untrained
from readoff.constructions.pairs import (
    one_head_d_head_1,
    one_head_d_head_2_no_bias,
    two_heads_d_head_1,
    two_heads_d_head_1_no_bias,
)
from readoff.networks.network import Network
from readoff.statistics.binomial import interval
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.measures import certificate
from readoff.studies.pairs.recipes import (
    DECAY,
    PHASE_CONSTANTS,
    PHASE_D_HEADS,
    PHASE_DECAYS,
    PHASE_HEADS,
    TASK,
    phase_cell,
)

Cell = tuple[str, float, int, int]
"""Where constant logits come from, weight decay, heads, d_head."""

CELLS: list[Cell] = [
    (constant, decay, heads, d_head)
    for constant in PHASE_CONSTANTS
    for decay in PHASE_DECAYS
    for heads in PHASE_HEADS
    for d_head in PHASE_D_HEADS
]


def ruled_out(cell: Cell) -> bool:
    """Is the cell's architecture of the class of `pairs/rank-1-no-bias`, as its certificate states it?"""
    a = phase_cell(cell[2], cell[3], cell[0], cell[1]).architecture
    sizes = {field: getattr(a, field) for field in CLASS}
    return sizes == CLASS and not a.biases and not a.direct_path


def by_hand(cell: Cell) -> Network | None:
    """A network of the cell's architecture written by hand (smaller heads padded with zeros), or None."""
    constant, decay, heads, d_head = cell
    architecture = phase_cell(heads, d_head, constant, decay).architecture
    if constant != "none":
        build = one_head_d_head_1 if heads == 1 else two_heads_d_head_1
        source: Any = "bias" if constant == "biases" else "direct_path"
        return build(TASK, constant=source, architecture=architecture)
    if heads == 1:
        return one_head_d_head_2_no_bias(TASK, architecture=architecture) if d_head > 1 else None
    return two_heads_d_head_1_no_bias(TASK, architecture=architecture)


def expressible(cell: Cell, write: Callable[[Cell], Network | None] = by_hand) -> str:
    """What is known about a cell: possible (a certified witness), impossible (a checked certificate), or unknown."""
    network = write(cell)
    if network is not None and certificate(network).lower.min() > 0:
        return "possible"
    proof = build_rank1_certificate()
    return "impossible" if ruled_out(cell) and not check_rank1_certificate(proof) else "unknown"


def phase_numbers(runs: Any) -> Measured:
    """Per seed: the share of cells with d_head >= 2 that it solves, and whether it solves one that is ruled out."""
    ok = {cell: least_margins(run.ensemble) > 0 for cell, run in zip(CELLS, runs)}
    return enumerated(
        share_of_cells=np.mean([found for cell, found in ok.items() if cell[3] >= 2], axis=0),
        any_ruled_out=np.any([found for cell, found in ok.items() if ruled_out(cell)], axis=0),
    )


def phase_exhibit(runs: Any, n: Any) -> list[Exhibit]:
    """Learned beside expressible over (n_heads x d_head), one facet for every constant and decay; and the intervals."""
    found = dict(zip(CELLS, runs))
    facets, learned, possible, rows = [], [], [], []
    for constant in PHASE_CONSTANTS:
        for decay in PHASE_DECAYS:
            facets.append(f"constant logits: {constant}; decay {decay:g}")
            cells = [[(constant, decay, h, d) for d in PHASE_D_HEADS] for h in PHASE_HEADS]
            learned.append([[_count(found[c]) for c in row] for row in cells])
            possible.append([[expressible(c) for c in row] for row in cells])
            rows += [
                [facets[-1], _heads(h), *[_interval(*_count(found[c])) for c in row]]
                for h, row in zip(PHASE_HEADS, cells)
            ]
    columns = [f"d_head {d}" for d in PHASE_D_HEADS]
    data = {
        "rows": [_heads(h) for h in PHASE_HEADS],
        "columns": columns,
        "facets": facets,
        "learned": learned,
        "expressible": possible,
    }
    fresh = sum(run.source == "trained" for run in runs)
    caption = (
        f"Networks right on every input, of those trained ({len(runs) - fresh} of the {len(runs)} cells from the zoo). "
        "Possible: a network written by hand for the cell is certified. Impossible: ruled out by the certificate of "
        "pairs/rank-1-no-bias. Neither rests on what was learnt."
    )
    table = {"columns": ["cells", "heads", *columns], "rows": rows}
    return [
        Exhibit("phase", "phase", "What can be expressed and what is learnt", caption, data),
        Exhibit("phase-intervals", "table", "What is learnt, with intervals", INTERVALS, table),
    ]


INTERVALS = "Share of the cell's networks that are right on every input: 95 % interval (Clopper-Pearson), cell by cell."


def _heads(n: int) -> str:
    return f"{n} head{'s' * (n > 1)}"


def _interval(k: int, n: int) -> str:
    low, high = interval(k, n, 0.95)
    return f"{k}/{n}: {low:.3f} to {high:.3f}"


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
