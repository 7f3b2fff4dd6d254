"""How early may a forecast leave 50 %? At once; or, with bounded updates, at a rate that can be computed exactly.

"An honest forecast must stay near 50 % until shortly before the event" is refuted by one belief that goes to 10 %
or 90 % with the first news and stays there until the truth comes out:

>>> from readoff.beliefs.trees import expected
>>> leave = leaves_at_once(Fraction(2, 5))
>>> leave.violation() is None, expected(leave).movement
(True, Fraction(1, 4))

What *can* be said needs a bound s on the size of an update. Then nobody has left [½-d, ½+d] before d/s updates, and
by Kolmogorov's inequality the chance to have left it after t updates is at most t·s²/d². The best that a martingale
*on the grid* of s can do, with updates -s, 0 and s, is a control problem: at each date the best continuation is the
concave envelope of tomorrow's value over the reachable beliefs, because a martingale step is a lottery whose mean is
today's belief. (Whether smaller updates, off the grid, can do better is not asked here; the bound holds for them too.)

>>> [earliest_leaving(steps_away=2, updates=t) for t in range(4)]
[Fraction(0, 1), Fraction(0, 1), Fraction(1, 2), Fraction(1, 2)]
"""

from fractions import Fraction

from readoff.beliefs.trees import Tree
from readoff.core.errors import BadValue


def leaves_at_once(distance: Fraction) -> Tree:
    """A belief at ½ that moves by `distance` up or down with its first update, and then to the truth."""
    half = Fraction(1, 2)

    def then_truth(belief: Fraction) -> Tree:
        return Tree(belief, ((1 - belief, Tree(Fraction(0))), (belief, Tree(Fraction(1)))))

    return Tree(half, ((half, then_truth(half - distance)), (half, then_truth(half + distance))))


def kolmogorov(steps_away: int, updates: int) -> Fraction:
    """Upper bound t/k² on P(a martingale has moved k bounds away within t updates of at most one bound each)."""
    return min(Fraction(1), Fraction(updates, steps_away**2)) if updates >= steps_away else Fraction(0)


def earliest_leaving(steps_away: int, updates: int) -> Fraction:
    """The greatest P(|π - ½| ≥ k·s within t updates) over martingales on the grid of s with updates in {-s, 0, s}.

    `steps_away` is k, `updates` is t; the value does not depend on s (as long as k·s ≤ ½).
    """
    if steps_away < 1 or updates < 0:
        raise BadValue(f"steps_away={steps_away}, updates={updates}: give steps_away ≥ 1 and updates ≥ 0")
    k = steps_away
    value = {x: Fraction(abs(x) == k) for x in range(-k, k + 1)}
    for _ in range(updates):
        value |= {x: max(value[x], (value[x - 1] + value[x + 1]) / 2) for x in range(-k + 1, k)}
    return value[0]
