"""What a measure may return, and what is made of it."""

import json
from fractions import Fraction

import numpy as np
import pytest

from readoff.claims.enclosure import Enclosure
from readoff.claims.evidence import Exhibit, allowed, as_measured, certified, enumerated, pack, sampled, summary, unpack
from readoff.core.errors import BadValue


def test_a_plain_dict_is_sampled():
    assert as_measured({"x": 1.5}).inputs == "SAMPLED"
    assert as_measured(sampled(x=1)).inputs == "SAMPLED"
    assert as_measured(enumerated(x=1)).inputs == "ENUMERATED"
    assert as_measured(certified(x=1)).inputs == "CERTIFIED"


@pytest.mark.parametrize("wrong", [None, 3.0, [1, 2], {"x": "text"}, {"x": None}, {"x": [1j]}])
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(BadValue, match=r"named numbers|expected numbers"):
        as_measured(wrong)


@pytest.mark.parametrize("inputs", ["ENUMERATED", "SAMPLED"])
def test_floating_point_numbers_get_an_allowance(inputs):
    answer = allowed(np.array([1e-12, 1e-6, -1e-12, np.nan, np.inf]), inputs) > 0
    assert answer.certainly.tolist() == [False, True, False, False, True]
    assert answer.possibly.tolist() == [True, True, True, True, True], "a NaN decides nothing"
    near, far = allowed(1e6 + 1e-5, inputs) > 1e6, allowed(1e6 + 1e-3, inputs) > 1e6
    assert not near.certainly and near.possibly and far.certainly, "relative for large numbers"


@pytest.mark.parametrize(("dtype", "inside", "outside"), [(np.float32, 1e-6, 1e-5), (np.float16, 0.01, 0.1)])
def test_narrower_types_get_more(dtype, inside, outside):
    assert not (allowed(dtype(inside), "ENUMERATED") > 0).certainly
    assert (allowed(dtype(outside), "ENUMERATED") > 0).certainly


def test_whole_numbers_and_certified_ones_get_none():
    for exact in (3, True, np.arange(3), np.array([True]), np.float64(1e-300)):
        assert allowed(exact, "CERTIFIED") is exact
    for exact in (3, True, np.arange(3), np.array([True])):
        assert allowed(exact, "ENUMERATED") is exact


def test_the_measured_number_itself_stays_plain():
    measured = as_measured(enumerated(margin=1e-12, tau=-1.0))
    assert measured.numbers == {"margin": 1e-12, "tau": -1.0} and summary(measured) == {"margin": 1e-12, "tau": -1.0}


def test_pairs_become_enclosures_in_certified():
    number = as_measured(certified(entropy=(2.2, 2.3))).numbers["entropy"]
    assert isinstance(number, Enclosure) and bool(number > 2)


def test_summary_is_json():
    numbers = {"a": np.array([3.0, 1.0, 2.0, np.nan]), "b": 2, "c": Enclosure(1.0, 2.0), "d": np.array([np.nan])}
    found = summary(as_measured(enumerated(**numbers, e=True)))
    assert found == {
        "a": {"count": 4, "finite": 3, "low": 1.0, "median": 2.0, "high": 3.0},
        "b": 2.0,
        "c": [1.0, 2.0],
        "d": {"count": 1, "finite": 0},
        "e": True,
    }
    json.dumps(found, allow_nan=False)


def test_pack_and_unpack():
    measured = as_measured(
        certified(x=(np.array([1.0, np.nan]),) * 2, n=3, entropy=(1.0, 2.0), yes=np.array([True, False]))
    )
    again = unpack(pack(measured))
    assert again.inputs == "CERTIFIED" and set(again.numbers) == set(measured.numbers)
    assert again.numbers["n"] == 3 and again.numbers["yes"].dtype == bool
    assert (again.numbers["entropy"].lo, again.numbers["entropy"].hi) == (1.0, 2.0)


def test_fractions_are_certified_and_floats_are_not():
    third = certified(x=Fraction(1, 3), half=Fraction(1, 2)).numbers
    assert Fraction(float(third["x"].lo)) < Fraction(1, 3) < Fraction(float(third["x"].hi))
    assert third["half"].lo == third["half"].hi == 0.5
    for value in (0.5, np.float32(1), np.array([1.0]), float("nan")):
        with pytest.raises(BadValue, match="floats are not certified: give a whole number, a Fraction"):
            as_measured(certified(x=value))
    assert as_measured(certified(x=np.arange(3), y=True)).inputs == "CERTIFIED"


def test_exhibits_are_json():
    data = {"rows": np.array([[1.0, np.inf]]), "n": np.int64(3)}
    made = Exhibit("e", "table", "T", "C", data).to_json()
    assert made["data"] == {"rows": [[1.0, None]], "n": 3}
    with pytest.raises(BadValue, match="kind 'pie'"):
        Exhibit("e", "pie", "T", "C", {})
