"""Margins of a token-count network with balls: what the stored weights compute as real numbers, with proof.

A float forward says "class 8 wins by 1.2e-7" and may be wrong about the sign. Here every exponential, sum and quotient
carries an error bound (Arb balls of python-flint), so a positive lower bound *is* the statement "this input is
classified correctly". The work is shared: each head exponentiates each token once, then one product

    counts [n, d_vocab] @ [exp(s_v) value_v , exp(s_v)] [d_vocab, d_vocab_out + 1]

gives all numerators and the denominator. An input whose margin ball straddles 0 is first tested for an exact tie
(`ties.py`, which decides) and then recomputed at doubled precision until the sign shows.

>>> from readoff.certificates.count_tables import tables_from_effective
>>> eye = np.eye(2)[None]
>>> tables = tables_from_effective(scores=np.zeros((1, 2)), V=eye, O=eye)     # logits = token frequencies
>>> found = certify_margins(tables, counts=np.array([[1, 2], [2, 2]]), labels=np.array([1, 0]))
>>> found.status.tolist(), float(found.upper[1])                              # margins 1/3 and 0; a tie is wrong
(['correct', 'wrong'], 0.0)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from readoff.certificates.count_tables import CountTables
from readoff.certificates.rounding import floats_above, floats_below, fraction_interval, interval, largest
from readoff.certificates.ties import is_tie

MAX_BITS = 1 << 15
ZERO = arb(0)
CORRECT, WRONG, UNDECIDED = "correct", "wrong", "undecided"
Interval = tuple[float, float]


@dataclass(frozen=True)
class BallTables:
    """A count network as balls at one precision: what `exp` has to do, done once.

    `table` [d_vocab, n_heads * (d_vocab_out + 1)] holds for each head exp(score) * value, then exp(score). The base is
    added to the values of head 0: attention sums to one, so it comes out once.
    """

    bits: int
    n_heads: int
    table: arb_mat


@dataclass(frozen=True)
class MarginCertificate:
    """Proven bounds, one entry an input. Margin: logit of the label minus the largest other logit.

    lower, upper  float64 [n], rounded outward; both 0 for a proven tie
    status        str [n]: "correct" (margin > 0), "wrong" (margin <= 0), "undecided"
    bits          the highest precision that was needed
    accuracy      (lo, hi) of the weighted share of correct inputs, None if no weights were given
    loss          (lo, hi) of the weighted mean cross-entropy in nats, None if no weights were given
    """

    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    bits: int
    accuracy: Interval | None
    loss: Interval | None

    @property
    def all_correct(self) -> bool:
        return bool((self.status == CORRECT).all())

    @property
    def smallest_margin(self) -> Interval:
        return float(self.lower.min()), float(self.upper.min())


def ball_tables(tables: CountTables, bits: int = 64) -> BallTables:
    """The tables as balls of `bits` bits."""
    with ctx.workprec(bits):
        root = arb(int(tables.scale)).rsqrt()
        based = (tables.values[0] + tables.base.repeat(tables.d_vocab), *tables.values[1:])
        rows: list[list[arb]] = [[] for _ in range(tables.d_vocab)]
        for raw, value in zip(tables.raw_scores, based):
            for row, score, entries in zip(rows, raw.balls().entries(), value.balls().tolist()):
                weight = (score * root).exp()
                row += [weight * x for x in entries] + [weight]
        return BallTables(bits, tables.n_heads, arb_mat(rows))


def certify_margins(
    tables: CountTables,
    counts: np.ndarray,
    labels: np.ndarray,
    *,
    weights: Sequence[int] | np.ndarray | None = None,
    denominator: int | None = None,
    targets: Sequence[Sequence[Fraction]] | None = None,
    bits: int = 64,
) -> MarginCertificate:
    """Enclose the margin of every input, and with weights the accuracy and the mean cross-entropy.

    counts       int [n, d_vocab], how often each token occurs, the read token included
    labels       int [n]
    weights      int [n] with `denominator`: input i has probability weights[i] / denominator (they must add up to 1)
    targets      rational [n, d_vocab_out] for the loss; the one-hot labels by default

    ValueError: shapes, labels or weights that do not fit, an empty context, fewer than two outputs.
    """
    counts, labels = _check_inputs(tables, counts, labels)
    share = _check_weights(len(labels), weights, denominator)
    balls = ball_tables(tables, bits)
    with ctx.workprec(bits):
        exact_counts = arb_mat(counts.tolist())
        logits = _logits(balls, exact_counts)
        margins, behind = [], []  # behind: how far each other logit is above the label's
        for row, y in zip(logits, labels.tolist()):
            top = row.pop(y)
            behind.append([x - top for x in row])
            margins.append(-largest(behind[-1]))
        if share is None:
            loss = None
        elif targets is None:  # log(1 + sum of exp) keeps its digits when the loss is tiny
            loss = _mean((sum([x.exp() for x in row], ZERO).log1p() for row in behind), *share)
        else:
            loss = _mean(_cross_entropies(_logits(balls, exact_counts), targets), *share)
    lower, upper = np.array(floats_below(margins)), np.array(floats_above(margins))
    needed = bits
    at_bits: dict[int, BallTables] = {}
    for i in np.flatnonzero((lower <= 0) & (upper >= 0)):
        found, used = _settle(tables, counts[i], int(labels[i]), bits, at_bits)
        lower[i], upper[i], needed = *interval(found), max(needed, used)
    status = np.select([lower > 0, upper <= 0], [CORRECT, WRONG], UNDECIDED)
    accuracy = None if share is None else _accuracy(status, *share)
    return MarginCertificate(lower, upper, status, needed, accuracy, None if loss is None else interval(loss))


def enclose_loss(
    tables: CountTables,
    counts: np.ndarray,
    targets: Sequence[Sequence[Fraction]],
    weights: Sequence[int] | np.ndarray,
    denominator: int,
    bits: int = 64,
) -> Interval:
    """The weighted mean cross-entropy in nats against rational target distributions [n, d_vocab_out].

    weights and denominator as in `certify_margins`; no label is needed. ValueError: as there.
    """
    counts, labels = _check_inputs(tables, counts, np.zeros(len(counts), dtype=int))
    share = _check_weights(len(labels), weights, denominator)
    assert share is not None
    balls = ball_tables(tables, bits)
    with ctx.workprec(bits):
        return interval(_mean(_cross_entropies(_logits(balls, arb_mat(counts.tolist())), targets), *share))


def enclose_logits(tables: CountTables, counts: np.ndarray, bits: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Float bounds (lower, upper), each [n, d_vocab_out], of every logit."""
    counts, _ = _check_inputs(tables, counts, np.zeros(len(counts), dtype=int))
    balls = ball_tables(tables, bits)
    with ctx.workprec(bits):
        entries = [x for row in _logits(balls, arb_mat(counts.tolist())) for x in row]
    shape = (len(counts), tables.d_vocab_out)
    return np.reshape(floats_below(entries), shape), np.reshape(floats_above(entries), shape)


