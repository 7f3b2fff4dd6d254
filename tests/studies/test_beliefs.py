"""Every row of the beliefs table gives a verdict, its controls come out as declared, and its numbers agree."""

from dataclasses import replace
from functools import cache

import pytest

from readoff.claims.claim import Claim
from readoff.claims.runner import check
from readoff.claims.select import claims_in
from readoff.studies.beliefs import doom, faults, law, levels, limits, real, walks
from readoff.studies.beliefs.simulated import Simulated

CLAIMS = {c.id: c for c in claims_in([doom, faults, levels, law, limits, real, walks])}
ROWS = "variance steps one-step tail doom doom-big quadratic wiener near-half hitting forgetful gaussian real".split()
LONG = {"beliefs/gaussian/power", "beliefs/gaussian/over-reacting", "beliefs/gaussian/under-reacting",
        "beliefs/gaussian/biased", "beliefs/gaussian/noisy", "beliefs/gaussian/z-test"}  # fmt: skip
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


def test_the_level_needs_ten_thousand_histories():
    claim = CLAIMS["beliefs/gaussian/level-jumps"]
    few = replace(claim.about, build=lambda: Simulated("jumps", 200, 8, 12))
    assert verdict(replace(claim, about=few))["verdict"] != "HOLDS"


def test_a_guilty_forecaster_has_no_level():
    claim = CLAIMS["beliefs/gaussian/level-steady"]
    guilty = replace(claim.about, build=lambda: Simulated("noisy", 10_000, 8, 12, strength=2.0))
    assert verdict(replace(claim, about=guilty))["verdict"] == "FAILS"


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
