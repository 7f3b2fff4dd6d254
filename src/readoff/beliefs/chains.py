"""Any belief process with finitely many states, by its matrix, in exact rationals.

A chain lists the beliefs of its states and the chances of going from one to another. Here a believer at ½ learns
either that the answer is no, or something that lifts her to ¾; from there she falls back to ½ or is sure:

>>> half = Fraction(1, 2)
>>> chain = Chain(
...     beliefs=(Fraction(0), half, Fraction(3, 4), Fraction(1)),
...     transition=((1, 0, 0, 0), (Fraction(1, 3), 0, Fraction(2, 3), 0), (0, half, 0, half), (0, 0, 0, 1)),
... )
>>> chain.violations(), chain.absorbing()
((), (0, 3))
>>> chain.mean_time(1), chain.chance(1, end=3), chain.expected_movement(1)
(Fraction(5, 2), Fraction(1, 2), Fraction(1, 4))

No state violates the law (each belief is the average of what follows), so the expected movement is ½·½ and the
chance of ending in yes is the belief itself, whatever the matrix: what the chain decides is only how long it takes.
Times are first and second moments of one linear system, solved over the rationals; `after` pushes the whole
distribution forward, which checks them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mat

from readoff.beliefs.walks import Walk
from readoff.core.errors import BadValue


@dataclass(frozen=True)
class Chain:
    """`beliefs[s]` of every state and `transition[s][r]` = P(next state is r | now s), rationals or integers."""

    beliefs: tuple[Fraction, ...]
    transition: tuple[tuple[Fraction | int, ...], ...]

    def __post_init__(self) -> None:
        n = len(self.beliefs)
        if len(self.transition) != n or any(len(row) != n for row in self.transition):
            raise BadValue(
                f"{n} beliefs need a {n} × {n} transition matrix; its rows have "
                f"{', '.join(str(len(row)) for row in self.transition)} entries"
            )
        for s, row in enumerate(self.transition):
            if min(row) < 0 or sum(row) != 1:
                raise BadValue(
                    f"row {s} of the transition matrix adds up to {sum(row)}: chances are ≥ 0 and add up to 1"
                )

    def violations(self) -> tuple[int, ...]:
        """The states whose belief is not the average of the beliefs that follow; empty for a martingale."""
        return tuple(
            s
            for s, row in enumerate(self.transition)
            if sum(chance * belief for chance, belief in zip(row, self.beliefs)) != self.beliefs[s]
        )

    def absorbing(self) -> tuple[int, ...]:
        """The states that are never left."""
        return tuple(s for s, row in enumerate(self.transition) if row[s] == 1)

    def after(self, start: int, dates: int) -> tuple[Fraction, ...]:
        """The distribution over states `dates` dates after `start`."""
        law = tuple(Fraction(s == start) for s in range(len(self.beliefs)))
        for _ in range(dates):
            law = tuple(
                sum((law[s] * row[r] for s, row in enumerate(self.transition) if law[s]), Fraction(0))
                for r in range(len(law))
            )
        return law

    def chance(self, start: int, end: int) -> Fraction:
        """P(absorbed in the state `end`)."""
        return self._solve(lambda s: Fraction(self.transition[s][end]), at_absorbing={end: Fraction(1)})[start]

    def mean_time(self, start: int) -> Fraction:
        """Expected number of dates until absorption."""
        return self._solve(lambda s: Fraction(1))[start]

    def variance_time(self, start: int) -> Fraction:
        """Variance of the number of dates: E T² solves the same system with 2·E T - 1 on the right."""
        mean = self._solve(lambda s: Fraction(1))
        square = self._solve(lambda s: 2 * mean[s] - 1)
        return square[start] - mean[start] ** 2

    def expected_movement(self, start: int) -> Fraction:
        """E Σ (next - now)² until absorption."""

        def reward(s: int) -> Fraction:
            steps = zip(self.transition[s], self.beliefs)
            return sum((chance * (belief - self.beliefs[s]) ** 2 for chance, belief in steps), Fraction(0))

        return self._solve(reward)[start]

    def _solve(
        self, reward: Callable[[int], Fraction], at_absorbing: dict[int, Fraction] | None = None
    ) -> dict[int, Fraction]:
        """v with v[s] = reward(s) + Σ_r P(s → r) v[r] over transient r, and the given values at absorbing ones."""
        ends = self.absorbing()
        inner = [s for s in range(len(self.beliefs)) if s not in ends]
        value = {s: (at_absorbing or {}).get(s, Fraction(0)) for s in ends}
        if not inner:
            return value
        system = fmpq_mat([[_q(Fraction(s == r) - self.transition[s][r]) for r in inner] for s in inner])
        try:
            solution = system.solve(fmpq_mat([[_q(reward(s))] for s in inner]))
        except ZeroDivisionError:
            raise BadValue("some state never reaches an absorbing one, so its time to absorption is infinite") from None
        return value | {s: Fraction(int(solution[k, 0].p), int(solution[k, 0].q)) for k, s in enumerate(inner)}


def walk_as_chain(walk: Walk) -> Chain:
    """The same process as a chain with one state per grid point; state number = steps above the lower barrier."""
    n, p = walk.n, walk.moves
    rows = []
    for x in range(n + 1):
        row = [Fraction(0)] * (n + 1)
        if x in (0, n):
            row[x] = Fraction(1)
        else:
            row[x - 1], row[x], row[x + 1] = p / 2, 1 - p, p / 2
        rows.append(tuple(row))
    return Chain(tuple(walk.low + x * walk.step for x in range(n + 1)), tuple(rows))


def _q(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)
