"""Hand-written networks that show what is possible, each certified on every input, and one class that cannot.

A witness refutes "impossible"; it never supports "always". Each stands for the real-number function of its stored
weights: margins are enclosed with balls. The control is the same network with its weights in a random order.
"""

from functools import partial
from typing import Any

from readoff.certificates.rank import rank
from readoff.certificates.rank1 import build_rank1_certificate, check_rank1_certificate
from readoff.claims import (
    Certified,
    Constructed,
    EveryInput,
    EveryNetwork,
    Exhibit,
    Exists,
    Known,
    Lemma,
    Measured,
    Trained,
    certified,
    claim,
    on_material,
    shuffled_weights,
)
from readoff.constructions.pairs import (
    one_head_d_head_1,
    one_head_d_head_2_no_bias,
    one_head_d_head_3_no_bias,
    one_head_table,
    two_heads_d_head_1,
)
from readoff.constructions.table_in_rank_3 import table_in_rank_3
from readoff.networks.network import Network
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import SIGNALS, certificate, exact_tables, tables
from readoff.studies.pairs.recipes import RANK_1_CLASS, TASK
from readoff.tasks.pairs import Pairs


def witness(network: Any) -> Measured:
    """Certified least margin over the whole domain, and what the network is made of."""
    found = certificate(network)
    architecture = network.architecture
    return certified(
        least_margin=_bounds(found),
        n_heads=architecture.n_heads,
        d_head=architecture.d_head,
        has_constant=architecture.has_constant_logits,
        uniform=all(x == 0 for raw in exact_tables(network).raw_scores for x in raw.fractions()[0]),
    )


def table_exhibit(network: Any, n: Any) -> list[Exhibit]:
    """EVOU of the signal tokens of every head, as written."""
    values = tables(network).values[:, SIGNALS]
    out = []
    for head in range(len(values)):
        data = {
            "rows": [TASK.input_tokens[t] for t in SIGNALS],
            "columns": list(TASK.output_labels),
            "row_axis": "attended token",
            "column_axis": "output",
            "values": values[head].tolist(),
            "gauge": "as constructed",
            "unit": "nats",
        }
        title = f"EVOU of head {head}"
        out.append(Exhibit(f"evou-{head}", "heatmap", title, f"{network.origin}. Rows of noise tokens are 0.", data))
    return out


def _witness_claim(id: str, build: Any, name: str, says: str, **fields: Any) -> Any:
    return claim(
        id,
        says=says,
        about=Constructed(build, name),
        scope=Exists(),
        measure=witness,
        headline="least_margin",
        must_fail=[shuffled_weights],
        exhibit=table_exhibit,
        **fields,
    )


def works(n: Any) -> Any:
    """Right on every input."""
    return n["least_margin"] > 0


one_head_table_works = _witness_claim(
    "pairs/one-head-table",
    partial(one_head_table, TASK, gap=40.0),
    "one head, table 3/2, attention on signals",
    "One head with the table of threes and twos, attending to signal tokens, is right on every input.",
    statement="pairs/one-head-table",
    relation="supports",
    known=Known("0.5", CALCULATED, "least_margin"),
)(works)


@_witness_claim(
    "pairs/uniform-attention-enough",
    partial(one_head_table, TASK),
    "one head, table 3/2, uniform attention",
    "No query-key circuit is needed: with every score equal the same table is right on every input, because noise "
    "tokens write nothing and their number is constant.",
    statement="pairs/uniform-attention-enough",
    relation="qualifies",
)
def uniform_attention(n):
    return (n["least_margin"] > 0) & (n["uniform"] == 1)


