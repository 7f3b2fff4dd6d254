"""Two heads that cancel: any number of skip-trigrams with one source, and what "copying heads" get wrong about them."""

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from readoff.certificates.balls import certify_margins, enclose_loss
from readoff.certificates.entropy import conditional_entropy
from readoff.certificates.rounding import fraction_interval
from readoff.circuits.behaviour import attention
from readoff.circuits.paths import count_tables
from readoff.claims import (
    Constructed,
    Enclosure,
    Exhibit,
    Exists,
    Identity,
    Known,
    Measured,
    Process,
    certified,
    claim,
    on_material,
    on_networks,
    shuffled_weights,
)
from readoff.constructions.skip_trigrams import one_head_direct, two_heads_cancel
from readoff.studies.skip.exact import (
    TASK,
    cancellation,
    cancels,
    differ_by_a_factor_of_queries,
    entries,
    exact_tables,
    excess,
)
from readoff.tasks import SkipTrigrams

CALCULATED = "independent calculation"
SIZES = (2, 4, 8, 16)
GAPS = (Fraction(1, 8), Fraction(1), Fraction(4), Fraction(30), Fraction(500))


def _silenced(ensemble: Any) -> Any:
    out = ensemble.weights["blocks.0.attn.W_O"].copy()
    out[:, -1] = 0
    return ensemble.replace(**{"blocks.0.attn.W_O": out})


canceller_silenced = on_networks("the cancelling head silenced", _silenced)
WITNESS = Constructed(partial(two_heads_cancel, TASK), "two heads cancel: 5 skip-trigrams, length 10, scale 20, gap 4")
CONTROLS = [shuffled_weights, canceller_silenced]


def number_by_number(network: Any, n: Any) -> list[Exhibit]:
    """Two contexts, with the source and without it, and what each head looks at and writes."""
    out = []
    names = TASK.input_tokens
    for title, tokens in (("with the source", [11, 0, 8, 2, 3]), ("without the source", [11, 8, 8, 2, 3])):
        context = [*tokens, 11, 7, 11, 9, 3]
        tables = count_tables(network.architecture, network.weights, 3)
        counts = np.bincount(context, minlength=TASK.d_vocab)[None]
        looks = attention(tables, counts)[:, 0]
        present = sorted(set(context))
        shown = [TASK.completion(b) for b in TASK.destinations]
        writes = np.einsum("hv,hvo->ho", looks, tables.values)[:, shown]
        heads = ["head 0", "head 1"]
        data = {
            "input": [names[t] for t in context],
            "steps": [
                {"name": "attention", "rows": heads, "labels": [names[t] for t in present],
                 "values": looks[:, present].tolist()},
                {"name": "writes on the completions", "rows": heads, "labels": [names[o] for o in shown],
                 "values": writes.tolist()},
                {"name": "logits", "labels": [names[o] for o in shown], "values": writes.sum(axis=0).tolist()},
            ],
        }  # fmt: skip
        caption = f"{network.origin}. The last token is b3; its completion is c3. All other logits are 0."
        out.append(Exhibit(f"trace-{title.split()[0]}", "trace", f"Cancellation {title}", caption, data))
    return out


@claim(
    "skip/ov-incoherent/two-heads",
    says="Two heads complete all five skip-trigrams with one source: right on every context with [0], and logits "
    "exactly 0 on every context without it.",
    about=WITNESS,
    scope=Exists(),
    measure=cancellation,
    headline="least_margin",
    statement="skip/two-heads-suffice",
    relation="supports",
    must_fail=CONTROLS,
    exhibit=number_by_number,
)
def two_heads(n):
    return (n["least_margin"] > 0) & (n["cancels"] == 1) & (n["n_heads"] == 2)


def at_every_size() -> tuple[Any, ...]:
    """The construction for very different numbers of skip-trigrams."""
    return tuple(two_heads_cancel(SkipTrigrams(k=k, n_ctx=3)) for k in SIZES)


