"""Count networks with rational attention, evaluated in exact rationals: ties are ties, margins are fractions.

Hand-built witnesses need no exponential. A head is given by an attention *weight* for each token (positive or zero,
rational) instead of a score; uniform attention is weight 1 everywhere. An idealised hard head, the limit of scores
t * level + log(weight) as t grows, is given by integer *levels*: it attends only to the present tokens of the highest
level. Two such heads with opposite levels read the maximum and the minimum of the context:

>>> high, low = [0, 1, 2], [0, -1, -2]                       # token 0 has level 0, below or above everything
>>> values = [[[0], [1], [2]]]                               # each head writes the attended token's number
>>> top = RationalTables(attention=[[1, 1, 1]], values=values, base=[0], levels=[high])
>>> exact_logits(top, [[1, 1, 1], [1, 2, 0]])
[[Fraction(2, 1)], [Fraction(1, 1)]]
>>> even = RationalTables(attention=[[1, 1, 1]], values=values, base=[0])
>>> exact_logits(even, [[1, 1, 1]])
[[Fraction(1, 1)]]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, ctx, fmpq

from readoff.certificates.margins import MarginCertificate, Targets, certify, check_labels, check_share

Rational = int | Fraction


@dataclass(frozen=True)
class RationalTables:
    """A count network with exact attention. Floats are refused: write Fraction(1, 3), or Fraction(x) if you mean the
    stored float.

    attention  [n_heads][d_vocab], rational >= 0
    values     [n_heads][d_vocab][d_vocab_out]
    base       [d_vocab_out]
    levels     [n_heads][d_vocab] integers, or None for soft attention everywhere
    """

    attention: Sequence[Sequence[Rational]]
    values: Sequence[Sequence[Sequence[Rational]]]
    base: Sequence[Rational]
    levels: Sequence[Sequence[int]] | None = None

    def __post_init__(self) -> None:
        heads, d_vocab, d_out = len(self.attention), len(self.attention[0]), len(self.base)
        levels = self.levels if self.levels is not None else self.attention
        sizes = [len(self.values), len(levels)], [*map(len, self.attention), *map(len, self.values), *map(len, levels)]
        outputs = [len(row) for table in self.values for row in table]
        if sizes[0] != [heads] * 2 or set(sizes[1]) != {d_vocab} or set(outputs) != {d_out}:
            raise ValueError(
                f"expected attention (and levels) [{heads}][{d_vocab}], values [{heads}][{d_vocab}][{d_out}] and "
                f"base [{d_out}], all rows equally long; given heads {sizes[0]}, rows {sizes[1]}, outputs {outputs}."
            )
        numbers = [x for row in self.attention for x in row] + [x for t in self.values for row in t for x in row]
        for x in [*numbers, *self.base]:
            if not isinstance(x, int | Fraction):
                raise ValueError(f"{x!r} is a {type(x).__name__}; exact tables hold ints and Fractions.")
        if min(x for row in self.attention for x in row) < 0:
            raise ValueError("an attention weight is negative; the exponential of a score never is.")

    @property
    def d_vocab(self) -> int:
        return len(self.attention[0])


@dataclass(frozen=True)
class ExactMargins:
    """Exact margins [n], accuracy (None without weights), and the same as a `MarginCertificate` of floats."""

    margins: tuple[Fraction, ...]
    accuracy: Fraction | None
    certificate: MarginCertificate


def exact_logits(tables: RationalTables, counts: Sequence[Sequence[int]] | np.ndarray) -> list[list[Fraction]]:
    """The logits [n][d_vocab_out] of contexts with these token counts [n, d_vocab].

    ValueError: counts that do not fit, or a context in which a head has no token to attend to.
    """
    return [[Fraction(int(x.p), int(x.q)) for x in row] for row in _logits(tables, counts)]


def certify_exactly(
    tables: RationalTables,
    counts: Sequence[Sequence[int]] | np.ndarray,
    labels: Sequence[int] | np.ndarray,
    *,
    weights: Sequence[int] | np.ndarray | None = None,
    denominator: int | None = None,
    targets: Targets | None = None,
) -> ExactMargins:
    """Exact margins of every input; weights, denominator and targets as in `balls.certify_margins`."""
    logits = _logits(tables, counts)
    y = check_labels(labels, len(logits), len(tables.base))
    share = check_share(len(y), weights, denominator)
    margins = [row[t] - max(x for o, x in enumerate(row) if o != t) for row, t in zip(logits, y)]
    with ctx.workprec(128):
        balls = [[arb(x) for x in row] for row in logits]
    # The ball of one rational never straddles 0, so `settle` always shows the sign.
    found = certify(balls, y, bits=128, share=share, targets=targets, settle=lambda i: (arb(margins[i]), 128))
    accuracy = None if share is None else Fraction(sum(w for w, m in zip(share[0], margins) if m > 0), share[1])
    return ExactMargins(tuple(Fraction(int(m.p), int(m.q)) for m in margins), accuracy, found)


def _logits(tables: RationalTables, counts: Sequence[Sequence[int]] | np.ndarray) -> list[list[fmpq]]:
    attention = [[_fmpq(x) for x in row] for row in tables.attention]
    values = [[[_fmpq(x) for x in row] for row in table] for table in tables.values]
    levels = tables.levels or [[0] * tables.d_vocab] * len(attention)
    base = [_fmpq(x) for x in tables.base]
    logits = []
    for row in np.asarray(counts).tolist():
        if len(row) != tables.d_vocab or any(not isinstance(n, int) or n < 0 for n in row):
            raise ValueError(f"counts must hold {tables.d_vocab} whole numbers >= 0; given {row}.")
        total = list(base)
        for weight, value, level in zip(attention, values, levels):
            present = [v for v, n in enumerate(row) if n and weight[v]]
            if not present:
                raise ValueError(f"a head finds no token with positive attention in the context with counts {row}.")
            highest = max(level[v] for v in present)
            mass = {v: row[v] * weight[v] for v in present if level[v] == highest}
            norm = sum(mass.values(), fmpq(0))
            for o in range(len(total)):
                total[o] += sum((m * value[v][o] for v, m in mass.items()), fmpq(0)) / norm
        logits.append(total)
    return logits


def _fmpq(x: Rational) -> fmpq:
    return fmpq(x.numerator, x.denominator)
