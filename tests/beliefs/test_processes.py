"""Closed forms, enumeration, matrices and spectra of the same process must agree, exactly where they are exact."""

import random
from fractions import Fraction

import pytest
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.beliefs import doom, leaving, trees, wiener
from readoff.beliefs.chains import Chain, walk_as_chain
from readoff.beliefs.walks import Walk, ball
from readoff.core.errors import BadValue

HALF = Fraction(1, 2)


@st.composite
def walks(draw) -> Walk:
    n = draw(st.integers(2, 9))
    i = draw(st.integers(1, n - 1))
    moves = draw(st.sampled_from([Fraction(1), HALF, Fraction(1, 3), Fraction(9, 10)]))
    low = draw(st.sampled_from([Fraction(0), Fraction(1, 10)]))
    high = draw(st.sampled_from([Fraction(1), Fraction(7, 10)]))
    step = (high - low) / n
    return Walk(low + i * step, step, moves, low, high)


# By hand: from ¼ with steps of ¼ the walk ends at once with ½, else it is at ½ and then at ¼ or ¾ alike, so
# E T = 1 + ½(1 + E T) = 3, P(T ≤ 3) = ½ + ½·½ = ¾ (T is odd).
def test_the_walk_in_four_steps_by_hand():
    walk = Walk(Fraction(1, 4), Fraction(1, 4))
    assert walk.mean() == 3
    assert walk.chance_high() == Fraction(1, 4)
    assert [walk.at_most(t) for t in range(4)] == [0, HALF, HALF, Fraction(3, 4)]
    assert walk.quantile(HALF) == 1 and walk.quantile(Fraction(3, 4)) == 3
    assert walk.quantile(Fraction(3, 4) + Fraction(1, 10**30)) == 5
    assert walk.mode() == 1
    assert walk.variance() == 3 * (1 + 9 - 2) / Fraction(3)


@settings(max_examples=25, deadline=None)
@given(walks())
def test_closed_forms_equal_the_matrix(walk):
    chain = walk_as_chain(walk)
    assert chain.violations() == () and chain.absorbing() == (0, walk.n)
    assert chain.mean_time(walk.i) == walk.mean()
    assert chain.variance_time(walk.i) == walk.variance()
    assert chain.chance(walk.i, end=walk.n) == walk.chance_high()
    law = chain.after(walk.i, 7)
    assert law[0] + law[walk.n] == walk.at_most(7)
    spread = (walk.start - walk.low) * (walk.high - walk.start)
    assert chain.expected_movement(walk.i) == spread


@settings(max_examples=25, deadline=None)
@given(walks(), st.integers(0, 40))
def test_the_spectrum_encloses_the_enumeration(walk, dates):
    with ctx.workprec(128):
        tail = walk.beyond(dates)
    assert tail.overlaps(ball(1 - walk.at_most(dates)))
    assert tail.rad() < 1e-25


@settings(max_examples=20, deadline=None)
@given(walks(), st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=24))
def test_quantiles_are_the_least_times(walk, level):
    t = walk.quantile(level)
    assert walk.at_most(t) >= level
    assert t == 0 or walk.at_most(t - 1) < level


@settings(max_examples=15, deadline=None)
@given(walks())
def test_the_mode_wins_in_a_long_enumeration(walk):
    where = walk.mode()
    chances = [Fraction(e, s) for (e, s), _ in zip(walk.paths(), range(200))]
    assert max(chances) == chances[where] and chances.index(max(chances)) == where


def test_a_walk_that_would_jump_over_its_barrier_is_refused():
    with pytest.raises(BadValue, match="whole number of steps"):
        Walk(HALF, Fraction(3, 10))
    with pytest.raises(BadValue, match="low < start < high"):
        Walk(Fraction(0), Fraction(1, 10))
    with pytest.raises(BadValue, match="strictly between"):
        Walk(HALF, Fraction(1, 10)).quantile(Fraction(1))


@pytest.mark.parametrize("seed", range(40))
def test_the_law_holds_on_every_random_tree(seed):
    tree = trees.random_tree(random.Random(seed), depth=4, resolved=seed % 2 == 0)
    found = trees.expected(tree)
    assert tree.violation() is None
    assert found.excess == 0
    assert found.variance_of_last == found.variances_of_increments
    assert sum(chance for chance, _ in tree.paths()) == 1


def test_a_tree_that_drifts_is_seen():
    leaf = (HALF, trees.Tree(Fraction(1))), (HALF, trees.Tree(Fraction(1, 2)))
    drifting = trees.Tree(Fraction(1, 4), ((Fraction(1), trees.Tree(HALF, leaf)),))
    assert drifting.violation() == (Fraction(1, 4),)
    assert trees.expected(drifting).excess != 0
    with pytest.raises(BadValue, match="add up to 1"):
        trees.Tree(HALF, ((HALF, trees.Tree(HALF)),))
    with pytest.raises(BadValue, match="between 0 and 1"):
        trees.Tree(Fraction(3, 2))


def test_the_step_identity_is_one():
    assert trees.step_identity()


@settings(max_examples=20, deadline=None)
@given(st.fractions(Fraction(1, 10), Fraction(9, 10), max_denominator=10), st.integers(1, 4))
def test_the_forgetful_are_calibrated_at_every_date_and_no_martingale(prior, dates):
    tree = trees.forgetful(prior, Fraction(4, 5), dates)
    for (_, report), share in trees.calibration_by_date(tree).items():
        assert share == report
    found = trees.expected(tree)
    assert (found.excess == 0) == (dates == 1)
    assert found.excess >= 0
    remembering = trees.forgetful(prior, Fraction(4, 5), dates, memory=True)
    assert remembering.violation() is None and trees.expected(remembering).excess == 0


