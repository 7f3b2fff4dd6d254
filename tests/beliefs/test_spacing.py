"""The spacing that reports visibly use: few uneven words are no fault, and whole percents stay whole percents."""

import json

import numpy as np
import pytest

from readoff.beliefs.audit import audit
from readoff.beliefs.decide import Setting, decide
from readoff.beliefs.forecasters import WORDS, as_histories, simulate
from readoff.beliefs.noise import Noise
from readoff.beliefs.power import ACCUSATIONS, Plan, verdicts
from readoff.beliefs.spacing import grid_of, spacing
from readoff.beliefs.streams import histories
from readoff.beliefs.words import reading
from readoff.statistics.binomial import upper

# Levels, and the spacing that a large table of them shows: the widest gap, or twice the way to certainty.
SCALES = {
    "no, maybe, yes": ([0, 0.5, 1], 0.5),
    "three words": ([0.05, 0.5, 0.95], 0.45),
    "four words": ([0.01, 0.33, 0.67, 0.99], 0.34),
    "exact thirds": ([0, 1 / 3, 2 / 3, 1], 1 / 3),
    "thirds without certainty": ([1 / 3, 2 / 3], 2 / 3),
    "quarters": ([0.25, 0.5, 0.75], 0.5),
    "eight words": ([0.02, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9, 0.98], 0.2),
    "seven words": ([0.07, 0.2, 0.3, 0.5, 0.7, 0.8, 0.93], 0.2),
    "odd tens": ([0.1, 0.3, 0.5, 0.7, 0.9], 0.2),
    "fiftieths": ([k / 50 for k in range(51)], 0.02),
    "twelfths": ([k / 12 for k in range(13)], 1 / 12),
}


def worded(levels, streams: int, dates: int, seed: int):
    """A lawful forecaster with steady news who says the nearest of a few levels."""
    reports, truth = simulate("steady", streams, dates, np.random.default_rng(seed))
    levels = np.asarray(levels, dtype=float)
    return as_histories(levels[np.abs(reports[..., None] - levels).argmin(-1)], truth)


@pytest.mark.parametrize("name", SCALES)
def test_coarse_scales_are_seen_and_their_users_not_accused(name):
    levels, gap = SCALES[name]
    found = spacing(worded(levels, 300, 8, 1))
    assert found.rounding == pytest.approx(gap) and found.levels == len(levels)
    for streams, dates, audits in ((5, 8, 100), (20, 8, 60), (300, 12, 10)):
        accused = 0
        for seed in range(audits):
            h = worded(levels, streams, dates, seed)
            noise = Noise(spacing(h).rounding)
            accused += str(decide(h, Setting(noise=noise, independent=True)).verdict[0]) in ACCUSATIONS
        assert accused <= audits // 20


@pytest.mark.parametrize("name", ["three words", "four words", "seven words"])
def test_on_the_grid_where_the_words_lie_they_would_be_accused(name):
    h = worded(SCALES[name][0], 1000, 20, 1)
    grid = Noise(grid_of(h.belief))
    assert audit(h, noise=grid, independent=True).verdict == "moves too much"
    assert audit(h, independent=True).verdict == "cannot tell"


PERCENTS = [("steady", 5, 8), ("jumps", 30, 12), ("hazard", 1000, 20), ("stale", 200, 20), ("longshot", 1000, 1)]


@pytest.mark.parametrize(("kind", "streams", "dates"), PERCENTS)
@pytest.mark.parametrize("appended", [False, True])
def test_whole_percents_stay_whole_percents(kind, streams, dates, appended):
    found = []
    for seed in range(12):
        reports, truth = simulate(kind, streams, dates, np.random.default_rng(seed))
        if appended:
            reports, truth = np.column_stack([reports, truth]), np.full(streams, np.nan)
        found.append(spacing(as_histories(np.round(reports, 2), truth)).rounding)
    assert found.count(0.01) >= 11


@pytest.mark.parametrize(
    ("streams", "rounding"),
    [
        ([[0.3, 0.5]], 0.1),
        ([[0.31, 0.5, 0.97]], 0.01),
        ([[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9, 0.9, 0.9]], 0.1),
        ([[0.49, 0.5] * 20] * 40, 0.01),
        ([[0.5, 1.0]] * 40 + [[0.5, 0.0]] * 40, 0.1),
        ([[0.123456789, 0.4]], 0.0),
        (np.random.default_rng(0).random((50, 20)), 0.0),
    ],
    ids=["two reports", "three", "repeated and not reported anew", "a wobble", "outcomes appended", "no grid", "exact"],
)
def test_little_is_not_taken_for_coarse(streams, rounding):
    found = spacing(histories(streams))
    assert found.rounding == rounding and found.note() is None


def test_it_is_said_and_can_be_contradicted():
    """Two levels in turns: one who forgets, or one with two words whose belief stays near one half."""
    h = as_histories(*simulate("forgetful", 40, 12, np.random.default_rng(0)))
    a = audit(h, independent=True)
    assert a.verdict == "cannot tell" and a.setting.noise.rounding == 0.5
    said = " ".join(reading(a))
    assert "the reports use only 2 levels, up to 0.5 apart" in said and "--rounding (0.05, or 0" in said
    assert audit(h, noise=Noise(0.05), independent=True).verdict == "moves too much"


def test_the_command_says_it_too(tmp_path, capsys):
    from readoff.cli.main import main

    rows = [f"q{k},{t},{WORDS[(k + t) % 3]}" for k in range(30) for t in range(6)]
    (tmp_path / "words.csv").write_text("question,time,p\n" + "\n".join(rows) + "\n")
    for flags, rounding in (([], 0.45), (["--rounding", "0.05"], 0.05)):
        assert main(["beliefs", str(tmp_path / "words.csv"), *flags]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["noise"]["rounding"] == pytest.approx(rounding)
        assert any("use only 3 levels" in caveat for caveat in found["caveats"]) == (not flags)


def test_tables_are_judged_each_by_its_own_spacing():
    plan, audits = Plan("words", 6, 5, found=True), 300
    said = verdicts(plan, audits, seed=2)
    assert len(said) == audits and upper(int(np.isin(said, ACCUSATIONS).sum()), audits, 0.95) < 0.05
    wrong = verdicts(Plan("words", 100, 8, noise=Noise(0.05)), 50, seed=2)
    assert np.isin(wrong, ACCUSATIONS).mean() > 0.5
