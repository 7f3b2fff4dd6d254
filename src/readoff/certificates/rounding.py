"""From balls and rationals to floats, always rounded outward.

A ball is an interval with a midpoint and a radius that provably holds a real number. What leaves this package is a
pair of floats that still holds it:

>>> from flint import arb
>>> lo, hi = interval(arb(1) / 3)
>>> Fraction(lo) < Fraction(1, 3) < Fraction(hi), hi - lo < 1e-15
(True, True)
>>> interval(arb("0.5"))
(0.5, 0.5)
>>> fraction_interval(Fraction(1, 8))
(0.125, 0.125)
"""

import math
from collections.abc import Iterable
from fractions import Fraction

from flint import arb, ctx

SMALLEST_NORMAL = 2.0**-1022
LARGEST = 1.7976931348623157e308


def floats_below(balls: Iterable[arb]) -> list[float]:
    """For each ball a float that is at most every number in it; -inf where the ball has no finite bound."""
    with ctx.workprec(53):  # `lower` rounds down to 53 bits, so a float holds it unless the exponent is out of range
        return [_float_below(x) for x in balls]


def _float_below(x: arb) -> float:
    bound = x.lower()
    nearest = float(bound)
    if SMALLEST_NORMAL <= nearest <= LARGEST or -LARGEST <= nearest <= -SMALLEST_NORMAL:
        return nearest
    if abs(nearest) < SMALLEST_NORMAL:  # zero, or subnormal: then `float` may have rounded up
        return nearest if arb(nearest) <= bound else math.nextafter(nearest, -math.inf)
    return LARGEST if nearest > 0 else -math.inf  # out of range, infinite or not a number


def floats_above(balls: Iterable[arb]) -> list[float]:
    """The mirror image of `floats_below`."""
    return [0.0 - x for x in floats_below(-x for x in balls)]


def interval(x: arb) -> tuple[float, float]:
    """Floats (lo, hi) with lo <= every number in the ball <= hi."""
    return floats_below([x])[0], floats_above([x])[0]


def fraction_interval(x: Fraction) -> tuple[float, float]:
    """The tightest pair of floats around an exact rational; equal when a float holds it."""
    nearest = float(x)
    if Fraction(nearest) == x:
        return nearest, nearest
    if Fraction(nearest) < x:
        return nearest, math.nextafter(nearest, math.inf)
    return math.nextafter(nearest, -math.inf), nearest


def largest(balls: Iterable[arb]) -> arb:
    """A ball that holds the largest of the enclosed numbers (the very ball, when one is provably largest)."""
    best, *others = balls
    for x in others:
        if x <= best:
            continue
        best = x if x >= best else best.max(x)
    return best