def _logits(balls: BallTables, counts: arb_mat) -> list[list[arb]]:
    """Balls [n][d_vocab_out] of the logits at the working precision; counts [n, d_vocab] are exact."""
    width = balls.table.ncols() // balls.n_heads
    logits = []
    for row in (counts * balls.table).tolist():
        total: list[arb] = []
        for start in range(0, len(row), width):
            share = 1 / row[start + width - 1]
            head = [x * share for x in row[start : start + width - 1]]
            total = [x + y for x, y in zip(total, head)] if total else head
        logits.append(total)
    return logits


def _settle(
    tables: CountTables, counts: np.ndarray, label: int, bits: int, at_bits: dict[int, BallTables]
) -> tuple[arb, int]:
    """The margin of one input whose ball straddled 0, and the bits it took. Ties become an exact 0."""
    others = [o for o in range(tables.d_vocab_out) if o != label]
    ties: dict[int, bool | None] = {}
    while True:
        bits = min(2 * bits, MAX_BITS)
        if bits not in at_bits:
            at_bits[bits] = ball_tables(tables, bits)
        balls = at_bits[bits]
        with ctx.workprec(bits):
            (logits,) = _logits(balls, arb_mat([counts.tolist()]))
            behind = []
            for o in others:
                gap = logits[label] - logits[o]
                if gap.contains(0) and o not in ties:
                    ties[o] = is_tie(tables, counts.tolist(), label, o)
                behind.append(ZERO if ties.get(o) else -gap)
            margin = -largest(behind)
        if margin > 0 or margin <= 0 or bits == MAX_BITS:
            return margin, bits


