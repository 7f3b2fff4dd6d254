"""The audit end to end: planted faults are found, lawful histories are not accused, and doubt stays doubt."""

import numpy as np
import pytest

from readoff.beliefs.audit import CAP, audit, split_at, stopped_excess
from readoff.beliefs.bets import calendar
from readoff.beliefs.calibration import calibration, wilson
from readoff.beliefs.checks import rounding_of
from readoff.beliefs.dependence import co_movement
from readoff.beliefs.forecasters import FAULTY, RATIONAL, as_histories, simulate
from readoff.beliefs.intervals import Interval, bell_curve
from readoff.beliefs.noise import Noise
from readoff.beliefs.power import rejections
from readoff.beliefs.sizes import counts, markov_bound, simulated_chance, steady_movement
from readoff.beliefs.streams import histories, steps
from readoff.beliefs.thinning import curve, noise_that_explains, thin
from readoff.beliefs.verdict import Finding, judge
from readoff.core.errors import BadValue, UnknownName
from readoff.statistics.binomial import interval as share_interval


def made(kind: str, n: int, dates: int = 30, seed: int = 0, strength: float | None = None):
    return as_histories(*simulate(kind, n, dates, np.random.default_rng(seed), strength))


def test_the_numbers_of_one_stream_by_hand():
    a = audit(histories([[0.2, 0.85, 0.05]], outcomes=[0]), noise=Noise())
    assert a.movement[0] == pytest.approx(1.065) and a.reduction[0] == pytest.approx(0.16)
    assert a.excess[0] == pytest.approx(0.905) and a.drift == pytest.approx(-0.2)
    assert a.markov == pytest.approx(0.16 / 1.065)
    assert a.reduction_without_truth == pytest.approx(0.16 - 0.05 * 0.95)
    assert a.verdict == "cannot tell" and "no standard error exists" in a.settles
    assert np.isnan(a.tests["movement"].curve.se)


FOUND = {
    "forgetful": (40, "moves too much", None),
    "noisy": (300, "moves too much", None),
    "overreact": (300, "moves too much", None),
    "underreact": (300, "moves too little", None),
    "biased": (400, "drifts", 0.8),
}


@pytest.mark.parametrize("kind", FOUND)
def test_planted_faults_are_found(kind):
    n, verdict, strength = FOUND[kind]
    a = audit(made(kind, n, strength=strength))
    assert a.verdict == verdict and a.because and a.settles is None


@pytest.mark.parametrize("kind", RATIONAL)
def test_rational_forecasters_are_consistent_within_a_margin(kind):
    a = audit(made(kind, 3000, dates=1 if kind == "longshot" else 20, seed=4), margin=0.05)
    assert a.verdict == "consistent", (a.because, a.settles)


def test_without_a_margin_nothing_is_called_consistent():
    a = audit(made("steady", 1000, 10))
    assert a.verdict == "cannot tell" and "--margin" in a.settles
    assert "more clusters" in audit(made("steady", 100, 10), margin=0.01).settles


def test_streams_of_one_question_are_one_cluster():
    reports, truth = simulate("forgetful", 60, 10, np.random.default_rng(2))
    one = audit(histories(reports, truth, groups=["cup"] * 60))
    assert one.clusters == 1 and not one.independent
    assert np.isnan(one.tests["movement"].curve.p_more)
    many = audit(histories(reports, truth))
    assert many.independent and many.tests["movement"].log_e[1] > one.tests["movement"].log_e[1]
    assert many.tests["movement"].log_e_any == one.tests["movement"].log_e_any


def test_shared_swings_are_seen_and_stop_the_claim_of_independence():
    rng = np.random.default_rng(7)
    swing = np.cumsum(rng.normal(0, 0.02, 80))
    states = np.clip(0.5 + swing + rng.normal(0, 0.002, (20, 80)), 0, 1)
    a = audit(histories(states))
    assert not a.independent and a.clusters == 1 and any("move together" in c for c in a.caveats)
    assert audit(histories(states), independent=True).clusters == 20
    assert audit(made("steady", 20, 80)).independent


def test_forecasts_that_add_up_are_one_draw():
    rng = np.random.default_rng(8)
    shares = rng.dirichlet(np.ones(6) * 40, 50).T
    a = audit(histories(shares))
    assert not a.independent and any("add up to a constant" in c for c in a.caveats)
    # Answers of many independent questions add up within each question, which says nothing across questions.
    several = np.concatenate([rng.dirichlet(np.ones(2) * 40, 50).T for _ in range(8)])
    assert audit(histories(several, groups=list(np.repeat(range(8), 2)))).independent


def test_dependence_needs_simultaneous_updates():
    h = histories([[0.4, 0.5], [0.6, 0.4]], times=[[0, 1], [2, 3]])
    assert not co_movement(steps(h), h.cluster, calendar(steps(h))).shared()
    still = steps(histories([[0.4, 0.4]]))
    assert np.isnan(co_movement(still, np.zeros(1, dtype=int), calendar(still)).ratio)