@_witness_claim(
    "pairs/rank-3-impossible/d-head-1",
    partial(one_head_d_head_1, TASK, gap=40.0),
    "one head, d_head 1, values 0 1 4 6, bias",
    "One head with d_head 1 and a constant logit vector does it: tokens are 0, 1, 4, 6, whose ten pair means differ, "
    "and the nearest mean wins. So the task does not need rank 4, nor 3, nor 2.",
    statement="pairs/rank-3-impossible",
    relation="refutes",
    known=Known("0.25", CALCULATED, "least_margin"),
)
def d_head_1(n):
    return (n["least_margin"] > 0) & (n["d_head"] == 1)


@_witness_claim(
    "pairs/rank-3-impossible/d-head-2",
    partial(one_head_d_head_2_no_bias, TASK, gap=40.0),
    "one head, d_head 2, no constant",
    "One head with d_head 2 does it without any constant logit vector.",
    statement="pairs/rank-3-impossible",
    relation="refutes",
)
def d_head_2(n):
    return (n["least_margin"] > 0) & (n["d_head"] == 2) & (n["has_constant"] == 0)


@_witness_claim(
    "pairs/rank-3-impossible/d-head-3",
    partial(one_head_d_head_3_no_bias, TASK, gap=40.0),
    "one head, d_head 3, tetrahedron, no constant",
    "One head with d_head 3 does it without any constant: signal tokens are the corners of a tetrahedron.",
    statement="pairs/rank-3-impossible",
    relation="refutes",
    known=Known("0.42", CALCULATED, "least_margin"),
)
def d_head_3(n):
    return (n["least_margin"] > 0) & (n["d_head"] == 3) & (n["has_constant"] == 0)


@_witness_claim(
    "pairs/d-head-4/expressible",
    partial(one_head_d_head_1, TASK, constant="direct_path"),
    "one head, d_head 1, direct path, uniform attention",
    "d_head 4 is no threshold of expressivity: one head with d_head 1 and the direct path of the read-off, without "
    "biases and without a query-key circuit, is right on every input.",
    statement="pairs/rank-3-impossible",
    relation="refutes",
)
def d_head_4_no_threshold(n):
    return (n["least_margin"] > 0) & (n["d_head"] == 1) & (n["n_heads"] == 1)


@_witness_claim(
    "pairs/two-by-one/witness",
    partial(two_heads_d_head_1, TASK),
    "two heads, d_head 1, (max, min)",
    "Two heads with d_head 1 do it by order statistics: one passes on the larger, the other the smaller signal token.",
    statement="pairs/two-by-one",
    relation="supports",
)
def max_and_min(n):
    return (n["least_margin"] > 0) & (n["d_head"] == 1) & (n["n_heads"] == 2)


@_witness_claim(
    "pairs/rank-3-impossible/the-same-table",
    partial(table_in_rank_3, TASK),
    "one head, d_head 3, the table minus its mean row",
    "Even that very table needs three dimensions only, where there is a bias: its rows minus their mean have rank 3, "
    "and attention returns the mean row unchanged.",
    statement="pairs/rank-3-impossible",
    relation="refutes",
)
def the_same_table(n):
    return (n["least_margin"] > 0.49) & (n["d_head"] == 3)


def more_signals(n_signal: int) -> Network:
    """The one-head, d_head 1 network for another number of signal tokens."""
    from dataclasses import replace

    return one_head_d_head_1(replace(TASK, n_signal=n_signal))


def witness_for_more(network: Any) -> Measured:
    """As `witness`, on the pair task with as many signal tokens as the construction was made for."""
    from dataclasses import replace

    n_signal = network.architecture.d_vocab - 1 - TASK.n_noise
    found = certificate(network, replace(TASK, n_signal=n_signal))
    return certified(least_margin=_bounds(found), n_signal=n_signal)


@claim(
    "pairs/rank-3-impossible/seven-signals",
    says="The same one-dimensional head works for seven signal tokens (28 classes): what it needs is only that all "
    "pair sums differ.",
    about=Constructed(partial(more_signals, 7), "one head, d_head 1, seven signal tokens"),
    scope=Exists(),
    measure=witness_for_more,
    headline="least_margin",
    must_fail=[shuffled_weights],
)
def seven_signals(n):
    return (n["least_margin"] > 0) & (n["n_signal"] == 7)


