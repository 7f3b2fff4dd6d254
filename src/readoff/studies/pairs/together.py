"""What two heads are together: their errors, their sum against the source's table, rank, and decay.

A constant and its negative in two heads is pure gauge and does not count.
"""

from typing import Any

import numpy as np

from readoff.claims import Known, Seeds, Sweep, Trained, claim, enumerated, heads_from_different_seeds, untrained
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs.arms import ARMS, explored, in_arms
from readoff.studies.pairs.controls import sweep_reversed
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import SIGNALS, free_tables, solved
from readoff.studies.pairs.recipes import DECAY, DECAYS, MAIN_DECAY, effective, with_decay


def _cancels(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        f"pairs/errors-cancel/{arm}",
        says="Are the two heads' errors (contributions beyond a multiple of the right answer, population mean removed) "
        f"opposite? Correlation beyond 0.1 either way ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.errors,
        headline="correlation",
        statement="pairs/errors-cancel",
        relation="qualifies" if arm == "exact" else "supports",
        must_fail=[heads_from_different_seeds],
        open=True,
        alternatives=("opposite", "unrelated", "alike"),
    )
    def cancels(n):
        value = n["correlation"]
        return {"opposite": value < -0.1, "unrelated": (value >= -0.1) & (value <= 0.1), "alike": value > 0.1}

    return cancels


errors_cancel = in_arms(
    {
        "exact": explored(96),  # unrelated; opposite in 18
        "decay": explored(125),  # opposite
        "sampled": explored(128),  # opposite
        "no-direct-path": explored(126),  # opposite
    },
    _cancels,
)


def _sum(arm: str, recipe: Any, words: str, bar: float) -> Any:
    open_question = arm == "exact"

    @claim(
        f"pairs/sum-is-table/{arm}",
        says="The two heads' EVOUs add up to something nearer to the source's table than the EVOUs of two heads that "
        f"were not trained together (paired difference of gauge-fixed cosines; {words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.sum_against_table,
        headline="own",
        statement="pairs/sum-is-table",
        relation="supports",
        must_fail=[heads_from_different_seeds],
        open=open_question,
        alternatives=("own heads nearer", "strangers nearer") if open_question else (),
    )
    def adds_up(n):
        nearer = n["own"] > n["shuffled"]
        return {"own heads nearer": nearer, "strangers nearer": n["own"] < n["shuffled"]} if open_question else nearer

    return adds_up


sum_is_table = in_arms(
    {
        "exact": 0.5,  # more than half, either way; explored: own heads nearer in 72 of 128
        "decay": explored(115),
        "sampled": explored(117),
        "no-direct-path": explored(120),
    },
    _sum,
)


def _effective_sum(name: str, recipe: Any, bar: float, known: Known | None) -> Any:
    @claim(
        f"pairs/sum-is-table/{name}",
        says="In the effective model own heads add up to a table nearer to the source's than strangers do, with a "
        f"cosine above 0.85 (decay {recipe.weight_decay:g}).",
        about=Sweep((recipe,)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=lambda runs: C.sum_against_table(runs[0]),
        headline="own",
        known=known,
        must_fail=[untrained, heads_from_different_seeds],
    )
    def adds_up(n):
        return (n["own"] > n["shuffled"]) & (n["own"] > 0.85)

    return adds_up


effective_sum = [
    _effective_sum(
        "effective", effective(2, 5), explored(127), Known("own .96, shuffled .87", CALCULATED, comparable=False)
    ),
    _effective_sum("effective-decay", effective(2, 5, decay=DECAY), explored(126), None),
]


def _whole(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        f"pairs/rank-5-vacuous/whole-table{'' if arm == 'decay' else '/' + arm}",
        says="Over all twelve tokens d_head 5 does not bind either: the fifth singular value of a head's EVOU is below "
        "1 % of the first, three directions hold 99 % of it, and noise rows are less than half as large as signal rows "
        f"({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=C.whole_table,
        headline="noise_to_signal",
        statement="pairs/rank-5-vacuous",
        relation="corrects",
        known=Known("about .35", CALCULATED + ", effective model", comparable=False) if arm == "decay" else None,
        must_fail=[untrained],
    )
    def rank_5_does_not_bind(n):
        return (n["last_direction"] < 0.01) & (n["three_directions"] > 0.99) & (n["noise_to_signal"] < 0.5)

    return rank_5_does_not_bind


rank_5_does_not_bind = in_arms(
    dict.fromkeys(ARMS, explored(128)),
    _whole,
)


def sizes(runs: Any) -> Any:
    """Frobenius norm of EVOU's signal rows, summed in squares over heads, at every decay."""
    rows = [free_tables(run.ensemble).values[..., SIGNALS, :] for run in runs]
    norms = np.stack([np.sqrt((r**2).sum(axis=(-1, -2, -3))) for r in rows])
    return enumerated(falls=(np.diff(norms, axis=0) < 0).all(axis=0), largest=norms[0], smallest=norms[-1])


@claim(
    "pairs/scale-and-decay",
    says="EVOU is scaled up until decay stops it: its norm falls strictly along the decays "
    f"{', '.join(map(str, DECAYS))}, seed by seed.",
    about=Sweep(tuple(with_decay(MAIN_DECAY, d) for d in DECAYS)),
    scope=Seeds(at_least=0.9, confidence=0.95),
    measure=sizes,
    headline="largest",
    statement="pairs/scale-and-decay",
    relation="supports",
    known=Known("monotone", CALCULATED, comparable=False),
    must_fail=[sweep_reversed],
)
def scale_falls_with_decay(n):
    return n["falls"] & True