def _cross_entropies(logits: list[list[arb]], targets: Sequence[Sequence[Fraction]]):
    """Balls, one an input: log-sum-exp of the logits minus the target's mean logit."""
    if [len(row) for row in targets] != [len(row) for row in logits]:
        raise ValueError(f"targets must be [{len(logits)}, {len(logits[0])}], one distribution for each input.")
    for row, target in zip(logits, targets):
        probabilities = [Fraction(t) for t in target]
        if sum(probabilities) != 1 or min(probabilities) < 0:
            raise ValueError(f"a target must be a distribution with exact sum 1; given {[str(t) for t in target]}.")
        top = max((x.mid() for x in row), key=float)
        below = [x - top for x in row]
        mean = sum((x * fmpq(t.numerator, t.denominator) for x, t in zip(below, probabilities)), ZERO)
        yield sum((x.exp() for x in below), ZERO).log() - mean


def _mean(losses, weights: list[int], denominator: int) -> arb:
    return sum((loss * w for loss, w in zip(losses, weights)), ZERO) / denominator


def _accuracy(status: np.ndarray, weights: list[int], denominator: int) -> Interval:
    share = {s: Fraction(sum(w for w, t in zip(weights, status) if t == s), denominator) for s in (CORRECT, WRONG)}
    return fraction_interval(share[CORRECT])[0], fraction_interval(1 - share[WRONG])[1]


def _check_inputs(tables: CountTables, counts: object, labels: object) -> tuple[np.ndarray, np.ndarray]:
    n, y = np.asarray(counts), np.asarray(labels)
    if n.ndim != 2 or n.shape[1] != tables.d_vocab or y.shape != n.shape[:1] or len(y) == 0:
        raise ValueError(f"counts {n.shape} and labels {y.shape}: expected [n, {tables.d_vocab}] and [n], n >= 1.")
    if n.dtype.kind not in "iu" or y.dtype.kind not in "iu":
        raise ValueError(f"counts hold {n.dtype} and labels {y.dtype}; expected integers.")
    if (n < 0).any() or (n.sum(axis=1) == 0).any():
        raise ValueError("a count is negative or a context is empty; every input needs at least its read token.")
    if tables.d_vocab_out < 2:
        raise ValueError("a margin needs at least two outputs.")
    if (y < 0).any() or (y >= tables.d_vocab_out).any():
        raise ValueError(f"labels run from {y.min()} to {y.max()}; the outputs are 0 to {tables.d_vocab_out - 1}.")
    return n, y


def _check_weights(n: int, weights: object, denominator: int | None) -> tuple[list[int], int] | None:
    if weights is None and denominator is None:
        return None
    if weights is None or denominator is None:
        raise ValueError("weights and denominator come together: input i has probability weights[i] / denominator.")
    exact = [int(w) for w in np.asarray(weights).tolist()]
    if exact != np.asarray(weights).tolist() or len(exact) != n or min(exact) < 0 or sum(exact) != denominator:
        raise ValueError(f"expected {n} integer weights >= 0 that add up to the denominator {denominator}; "
                         f"given {len(exact)} that add up to {sum(exact)}.")  # fmt: skip
    return exact, int(denominator)
