"""Every row of the beliefs table gives a verdict, its controls come out as declared, and its numbers agree."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from readoff.beliefs.power import Plan
from readoff.claims import Seeds
from readoff.claims.claim import Claim
from readoff.claims.runner import check
from readoff.claims.select import claims_in
from readoff.studies.beliefs import doom, faults, law, levels, limits, real, tails, walks
from readoff.studies.beliefs.simulated import Drawn

CLAIMS = {c.id: c for c in claims_in([doom, faults, levels, law, limits, real, tails, walks])}
ROWS = "variance steps one-step tail doom doom-big quadratic wiener near-half hitting forgetful gaussian real".split()
# One claim about the level of each kind of noise, and about "consistent", runs always; the others take their time.
SHORT = {
    f"beliefs/gaussian/{name}"
    for name in """level-jumps level-rounded level-edge level-sampled level-shaky level-words level-consistent
    level-heavy certain heavy-tails""".split()
}
LONG = {name for name in CLAIMS if name.startswith("beliefs/gaussian/")} - SHORT
IDS = [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in CLAIMS]


def verdict(claim: Claim) -> dict:
    return check([claim]).records[0]


def test_every_row_has_a_claim():
    assert {"/".join(name.split("/")[:2]) for name in CLAIMS} == {f"beliefs/{row}" for row in ROWS}


@pytest.mark.parametrize("name", IDS)
def test_it_holds_and_its_controls_fail(name):
    found = verdict(CLAIMS[name])
    assert found["verdict"] == "HOLDS", found["reason"]
    assert found["controls"] and all(control["as_expected"] for control in found["controls"])
    assert found["agrees"] in (None, "yes")


LEVEL = CLAIMS["beliefs/gaussian/level-jumps"]


LADDERS = ("beliefs/gaussian/power", "beliefs/gaussian/few-streams")


def of(claim: Claim, plan: Plan, histories: int = 400) -> dict:
    """The verdict of the same judge about other histories, without controls."""
    about = replace(claim.about, build=lambda: Drawn(plan, histories), draws=histories)
    return verdict(replace(claim, about=about))


def test_every_simulated_claim_counts_draws_and_is_sampled():
    simulated = [c for c in CLAIMS.values() if getattr(c.about, "draws", None)]
    assert len(simulated) == 25 and all(isinstance(c.scope, Seeds) for c in simulated)
    levels = [c for c in simulated if "/level-" in c.id]
    assert len(levels) == 15 and all(c.about.draws >= 10_000 for c in levels)
    assert {type(c.about.build().plan).__name__ for c in levels} == {"Plan"}


def test_the_controls_are_as_many_histories():
    for claim in CLAIMS.values():
        if getattr(claim.about, "draws", None) and claim.id not in LADDERS:
            for control in claim.must_fail:
                spoilt = control.mutate(claim.about)
                assert spoilt.change(claim.about.build()).histories == claim.about.draws, claim.id
    assert set(LADDERS) <= set(CLAIMS)


def test_a_lawful_forecaster_in_place_of_the_control_would_hold():
    """So the control fails for what the forecaster does, not for how many histories there are."""
    assert of(LEVEL, Plan("steady", 5, 8))["verdict"] != "FAILS"


@pytest.mark.parametrize(
    "plan",
    [Plan("noisy", 5, 8, strength=2.0), Plan("shared", 20, 8, group=20), Plan("edge", 20, 2, declared=False)],
    ids=["noisy", "dependent and called independent", "rounded and called exact"],
)
def test_the_guilty_have_no_level(plan):
    found = of(LEVEL, plan, 2000)
    assert found["verdict"] == "FAILS" and found["inputs"] == "SAMPLED" and found["scope"] == "Seeds"


def test_each_condition_on_power_is_broken_by_a_control_that_could_have_met_it():
    """Not by comparing a number with its own copy: by weak faults, by fewer streams, and by no fault."""
    power = CLAIMS["beliefs/gaussian/power"]
    broken = set()
    for control in power.must_fail:
        n = faults.climb(replace(control.mutate(power.about).change(faults.Ladders()), histories=12)).numbers
        for k in faults.KINDS:
            last = n[k][:, -1, -1]
            assert np.all(last != n[k][:, 0, -1]) and np.all(last != n[k][:, -1, 0])
            tries = (last > n[k][:, 0, -1], last > n[k][:, -1, 0], last >= n["bar"])
            broken |= {j for j, met in enumerate(tries) if met.mean() < 0.5}
    assert broken == {0, 1, 2}


def test_too_few_histories_cannot_show_a_level():
    assert of(LEVEL, Plan("jumps", 5, 8), 50)["verdict"] == "ERROR"


def test_a_claim_notices_when_the_audit_disagrees(monkeypatch):
    from readoff.studies.beliefs import simulated

    assert of(LEVEL, Plan("jumps", 5, 8), 500)["verdict"] == "HOLDS"
    monkeypatch.setattr(simulated, "verdicts", lambda plan, n, seed: np.repeat("consistent", n))
    assert of(LEVEL, Plan("jumps", 5, 8), 500)["verdict"] == "FAILS"


@cache
def table() -> str:
    return real.text("world_cup_2014.csv")


def test_the_shipped_table_is_the_tournament():
    header, *lines = table().strip().split("\n")
    rows = [dict(zip(header.split(","), line.split(","))) for line in lines]
    times = sorted({row["time"] for row in rows})
    assert len(times) == 84 and len({row["country"] for row in rows}) == 32 and len(rows) == 84 * 32
    for stage, places in zip(real.STAGES, (8, 16, 8, 4, 2, 1)):
        for time in times:
            total = sum(float(row[stage]) for row in rows if row["time"] == time)
            assert abs(total - places) < 0.01


def test_the_outcomes_of_the_tournament():
    header, *lines = real.outcomes(table()).strip().split("\n")
    rows = [dict(zip(header.split(","), line.split(","))) for line in lines]
    assert [sum(int(row[stage]) for row in rows) for stage in real.STAGES] == [8, 16, 8, 4, 2, 1]
    assert [row["country"] for row in rows if row["win"] == "1"] == ["Germany"]
    assert [row["country"] for row in rows if row["cup"] == "1"] == ["Argentina", "Germany"]
    open_ones = real.outcomes(table(), appended=False).strip().split("\n")[1:]
    assert sum(line.endswith(",") for line in open_ones) == 2


def test_even_drops_are_even():
    even = doom.even_drops(doom.even_doom())
    assert {even.drop(week) for week in range(1, 521)} == {doom.MASS / 520}
    assert sum(even.masses) == doom.MASS
    assert even.expected_movement() == doom.MASS * (1 - doom.MASS)


def test_every_point_of_the_pictures_of_the_world_cup_can_be_drawn():
    chances, thinned = (e.data for e in real.pictures(real.world_cup(), {}))
    for data in (chances, thinned):
        assert len(data["x"]) == len(data["y"]) > 5 and np.isfinite(np.array([data["x"], data["y"]], float)).all()
    assert thinned["x"][0] < 1 < thinned["x"][-1] < 35  # days, of a tournament of five weeks
    assert all("FiveThirtyEight" in e.caption and "CC BY 4.0" in e.caption for e in real.pictures(real.world_cup(), {}))
    assert set(chances["series"]) == {"Argentina", "Brazil", "Germany"}