@pytest.mark.parametrize(
    ("streams", "outcomes"),
    [([[0.3]], None), ([[0.3], [0.4], [0.6]], None), ([[0.5] * 5] * 3, None)],
    ids=["one report", "one report each", "nothing moves"],
)
def test_edges(streams, outcomes):
    a = audit(histories(streams, outcomes))
    assert a.verdict == "cannot tell" and a.settles


def test_one_impossible_thing_is_enough():
    assert audit(histories([[0.0, 1.0], [1.0, 0.0]], [0, 1])).verdict == "moves too much"


def test_a_million_streams_with_one_report_each():
    n = 100_000
    a = audit(histories(np.random.default_rng(0).random((n, 1))))
    assert a.verdict == "cannot tell" and "no stream has two beliefs" in a.settles and a.clusters == 0


def test_whole_percents_are_taken_as_rounded_unless_told_otherwise():
    wobble = histories([[0.49, 0.5] * 20] * 40)
    assert rounding_of(wobble.belief) == 0.01
    judged = audit(wobble, independent=True)
    assert judged.verdict == "cannot tell" and judged.noise.rounding == 0.01
    assert audit(wobble, noise=Noise(), independent=True).verdict == "moves too much"


def test_declared_simulation_noise_is_not_held_against_the_forecaster():
    rng = np.random.default_rng(3)
    reports, truth = simulate("steady", 600, 40, rng)
    noisy = np.clip(rng.binomial(400, reports) / 400 + 1e-9 * rng.random(reports.shape), 0, 1)
    assert audit(as_histories(noisy, truth), noise=Noise()).verdict == "moves too much"
    assert audit(as_histories(noisy, truth), noise=Noise(simulations=400)).verdict == "cannot tell"


def test_a_change_of_method_is_left_out():
    h = histories([[0.2, 0.2, 0.7, 0.7]] * 30, outcomes=[1] * 30)
    parts, crossed = split_at(h, 1.5)
    assert crossed == 30 and parts.n_streams == 60 and parts.n_clusters == 30
    assert np.isnan(parts.outcome[0]) and parts.outcome[1] == 1
    a = audit(h, cut=1.5)
    assert a.movement.sum() == pytest.approx(30 * 0.09) and any("change of method" in c for c in a.caveats)
    assert split_at(h, 99.0)[1] == 0


def test_stopping_keeps_the_range_of_the_interval():
    s = steps(histories([[0.0, 1.0] * 10, [0.5, 0.6, 0.5]], outcomes=[1, 0]))
    x = stopped_excess(s)
    assert x[0] == 1.0 and x[1] == pytest.approx(0.01 + 0.01 + 0.25 - 0.25)
    rng = np.random.default_rng(1)
    for _ in range(50):
        s = steps(histories(rng.integers(0, 11, (20, 12)) / 10, rng.integers(0, 2, 20)))
        assert np.all(stopped_excess(s) >= -0.25 - 1e-12) and np.all(stopped_excess(s) <= CAP + 1.25 + 1e-12)


def test_what_cannot_be_asked():
    h = histories([[0.3, 0.4]])
    with pytest.raises(BadValue, match="a margin is above 0"):
        audit(h, margin=0)
    with pytest.raises(BadValue, match=r"outside \[0, 1\]"):
        histories([[0.3, 1.4]])
    with pytest.raises(BadValue, match="must not go back"):
        histories([[0.3, 0.4]], times=[[2, 1]])
    with pytest.raises(BadValue, match="empty"):
        histories([[0.3], []])
    with pytest.raises(BadValue, match="one of the outcomes per stream"):
        histories([[0.3]], outcomes=[1, 0])
    with pytest.raises(UnknownName, match="Did you mean 'steady'"):
        simulate("stedy", 1, 1, np.random.default_rng(0))


def thin_by_hand(stream: list[float], every: int, resolved: bool) -> list[float]:
    kept = stream[::every]
    return kept if resolved or (len(stream) - 1) % every == 0 else [*kept, stream[-1]]


@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_thinning_by_hand(every):
    streams = [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.7], [0.3, 0.2]]
    outcomes = [None, 1, 0]
    thinned = thin(histories(streams, outcomes), every)
    expected = [thin_by_hand(b, every, o is not None) for b, o in zip(streams, outcomes)]
    assert np.allclose(thinned.belief, np.concatenate(expected))
    assert np.diff(thinned.starts).tolist() == [len(e) for e in expected]


def test_the_thinning_curve_tells_noise_from_over_reaction():
    n = 400
    noisy = curve(made("noisy", n, 64, seed=1, strength=0.4))
    assert noisy[0].excess > 5 * noisy[0].se and noisy[-1].excess < noisy[0].excess / 3
    assert noise_that_explains(noisy, n) == pytest.approx(0.05, abs=0.03)
    over = curve(made("overreact", n, 64, seed=1))
    assert over[-1].excess > over[0].excess / 4 and noise_that_explains(over, n) is None
    assert [p.every for p in over] == [1, 2, 4, 8, 16, 32]


