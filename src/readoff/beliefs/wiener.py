"""The limit of small steps: a Wiener process that stops at 0 and 1, because a belief cannot leave them.

Let a walk take steps of size s at s⁻² dates per unit of time. Its time to certainty, in those units, tends to the
exit time τ of a Wiener process from [0, 1], whose moments are polynomials in the start x: u₀ = 1, u_k'' =
-2k·u_{k-1}, u_k = 0 at both ends, E τᵏ = u_k(x).

>>> exit_moment(1), exit_moment(2)
((Fraction(0, 1), Fraction(1, 1), Fraction(-1, 1)), (Fraction(0, 1), Fraction(1, 3), Fraction(0, 1), ...))

The first is x(1-x): the walk has *exactly* this mean at every step size (2500 = ¼ · 100²), and its variance differs
by a term of order s². So the Wiener picture is a good approximation, of a stopped process:

>>> half = Fraction(1, 2)
>>> mean_exit(half), variance_exit(half), exit_quantile(half, half).mid().str(5, radius=False)
(Fraction(1, 4), Fraction(1, 24), '0.18937')

An unstopped one cannot be a belief. Its variance is t, while nothing that stays in [0, 1] with mean x has a
variance above x(1-x); and it is outside [0, 1] with positive probability at every time. `outside` encloses that
probability.
"""

from fractions import Fraction

from flint import arb

from readoff.beliefs.walks import ball
from readoff.core.errors import BadValue

Polynomial = tuple[Fraction, ...]  # coefficients, lowest degree first


def evaluate(polynomial: Polynomial, x: Fraction) -> Fraction:
    """The value of a polynomial at x."""
    value = Fraction(0)
    for coefficient in reversed(polynomial):
        value = value * x + coefficient
    return value


def exit_moment(k: int) -> Polynomial:
    """E τᵏ as a polynomial in the start x, for the exit time τ of a standard Wiener process from [0, 1]."""
    moment: Polynomial = (Fraction(1),)
    for order in range(1, k + 1):
        particular = [Fraction(0), Fraction(0)]
        particular += [-2 * order * c / ((power + 1) * (power + 2)) for power, c in enumerate(moment)]
        slope = -evaluate(tuple(particular), Fraction(1))
        moment = (particular[0], particular[1] + slope, *particular[2:])
    return moment


def mean_exit(x: Fraction) -> Fraction:
    """E τ = x(1-x)."""
    return evaluate(exit_moment(1), x)


def variance_exit(x: Fraction) -> Fraction:
    """Var τ = x(1-x)(x² + (1-x)²)/3."""
    return evaluate(exit_moment(2), x) - mean_exit(x) ** 2


def survival(x: Fraction, time: Fraction) -> arb:
    """P(τ > time) as a ball: (4/π) Σ_k odd sin(πkx)/k · exp(-k²π²t/2), with the rest of the series in the radius."""
    if time <= 0:
        return arb(1)
    rate, total, k = arb.pi() ** 2 * ball(time) / 2, arb(0), 1
    while True:
        term = (-(k * k) * rate).exp() / k
        # Beyond k, terms are at most term · q^(1 + 2 + …) with q = exp(-4(k+1)·rate), a geometric series.
        ratio = (-4 * (k + 1) * rate).exp()
        total += (arb.pi() * k * ball(x)).sin() * term
        rest = term * ratio / (1 - ratio)
        if rest < arb(2) ** -100:
            return (total + arb(0, rest.upper())) * 4 / arb.pi()
        k += 2


def exit_quantile(x: Fraction, level: Fraction, bits: int = 40) -> arb:
    """The time by which the exit has happened with probability `level`, enclosed by bisection on rational times."""
    if not (0 < level < 1 and 0 < x < 1):
        raise BadValue(f"quantile {level} from {x}: both must lie strictly between 0 and 1")
    below, above, room = Fraction(0), Fraction(1), ball(1 - level)
    while not survival(x, above) < room:
        above *= 2
    for _ in range(bits):
        middle = (below + above) / 2
        tail = survival(x, middle)
        if tail < room:
            above = middle
        elif tail > room:
            below = middle
        else:
            break
    return arb(ball((below + above) / 2), ball((above - below) / 2).upper())


def outside(x: Fraction, time: Fraction) -> arb:
    """P(an unstopped Wiener process from x is outside [0, 1] at `time`): positive for every time > 0."""
    scale = (2 * ball(time)).sqrt()
    return ((ball(x) / scale).erfc() + (ball(1 - x) / scale).erfc()) / 2
