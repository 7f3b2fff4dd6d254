"""How many updates it takes to be sure: the random walk of the source, exactly, with its whole distribution.

A belief moves by one point up or down until it is 0 or 100 %. Means come from a closed form and again from the
matrix of the chain; the distribution from counting paths and again from the spectrum in ball arithmetic. They must
agree before any number is compared with what the source says.
"""

from dataclasses import replace
from fractions import Fraction

from flint import ctx

from readoff.beliefs.chains import walk_as_chain
from readoff.beliefs.walks import Walk, ball
from readoff.certificates.rounding import interval
from readoff.claims import Identity, Known, Measured, Process, certified, claim, on_material

CALCULATED = "independent calculation"
POINT = Fraction(1, 100)


def walk(start: int, points: int = 1, moves: Fraction = Fraction(1)) -> Walk:
    """The walk from `start` percent in steps of `points` points, moving with probability `moves` at each date."""
    return Walk(Fraction(start, 100), points * POINT, moves)


def walk_numbers(w: Walk) -> Measured:
    """Mean and variance by closed form, whether the matrix agrees, and whether spectrum and enumeration do.

    mirrored_…: the same of the walk that starts as far from 100 % as this one from 0.
    """
    chain, mirror = walk_as_chain(w), replace(w, start=1 - w.start)
    agrees = chain.mean_time(w.i) == w.mean() and chain.variance_time(w.i) == w.variance()
    return certified(
        mean=w.mean(),
        mean_times_moves=w.mean() * w.moves,
        sd=root(w.variance()),
        matrix_agrees=agrees and not chain.violations(),
        spectrum_agrees=spectrum_agrees(w, (1, 2, 10, 150)),
        movement=chain.expected_movement(w.i),
        variance_of_step_in_square_points=(100 * w.step) ** 2,
        one_update=w.at_most(1),
        mirrored_mean=walk_as_chain(mirror).mean_time(mirror.i),
        mirrored_one_update=mirror.at_most(1),
    )


def root(square: Fraction) -> tuple[float, float]:
    """Bounds on the square root of an exact number."""
    return interval(ball(square).sqrt())


def spectrum_agrees(w: Walk, dates: tuple[int, ...]) -> bool:
    """Does the ball around the spectral sum hold the exact tail probability at all these dates?"""
    with ctx.workprec(256):
        return all(w.beyond(t).overlaps(ball(1 - w.at_most(t))) for t in dates)


two_points = on_material("steps of two points", lambda w: replace(w, step=2 * w.step))
half_lazy = on_material("half as lazy", lambda w: replace(w, moves=min(Fraction(1), 2 * w.moves)))
doubled_start = on_material("twice as far from 0", lambda w: replace(w, start=2 * w.start))


@claim(
    "beliefs/steps/from-50",
    says="From 50 % in steps of one point it takes 2500 updates on average.",
    about=Process(lambda: walk(50), "walk from 50 %"),
    scope=Identity(),
    measure=walk_numbers,
    statement="beliefs/steps",
    relation="supports",
    headline="mean",
    must_fail=[two_points],
)
def from_half(n):
    return (n["mean"] == 2500) & n["matrix_agrees"] & n["spectrum_agrees"]


@claim(
    "beliefs/steps/variance",
    says="An update has variance 0.0001 and the whole process 0.25, and their ratio is the mean number of updates.",
    about=Process(lambda: walk(50), "walk from 50 %"),
    scope=Identity(),
    measure=walk_numbers,
    statement="beliefs/variance-of-a-step",
    relation="supports",
    headline="variance_of_step_in_square_points",
    must_fail=[two_points],
)
def variance_of_step(n):
    ratio = 10_000 * n["movement"] / n["variance_of_step_in_square_points"]
    return (n["variance_of_step_in_square_points"] == 1) & (n["movement"] == 0.25) & (abs(ratio - n["mean"]) < 1e-9)


