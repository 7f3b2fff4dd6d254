"""Calibration: exact parts, weights that nobody needs the future for, and intervals that cover."""

import numpy as np
import pytest

from readoff.beliefs.calibration import SCORES, calibration, wilson
from readoff.beliefs.forecasters import as_histories, simulate
from readoff.beliefs.streams import histories


def closing(n: int, seed: int, dates: int = 30):
    """Questions that close when the event happens, forecast rationally: who knows the hazard falls slowly."""
    rng = np.random.default_rng(seed)
    streams, truth = [], []
    for _ in range(n):
        mass = rng.uniform(0.1, 0.9)
        when = rng.integers(0, dates) if rng.random() < mass else dates
        passed = np.arange(min(when, dates - 1) + 1) / dates
        streams.append(mass * (1 - passed) / (1 - mass * passed))
        truth.append(float(when < dates))
    return histories(streams, truth)


def test_the_brier_score_is_the_sum_of_its_parts():
    rng = np.random.default_rng(9)
    reports, truth = simulate("steady", 500, 8, rng)
    c = calibration(as_histories(reports, truth))
    assert c.score["brier"] == pytest.approx(np.mean((reports - truth[:, None]) ** 2))
    brier, reliability, resolution, uncertainty, rest, sharpness, spread = (c.score[name] for name in SCORES)
    assert brier == pytest.approx(reliability - resolution + uncertainty + rest)
    assert sharpness == pytest.approx(np.mean(reports * (1 - reports))) and spread == pytest.approx(np.var(reports))
    assert sum(b.reports for b in c.bins) == c.reports == 4000 and max(b.clusters for b in c.bins) <= 500
    assert calibration(histories([[0.2, 0.3]])) is None


def test_every_report_counts_once():
    """Three reports of 0.3 on a question that came true and one on one that did not: 3 of 4."""
    c = calibration(histories([[0.3, 0.31, 0.32], [0.3]], outcomes=[1, 0]))
    assert [(b.reports, b.clusters, b.frequency) for b in c.bins] == [(4, 2, 0.75)]


def test_questions_that_close_when_the_event_happens_do_not_look_miscalibrated():
    missed = total = 0
    for seed in range(20):
        for b in calibration(closing(400, seed)).bins:
            total += 1
            missed += not b.interval.low <= b.forecast <= b.interval.high
    assert missed / total < 0.1
    # The mutant: a weight of 1 split over the reports of each question.
    h = closing(4000, 1)
    weight = np.repeat(1 / h.lengths(), h.lengths())
    here = (h.belief >= 0.4) & (h.belief < 0.5)
    rate = np.average(h.outcome[h.stream_of_row()][here], weights=weight[here])
    assert abs(rate - np.average(h.belief[here], weights=weight[here])) > 0.1


@pytest.mark.parametrize("kind", ["steady", "jumps"])
@pytest.mark.parametrize("n", [30, 200])
def test_the_intervals_cover(kind, n):
    rng = np.random.default_rng(4)
    missed = total = 0
    for _ in range(60):
        for b in calibration(as_histories(*simulate(kind, n, 12, rng))).bins:
            total += 1
            missed += not b.interval.low <= b.forecast <= b.interval.high
    assert missed / total < 0.1


def test_the_scores_have_intervals_that_cover():
    rng = np.random.default_rng(5)
    truth = calibration(as_histories(*simulate("steady", 40_000, 6, rng))).score
    missed = dict.fromkeys(set(SCORES) - {"within_bins"}, 0)
    for _ in range(100):
        c = calibration(as_histories(*simulate("steady", 100, 6, rng)))
        for name in missed:
            missed[name] += not c.interval[name].low <= truth[name] <= c.interval[name].high
    assert all(count <= 16 for count in missed.values()), missed


def test_without_independent_clusters_there_is_no_interval():
    one = calibration(histories([[0.2], [0.9]], outcomes=[0, 1], groups=["x", "x"]))
    unstated = calibration(histories([[0.2], [0.9]], outcomes=[0, 1]), independent=False)
    for c in (one, unstated):
        assert all(np.isnan(b.interval.low) for b in c.bins)
        assert all(np.isnan(c.interval[name].low) for name in SCORES)


def test_wilson():
    low, high = wilson(0.5, 10).low, wilson(0.5, 10).high
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
