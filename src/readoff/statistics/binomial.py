"""What k successes of n seeds license one to say about the share of all seeds (Clopper-Pearson, exact).

Twenty-nine successes of twenty-nine show a share of at least 0.9 with 95 % confidence, because a share of 0.9 would
produce that with probability 0.9^29 = 0.047 only; twenty-eight of twenty-eight do not (0.052):

>>> smallest_n(0.9, 0.95), needed_successes(29, 0.9, 0.95), needed_successes(64, 0.9, 0.95)
(29, 29, 62)
>>> decide(29, 29, 0.9, 0.95), decide(60, 64, 0.9, 0.95), decide(50, 64, 0.9, 0.95)
('holds', 'undecided', 'fails')

n must be declared before the first seed is looked at (else use `sequential.py`). Each verdict is wrong with probability
at most 1 - confidence, whatever the true share. `decide`, `needed_successes` and `power` compare exact binomial tails
with a bar read as the decimal that was written (0.9 is 9/10); `lower`, `upper` and `interval` are floats for display.

Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404-413.
"""

import functools
import math
from fractions import Fraction
from typing import Literal

from readoff.core.errors import BadValue, Unreachable

Verdict = Literal["holds", "fails", "undecided"]


def lower(k: int, n: int, confidence: float) -> float:
    """The share is at least this, with that (one-sided) confidence."""
    _check(k, n, confidence)
    if k == 0:
        return 0.0
    from scipy.special import betaincinv

    return float(betaincinv(k, n - k + 1, 1 - confidence))


def upper(k: int, n: int, confidence: float) -> float:
    """The share is at most this, with that (one-sided) confidence."""
    _check(k, n, confidence)
    return 1.0 - lower(n - k, n, confidence)


def interval(k: int, n: int, confidence: float) -> tuple[float, float]:
    """(lo, hi) that hold the share together with that confidence: each side gets half the error."""
    side = (1 + confidence) / 2
    return lower(k, n, side), upper(k, n, side)


def decide(k: int, n: int, at_least: float, confidence: float) -> Verdict:
    """ "holds" if the lower bound reaches the bar, "fails" if the upper bound is below it, else "undecided"."""
    _check(k, n, confidence)
    bar, alpha = _bar(at_least), 1 - as_written(confidence)
    if tail(k, n, bar) <= alpha or bar == 0:
        return "holds"
    return "fails" if 1 - tail(k + 1, n, bar) < alpha else "undecided"


def smallest_n(at_least: float, confidence: float) -> int:
    """The fewest seeds with which the bar can be shown, all of them successes. Unreachable for a bar of 1."""
    _check(0, 1, confidence)
    bar, alpha = _bar(at_least), 1 - as_written(confidence)
    if bar == 1:
        raise Unreachable("no number of seeds shows a share of 1; write at_least=0.99, or a claim about every network.")
    n = 1 if bar == 0 else max(1, math.ceil(math.log(alpha) / math.log(bar)) - 1)
    while bar**n > alpha and bar > 0:
        n += 1
    return n


def needed_successes(n: int, at_least: float, confidence: float) -> int:
    """The fewest successes of n that show the bar. Unreachable if even n of n do not; the message says what would."""
    found = _needed(n, at_least, confidence)
    if found is None:
        enough = smallest_n(at_least, confidence)
        raise Unreachable(
            f"{n} seeds cannot show a share of {at_least:g} at {confidence:g} confidence, even without a failure; "
            f"that takes {enough}. Declare more seeds or a lower bar."
        )
    return found


def power(n: int, at_least: float, confidence: float, true_rate: float) -> float:
    """The probability that n seeds show the bar when the true share is `true_rate`; 0 if n cannot reach the bar."""
    needed = _needed(n, at_least, confidence)
    return 0.0 if needed is None else float(tail(needed, n, _bar(true_rate)))


def n_for_power(at_least: float, confidence: float, true_rate: float, wanted: float, limit: int = 4096) -> int:
    """The fewest seeds that show the bar with probability `wanted` when the share is `true_rate`. Unreachable above
    `limit`."""
    n = smallest_n(at_least, confidence)
    while power(n, at_least, confidence, true_rate) < wanted:
        n += 1
        if n > limit:
            raise Unreachable(
                f"even {limit} seeds show a share of {at_least:g} with probability below {wanted:g} when the true "
                f"share is {true_rate:g}; lower the bar or the wanted power."
            )
    return n


def tail(k: int, n: int, rate: Fraction) -> Fraction:
    """P(at least k successes of n), exactly."""
    if k <= 0 or rate in (0, 1):
        return Fraction(int(k <= n * rate))
    if 2 * k <= n:
        return 1 - tail(n - k + 1, n, 1 - rate)
    p, q = rate.numerator, rate.denominator - rate.numerator
    total, term = 0, p**n  # term: comb(n, i) p^i q^(n - i), from i = n down; the quotients below are whole numbers
    for i in range(n, k - 1, -1):
        total, term = total + term, term * i * q // ((n - i + 1) * p)
    return Fraction(total, rate.denominator**n)


def as_written(x: float) -> Fraction:
    """The decimal a person wrote: 0.9 is 9/10, not the nearest float."""
    return Fraction(str(x)) if isinstance(x, float) else Fraction(x)


@functools.lru_cache(maxsize=4096)
def _needed(n: int, at_least: float, confidence: float) -> int | None:
    _check(0, n, confidence)
    bar, alpha = _bar(at_least), 1 - as_written(confidence)
    if bar == 0:
        return 0
    lo, hi = 0, n + 1  # tail(n + 1) = 0 reaches any alpha; find the first k that does
    while lo < hi:
        k = (lo + hi) // 2
        lo, hi = (lo, k) if tail(k, n, bar) <= alpha else (k + 1, hi)
    return lo if lo <= n else None


def _check(k: int, n: int, confidence: float) -> None:
    if n < 1 or not 0 <= k <= n:
        raise BadValue(f"{k} successes of {n} seeds; expected 0 <= k <= n and n >= 1.")
    if not 0 < confidence < 1:
        raise BadValue(f"a confidence of {confidence!r}; expected a number between 0 and 1, such as 0.95.")


def _bar(rate: float) -> Fraction:
    if not 0 <= rate <= 1:
        raise BadValue(f"a share of {rate!r}; expected a number from 0 to 1, such as 0.9.")
    return as_written(float(rate)) if not isinstance(rate, Fraction) else rate
