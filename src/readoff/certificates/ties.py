"""Is a margin exactly zero? Decided, not guessed.

A ball around 0 never shows that a number *is* 0. For a count network it can be decided. Multiply the difference of
two logits by the (positive) softmax denominators; what is left is a finite sum

    sum over (v_1 .. v_H)  coefficient * exp((raw_1v1 + ... + raw_HvH) / sqrt(scale))

with rational coefficients and algebraic exponents. By the Lindemann-Weierstrass theorem, exponentials of distinct
algebraic numbers are linearly independent over the algebraic numbers. So group the terms by their exact exponent:
the difference is 0 if and only if the coefficients of every group add up to 0.

Source: A. Baker, Transcendental Number Theory (1975), theorem 1.4.
"""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from readoff.certificates.count_tables import CountTables
from readoff.certificates.dyadic import Dyadic

MAX_TERMS = 20_000


def is_tie(tables: CountTables, counts: Sequence[int], o: int, p: int) -> bool | None:
    """Whether logits `o` and `p` are equal on a context with these token counts [d_vocab]; None if there are more
    than MAX_TERMS products of present tokens to expand."""
    present = [v for v, n in enumerate(counts) if n]
    base = _entry(tables.base, 0, o) - _entry(tables.base, 0, p)
    gap = [{v: _entry(head, v, o) - _entry(head, v, p) for v in present} for head in tables.values]
    if base == 0 and not any(any(row.values()) for row in gap):
        return True
    if len(present) ** tables.n_heads > MAX_TERMS:
        return None
    groups: dict[Fraction, Fraction] = defaultdict(Fraction)
    raw = [{v: _entry(head, 0, v) for v in present} for head in tables.raw_scores]
    heads = range(tables.n_heads)
    for choice in itertools.product(present, repeat=tables.n_heads):
        weight = 1
        for v in choice:
            weight *= counts[v]
        coefficient = base + sum(gap[h][choice[h]] for h in heads)
        groups[sum((raw[h][choice[h]] for h in heads), Fraction(0))] += weight * coefficient
    return not any(groups.values())


def _entry(matrix: Dyadic, i: int, j: int) -> Fraction:
    return int(matrix.integers[i, j]) * Fraction(2) ** matrix.exponent