def test_a_chain_with_a_leak_names_the_state():
    chain = Chain((Fraction(0), HALF, Fraction(1)), ((1, 0, 0), (HALF, 0, HALF), (Fraction(1, 2), 0, HALF)))
    assert chain.violations() == (2,)
    with pytest.raises(BadValue, match="adds up to"):
        Chain((HALF,), ((HALF,),))
    with pytest.raises(BadValue, match="2 × 2"):
        Chain((HALF, HALF), ((1, 0, 0), (0, 1, 0)))
    forever = Chain((HALF, HALF), ((0, 1), (1, 0)))
    with pytest.raises(BadValue, match="infinite"):
        forever.mean_time(0)


# By hand, two weeks with ¼ each: beliefs ½, (¼)/(¾) = ⅓, 0.
def test_doom_in_two_weeks_by_hand():
    two = doom.uniform_density(HALF, 2)
    assert [two.belief(k) for k in range(3)] == [HALF, Fraction(1, 3), 0]
    assert [two.drop(1), two.drop(2)] == [Fraction(1, 6), Fraction(1, 3)]
    assert [two.jump(1), two.jump(2)] == [HALF, Fraction(2, 3)]
    assert two.expected_live_weeks() == Fraction(7, 4)
    assert two.expected_movement() == Fraction(1, 4)
    assert two.survivor_median_drop() == Fraction(1, 4)
    # Updates by size: 1/6 (number ¾), 1/3 (½), ½ (¼), ⅔ (¼); half of 7/4 is passed by the second.
    assert two.live_week_median() == Fraction(1, 3)


@pytest.mark.parametrize(
    "process",
    [
        doom.uniform_density(HALF, 30),
        doom.uniform_density(Fraction(1), 5),
        doom.constant_hazard(Fraction(1, 50), 40),
        doom.Doom((Fraction(1, 3), Fraction(0), Fraction(1, 5))),
    ],
    ids=["uniform", "certain", "hazard", "uneven"],
)
def test_doom_obeys_the_law(process):
    start = process.belief(0)
    assert process.expected_movement() == start * (1 - start)
    for week in range(1, len(process.masses) + 1):
        chance = process.masses[week - 1] / process.survives(week - 1)
        assert chance * process.jump(week) == (1 - chance) * process.drop(week)


def test_a_constant_hazard_is_constant():
    hazard = Fraction(1, 50)
    process = doom.constant_hazard(hazard, 40)
    assert {process.masses[k] / process.survives(k) for k in range(40)} == {hazard}
    assert process.belief(0) == 1 - (1 - hazard) ** 40


def test_impossible_dooms_are_refused():
    with pytest.raises(BadValue):
        doom.Doom(())
    with pytest.raises(BadValue):
        doom.Doom((Fraction(3, 4), HALF))
    with pytest.raises(BadValue, match="leave out"):
        doom.Doom((Fraction(1), Fraction(0)))


@pytest.mark.parametrize("x", [HALF, Fraction(1, 5), Fraction(1, 100)])
def test_the_walk_tends_to_the_stopped_wiener_process(x):
    assert wiener.mean_exit(x) == x * (1 - x)
    assert wiener.variance_exit(x) == x * (1 - x) * (x**2 + (1 - x) ** 2) / 3
    gaps = []
    for n in (100, 200, 400):
        walk = Walk(x, Fraction(1, n))
        assert walk.mean() / n**2 == wiener.mean_exit(x)
        gaps.append(wiener.variance_exit(x) - walk.variance() / n**4)
        assert gaps[-1] == Fraction(2, 3) * x * (1 - x) / n**2
    assert gaps[0] == 4 * gaps[1] == 16 * gaps[2]


def test_the_third_moment_of_the_exit_time_by_the_survival_function():
    moment = float(wiener.evaluate(wiener.exit_moment(3), HALF))
    h = 1e-3
    times = [h * (k + 0.5) for k in range(6000)]
    integral = sum(3 * t * t * float(wiener.survival(HALF, Fraction(t)).mid()) * h for t in times)
    assert integral == pytest.approx(moment, rel=1e-5)


def test_the_median_of_the_limit_is_near_that_of_the_walk():
    limit = wiener.exit_quantile(HALF, HALF)
    assert limit.rad() < 1e-9
    assert float(limit.mid()) == pytest.approx(Walk(HALF, Fraction(1, 100)).quantile(HALF) / 1e4, abs=2e-4)
    with pytest.raises(BadValue):
        wiener.exit_quantile(HALF, Fraction(0))


def test_an_unstopped_wiener_process_leaves():
    early = wiener.outside(HALF, Fraction(1, 100))
    assert early > 0 and early < 1e-5
    assert wiener.outside(HALF, Fraction(1)) > 0.6


@pytest.mark.parametrize("steps_away", [1, 2, 3, 5])
def test_the_best_early_leaver_respects_kolmogorov(steps_away):
    values = [leaving.earliest_leaving(steps_away, t) for t in range(4 * steps_away**2)]
    assert values == sorted(values)
    assert all(v <= leaving.kolmogorov(steps_away, t) for t, v in enumerate(values))
    assert values[steps_away - 1] == 0 and values[steps_away] == Fraction(1, 2 ** (steps_away - 1))


def test_leaving_at_once_is_lawful_whatever_the_distance():
    for distance in (Fraction(1, 10), Fraction(2, 5), HALF):
        tree = leaving.leaves_at_once(distance)
        assert tree.violation() is None and trees.expected(tree).excess == 0
    with pytest.raises(BadValue):
        leaving.earliest_leaving(0, 1)
