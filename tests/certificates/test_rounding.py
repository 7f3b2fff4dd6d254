import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from readoff.certificates.dyadic import dyadic
from readoff.certificates.rounding import floats_above, floats_below, fraction_interval, interval, largest

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
RATIONALS = st.builds(
    lambda f, n, d: Fraction(f) * n / d, FLOATS, st.integers(-50, 50), st.sampled_from([1, 3, 2**60, 3**700])
)


def ball(x: Fraction, bits: int) -> arb:
    with ctx.workprec(bits):
        return arb(fmpq(x.numerator, x.denominator))


def exact(x: float) -> Fraction | float:
    return x if math.isinf(x) else Fraction(x)


@given(RATIONALS, st.sampled_from([30, 64, 200]))
def test_floats_lie_outside_and_close(x, bits):
    lo, hi = interval(ball(x, bits))
    assert exact(lo) <= x <= exact(hi)
    if 1e-300 < abs(x) < 1e300:
        assert Fraction(hi) - Fraction(lo) <= abs(x) * Fraction(1, 2 ** (min(bits, 52) - 3))
    assert exact(fraction_interval(x)[0]) <= x <= exact(fraction_interval(x)[1]) if abs(x) < 1e300 else True


@given(FLOATS)
def test_a_float_comes_back_as_itself(x):
    assert interval(arb(x)) == (x, x) == fraction_interval(Fraction(x))


def test_the_edges_of_the_float_range():
    tiny, huge = ball(Fraction(1, 2**1080), 64), ball(Fraction(2) ** 2000, 64)
    assert interval(tiny) == (0.0, 5e-324) and interval(-tiny) == (-5e-324, 0.0)
    assert interval(huge) == (1.7976931348623157e308, math.inf) and interval(-huge)[0] == -math.inf
    assert interval(arb(0, math.inf)) == (-math.inf, math.inf) == interval(arb.nan())
    assert math.copysign(1, floats_above([arb(0)])[0]) == 1


def test_largest():
    assert largest([arb(1), arb(3), arb(2)]) == 3
    mixed = largest([arb(1), arb(0.9, 0.5), arb(0.2)])
    assert floats_below([mixed])[0] <= 1 and floats_above([mixed])[0] >= 1.4
    assert largest([arb(0.9, 0.5), arb(1)]).contains(arb(1.4))


@given(st.lists(FLOATS, min_size=1, max_size=6))
def test_dyadic_is_exact(row):
    assert dyadic([row]).fractions() == [[Fraction(x) for x in row]]


@given(st.lists(st.floats(width=16, allow_nan=False, allow_infinity=False), min_size=4, max_size=4))
def test_dyadic_arithmetic_is_exact(entries):
    a = np.array(entries, dtype=np.float16).reshape(2, 2)
    fractions = [[Fraction(float(x)) for x in row] for row in a]
    product = [[sum(fractions[i][k] * fractions[j][k] for k in range(2)) for j in range(2)] for i in range(2)]
    assert (dyadic(a) @ dyadic(a).transpose()).fractions() == product
    assert (dyadic(a) + dyadic(a[::-1])).fractions() == [[x + y for x, y in zip(*fractions)]] * 2
    top = max(x for row in fractions for x in row)
    assert dyadic(a).less_its_largest().fractions() == [[x - top for x in row] for row in fractions]
    assert dyadic(a).row(1).repeat(3).fractions() == [fractions[1]] * 3


def test_dyadic_refusals():
    for bad, message in [(np.zeros(3), "two axes"), ([[math.nan]], "not finite"), ([[1j]], "expected"),
                         (np.zeros((1, 1), dtype=np.longdouble), "expected"), ([["a"]], "expected")]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            dyadic(bad)
    assert dyadic([[True, 2**62]]).fractions() == [[1, 2**62]]
