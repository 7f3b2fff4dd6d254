"""The audit end to end: planted faults are found, lawful histories are not accused, and doubt stays doubt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from readoff.beliefs import margin
from readoff.beliefs.audit import audit
from readoff.beliefs.decide import CAP, Setting, decide, leaves_certainty, stopped_excess
from readoff.beliefs.dependence import shared_fate
from readoff.beliefs.forecasters import (
    FAULTY,
    KINDS,
    NOISE,
    RATIONAL,
    TOGETHER,
    as_histories,
    restless_excess,
    simulate,
)
from readoff.beliefs.intervals import bell_curve
from readoff.beliefs.money import money
from readoff.beliefs.noise import Noise
from readoff.beliefs.power import ACCUSATIONS, Plan, keep, tables, verdicts
from readoff.beliefs.promises import consistent
from readoff.beliefs.sizes import counts, markov_bound, simulated_chance, steady_movement
from readoff.beliefs.spacing import spacing
from readoff.beliefs.streams import histories, split_at, steps
from readoff.beliefs.thinning import curve, noise_that_explains, thin
from readoff.beliefs.verdict import judge
from readoff.beliefs.words import columns, reading
from readoff.core.errors import BadValue, UnknownName
from readoff.statistics.binomial import upper


def made(kind: str, n: int, dates: int = 30, seed: int = 0, strength: float | None = None):
    return as_histories(*simulate(kind, n, dates, np.random.default_rng(seed), strength))


def test_the_numbers_of_one_stream_by_hand():
    a = audit(histories([[0.2, 0.85, 0.05]], outcomes=[0]), noise=Noise())
    assert a.movement[0] == pytest.approx(1.065) and a.reduction[0] == pytest.approx(0.16)
    assert a.excess[0] == pytest.approx(0.905) and a.drift == pytest.approx(-0.2)
    assert a.markov == pytest.approx(0.16 / 1.065)
    assert a.reduction_without_truth == pytest.approx(0.16 - 0.05 * 0.95)
    assert a.verdict == "cannot tell" and "no standard error exists" in " ".join(reading(a))
    assert np.isnan(a.tests["movement"].curve.se) and a.tests["movement"].curve.mean == pytest.approx(0.905)
    assert a.tests["stopped"].curve.mean == pytest.approx(stopped_excess(a.steps)[0])


FOUND = {
    "forgetful": (40, "moves too much", None),
    "noisy": (300, "moves too much", None),
    "overreact": (300, "moves too much", None),
    "underreact": (300, "moves too little", None),
    "biased": (400, "drifts", 0.8),
    "certain": (60, "certain too soon", None),
    "offset": (200, "drifts", 0.3),
}


@pytest.mark.parametrize("kind", FOUND)
def test_planted_faults_are_found(kind):
    n, verdict, strength = FOUND[kind]
    noise = Noise() if kind in ("forgetful", "certain") else None  # else few levels are taken for coarse words
    a = audit(made(kind, n, strength=strength), noise=noise, independent=True)
    assert a.verdict == verdict and (a.because or a.certain) and a.settles is None
    assert audit(made(kind, n, strength=strength), noise=noise).if_independent == verdict


@pytest.mark.parametrize("kind", [*RATIONAL, "rounded"])
def test_rational_forecasters_are_consistent_within_a_margin(kind):
    a = audit(made(kind, 3000, dates=1 if kind == "longshot" else 20, seed=4), margin=0.06, independent=True)
    assert a.verdict == "consistent", (a.because, a.settles)
    assert "with a probability of at most 0.05" in consistent(a) and consistent(a) in reading(a)


def test_without_a_margin_or_a_statement_nothing_is_called_consistent():
    a = audit(made("steady", 1000, 10), independent=True)
    assert a.verdict == "cannot tell" and "--margin" in a.settles
    assert "more clusters" in audit(made("steady", 100, 10), margin=0.01, independent=True).settles
    unstated = audit(made("steady", 3000, 20, seed=4), margin=0.05)
    assert unstated.verdict == "cannot tell" and unstated.if_independent == "consistent"
    assert np.isnan(unstated.tests["movement"].curve.se) and unstated.tests["drift"].bounded is None


def test_a_margin_is_kept_by_x_as_a_whole_too():
    """A few streams wobble beyond movement one half: the stopped X hardly sees it, X as a whole does."""
    calm, wild = [0.5, 0.95], [0.5, 0.95] + [0.05, 0.95] * 6
    streams = [wild] * 10 + [calm] * 990
    outcomes = [0.0 if k % 20 == 0 else 1.0 for k in range(1000)]
    a = audit(histories(streams, outcomes), margin=0.08, independent=True, noise=Noise())
    assert a.tests["stopped"].bounded.within(0.08) and a.tests["drift"].bounded is not None
    assert a.tests["movement"].curve.mean > 0.08 and a.verdict != "consistent"


def test_streams_of_one_question_are_one_cluster():
    reports, truth = simulate("forgetful", 60, 10, np.random.default_rng(2))
    one = audit(histories(reports, truth, groups=["cup"] * 60), noise=Noise(), independent=True)
    assert one.clusters == 1 and not one.independent
    assert np.isnan(one.tests["movement"].curve.p_more)
    many = audit(histories(reports, truth), noise=Noise(), independent=True)
    assert many.independent and many.log_e["movement", 1] > one.log_e["movement", 1]
    assert many.log_e_any == one.log_e_any == audit(histories(reports, truth), noise=Noise()).log_e


def test_independence_is_stated_and_never_guessed():
    a = audit(made("forgetful", 30, 12), noise=Noise(0.05))
    said = " ".join(reading(a))
    assert a.verdict == "cannot tell" and a.if_independent == "moves too much" and not a.independent
    assert "say so with --independent" in said and "would be “moves too much”" in said
    told = audit(made("forgetful", 30, 12), noise=Noise(0.05), independent=True)
    assert told.verdict == "moves too much" and "Stated: each stream is an independent draw (30 of them)" in " ".join(
        reading(told)
    )


def states(dates: int, jitter: bool, seed: int, n: int = 50):
    """Rational forecasts of states in one election: most of the news is common to all."""
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.normal(0, 1 / np.sqrt(dates), dates))
    reports, times, truth = [], [], []
    for _ in range(n):
        path = np.sqrt(0.8) * common + np.sqrt(0.2) * np.cumsum(rng.normal(0, 1 / np.sqrt(dates), dates))
        level = 0.7 * rng.normal()
        left = np.sqrt(1 - np.arange(dates) / dates)
        reports.append(ndtr((level + np.append(0, path[:-1])) / left))
        times.append(np.arange(dates) + (rng.random(dates) * 0.9 if jitter else 0))
        truth.append(float(level + path[-1] > 0))
    return histories(reports, truth, times=times)


@pytest.mark.parametrize(("dates", "jitter"), [(8, False), (10, True), (15, False), (30, True)])
def test_shared_swings_contradict_a_statement_of_independence(dates, jitter):
    found = [audit(states(dates, jitter, seed), independent=True) for seed in range(10)]
    assert sum(a.dependence.found for a in found) >= 9
    warned = next(a for a in found if a.dependence.found)
    assert "WARNING: their simultaneous updates contradict independence" in " ".join(reading(warned))
    unstated = [audit(states(dates, jitter, seed)) for seed in range(10)]
    assert all(a.verdict == "cannot tell" for a in unstated)
    assert any("Stating it would be wrong here" in " ".join(reading(a)) for a in unstated)


@pytest.mark.parametrize("dates", [1, 2])
def test_with_truths_alone_shared_fate_shows_only_when_it_strikes(dates):
    assert 5 <= sum(shared_fate(states(dates, False, seed)).found for seed in range(20)) <= 20


@pytest.mark.parametrize("kind", RATIONAL)
def test_independent_forecasters_are_not_called_dependent(kind):
    found = [shared_fate(made(kind, 40, 1 if kind == "longshot" else 15, seed)) for seed in range(60)]
    assert sum(f.found for f in found) <= 4  # 1 in 100 each


def test_few_updates_cannot_contradict_independence():
    h = histories([[0.4, 0.5], [0.6, 0.4]], times=[[0, 1], [2, 3]])
    assert not shared_fate(h).found and shared_fate(h).blind
    assert np.isnan(shared_fate(histories([[0.4, 0.4]])).ratio)
    said = " ".join(reading(audit(h, independent=True)))
    assert "too few simultaneous updates" in said


def test_rounding_is_no_sign_of_shared_fate():
    quiet = made("rounded", 60, 12, 3)
    assert not shared_fate(quiet, 0.005).found
    # The bet on the same moves wins less if half a point of each may be rounding.
    swings = states(8, False, 1)
    assert shared_fate(swings, 0.005).log_e < shared_fate(swings).log_e


def test_forecasts_that_add_up_are_no_independent_draws():
    rng = np.random.default_rng(8)
    shares = rng.dirichlet(np.ones(6) * 40, 50).T
    a = audit(histories(shares))
    assert a.dependence.found and "add up to a constant" in " ".join(reading(a))
    # Answers of many independent questions add up within each question, which says nothing across questions.
    several = np.concatenate([rng.dirichlet(np.ones(2) * 40, 50).T for _ in range(8)])
    assert not audit(histories(several, groups=list(np.repeat(range(8), 2))), independent=True).dependence.found


@pytest.mark.parametrize(
    ("streams", "outcomes"),
    [([[0.3]], None), ([[0.3], [0.4], [0.6]], None), ([[0.5] * 5] * 3, None)],
    ids=["one report", "one report each", "nothing moves"],
)
def test_edges(streams, outcomes):
    a = audit(histories(streams, outcomes))
    assert a.verdict == "cannot tell" and a.settles


IMPOSSIBLE = [
    ([[0.3, 0.0, 0.25]], [None], "report 2 of stream 1"),
    ([[0.3, 1.0], [0.4, 0.31]], [0, 1], "report 2 of stream 1"),
    ([[0.41, 0.2], [0.0]], [1, 1], "report 1 of stream 2"),
    ([[0.41, 1.0]], [0.5], "report 2 of stream 1"),
]


@pytest.mark.parametrize(("streams", "outcomes", "place"), IMPOSSIBLE)
def test_one_impossible_thing_is_enough_if_reports_are_exact(streams, outcomes, place):
    h = histories(streams, outcomes)
    a = audit(h, noise=Noise())
    assert a.verdict == a.if_independent == "certain too soon" and a.certain == (place,) and a.certain_count == 1
    assert place in " ".join(reading(a)) and a.settles is None
    rounded = audit(h, noise=Noise(0.01))
    assert rounded.verdict == "cannot tell" and not rounded.certain
    assert any(place in caveat and "--rounding 0" in caveat for caveat in rounded.caveats)
    assert audit(h, noise=Noise(simulations=1000)).verdict == "cannot tell"


def test_possible_things_are_not_called_impossible():
    for streams, outcomes in (([[0.5, 1.0, 1.0]], [1]), ([[0.5, 0.0]], [0]), ([[0.2, 1.0]], [None]), ([[0.3]], [1])):
        assert audit(histories(streams, outcomes), noise=Noise()).verdict == "cannot tell"
    hair = steps(histories([[1.0, 1 - 1e-9, 0.4]], [1]))
    assert not len(leaves_certainty(hair))  # what a computer makes of 1 - 10⁻¹⁷


def test_many_streams_with_one_report_each():
    n = 100_000
    a = audit(histories(np.random.default_rng(0).random((n, 1))))
    assert a.verdict == "cannot tell" and "no stream has two beliefs" in a.settles and a.clusters == 0


def test_whole_percents_are_taken_as_rounded_unless_told_otherwise():
    wobble = histories([[0.49, 0.5] * 20] * 40)
    assert spacing(wobble).rounding == 0.01
    judged = audit(wobble, independent=True)
    assert judged.verdict == "cannot tell" and judged.setting.noise.rounding == 0.01
    assert audit(wobble, noise=Noise(), independent=True).verdict == "moves too much"


def test_declared_simulation_noise_is_not_held_against_the_forecaster():
    rng = np.random.default_rng(3)
    reports, truth = simulate("steady", 600, 40, rng)
    noisy = np.clip(rng.binomial(400, reports) / 400, 0.001, 0.999)
    assert audit(as_histories(noisy, truth), noise=Noise(), independent=True).verdict == "moves too much"
    declared = audit(as_histories(noisy, truth), noise=Noise(simulations=400), independent=True)
    assert declared.verdict == "cannot tell"
    # The printed bar is the one that is used: a twentieth of alpha pays for errors beyond their bound.
    assert declared.needed == pytest.approx(6 / (0.05 - 0.05 / 20)) and audit(made("steady", 3)).needed == 120


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


def test_thinning_is_by_time():
    """One report per day, of reports at irregular times: the first of each day since the first report."""
    h = histories([[0.1, 0.2, 0.3, 0.4, 0.5]], [1], times=[[10.0, 10.2, 10.9, 11.05, 14.0]])
    assert thin(h, 1.0).belief.tolist() == [0.1, 0.4, 0.5]
    assert [p.interval for p in curve(h)] == pytest.approx([0.45, 0.9, 1.8, 3.6]) and curve(h)[0].every is None


def test_the_thinning_curve_tells_noise_from_over_reaction():
    n = 400
    noisy = curve(made("noisy", n, 64, seed=1, strength=0.4))
    assert noisy[0].excess > 5 * noisy[0].se and noisy[-1].excess < noisy[0].excess / 3
    assert noise_that_explains(noisy, n) == pytest.approx(0.05, abs=0.03)
    over = curve(made("overreact", n, 64, seed=1))
    assert over[-1].excess > over[0].excess / 4 and noise_that_explains(over, n) is None
    assert [(p.every, p.interval) for p in over] == [(2**k, 2.0**k) for k in range(6)]
    assert np.isnan(curve(made("noisy", n, 64), independent=False)[0].se)


def test_sizes_and_the_chance_of_so_much_movement():
    s = steps(histories([[0.5, 0.6, 0.5]], outcomes=[1]))
    by_size = {row.size: row for row in counts(s)}
    assert by_size[0.1].seen == 3 and by_size[0.2].seen == 1 and by_size[0.1].budget == pytest.approx(25)
    assert markov_bound(s) == pytest.approx(0.25 / 0.27)
    chance = simulated_chance(s)
    assert chance.one_big_news == 0 and 0.2 < chance.steady_news / chance.draws < 0.4
    assert chance.at_most(0) == pytest.approx(3 / 10_000, rel=0.01)  # none of 10,000: the rule of three
    still = steps(histories([[0.5, 0.5]]))
    assert markov_bound(still) == 1 and simulated_chance(still).steady_news == simulated_chance(still).draws
    assert simulated_chance(steps(made("steady", 400, 60))) is None


@pytest.mark.parametrize("updates", [1, 2, 25])
def test_the_simulated_movement_spends_the_budget(updates):
    movement = steady_movement(np.random.default_rng(0), 0.3, updates, 40_000)
    budget = 0.6179114 * 0.3820886  # Φ(0.3)(1 - Φ(0.3))
    assert movement.mean() == pytest.approx(budget, abs=4 * movement.std() / 200)


@pytest.mark.parametrize("kind", [*RATIONAL, *TOGETHER, "rounded"])
def test_rational_forecasters_obey_the_law(kind):
    dates, group = 1 if kind == "longshot" else 25, 4
    reports, truth = simulate(kind, 40_000, dates, np.random.default_rng(6), group=group)
    s = steps(as_histories(reports, truth))
    for weight in (np.ones(len(s.now)), 1 - 2 * s.now):
        by_group = s.sums(weight * s.change).reshape(-1, group).mean(axis=1)
        found = bell_curve(by_group, 0.95)
        slack = 0.0 if kind != "rounded" else 0.01
        assert abs(found.mean) < 4 * found.se + slack + 1e-12


def test_answers_exclude_each_other():
    reports, truth = simulate("answers", 1000, 6, np.random.default_rng(1), group=5)
    assert np.allclose(reports.reshape(200, 5, 6).sum(axis=1), 1)
    assert np.all(truth.reshape(200, 5).sum(axis=1) == 1)


def test_an_offset_is_a_drift_of_exactly_that():
    reports, truth = simulate("offset", 100_000, 1, np.random.default_rng(1), strength=0.2)
    assert np.mean(truth - reports[:, 0]) == pytest.approx(0.2, abs=0.01)


LEVELS = {
    **{kind: Plan(kind, 12, 1 if kind == "longshot" else 15) for kind in RATIONAL},
    "rounded": Plan("rounded", 12, 15),
    "rounded, many streams": Plan("rounded", 300, 6),
    "edge": Plan("edge", 100, 2),
    "sampled": Plan("sampled", 12, 15),
    "shaky": Plan("shaky", 12, 15),
    "words": Plan("words", 12, 15),
    "shared": Plan("shared", 30, 8, independent=False, group=30),
    "answers": Plan("answers", 20, 8, group=5),
    "open": Plan("steady", 12, 15, hidden=1.0),
    "half open": Plan("jumps", 12, 15, hidden=0.5),
}


@pytest.mark.parametrize("name", LEVELS)
def test_the_level_is_kept(name):
    audits = 400
    accused = int(np.isin(verdicts(LEVELS[name], audits, seed=8), ACCUSATIONS).sum())
    assert upper(accused, audits, 0.95) < 0.05


@pytest.mark.parametrize("streams", [300, 1000])
def test_longshots_rounded_to_nothing_keep_the_level(streams):
    """A belief of 0.49 % is reported as 0.00 and comes true as often as it should."""
    rng, audits = np.random.default_rng(5), 100
    n = audits * streams
    truth = (rng.random(n) < 0.0049).astype(float)
    found = decide(as_histories(np.zeros((n, 1)), truth), Setting(noise=Noise(0.01), independent=True),
                   np.repeat(np.arange(audits), streams))  # fmt: skip
    assert upper(int((found.verdict != "cannot tell").sum()), audits, 0.95) < 0.05


def test_a_level_can_be_missed():
    """What the test above would say of a statement that is wrong, and of rounding that is not declared."""
    for wrong in (Plan("shared", 30, 8, group=30), Plan("edge", 100, 2, declared=False), Plan("forgetful", 12, 15)):
        accused = int(np.isin(verdicts(wrong, 400, seed=8), ACCUSATIONS).sum())
        assert accused / 400 > 0.1


@pytest.mark.parametrize("plan", [*LEVELS.values(), Plan("offset", 200, 1, margin=0.3), Plan("certain", 20, 12)])
def test_many_tables_at_once_are_decided_as_each_alone(plan):
    n, told = 12, plan.setting
    h, owner = tables(plan, n, np.random.default_rng(5)), np.repeat(np.arange(n), plan.streams)
    together = decide(h, told, owner)
    for k in range(n):
        alone = audit(keep(h, owner == k), told.alpha, told.margin, told.noise, told.independent)
        assert alone.verdict == together.verdict[k] and alone.if_independent == together.if_independent[k]
        for bet, log_e in alone.log_e_any.items():
            assert log_e == pytest.approx(together.log_e_any[bet][k], abs=1e-9)
            assert alone.log_e_apart[bet] == pytest.approx(together.log_e[bet][k], abs=1e-9)


def test_a_forecaster_at_the_margin_is_not_called_consistent():
    outside = verdicts(Plan("offset", 100, 1, strength=0.25, margin=0.25), 400, seed=3)
    inside = verdicts(Plan("offset", 100, 1, strength=0.0, margin=0.25), 400, seed=3)
    assert upper(int((outside == "consistent").sum()), 400, 0.95) < 0.05
    assert (inside == "consistent").mean() > 0.3


def test_a_few_wild_streams_at_the_margin_are_not_called_consistent():
    plan = Plan("restless", 40, 6, strength=0.08, margin=restless_excess(0.08, 6))
    s = steps(tables(plan, 5000, np.random.default_rng(1)))
    x = s.sums((1 - 2 * s.now) * s.change)
    assert x.mean() == pytest.approx(plan.margin, abs=4 * x.std() / len(x) ** 0.5) and 3.2 < x.max() < 6
    assert upper(int((verdicts(plan, 2000, seed=3) == "consistent").sum()), 2000, 0.95) < 0.05
    calm = verdicts(Plan("restless", 150, 4, strength=0.0, margin=0.25), 200, seed=3)
    assert (calm == "consistent").mean() > 0.9


def test_the_level_of_the_intervals_is_that_of_alpha():
    h = made("steady", 800, 6)
    strict, lax = (audit(h, alpha=alpha, margin=0.1, independent=True) for alpha in (1e-6, 0.05))
    assert strict.verdict == "cannot tell" and lax.verdict == "consistent"
    for name in ("movement", "drift"):
        assert np.ptp(ends(strict, name)) > np.ptp(ends(lax, name))
    assert columns(lax)[4] == "95 % (exact)" and columns(strict)[4] == "99.9999 % (exact)"


def ends(a, name: str) -> list[float]:
    return [a.tests[name].bounded.low, a.tests[name].bounded.high]


@given(st.lists(st.lists(st.integers(0, 10), min_size=2, max_size=8), min_size=1, max_size=5), st.booleans())
def test_x_lies_in_its_range_and_so_do_rounded_reports(streams, resolved):
    noise = Noise(0.1)
    h = histories([[b / 10 for b in stream] for stream in streams], [1] * len(streams) if resolved else None)
    found = decide(h, Setting(noise=noise, independent=True)).sums
    for name in ("movement", "drift", "stopped"):
        part = found[name]
        low, high, most = margin.ends(name, part.updates, noise)
        assert np.all((low - 1e-9 <= part.by_cluster) & (part.by_cluster <= high + 1e-9))
        assert np.all(np.maximum(part.up, part.down) <= most + 1e-9)


def test_power_grows_with_the_fault():
    found = [verdicts(Plan("overreact", 60, 20, strength=k), 100, seed=3) == "moves too much" for k in (1.0, 1.5, 2.5)]
    assert found[0].sum() <= 5 and found[0].sum() < found[1].sum() < found[2].sum()
    assert np.all(verdicts(Plan("forgetful", 30, 20), 50, seed=3) == "moves too much")
    assert len(set(KINDS)) == len(RATIONAL) + len(TOGETHER) + len(NOISE) + len(FAULTY)


@pytest.mark.parametrize("independent", [True, False])
@pytest.mark.parametrize("plan", [Plan("steady", 7, 9), Plan("rounded", 7, 9), Plan("answers", 10, 6, group=5)])
def test_the_money_over_time_ends_at_the_evidence(plan, independent):
    h = tables(plan, 1, np.random.default_rng(2))
    a = audit(h, noise=plan.setting.noise, independent=independent)
    times, logs = money(h, a.setting)
    assert np.all(np.diff(times) > 0) and times[-1] == h.time.max()
    for bet, log_e in a.log_e.items():
        assert logs[bet][-1] == pytest.approx(log_e, abs=1e-9)
    # On a day before the end it is the evidence of a table that ends there (truths apart, which come last).
    early = histories([h.belief[a:b][:4] for a, b in zip(h.starts[:-1], h.starts[1:])], groups=h.cluster.tolist())
    then = audit(early, noise=plan.setting.noise, independent=independent)
    k = int(np.flatnonzero(times == 3)[0])
    for bet, log_e in then.log_e.items():
        # A hold that goes on is charged at once, also if the report has just changed.
        assert logs[bet][k] <= log_e + 1e-9
        if not plan.setting.noise.any():
            assert logs[bet][k] == pytest.approx(log_e, abs=1e-9)


BETS = [("drift", +1), ("drift", -1), ("movement", +1), ("movement", -1), ("momentum", +1), ("momentum", -1)]
JUDGED = [
    ((5, 0, 9, 0, 0, 0), False, True, "drifts"),
    ((0, 0, 5, 0, 0, 0), False, True, "moves too much"),
    ((0, 0, 0, 5, 0, 9), False, True, "moves too little"),
    ((0, 0, 0, 0, 0, 5), False, True, "moves too much"),
    ((0, 0, 0, 0, 5, 0), False, True, "moves too little"),
    ((0, 0, 0, 0, 0, 0), False, True, "consistent"),
    ((4, 0, 0, 0, 0, 0), False, True, "consistent"),
    ((4, 4, 4, 4, 4, 4), False, False, "cannot tell"),
    ((0, 0, 0, 0, 0, 0), True, True, "certain too soon"),
    ((9, 0, 9, 0, 0, 0), True, False, "certain too soon"),
]


def test_the_verdict_by_table():
    log_e = {bet: np.array([float(row[0][k]) for row in JUDGED]) for k, bet in enumerate(BETS)}
    certain, within = (np.array([row[k] for row in JUDGED]) for k in (1, 2))
    found = judge(log_e, certain, within, np.log(Setting().needed))
    assert found.tolist() == [row[3] for row in JUDGED]
