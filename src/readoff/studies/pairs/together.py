"""What two heads are together: errors, sum against the source's table, rank, the dose of d_head, and decay.

Bars were chosen on exploration seeds. A constant and its negative in two heads is pure gauge and does not count.
"""

from typing import Any

import numpy as np

from readoff.claims import (
    Known,
    Seeds,
    Sweep,
    Trained,
    claim,
    enumerated,
    heads_from_different_seeds,
    untrained,
)
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs.arms import ARMS
from readoff.studies.pairs.controls import sweep_reversed
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import attention, solved
from readoff.studies.pairs.recipes import (
    DECAYS,
    MAIN_DECAY,
    with_d_head,
    with_decay,
)


def _cancels(arm: str, bar: float) -> Any:
    recipe, words = ARMS[arm]

    @claim(
        f"pairs/errors-cancel/{arm}",
        says="Are the two heads' errors (contributions beyond a multiple of the right answer, population mean removed) "
        f"opposite? Correlation beyond 0.05 either way ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.errors,
        statement="pairs/errors-cancel",
        relation="supports" if arm == "decay" else "qualifies",
        must_fail=[heads_from_different_seeds],
        open=True,
        alternatives=("opposite", "unrelated", "alike"),
    )
    def cancels(n):
        value = n["correlation"]
        return {"opposite": value < -0.05, "unrelated": (value >= -0.05) & (value <= 0.05), "alike": value > 0.05}

    return cancels


errors_cancel = [_cancels("exact", 0.5), _cancels("decay", 0.8)]


def _sum(arm: str, bar: float) -> Any:
    recipe, words = ARMS[arm]

    @claim(
        f"pairs/sum-is-table/{arm}",
        says="The two heads' EVOUs add up to something nearer to the source's table than the EVOUs of two heads that "
        f"were not trained together (paired difference of gauge-fixed cosines; {words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.sum_against_table,
        statement="pairs/sum-is-table",
        relation="supports",
        known=Known("own .96, shuffled .87", CALCULATED + ", effective model", comparable=False),
        must_fail=[heads_from_different_seeds],
        open=arm == "exact",
        alternatives=("own heads nearer", "strangers nearer") if arm == "exact" else (),
    )
    def adds_up(n):
        nearer = n["own"] > n["shuffled"]
        return {"own heads nearer": nearer, "strangers nearer": ~nearer} if arm == "exact" else nearer

    return adds_up


sum_is_table = [_sum("exact", 0.5), _sum("decay", 0.7)]


@claim(
    "pairs/rank-5-vacuous/whole-table",
    says="Over all twelve tokens d_head 5 does not bind either: the fifth singular value of a head's EVOU is below 1 % "
    "of the first, three directions hold 99 % of it, and noise rows are less than half as large as signal rows.",
    about=Trained(MAIN_DECAY),
    scope=Seeds(at_least=0.9, confidence=0.95, given=solved),
    measure=C.whole_table,
    headline="noise_to_signal",
    statement="pairs/rank-5-vacuous",
    relation="corrects",
    known=Known("about .35", CALCULATED + ", effective model", comparable=False),
    must_fail=[untrained],
)
def rank_5_does_not_bind(n):
    return (n["last_direction"] < 0.01) & (n["three_directions"] > 0.99) & (n["noise_to_signal"] < 0.5)


def dose(runs: Any) -> Any:
    """Tau and evenness at d_head 1, 2, 5 (the same seeds)."""
    found = [attention(run).numbers for run in runs]
    even = [C.errors(run).numbers["norm_evenness"] for run in runs]
    return enumerated(
        tau_1=found[0]["tau"], tau_5=found[-1]["tau"], evenness_1=even[0], evenness_5=even[-1],
        differ=found[0]["reversed"] != found[-1]["reversed"],
        only_at_5=found[-1]["reversed"] & ~found[0]["reversed"],
    )  # fmt: skip


@claim(
    "pairs/rank-explains-split",
    says="Rank is not what splits the work: reversal grows with d_head. Where rank binds least (d_head 5) the orders "
    "are at least as opposite as where it binds most (d_head 1), seed by seed, and more opposite or exactly so.",
    about=Sweep((with_d_head(MAIN_DECAY, 1), with_d_head(MAIN_DECAY, 2), MAIN_DECAY)),
    scope=Seeds(at_least=0.75, confidence=0.95),
    measure=dose,
    statement="pairs/rank-explains-split",
    relation="refutes",
    must_fail=[sweep_reversed],
)
def reversal_grows(n):
    return n["tau_5"] <= n["tau_1"]


@claim(
    "pairs/rank-explains-split/discordant",
    says="Of the seeds whose networks are exactly reversed at one of d_head 1 and 5 but not at the other, most are "
    "reversed at 5 (an exact sign test on the discordant pairs).",
    about=Sweep((with_d_head(MAIN_DECAY, 1), with_d_head(MAIN_DECAY, 2), MAIN_DECAY)),
    scope=Seeds(at_least=0.6, confidence=0.95, given=lambda n: n["differ"]),
    measure=dose,
    statement="pairs/rank-explains-split",
    relation="refutes",
    must_fail=[sweep_reversed],
)
def reversal_grows_where_it_differs(n):
    return n["only_at_5"] & True


def sizes(runs: Any) -> Any:
    """Frobenius norm of EVOU's signal rows, summed in squares over heads, at every decay."""
    from readoff.studies.pairs.measures import SIGNALS, free_tables

    rows = [free_tables(run.ensemble).values[..., SIGNALS, :] for run in runs]
    norms = np.stack([np.sqrt((r**2).sum(axis=(-1, -2, -3))) for r in rows])
    return enumerated(falls=(np.diff(norms, axis=0) < 0).all(axis=0), smallest=norms[-1], largest=norms[0])


@claim(
    "pairs/scale-and-decay",
    says="EVOU is scaled up until decay stops it: its norm falls strictly along the decays "
    f"{', '.join(map(str, DECAYS))}, seed by seed.",
    about=Sweep(tuple(with_decay(MAIN_DECAY, d) for d in DECAYS)),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=sizes,
    statement="pairs/scale-and-decay",
    relation="supports",
    must_fail=[sweep_reversed],
)
def scale_falls_with_decay(n):
    return n["falls"] & True
