"""Margins over large domains: numpy products with an error bound decided beforehand, balls only where it matters.

Balls hold every number to 64 bits, but cost a microsecond each. For a count network over 10^5 inputs or more, only the
table (exponentials times values, one row a token) is made with balls; the products with the counts are ordinary
float64, and their error is bounded before they are computed. For an inner product of n terms in any order of
summation, with or without fused operations,

    |fl(x . y) - x . y| <= gamma_n |x| . |y|,      gamma_n = n u / (1 - n u),   u = 2^-53

(Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.1; it needs IEEE arithmetic and plain
inner products, which is what numpy's BLAS does; no bound of this kind is published for the exponentials of compiled
array libraries, hence the balls). With N, D the float numerator and denominator of a head and eN, eD their bounds,

    |N* / D* - N / D| <= (eN + |N / D| eD) / (D - eD)

for the true N*, D*. Bounds are computed in floats too, from sums of non-negative terms whose own relative error is far
below `SLACK`, by which they are multiplied. An input whose margin does not clear its bound goes to `balls.py`.

>>> from readoff.certificates.count_tables import tables_from_effective
>>> tables = tables_from_effective(np.zeros((1, 2)), np.eye(2)[None], np.eye(2)[None])
>>> found = certify_large(tables, np.array([[1, 3], [2, 2]]), np.array([1, 0]))
>>> found.certificate.status.tolist(), found.n_fast, found.n_slow
(['correct', 'wrong'], 1, 1)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, ctx

from readoff.certificates.balls import BallTables, ball_tables, certify_margins, check_counts
from readoff.certificates.count_tables import CountTables
from readoff.certificates.margins import (
    CORRECT,
    UNDECIDED,
    WRONG,
    MarginCertificate,
    accuracy,
    check_labels,
    check_share,
)
from readoff.certificates.rounding import floats_above

U = 2.0**-53
SLACK = 1 + 2.0**-12
TINY = 2.0**-1000  # more than everything that gradual underflow can lose
BATCH = 1 << 15


@dataclass(frozen=True)
class LargeCertificate:
    """certificate: bounds and status of every input (its loss is None); n_fast: inputs settled by floats and their
    bound; n_slow: inputs settled by balls; largest_bound: the largest finite error bound a float margin carried."""

    certificate: MarginCertificate
    n_fast: int
    n_slow: int
    largest_bound: float


def certify_large(
    tables: CountTables,
    counts: np.ndarray,
    labels: np.ndarray,
    *,
    weights: Sequence[int] | np.ndarray | None = None,
    denominator: int | None = None,
    bits: int = 64,
) -> LargeCertificate:
    """Margins and accuracy of many inputs; arguments and errors as in `balls.certify_margins`."""
    n = check_counts(tables, counts)
    y = np.array(check_labels(labels, len(n), tables.d_vocab_out))
    share = check_share(len(y), weights, denominator)
    middle, radius = _float_table(ball_tables(tables, bits))
    lower, upper, largest = np.empty(len(y)), np.empty(len(y)), 0.0
    for start in range(0, len(y), BATCH):
        rows = slice(start, start + BATCH)
        with np.errstate(all="ignore"):  # what overflows gets an infinite bound and goes to balls
            lower[rows], upper[rows], bound = _float_margins(n[rows], y[rows], middle, radius, tables.n_heads)
        largest = max(largest, bound)
    status = np.select([lower > 0, upper <= 0], [CORRECT, WRONG], UNDECIDED)
    slow = np.flatnonzero(status == UNDECIDED)
    if slow.size:
        found = certify_margins(tables, n[slow], y[slow], bits=bits)
        lower[slow], upper[slow], status[slow] = found.lower, found.upper, found.status
        bits = found.bits
    settled = MarginCertificate(lower, upper, status, bits, None if share is None else accuracy(status, share), None)
    return LargeCertificate(settled, len(y) - slow.size, slow.size, largest)


def gamma(n: int) -> float:
    """An upper bound of n u / (1 - n u) in floats."""
    return n * U / (1 - n * U) * SLACK


def _float_table(balls: BallTables) -> tuple[np.ndarray, np.ndarray]:
    """The table as floats and, for each, a bound of its distance from the true number."""
    with ctx.workprec(balls.bits):
        entries = balls.table.entries()
        middle = [float(x.mid()) for x in entries]
        radius = floats_above(abs(x - arb(m)) for x, m in zip(entries, middle))
    shape = balls.table.nrows(), balls.table.ncols()
    return np.reshape(middle, shape), np.reshape(radius, shape)


def _float_margins(
    counts: np.ndarray, labels: np.ndarray, middle: np.ndarray, radius: np.ndarray, n_heads: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Lower and upper bounds of the margins, and the largest finite error bound among them."""
    c = counts.astype(np.float64)
    shape = (len(c), n_heads, -1)
    sums = (c @ middle).reshape(shape)
    errors = (c @ (gamma(len(middle)) * abs(middle) + radius)).reshape(shape)
    top, bottom, e_top, e_bottom = sums[..., :-1], sums[..., -1:], errors[..., :-1], errors[..., -1:]
    known = bottom > 2 * e_bottom  # else the denominator may be anything: no bound, balls decide
    bottom, e_bottom = np.where(known, bottom, 1.0), np.where(known, e_bottom, 0.0)
    ratio = top / bottom
    e_ratio = np.where(known, (e_top + abs(ratio) * e_bottom) / (bottom - e_bottom) + U * abs(ratio) + TINY, np.inf)
    logits = ratio.sum(axis=1)
    e_logits = (e_ratio + gamma(n_heads) * abs(ratio)).sum(axis=1)

    each = np.arange(len(c))
    gap = logits[each, labels][:, None] - logits
    bound = SLACK * (e_logits[each, labels][:, None] + e_logits + U * abs(gap))
    gap[each, labels], bound[each, labels] = np.inf, 0.0
    finite = bound[np.isfinite(bound)]
    lower = np.nextafter(_known(gap - bound, -np.inf), -np.inf).min(axis=1)
    upper = np.nextafter(_known(gap + bound, np.inf), np.inf).min(axis=1)
    return lower, upper, float(finite.max(initial=0.0))


def _known(x: np.ndarray, otherwise: float) -> np.ndarray:
    return np.where(np.isnan(x), otherwise, x)