TRIPLES = Pairs(n_per_input=3)


@claim(
    "pairs/rank-3-impossible/three-per-input",
    says="It works for three signal tokens in an input as well (20 classes): all sums of three must differ.",
    about=Constructed(partial(one_head_d_head_1, TRIPLES), "one head, d_head 1, three signal tokens in an input"),
    scope=Exists(),
    measure=lambda network: certified(
        least_margin=_bounds(certificate(network, TRIPLES)), n_classes=TRIPLES.d_vocab_out
    ),
    headline="least_margin",
    must_fail=[shuffled_weights],
)
def three_per_input(n):
    return (n["least_margin"] > 0) & (n["n_classes"] == 20)


def _bounds(found: Any) -> tuple[float, float]:
    return float(found.lower.min()), float(found.upper.min())


def relaxed_witness() -> Network:
    """The smallest step outside the class: the same head with a direct path, still without biases."""
    return one_head_d_head_1(TASK, constant="direct_path")


def breaks_the_class(thing: Any) -> Measured:
    """Certified least margin of one network, or of every trained network (nothing known where one diverged)."""
    if isinstance(thing, Network):
        return witness(thing)
    from readoff.studies.pairs.measures import outcome

    return outcome(thing)


def _sign_turned(certificate: Any) -> Any:
    """The first multiplier of the last case (all three numbers positive) with its sign turned."""
    *others, last = certificate["cases"]
    first, *uses = last["uses"]
    turned = {**first, "multiplier": [[-c, variables] for c, variables in first["multiplier"]]}
    return {**certificate, "cases": [*others, {**last, "uses": [turned, *uses]}]}


@claim(
    "pairs/rank-1-no-bias",
    says="No network with one head, d_head 1, no biases and no direct path solves the task: its logits are a(x) w for "
    "one scalar a(x) and one vector w, so that at most two classes can ever win.",
    about=Certified(build_rank1_certificate, check_rank1_certificate, "rank-1 certificate"),
    scope=EveryNetwork(
        "one layer, one head, d_head 1, b_O = b_U = 0, no direct path (EU[read-off] = 0), any attention",
        relaxation=Constructed(relaxed_witness, "the same with a direct path"),
        attack=Trained(RANK_1_CLASS),
    ),
    measure=breaks_the_class,
    must_fail=[
        on_material("one multiplier's sign turned", _sign_turned),
        on_material("one case left out", lambda c: {**c, "cases": c["cases"][1:]}),
        on_material("a certificate for another sentence: two classes", lambda c: {**c, "labels": ["y1", "y2", "y1"]}),
    ],
    assumes=[
        Lemma(
            "rank one",
            "the logits of a network of this class are a(x) w: attention-averaged value, a scalar, times W_O W_U",
            "multiplying out the one path that is left; tested numerically in the certificate's tests",
        )
    ],
    known=Known("0/48 trained", CALCULATED, comparable=False),
)
def rank_1_no_bias(n):
    return ~(n["least_margin"] > 0)


def ranks(network: Any) -> Measured:
    """Exact rank of the signal rows of EVOU."""
    rows = exact_tables(network).values[0].fractions()
    return certified(rank=rank([list(rows[t]) for t in SIGNALS]))


@claim(
    "pairs/one-head-table/rank",
    says="The table's EVOU has rank 4, so a head that holds exactly this table needs d_head 4.",
    about=Constructed(partial(one_head_table, TASK, gap=40.0), "one head, table 3/2, attention on signals"),
    scope=EveryInput(),
    measure=ranks,
    headline="rank",
    must_fail=[shuffled_weights],
    known=Known("4", CALCULATED, "rank"),
)
def table_rank(n):
    return n["rank"] == 4