def test_the_brier_score_is_the_sum_of_its_parts():
    rng = np.random.default_rng(9)
    reports, truth = simulate("steady", 500, 8, rng)
    c = calibration(as_histories(reports, truth))
    assert c.brier == pytest.approx(np.mean((reports - truth[:, None]) ** 2))
    assert c.brier == pytest.approx(c.reliability - c.resolution + c.uncertainty + c.within_bins)
    assert c.sharpness == pytest.approx(np.mean(reports * (1 - reports))) and c.spread == pytest.approx(np.var(reports))
    assert sum(b.weight for b in c.bins) == pytest.approx(500)
    covered = [b.interval.low <= b.forecast <= b.interval.high for b in c.bins]
    assert sum(covered) >= len(covered) - 2
    assert calibration(histories([[0.2, 0.3]])) is None


def test_calibration_of_one_draw_has_no_interval():
    c = calibration(histories([[0.2], [0.9]], outcomes=[0, 1], groups=["x", "x"]))
    assert all(np.isnan(b.interval.low) for b in c.bins)
    low, high = wilson(0.5, 10).low, wilson(0.5, 10).high
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_sizes_and_the_chance_of_so_much_movement():
    s = steps(histories([[0.5, 0.6, 0.5]], outcomes=[1]))
    by_size = {row.size: row for row in counts(s)}
    assert by_size[0.1].seen == 3 and by_size[0.2].seen == 1 and by_size[0.1].budget == pytest.approx(25)
    assert markov_bound(s) == pytest.approx(0.25 / 0.27)
    chance = simulated_chance(s)
    assert chance.one_big_news == 0 and 0.2 < chance.steady_news < 0.4
    still = steps(histories([[0.5, 0.5]]))
    assert markov_bound(still) == 1 and simulated_chance(still).steady_news == 1
    assert simulated_chance(steps(made("steady", 400, 60))) is None


@pytest.mark.parametrize("updates", [1, 2, 25])
def test_the_simulated_movement_spends_the_budget(updates):
    movement = steady_movement(np.random.default_rng(0), 0.3, updates, 40_000)
    budget = 0.6179114 * 0.3820886  # Φ(0.3)(1 - Φ(0.3))
    assert movement.mean() == pytest.approx(budget, abs=4 * movement.std() / 200)


@pytest.mark.parametrize("kind", RATIONAL)
def test_rational_forecasters_obey_the_law(kind):
    dates = 1 if kind == "longshot" else 25
    h = made(kind, 40_000, dates, seed=6)
    s = steps(h)
    for weight in (np.ones(len(s.now)), 1 - 2 * s.now):
        found = bell_curve(s.sums(weight * s.change), 0.95)
        slack = 0.0 if kind != "rounded" else 0.01
        assert abs(found.mean) < 4 * found.se + slack


@pytest.mark.parametrize("kind", RATIONAL)
def test_the_level_is_kept(kind):
    found = rejections(kind, 400, 12, 1 if kind == "longshot" else 20, seed=8)
    low, _ = share_interval(found["any"], 400, 0.999)
    assert low <= 0.05


def test_power_grows_with_the_fault():
    found = [rejections("overreact", 100, 60, 20, seed=3, strength=k)["moves too much"] for k in (1.0, 1.5, 2.5)]
    assert found[0] <= 5 and found[0] <= found[1] < found[2]
    assert rejections("forgetful", 50, 30, 20, seed=3)["moves too much"] == 50
    assert set(FAULTY) & set(RATIONAL) == set()


SMALL = Interval(-0.01, 0.01)


def fake(log_e: dict[int, float], bounded: Interval = SMALL) -> Finding:
    return Finding("movement", bell_curve(np.array([0.0, 0.1]), 0.95), bounded, 0, 0, log_e, log_e, {1: 1, -1: 1})


QUIET = {1: 0.0, -1: 0.0}
JUDGED = [
    ({"drift": {1: 5.0, -1: 0.0}, "movement": {1: 9.0, -1: 0}, "momentum": QUIET}, "drifts"),
    ({"drift": QUIET, "movement": {1: 5.0, -1: 0.0}, "momentum": QUIET}, "moves too much"),
    ({"drift": QUIET, "movement": {1: 0.0, -1: 5.0}, "momentum": {1: 0.0, -1: 9.0}}, "moves too little"),
    ({"drift": QUIET, "movement": QUIET, "momentum": {1: 0.0, -1: 5.0}}, "moves too much"),
    ({"drift": QUIET, "movement": QUIET, "momentum": {1: 5.0, -1: 0.0}}, "moves too little"),
    ({"drift": QUIET, "movement": QUIET, "momentum": QUIET}, "consistent"),
    ({"drift": {1: 4.0, -1: 0.0}, "movement": QUIET, "momentum": QUIET}, "consistent"),
]


@pytest.mark.parametrize(("evidence", "word"), JUDGED)
def test_the_verdict_by_table(evidence, word):
    tests = {name: fake(e) for name, e in evidence.items()}
    need = np.log(120)
    assert judge(tests, need, 0.02, 50, True).word == word
    quiet = word == "consistent"
    assert judge(tests, need, None, 50, True).word == ("cannot tell" if quiet else word)
    assert judge(tests, need, 0.005, 50, True).word == ("cannot tell" if quiet else word)
    assert judge(tests, need, 0.02, 1, False).word == ("cannot tell" if quiet else word)
