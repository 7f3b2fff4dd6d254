"""One head against two: what one head learns, and how small it may be."""

from dataclasses import replace
from typing import Any

from readoff.circuits.attention import spread
from readoff.claims import (
    Control,
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
from readoff.studies.pairs.arms import explored
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.controls import other_d_head
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import (
    SIGNALS,
    attention,
    cosine_with_table,
    outcome,
    signal_scores,
    solved,
    tables,
)
from readoff.studies.pairs.pictures import loss_curves
from readoff.studies.pairs.recipes import (
    MAIN,
    MAIN_DECAY,
    ONE_HEAD,
    ONE_HEAD_DECAY,
    RANK_1_CLASS,
    RANK_1_RELAXED,
    effective,
    with_d_head,
)


def _learns(id: str, recipe: Any, bar: float, says: str, statement: str, relation: Any, **fields: Any) -> Any:
    @claim(
        id,
        says=says,
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=outcome,
        headline="least_margin",
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
        bar,
        f"d_head 4 is not needed for learning: one head with d_head {d}, biases and a direct path learns the task.",
        "pairs/rank-3-impossible",
        "refutes",
        known=Known(known, CALCULATED + ", effective model", comparable=False),
    )
    for d, known, bar in ((1, "16/24", explored(125)), (2, "24/24", explored(128)), (3, "24/24", explored(128)))
]

large_enough = _learns(
    "pairs/d-head-4/one-head-d-head-4",
    with_d_head(ONE_HEAD_DECAY, 4),
    explored(128),
    "One head with d_head 4 learns the task, as the post says.",
    "pairs/d-head-4",
    "supports",
)

relaxed_learns = _learns(
    "pairs/rank-1-no-bias/relaxed",
    RANK_1_RELAXED,
    explored(126),
    "The smallest step outside the impossible class is learnt: one head, d_head 1, no biases, but a direct path.",
    "pairs/rank-3-impossible",
    "refutes",
    known=Known("39/48 and 32/32", CALCULATED, comparable=False),
)

relaxed_instead = Control("the same with a direct path", lambda subject: Trained(RANK_1_RELAXED))


@claim(
    "pairs/rank-1-no-bias/trained",
    says="Nor does training find one in the impossible class: of networks with one head, d_head 1, no biases and no "
    "direct path hardly any (in fact none can) is right on every input.",
    about=Trained(RANK_1_CLASS),
    scope=Seeds(at_least=explored(128), confidence=0.95),
    measure=outcome,
    headline="least_margin",
    known=Known("48/48", CALCULATED + ": 0 of 48 solve it; other initial values", "rate"),
    must_fail=[relaxed_instead],
    must_hold=[],  # margins are logits: no gauge could be read off them
)
def none_learns(n):
    return ~(n["least_margin"] > 0)


two_by_one = [
    _learns(
        f"pairs/two-by-one{name}",
        with_d_head(recipe, 1),
        bar,
        f"Two heads with d_head 1 learn the task ({words}).",
        "pairs/two-by-one",
        "supports",
        known=Known("24/24", CALCULATED + ", effective model", comparable=False),
    )
    for name, recipe, words, bar in (
        ("", MAIN_DECAY, "decay 0.1", explored(128)),
        ("/exact", MAIN, "no decay", explored(127)),
    )
]


@claim(
    "pairs/two-by-one/hierarchy",
    says="They rely on a hierarchy of tokens: each head's attention spreads over more than 3 nats between the signal "
    "token it likes most and the one it likes least, on average over the two.",
    about=Trained(with_d_head(MAIN_DECAY, 1)),
    scope=Seeds(at_least=explored(128), confidence=0.95, given=solved),
    measure=attention,
    headline="spread",
    statement="pairs/two-by-one-hierarchy",
    relation="supports",
    must_fail=[untrained],
)
def small_heads_are_sharp(n):
    return n["spread"] > 3


def one_head_table_numbers(run: Any) -> Measured:
    """Gauge-fixed cosine of one head's EVOU with the source's table, and its attention spread over signal tokens."""
    rows = tables(run.ensemble).values[:, 0][:, SIGNALS]
    return enumerated(
        cosine=cosine_with_table(rows),
        spread=spread(signal_scores(run.ensemble)[:, 0], range(len(SIGNALS))),
        least_margin=least_margins(run.ensemble),
    )


NEAR = 0.83
"""Above sqrt(2/3) = 0.816, the best cosine with the gauge-fixed table that a table of rank 2 can have."""


def _table(name: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        f"pairs/one-head-learns-table{name}",
        says="One head learns the source's table, nearer than any table of rank 2 could come: gauge-fixed cosine above "
        f"{NEAR}, near-uniform attention over the signal tokens (spread below 1 nat), in at least {bar:.0%} of the "
        f"networks ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=one_head_table_numbers,
        headline="cosine",
        statement="pairs/one-head-learns-table",
        relation="illustrates",
        known=Known(".94 to .98 in 15 of 16", CALCULATED + ", effective model", comparable=False),
        must_fail=[untrained, permuted_labels, other_d_head(2)],
    )
    def one_head_learns_table(n):
        return (n["cosine"] > NEAR) & (n["spread"] < 1)

    return one_head_learns_table


one_head_learns_table = [
    _table("", ONE_HEAD_DECAY, "decay 0.1", explored(108)),
    _table("/exact", ONE_HEAD, "no decay", explored(79)),
]


@claim(
    "pairs/one-head-learns-table/closely",
    says="... and most networks learn it closely, with a cosine above 0.94; the others have found another table.",
    about=Trained(ONE_HEAD_DECAY),
    scope=Seeds(at_least=explored(99), confidence=0.95, given=solved),
    measure=one_head_table_numbers,
    headline="cosine",
    statement="pairs/one-head-learns-table",
    relation="illustrates",
    must_fail=[untrained, permuted_labels, other_d_head(2)],
)
def one_head_learns_table_closely(n):
    return n["cosine"] > 0.94


ONE_HEAD_EFFECTIVE = replace(effective(1, 5), loss_dtype="float64")


@claim(
    "pairs/one-head-learns-table/effective",
    says="In the effective model one head (d_head 5, no decay) learns the table with a cosine above 0.94.",
    about=Sweep((ONE_HEAD_EFFECTIVE,)),
    scope=Seeds(at_least=explored(127), confidence=0.95),
    measure=lambda runs: one_head_table_numbers(runs[0]),
    headline="cosine",
    known=Known("15/16", CALCULATED + ": cosine .94 to .98", "rate"),
    must_fail=[untrained, permuted_labels],
)
def effective_one_head(n):
    return n["cosine"] > 0.94


def _effective_learns(d_head: int, bar: float, known: str) -> Any:
    @claim(
        f"pairs/d-head-4/effective-d-head-{d_head}",
        says=f"In the effective model one head with d_head {d_head} and a bias learns the task in at least {bar:.0%} "
        "of the networks.",
        about=Sweep((effective(1, d_head),)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=lambda runs: enumerated(least_margin=least_margins(runs[0].ensemble)),
        headline="least_margin",
        known=Known(known, CALCULATED + ", 24 seeds, other initial values", "rate"),
        must_fail=[untrained],
    )
    def learns(n):
        return n["least_margin"] > 0

    return learns


effective_learns = [_effective_learns(1, explored(75), "16/24"), _effective_learns(2, explored(128), "24/24")]
