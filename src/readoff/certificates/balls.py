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

import numpy as np
from flint import arb, arb_mat, ctx

from readoff.certificates.count_tables import CountTables
from readoff.certificates.margins import (
    ZERO,
    Interval,
    MarginCertificate,
    Targets,
    certify,
    check_labels,
    check_share,
    mean_loss,
)
from readoff.certificates.rounding import floats_above, floats_below, largest
from readoff.certificates.ties import is_tie

MAX_BITS = 1 << 15


@dataclass(frozen=True)
class BallTables:
    """A count network as balls at one precision: what `exp` has to do, done once.

    `table` [d_vocab, n_heads * (d_vocab_out + 1)] holds for each head exp(score) * value, then exp(score). The base is
    added to the values of head 0: attention sums to one, so it comes out once.
    """

    bits: int
    n_heads: int
    table: arb_mat


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


def check_counts(tables: CountTables, counts: object) -> np.ndarray:
    """The counts as an integer array [n, d_vocab]; ValueError if they do not fit the tables."""
    n = np.asarray(counts)
    if n.ndim != 2 or n.shape[1] != tables.d_vocab or len(n) == 0:
        raise ValueError(f"counts have shape {n.shape}; expected [n, {tables.d_vocab}] with n >= 1.")
    if n.dtype.kind not in "iu":
        raise ValueError(f"counts hold {n.dtype}; expected integers.")
    if (n < 0).any() or (n.sum(axis=1) == 0).any():
        raise ValueError("a count is negative or a context is empty; every input needs at least its read token.")
    return n


def certify_margins(
    tables: CountTables,
    counts: np.ndarray,
    labels: np.ndarray,
    *,
    weights: Sequence[int] | np.ndarray | None = None,
    denominator: int | None = None,
    targets: Targets | None = None,
    bits: int = 64,
) -> MarginCertificate:
    """Enclose the margin of every input, and with weights the accuracy and the mean cross-entropy.

    counts       int [n, d_vocab], how often each token occurs, the read token included
    labels       int [n]
    weights      int [n] with `denominator`: input i has probability weights[i] / denominator (they must add up to 1)
    targets      rational [n, d_vocab_out] for the loss; the one-hot labels by default

    ValueError: shapes, labels or weights that do not fit, an empty context, fewer than two outputs.
    """
    n = check_counts(tables, counts)
    y = check_labels(labels, len(n), tables.d_vocab_out)
    share = check_share(len(y), weights, denominator)
    at_bits: dict[int, BallTables] = {}
    return certify(
        _logits(ball_tables(tables, bits), arb_mat(n.tolist())),
        y,
        bits=bits,
        share=share,
        targets=targets,
        settle=lambda i: _settle(tables, n[i].tolist(), y[i], bits, at_bits),
    )


def enclose_loss(
    tables: CountTables,
    counts: np.ndarray,
    targets: Targets,
    weights: Sequence[int] | np.ndarray,
    denominator: int,
    bits: int = 64,
) -> Interval:
    """The weighted mean cross-entropy in nats against rational target distributions [n, d_vocab_out].

    weights and denominator as in `certify_margins`; no label is needed. ValueError: as there.
    """
    exact = arb_mat(check_counts(tables, counts).tolist())
    share = check_share(exact.nrows(), weights, denominator)
    assert share is not None
    return mean_loss(_logits(ball_tables(tables, bits), exact), targets, share, bits)


def enclose_logits(tables: CountTables, counts: np.ndarray, bits: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Float bounds (lower, upper), each [n, d_vocab_out], of every logit."""
    logits = _logits(ball_tables(tables, bits), arb_mat(check_counts(tables, counts).tolist()))
    entries = [x for row in logits for x in row]
    shape = (len(logits), tables.d_vocab_out)
    return np.reshape(floats_below(entries), shape), np.reshape(floats_above(entries), shape)


def _logits(balls: BallTables, counts: arb_mat) -> list[list[arb]]:
    """Balls [n][d_vocab_out] of the logits; counts [n, d_vocab] are exact."""
    width = balls.table.ncols() // balls.n_heads
    logits = []
    with ctx.workprec(balls.bits):
        for row in (counts * balls.table).tolist():
            total: list[arb] = []
            for start in range(0, len(row), width):
                share = 1 / row[start + width - 1]
                head = [x * share for x in row[start : start + width - 1]]
                total = [x + y for x, y in zip(total, head)] if total else head
            logits.append(total)
    return logits


def _settle(
    tables: CountTables, counts: list[int], label: int, bits: int, at_bits: dict[int, BallTables]
) -> tuple[arb, int]:
    """The margin of one input whose ball straddled 0, and the bits it took. Ties become an exact 0."""
    others = [o for o in range(tables.d_vocab_out) if o != label]
    ties: dict[int, bool | None] = {}
    while True:
        bits = min(2 * bits, MAX_BITS)
        if bits not in at_bits:
            at_bits[bits] = ball_tables(tables, bits)
        (logits,) = _logits(at_bits[bits], arb_mat([counts]))
        with ctx.workprec(bits):
            behind = []
            for o in others:
                gap = logits[o] - logits[label]
                if gap.contains(0) and o not in ties:
                    ties[o] = is_tie(tables, counts, label, o)
                behind.append(ZERO if ties.get(o) else gap)
            margin = -largest(behind)
        if margin > 0 or margin <= 0 or bits == MAX_BITS:
            return margin, bits
