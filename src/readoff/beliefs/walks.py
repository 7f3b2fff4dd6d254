"""A belief that goes up or down by one fixed step until it is sure: the absorbing random walk, exactly.

Start at 50 %, move by one percentage point, stop at 0 or 1:

>>> walk = Walk(start=Fraction(1, 2), step=Fraction(1, 100))
>>> walk.mean(), walk.variance()
(Fraction(2500, 1), Fraction(4165000, 1))
>>> walk.quantile(Fraction(1, 2))
1894

The mean is 2500 and the median 1894: half of all such believers are done long before the mean, and a thin tail is
not. From 1 % the gap is a gulf; the mean is 99 and the median is one single update:

>>> edge = Walk(start=Fraction(1, 100), step=Fraction(1, 100))
>>> edge.mean(), edge.quantile(Fraction(1, 2)), edge.quantile(Fraction(99, 100))
(Fraction(99, 1), 1, 2809)

With the barriers `n` steps apart and the start `i` steps above the lower one, and a move with probability `p` at each
date, the formulas are: chance of the upper barrier `i/n`, mean time `i(n-i)/p`, and without laziness the variance
`i(n-i)(i² + (n-i)² - 2)/3`. The whole distribution has two forms that check each other. *Enumeration* pushes integer
numbers of paths from state to state. *Spectrum*: `P(T > t) = (2/n) Σ_k odd sin(πki/n) cot(πk/2n) λ_k^t` with
`λ_k = 1 - p + p cos(πk/n)`, evaluated in ball arithmetic, so that a quantile far out is decided without two million
big-integer additions and still rigorously.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq

from readoff.core.errors import BadValue

# Precisions (in bits) at which a comparison of balls is tried before exact enumeration decides it.
PRECISIONS = (64, 192, 1024)


def ball(value: Fraction) -> arb:
    """The ball of a rational number at the current precision."""
    return arb(fmpq(value.numerator, value.denominator))


@dataclass(frozen=True)
class Walk:
    """A belief `start` that moves by ±`step` (probability `moves` at each date, half each way) until `low` or `high`.

    All fields are exact rationals in units of probability; `start` and `high` must lie whole steps above `low`.
    """

    start: Fraction
    step: Fraction
    moves: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.start < self.high <= 1:
            raise BadValue(
                f"a walk from {self.start} between {self.low} and {self.high}: it needs 0 ≤ low < start < high ≤ 1"
            )
        if not (0 < self.moves <= 1 and self.step > 0):
            raise BadValue(f"step {self.step} and moves {self.moves}: a step is positive, 0 < moves ≤ 1")
        for name, edge in (("start", self.start), ("high", self.high)):
            if ((edge - self.low) / self.step).denominator != 1:
                raise BadValue(
                    f"{name} = {edge} is not a whole number of steps of {self.step} above low = {self.low}: "
                    "the walk would jump over its barrier. Choose a step that divides both."
                )

    @property
    def n(self) -> int:
        """Steps between the two barriers."""
        return int((self.high - self.low) / self.step)

    @property
    def i(self) -> int:
        """Steps between the lower barrier and the start."""
        return int((self.start - self.low) / self.step)

    def chance_high(self) -> Fraction:
        """Probability of ending at `high`."""
        return Fraction(self.i, self.n)

    def mean(self) -> Fraction:
        """Expected number of dates until absorption."""
        return self.i * (self.n - self.i) / self.moves

    def variance(self) -> Fraction:
        """Variance of the number of dates; a lazy walk waits a geometric time for each move."""
        i, j, p = self.i, self.n - self.i, self.moves
        return Fraction(i * j * (i * i + j * j - 2), 3) / p**2 + self.mean() * (1 - p) / p

    def paths(self) -> Iterator[tuple[int, int]]:
        """(ending, scale) for t = 0, 1, …: P(T = t) = ending / scale, both integers; never stops by itself."""
        stay, move = self._weights()
        unit, alive, scale = stay + 2 * move, [0] * (self.n + 1), 1
        alive[self.i] = 1
        yield 0, 1
        while True:
            inside = range(1, self.n)
            following = [0] * (self.n + 1)
            for x in inside:
                following[x] = move * (alive[x - 1] + alive[x + 1]) + stay * alive[x]
            scale *= unit
            yield move * (alive[1] + alive[self.n - 1]), scale
            alive = following

    def at_most(self, dates: int) -> Fraction:
        """P(T ≤ dates), by enumeration."""
        unit, reached = sum(self._weights()) + self._weights()[1], 0
        for t, (ending, scale) in enumerate(self.paths()):
            reached = reached * (unit if t else 1) + ending
            if t == dates:
                return Fraction(reached, scale)
        raise AssertionError("paths never stop")

    def beyond(self, dates: int) -> arb:
        """P(T > dates) as a ball around the spectral sum, at the current precision of `flint.ctx`."""
        total, p = arb(0), ball(self.moves)
        for k in range(1, self.n, 2):
            weight = arb.sin_pi_fmpq(fmpq(k * self.i, self.n)) * ball(Fraction(k, 2 * self.n)).cot_pi()
            total += weight * (1 - p + p * arb.cos_pi_fmpq(fmpq(k, self.n))) ** dates
        return total * 2 / self.n

    def quantile(self, level: Fraction) -> int:
        """The least t with P(T ≤ t) ≥ level, decided rigorously for every t that the search visits."""
        if not 0 < level < 1:
            raise BadValue(f"quantile at {level}: give a level strictly between 0 and 1, such as Fraction(1, 2)")
        below, above = -1, 1
        while not self.reached(level, above):
            below, above = above, 2 * above
        while above - below > 1:
            middle = (below + above) // 2
            below, above = (below, middle) if self.reached(level, middle) else (middle, above)
        return above

    def reached(self, level: Fraction, dates: int) -> bool:
        """Is P(T ≤ dates) ≥ level? Balls first; what no precision separates (a tie) is counted out exactly."""
        for bits in PRECISIONS:
            with ctx.workprec(bits):
                tail, room = self.beyond(dates), ball(1 - level)
                if tail < room:
                    return True
                if tail > room:
                    return False
        return self.at_most(dates) >= level

    def mode(self) -> int:
        """The most likely number of dates (the least, if several): enumeration until the tail is too thin to win."""
        best, where = (0, 1), 0
        for t, (ending, scale) in enumerate(self.paths()):
            if ending * best[1] > best[0] * scale:
                best, where = (ending, scale), t
            if t % 64 == 0 and best[0] and self._later_at_most(t) < ball(Fraction(*best)):
                return where
        raise AssertionError("paths never stop")

    def _weights(self) -> tuple[int, int]:
        """Integer weights (stay, one way) with stay + 2·one way as their sum and the right proportions."""
        stay, move = 1 - self.moves, self.moves / 2
        unit = stay.denominator * move.denominator
        return int(stay * unit), int(move * unit)

    def _later_at_most(self, dates: int) -> arb:
        """A bound on P(T = t) for every t > dates: the spectral sum with absolute values, which falls with t."""
        total, p = arb(0), ball(self.moves)
        for k in range(1, self.n, 2):
            weight = arb.sin_pi_fmpq(fmpq(k * self.i, self.n)) * ball(Fraction(k, 2 * self.n)).cot_pi()
            factor = 1 - p + p * arb.cos_pi_fmpq(fmpq(k, self.n))
            total += abs(weight * (1 - factor)) * abs(factor) ** dates
        return total * 2 / self.n