@claim(
    "beliefs/steps/lazy",
    says="If the belief moves with probability p only, 2500/p dates are needed on average (here p = 1/10).",
    about=Process(lambda: walk(50, moves=Fraction(1, 10)), "lazy walk from 50 %"),
    scope=Identity(),
    measure=walk_numbers,
    statement="beliefs/lazy-steps",
    relation="supports",
    headline="mean",
    must_fail=[half_lazy],
)
def lazy(n):
    return (n["mean"] == 25_000) & (n["mean_times_moves"] == 2500) & n["matrix_agrees"] & n["spectrum_agrees"]


@claim(
    "beliefs/steps/from-20",
    says="From 20 % (or, mirrored, 80 %) it takes 1600 updates on average.",
    about=Process(lambda: walk(20), "walk from 20 %"),
    scope=Identity(),
    measure=walk_numbers,
    statement="beliefs/steps-from-20",
    relation="supports",
    headline="mean",
    must_fail=[two_points, doubled_start],
)
def from_20(n):
    return (n["mean"] == 1600) & (n["mirrored_mean"] == 1600) & n["matrix_agrees"] & n["spectrum_agrees"]


@claim(
    "beliefs/steps/from-1",
    says="From 1 % (or 99 %) it takes 99 updates on average.",
    about=Process(lambda: walk(1), "walk from 1 %"),
    scope=Identity(),
    measure=walk_numbers,
    statement="beliefs/steps-from-1",
    relation="supports",
    headline="mean",
    must_fail=[doubled_start],
)
def from_1(n):
    return (n["mean"] == 99) & (n["mirrored_mean"] == 99) & n["matrix_agrees"] & n["spectrum_agrees"]


@claim(
    "beliefs/steps/ten-points",
    says="In steps of ten points only 25 updates are needed on average.",
    about=Process(lambda: walk(50, points=10), "walk in ten-point steps"),
    scope=Identity(),
    measure=walk_numbers,
    statement="beliefs/ten-point-steps",
    relation="supports",
    headline="mean",
    must_fail=[on_material("steps of five points", lambda w: replace(w, step=w.step / 2))],
)
def ten_points(n):
    return (n["mean"] == 25) & n["matrix_agrees"] & n["spectrum_agrees"]


@claim(
    "beliefs/one-step",
    says="From 1 % (or 99 %) a single update ends it with probability exactly 1/2: an update, not a date of a "
    "lazy walk.",
    about=Process(lambda: walk(1), "walk from 1 %"),
    scope=Identity(),
    measure=walk_numbers,
    statement="beliefs/one-step",
    relation="supports",
    headline="one_update",
    known=Known("1/2", CALCULATED, "one_update"),
    must_fail=[doubled_start, on_material("lazy", lambda w: replace(w, moves=Fraction(1, 2)))],
)
def one_step(n):
    return (n["one_update"] == 1 / 2) & (n["mirrored_one_update"] == 1 / 2)


SIZES = (1, 2, 5, 10, 25, 50)


def scaling(walks: tuple[Walk, ...]) -> Measured:
    """Mean updates times squared step, for walks that differ in the size of their steps."""
    products = [w.mean() * w.step**2 for w in walks]
    return certified(
        constant=len(set(products)) == 1,
        product=products[0],
        budget=walks[0].start * (1 - walks[0].start),
        matrix_agrees=all(walk_as_chain(w).mean_time(w.i) == w.mean() for w in walks[1:]),
        fewer=walks[0].mean() / next(w.mean() for w in walks if w.step == 10 * walks[0].step),
    )


@claim(
    "beliefs/quadratic",
    says="The mean number of updates times the square of their size is the same for every size (π(1-π)): ten "
    "times larger "
    "updates are a hundred times fewer.",
    about=Process(lambda: tuple(walk(50, points) for points in SIZES), "walks from 50 % in steps of 1 to 50 points"),
    scope=Identity(),
    measure=scaling,
    statement="beliefs/quadratic",
    relation="supports",
    headline="fewer",
    known=Known("100", CALCULATED, "fewer"),
    must_fail=[
        on_material(
            "larger steps come more rarely",
            lambda walks: tuple(replace(w, moves=min(Fraction(1), POINT / w.step)) for w in walks),
        )
    ],
)
def quadratic(n):
    return n["constant"] & (n["product"] == n["budget"]) & (n["fewer"] == 100) & n["matrix_agrees"]
