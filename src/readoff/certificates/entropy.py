"""Entropies of rational distributions, enclosed: log is the only thing that rounds.

>>> lo, hi = entropy([Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)])
>>> lo <= 1.5 * math.log(2) <= hi and hi - lo < 1e-15
True
>>> majority_accuracy([Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)])
Fraction(1, 2)
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from flint import arb, ctx, fmpq

from readoff.certificates.rounding import interval

BITS = 128
Interval = tuple[float, float]


def entropy(distribution: Sequence[Fraction | int]) -> Interval:
    """(lo, hi) of -sum p log p in nats; 0 log 0 is 0. ValueError unless exact, non-negative and of sum 1."""
    return cross_entropy(distribution, distribution)


def cross_entropy(p: Sequence[Fraction | int], q: Sequence[Fraction | int]) -> Interval:
    """(lo, hi) of -sum p log q in nats; infinite where q forbids what p allows. ValueError as for `entropy`, or if the
    lengths differ."""
    p, q = _distribution(p), _distribution(q)
    if len(p) != len(q):
        raise ValueError(f"distributions over {len(p)} and {len(q)} outcomes; expected equally many.")
    if any(a and not b for a, b in zip(p, q)):
        return math.inf, math.inf
    with ctx.workprec(BITS):
        return interval(sum((-_ball(b).log() * _fmpq(a) for a, b in zip(p, q) if a), arb(0)))


def conditional_entropy(joint: Sequence[Sequence[Fraction | int]]) -> Interval:
    """(lo, hi) of H(Y | X) in nats for joint[x][y]: the least loss of anyone who sees only x."""
    _distribution([p for row in joint for p in row])
    with ctx.workprec(BITS):
        total = arb(0)
        for row in joint:
            mass = sum(row, Fraction(0))
            total += sum((-_ball(Fraction(p) / mass).log() * _fmpq(Fraction(p)) for p in row if p), arb(0))
        return interval(total)


def majority_accuracy(distribution: Sequence[Fraction | int]) -> Fraction:
    """The accuracy of always naming the most likely outcome, exactly."""
    return max(_distribution(distribution))


def best_accuracy(joint: Sequence[Sequence[Fraction | int]]) -> Fraction:
    """The accuracy of naming the most likely y for each x of joint[x][y], exactly."""
    _distribution([p for row in joint for p in row])
    return sum((Fraction(max(row)) for row in joint), Fraction(0))


def _distribution(given: Sequence[Fraction | int]) -> list[Fraction]:
    if not all(isinstance(x, int | Fraction) for x in given):
        raise ValueError("a distribution holds ints and Fractions; write Fraction(1, 8), not 0.125.")
    exact = [Fraction(x) for x in given]
    if not exact or min(exact) < 0 or sum(exact) != 1:
        raise ValueError(f"expected probabilities >= 0 that add up to exactly 1; they add up to {sum(exact)}.")
    return exact


def _fmpq(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def _ball(x: Fraction) -> arb:
    return arb(_fmpq(x))
