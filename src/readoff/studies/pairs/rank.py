"""Is it rank that splits the work? What more room (d_head) does to the orders and to the division between heads.

The source's reading: with d_head 5 each head's table is held to rank 5, which is part of why the work is split evenly
over two heads in opposite orders. If so, reversal and evenness should be strongest where rank binds (d_head 1) and
fade where it does not (d_head 5; the four signal rows have rank 4 at most). Same seeds at d_head 1, 2 and 5.
"""

from typing import Any

import numpy as np

from readoff.circuits.attention import exactly_reversed
from readoff.claims import Known, Measured, Seeds, Sweep, Trained, claim, enumerated, gauge_shifted, untrained
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs.arms import explored, in_arms
from readoff.studies.pairs.controls import one_head_weaker, sweep_reversed
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import signal_scores, solved
from readoff.studies.pairs.recipes import MAIN_DECAY, with_d_head

DOSES = Sweep((with_d_head(MAIN_DECAY, 1), with_d_head(MAIN_DECAY, 2), MAIN_DECAY))


def _reversed(run: Any) -> np.ndarray:
    scores = signal_scores(run.ensemble)
    return exactly_reversed(scores[:, 0], scores[:, 1])


def dose(first: int, last: int) -> Any:
    """A measure: which seeds are exactly reversed at one of two doses and not at the other, and at which."""

    def measure(runs: Any) -> Measured:
        low, high = _reversed(runs[first]), _reversed(runs[last])
        return enumerated(differ=low != high, only_at_more=high & ~low)

    return measure


def _grows(name: str, first: int, last: int, words: str, bar: float) -> Any:
    @claim(
        f"pairs/rank-explains-split{name}",
        says="Reversal grows with room, not with its lack: of the seeds whose orders are exactly reversed at one of "
        f"{words} but not at the other, at least {bar:.0%} are reversed at the larger one.",
        about=DOSES,
        scope=Seeds(at_least=bar, confidence=0.95, given=lambda n: n["differ"]),
        measure=dose(first, last),
        statement="pairs/rank-explains-split",
        relation="refutes",
        known=Known("reversal grows with d_head", CALCULATED + ", effective model", comparable=False),
        must_fail=[sweep_reversed],
    )
    def grows(n):
        return n["only_at_more"] & True

    return grows


reversal_grows = [
    _grows("", 0, 2, "d_head 1 and 5", explored(70, 77, 38)),
    _grows("/one-to-two", 0, 1, "d_head 1 and 2", explored(59, 64, 32)),
]


def _even(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        f"pairs/rank-explains-split/even-without-rank{'' if arm == 'decay' else '/' + arm}",
        says="An even split asks for no explanation by rank: at d_head 5, where rank does not bind, the weaker head's "
        f"EVOU has at least half the norm of the other's, and in untrained networks it has as well ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.errors,
        headline="norm_evenness",
        statement="pairs/rank-explains-split",
        relation="qualifies",
        must_fail=[one_head_weaker],
        must_hold=[untrained, gauge_shifted],
    )
    def even(n):
        return n["norm_evenness"] > 0.5

    return even


even_without_rank = in_arms({"exact": 0.85, "decay": 0.85}, _even)  # explored: 127 and 128; untrained networks: 126


def evenness(runs: Any) -> Measured:
    """Smaller over larger norm of the two heads' EVOU, at d_head 1 and at d_head 5."""
    small, _, large = (C.errors(run).numbers["norm_evenness"] for run in runs)
    return enumerated(at_1=small, at_5=large)


@claim(
    "pairs/rank-explains-split/evenness",
    says="Is the work split more evenly where rank binds (d_head 1) or where it does not (d_head 5), same seed?",
    about=DOSES,
    scope=Seeds(at_least=0.5, confidence=0.95),  # explored: more evenly at d_head 5 in 71 of 128
    measure=evenness,
    headline="at_5",
    statement="pairs/rank-explains-split",
    relation="qualifies",
    must_fail=[sweep_reversed],
    open=True,
    alternatives=("more evenly at d_head 1", "more evenly at d_head 5"),
)
def where_more_evenly(n):
    return {"more evenly at d_head 1": n["at_1"] > n["at_5"], "more evenly at d_head 5": n["at_5"] > n["at_1"]}
