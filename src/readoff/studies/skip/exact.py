"""Measures of the cancelling construction, exact wherever they can be.

*Cancellation* is a fact about exact tables: with the source left out, both heads have the same scores (up to a
constant) and opposite values, so both have the same softmax weights and the logits are 0 on every context. The gap is a
factor of the queries, and so of every score: equal scores (up to a constant) at one gap are equal scores at all gaps,
and values have no queries in them. *Excess loss* is over the entropy
floor: where heads cancel exactly the logits are all 0 and the excess is 0, so only contexts with the source are
enclosed. All destinations have the same tables up to names (checked exactly), so one destination is enclosed.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from readoff.certificates.balls import certify_margins, enclose_loss
from readoff.certificates.count_tables import CountTables, tables_from_weights
from readoff.certificates.rounding import fraction_interval
from readoff.claims import Enclosure, Measured, certified
from readoff.core.domain import Domain
from readoff.tasks import SkipTrigrams

TASK = SkipTrigrams(k=5, n_ctx=10)
Tables = dict[int, CountTables]


def exact_tables(network: Any, task: SkipTrigrams) -> Tables:
    """The stored weights as exact tables, one for each destination."""
    a = network.architecture
    return {
        b: tables_from_weights(network.weights, d_head_scale=a.d_head, direct_path=a.direct_path, read_token=b)
        for b in task.destinations
    }


def entries(tables: CountTables) -> tuple[list[list[Fraction]], list[list[list[Fraction]]], list[Fraction]]:
    """(scores [head][token], values [head][token][output], base [output]) as exact fractions (scores before sqrt)."""
    return (
        [list(raw.fractions()[0]) for raw in tables.raw_scores],
        [[list(row) for row in value.fractions()] for value in tables.values],
        list(tables.base.fractions()[0]),
    )


def cancels(tables: CountTables, without: Sequence[int] = (0,)) -> bool:
    """Whether two heads have, on all tokens but `without`, equal scores up to a constant and opposite values."""
    scores, values, base = entries(tables)
    kept = [t for t in range(tables.d_vocab) if t not in without]
    if len(scores) != 2 or any(base):
        return False
    shifts = {scores[0][t] - scores[1][t] for t in kept}
    return len(shifts) == 1 and all(x == -y for t in kept for x, y in zip(values[0][t], values[1][t]))


def differ_by_a_factor_of_queries(network: Any, other: Any, factor: Fraction) -> bool:
    """Whether the other network is this one with all queries, of both heads, multiplied by the factor (exactly). Scores
    are products of a query and a key, so whatever `cancels` finds in one network it then finds in the other."""
    names = {name for w in (network.weights, other.weights) for name in w}
    queries = {name for name in names if name.rsplit(".", 1)[-1] in ("W_Q", "b_Q")}
    same = all(np.array_equal(network.weights[name], other.weights[name]) for name in names - queries)
    pairs = ((x, y) for name in queries for x, y in zip(network.weights[name].flat, other.weights[name].flat))
    return same and all(Fraction(float(y)) == factor * Fraction(float(x)) for x, y in pairs if x or y)


def renamed_alike(tables: Tables, task: SkipTrigrams) -> bool:
    """Whether every destination's tables are the first one's with (b, c(b)) in each other's places."""
    first = entries(tables[1])
    for b in task.destinations:
        order = list(range(task.d_vocab))
        for one, other in ((1, b), (task.completion(1), task.completion(b))):
            order[one], order[other] = order[other], order[one]
        scores, values, base = entries(tables[b])
        moved = (
            [[row[t] for t in order] for row in scores],
            [[[table[t][o] for o in order] for t in order] for table in values],
            [base[o] for o in order],
        )
        if moved != first:
            return False
    return True


def alike_tokens(tables: CountTables, task: SkipTrigrams) -> list[int]:
    """Completions and noise that no head can tell apart (equal scores and values)."""
    scores, values, _ = entries(tables)
    tokens = range(task.k + 1, task.d_vocab)
    keys = [(tuple(row[t] for row in scores), tuple(tuple(table[t]) for table in values)) for t in tokens]
    return [t for t, key in zip(tokens, keys) if key == keys[0]]


@lru_cache(maxsize=4)
def contexts(task: SkipTrigrams, alike: tuple[int, ...]) -> Domain:
    """Contexts that end in the first destination, up to alike tokens."""
    full = task.domain_alike(alike)
    rows = full.tokens[:, -1] == 1
    total = int(full.weights[rows].sum())
    targets = full.targets[rows] if full.targets is not None else None
    return Domain(full.tokens[rows], full.labels[rows], full.weights[rows], total, full.multiplicity[rows], True,
                  targets, full.target_denominator)  # fmt: skip


def cancellation(network: Any, task: SkipTrigrams = TASK) -> Measured:
    """Exact cancellation without the source, certified margins with it, number of heads."""
    tables = exact_tables(network, task)
    regular = renamed_alike(tables, task) and all(cancels(t) for t in tables.values())
    margin = (-np.inf, np.inf)
    if regular:
        domain = contexts(task, tuple(alike_tokens(tables[1], task)))
        rows = domain.labels >= 0
        margin = certify_margins(tables[1], domain.counts(task.d_vocab)[rows], domain.labels[rows]).smallest_margin
    return certified(least_margin=margin, cancels=regular, n_heads=network.architecture.n_heads, n_trigrams=task.k)


def excess(network: Any) -> Measured:
    """Excess loss over the entropy floor, enclosed, in nats.

    one_source  given exactly one [0], everything else as in the population (so some contexts hold further copies of b)
    clean       in the one kind of context with one [0], one b (the last token) and noise otherwise
    source      given at least one [0];  population: over all contexts
    """
    tables = exact_tables(network, TASK)
    if not (renamed_alike(tables, TASK) and all(cancels(t) for t in tables.values())):
        nothing = (-np.inf, np.inf)
        return certified(one_source=nothing, source=nothing, population=nothing, clean=nothing, cancels=False)
    domain = contexts(TASK, tuple(alike_tokens(tables[1], TASK)))
    counts = domain.counts(TASK.d_vocab)
    targets = domain.targets
    assert targets is not None

    def loss(rows: np.ndarray) -> tuple[Enclosure, Fraction]:
        weights = domain.weights[rows]
        exact = [[Fraction(int(x), domain.target_denominator) for x in row] for row in targets[rows]]
        lo, hi = enclose_loss(tables[1], counts[rows], exact, weights, int(weights.sum()))
        return Enclosure(lo, hi), Fraction(int(weights.sum()), domain.denominator)

    one, p_one = loss(counts[:, 0] == 1)
    more, p_more = loss(counts[:, 0] > 1)
    neutral = domain.tokens[:, -2].max()
    clean, _ = loss((counts[:, 0] == 1) & (counts[:, 1] == 1) & (counts[:, neutral] == TASK.n_ctx - 2))
    source = one * _exactly(p_one / (p_one + p_more)) + more * _exactly(p_more / (p_one + p_more))
    population = source * _exactly(p_one + p_more)
    return certified(one_source=one, source=source, population=population, clean=clean, cancels=True)


def _exactly(share: Fraction) -> Enclosure:
    return Enclosure(*fraction_interval(share))
