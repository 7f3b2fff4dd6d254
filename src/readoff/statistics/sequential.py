"""Look after every seed, stop when you know: tests that stay valid however often one looks.

A fixed-n interval promises nothing if one peeks. Here a fair bettor bets against the claim's negation: starting with
1, the wealth after t seeds has expectation at most 1 if the negation is true, so it *ever* reaches 1/alpha with
probability at most alpha (Ville's inequality). Against "the share is at most p0" the bettor spreads bets over all
rates above p0; after k successes of t the wealth is

    E = integral over q in (p0, 1) of q^k (1-q)^(t-k) dq / (1 - p0) / (p0^k (1-p0)^(t-k))

(each likelihood ratio with q > p0 is a supermartingale for every true rate <= p0). "At least p0" is bet against by
swapping successes and failures.

>>> decide_in_order([True] * 100, at_least=0.9, confidence=0.95, cap=100)
SequentialDecision(verdict='holds', k=43, n=43)
>>> decide_in_order([False, True, False, False], at_least=0.9, confidence=0.95, cap=100)
SequentialDecision(verdict='fails', k=1, n=4)

Sources: J. Ville, Etude critique de la notion de collectif (1939); H. Robbins, Ann. Math. Statist. 41 (1970) 1397-1409.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from readoff.core.errors import BadValue
from readoff.statistics.binomial import Verdict

SLACK = 1e-9  # what rounding may add to a logarithm of the wealth


@dataclass(frozen=True)
class SequentialDecision:
    """The verdict, and the k successes of n seeds that were looked at to reach it."""

    verdict: Verdict
    k: int
    n: int


def decide_in_order(outcomes: Iterable[bool], at_least: float, confidence: float, cap: int) -> SequentialDecision:
    """Look at the outcomes one by one until the share is shown to be at least the bar ("holds"), below it ("fails"), or
    `cap` seeds have been seen ("undecided"). Each of the two verdicts is wrong with probability at most 1 - confidence.

    BadValue: a bar or confidence outside (0, 1), a cap below 1.
    """
    if cap < 1:
        raise BadValue(f"a cap of {cap} seeds; expected at least 1.")
    k = n = 0
    for outcome in outcomes:
        k, n = k + bool(outcome), n + 1
        verdict = verdict_at(k, n, at_least, confidence)
        if verdict != "undecided" or n == cap:
            return SequentialDecision(verdict, k, n)
    return SequentialDecision("undecided", k, n)


def verdict_at(k: int, n: int, at_least: float, confidence: float) -> Verdict:
    """What k successes of n say, if "holds" and "fails" at any earlier n were obeyed."""
    for name, x in (("bar", at_least), ("confidence", confidence)):
        if not 0 < x < 1:
            raise BadValue(f"a {name} of {x!r}; expected a number strictly between 0 and 1.")
    if not 0 <= k <= n:
        raise BadValue(f"{k} successes of {n} seeds; expected 0 <= k <= n.")
    needed = -math.log1p(-confidence) + SLACK
    if log_wealth(k, n, at_least) >= needed:
        return "holds"
    return "fails" if log_wealth(n - k, n, 1 - at_least) >= needed else "undecided"


def log_wealth(k: int, n: int, p0: float) -> float:
    """Logarithm of the wealth of the bettor against "the share is at most p0" after k successes of n."""
    from scipy.special import betaincc

    above = float(betaincc(k + 1, n - k + 1, p0))  # share of the Beta(k + 1, n - k + 1) law above p0
    if above == 0:
        return -math.inf
    return _log_beta(k, n) + math.log(above) - math.log1p(-p0) - k * math.log(p0) - (n - k) * math.log1p(-p0)


def confidence_sequence(k: int, n: int, confidence: float) -> tuple[float, float]:
    """(lo, hi) around the share; all of these intervals, over all n, hold it together with that confidence.

    A rate p is inside while a bettor who spreads evenly over all rates has not made 1/alpha against it.
    """
    if not 0 <= k <= n or not 0 < confidence < 1:
        raise BadValue(f"{k} of {n} seeds at confidence {confidence!r}; expected 0 <= k <= n and 0 < confidence < 1.")
    return _end(k, n, confidence), 1 - _end(n - k, n, confidence)


def _end(k: int, n: int, confidence: float) -> float:
    """The lower end by bisection: the wealth against p falls from infinity at 0 to its least at k / n."""
    if k == 0:
        return 0.0
    needed = _log_beta(k, n) + math.log1p(-confidence) - SLACK
    lo, hi = 0.0, k / n
    while hi - lo > 1e-12:
        p = (lo + hi) / 2
        likelihood = k * math.log(p) + ((n - k) * math.log1p(-p) if n > k else 0.0)
        lo, hi = (p, hi) if likelihood <= needed else (lo, p)
    return lo


def _log_beta(k: int, n: int) -> float:
    return math.lgamma(k + 1) + math.lgamma(n - k + 1) - math.lgamma(n + 2)
