"""What a measure may return, and what is made of it."""

import json

import numpy as np
import pytest

from readoff.claims.enclosure import Enclosure
from readoff.claims.evidence import Exhibit, as_measured, certified, enumerated, pack, sampled, summary, unpack
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


@pytest.mark.parametrize("name", ["margin", "margins", "min_margin", "margin_of_head", "pairs/margin"])
def test_floating_margins_get_an_allowance(name):
    number = as_measured(enumerated(**{name: np.array([1e-12, 1e-6, -1e-12, np.nan])})).numbers[name]
    answer = number > 0
    assert answer.certainly.tolist() == [False, True, False, False]
    assert answer.possibly.tolist() == [True, True, True, False], "a NaN is a wrong answer, not an open one"


def test_certified_margins_and_other_numbers_get_none():
    assert as_measured(certified(margin=1e-300)).numbers["margin"] == 1e-300
    assert as_measured(enumerated(marginal=1e-12, tau=-1.0)).numbers == {"marginal": 1e-12, "tau": -1.0}


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
    measured = as_measured(certified(x=np.array([1.0, np.nan]), n=3, entropy=(1.0, 2.0), yes=np.array([True, False])))
    again = unpack(pack(measured))
    assert again.inputs == "CERTIFIED" and set(again.numbers) == set(measured.numbers)
    assert again.numbers["n"] == 3 and again.numbers["yes"].dtype == bool
    assert (again.numbers["entropy"].lo, again.numbers["entropy"].hi) == (1.0, 2.0)


def test_exhibits_are_json():
    data = {"rows": np.array([[1.0, np.inf]]), "n": np.int64(3)}
    made = Exhibit("e", "table", "T", "C", data).to_json()
    assert made["data"] == {"rows": [[1.0, None]], "n": 3}
    with pytest.raises(BadValue, match="kind 'pie'"):
        Exhibit("e", "pie", "T", "C", {})