def cancels_at(networks: Any) -> Measured:
    """Certified least margin over all the sizes, whether each cancels, and the most heads and trigrams."""
    tasks = [SkipTrigrams(k=(n.architecture.d_vocab - 2) // 2, n_ctx=n.architecture.n_ctx) for n in networks]
    found = [cancellation(network, task).numbers for network, task in zip(networks, tasks, strict=True)]
    margins = [f["least_margin"] for f in found]
    return certified(
        least_margin=(min(float(m.lo) for m in margins), min(float(m.hi) for m in margins)),
        cancels=min(f["cancels"] for f in found),
        n_heads=max(f["n_heads"] for f in found),
        n_trigrams=max(f["n_trigrams"] for f in found),
        sizes=len({f["n_trigrams"] for f in found}),
    )


@claim(
    "skip/ov-incoherent/many-trigrams",
    says="More skip-trigrams need no more heads: the same two heads complete 2, 4, 8 and 16 of them.",
    about=Process(at_every_size, "two heads cancel: 2 to 16 skip-trigrams, length 3"),
    scope=Exists(),
    measure=cancels_at,
    headline="n_trigrams",
    statement="skip/ov-incoherent",
    relation="refutes",
    must_fail=[on_networks("the cancelling heads silenced", _silenced)],
)
def many_trigrams(n):
    every = (n["least_margin"] > 0) & (n["cancels"] == 1) & (n["sizes"] == len(SIZES))
    return every & (n["n_trigrams"] > n["n_heads"]) & (n["n_heads"] == 2)


def at_every_gap() -> tuple[Any, ...]:
    """The construction at very different score gaps."""
    return tuple(two_heads_cancel(TASK, gap=float(gap)) for gap in GAPS)


def exact_at(networks: Any) -> Measured:
    """How many of the networks cancel exactly, and how many are the one with gap 1 with its queries times their gap."""
    exact = [all(cancels(t) for t in exact_tables(network, TASK).values()) for network in networks]
    unit = networks[GAPS.index(Fraction(1))]
    factor = [differ_by_a_factor_of_queries(unit, network, gap) for network, gap in zip(networks, GAPS, strict=True)]
    return certified(exact=sum(exact), gap_is_a_factor=sum(factor), networks=len(exact))


def _head_1(letter: str, change: Any) -> Any:
    """Networks with one weight of head 1 changed; change(the weight, that of the network with gap 1)."""

    def changed(networks: Any) -> Any:
        name, unit = f"blocks.0.attn.W_{letter}", networks[GAPS.index(Fraction(1))]
        arrays = [n.weights[name].copy() for n in networks]
        for w in arrays:
            w[1] = change(w[1], unit.weights[name][1])
        return tuple(type(n)(n.architecture, {**n.weights, name: w}) for n, w in zip(networks, arrays))

    return changed


@claim(
    "skip/ov-incoherent/any-gap",
    says="Cancellation without the source is exact at any score gap. On all tokens but [0] the heads have, exactly, "
    "equal scores up to a constant and opposite values, so their softmax weights are equal and drop out; the gap is a "
    "common factor of the queries, and under any factor equal scores stay equal. Checked in fractions at five gaps, "
    "from 1/8 to 500 nats, and that these networks differ by such a factor only.",
    about=Process(at_every_gap, "two heads cancel, gaps 1/8 to 500"),
    scope=Identity(),
    measure=exact_at,
    headline="exact",
    statement="skip/july-update",
    relation="supports",
    must_fail=[
        on_material("values a millionth too small", _head_1("O", lambda w, _: w * (1 - 1e-6))),
        on_material("a gap of its own for head 1", _head_1("Q", lambda _, unit: unit)),
    ],
)
def any_gap(n):
    return (n["exact"] == n["networks"]) & (n["gap_is_a_factor"] == n["networks"])


def _excess(name: str, number: str, words: str, known: Known) -> Any:
    @claim(
        f"skip/ov-incoherent/excess-{name}",
        says="At k = 5, length 10, scale 20 and gap 4 the excess loss over the entropy floor is below 1e-6 nats, "
        f"{words}.",
        about=WITNESS,
        scope=Exists(),
        measure=excess,
        headline=number,
        statement="skip/two-heads-suffice",
        relation="supports",
        must_fail=CONTROLS,
        known=known,
    )
    def below(n):
        return (n["cancels"] == 1) & (n[number] < 1e-6)

    return below


OF_ONE_SOURCE = (
    CALCULATED + ", said of exactly one [0]; it is the value of contexts with one b and noise otherwise "
    "(excess-clean-context): further copies of b draw attention to b and lower the loss"
)
OF_THE_CLEAN_CONTEXT = CALCULATED + ", said of exactly one [0] without naming the rest of the context"
excesses = [
    _excess(
        "one-source", "one_source", "given exactly one [0], the rest as in the population",
        Known("5.5e-7", OF_ONE_SOURCE, "one_source"),
    ),
    _excess(
        "clean-context", "clean", "with exactly one [0], one b and noise otherwise",
        Known("5.5e-7", OF_THE_CLEAN_CONTEXT, "clean"),
    ),
    _excess("given-source", "source", "given that [0] is there", Known("3.6e-7", CALCULATED, "source")),
    _excess("population", "population", "over the whole population", Known("2.0e-7", CALCULATED, "population")),
]  # fmt: skip


def one_head(network: Any) -> Measured:
    """Certified: margins with the source; the largest logit without it; excess loss over the population."""
    small = SkipTrigrams(k=3, n_ctx=4)
    domain = small.domain(orbits=True)
    found = []
    counts, licensed = domain.counts(small.d_vocab), domain.labels >= 0
    total = Enclosure(0.0, 0.0)
    for b, tables in exact_tables(network, small).items():
        rows = domain.tokens[:, -1] == b
        right = rows & licensed
        found.append(certify_margins(tables, counts[right], domain.labels[right]).smallest_margin)
        targets = [[Fraction(int(x), small.d_vocab) for x in row] for row in domain.targets[rows]]  # type: ignore[index]
        weights = domain.weights[rows]
        lo, hi = enclose_loss(tables, counts[rows], targets, weights, int(weights.sum()))
        total = total + Enclosure(lo, hi) * Enclosure(*fraction_interval(Fraction(1, small.k)))
    absent = small.chance_without_source
    floor = conditional_entropy([[absent / small.d_vocab] * small.d_vocab, [1 - absent]])
    gap = total - Enclosure(*floor)
    margin = min(lo for lo, _ in found), min(hi for _, hi in found)
    return certified(least_margin=margin, excess=gap, n_heads=network.architecture.n_heads)


@claim(
    "skip/copying-heads/one-head-enough",
    says="One head is enough when the direct path is free: it completes, the head cancels; excess below 1e-6 nats.",
    about=Constructed(
        partial(one_head_direct, SkipTrigrams(k=3, n_ctx=4)), "one head and the direct path, scale 20, gap 20"
    ),
    scope=Exists(),
    measure=one_head,
    headline="excess",
    statement="skip/ov-incoherent-restated",
    relation="refutes",
    must_fail=CONTROLS,
)
def one_head_enough(n):
    return (n["least_margin"] > 0) & (n["excess"] < 1e-6) & (n["n_heads"] == 1)


def copying(network: Any) -> Measured:
    """Is each head's OV matrix (token to output), exactly, not zero and nilpotent? Then all its eigenvalues are 0, and
    its copying score, their sum over the sum of their sizes, is 0/0."""
    values = entries(exact_tables(network, TASK)[1])[1]
    squares = [_product(table, table) for table in values]
    return certified(
        nilpotent=all(not any(map(any, square)) for square in squares),
        nonzero=all(any(map(any, table)) for table in values),
    )


def _product(a: list[list[Fraction]], b: list[list[Fraction]]) -> list[list[Fraction]]:
    columns = list(zip(*b))
    return [[sum((x * y for x, y in zip(row, column) if x and y), Fraction(0)) for column in columns] for row in a]


def _copies(ensemble: Any) -> Any:
    return ensemble.replace(**{"unembed.W_U": np.roll(ensemble.weights["unembed.W_U"], -TASK.k, axis=-1)})


@claim(
    "skip/copying-heads",
    says="The two heads are no copying heads: each maps b to c(b) and c(b) to nothing, so its OV matrix squares to 0, "
    "all its eigenvalues are 0 and its copying score is 0/0.",
    about=WITNESS,
    scope=Identity(),
    measure=copying,
    headline="nilpotent",
    statement="skip/copying-heads",
    relation="corrects",
    must_fail=[on_networks("outputs renamed so that each head copies", _copies)],
)
def no_copying(n):
    return (n["nilpotent"] == 1) & (n["nonzero"] == 1)
