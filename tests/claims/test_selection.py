"""When a condition is a copy of the outcome, and when it only looks like it."""

import numpy as np
import pytest

from readoff.claims.enclosure import Enclosure, Maybe, maybe
from readoff.claims.selection import coincide, come_apart, copied

RNG = np.random.default_rng(0)
X = RNG.standard_normal(64)
ALL = maybe(np.ones(64, dtype=bool))


def found(asked, judged):
    return copied({"asked": asked, "judged": judged}, {"asked"}, {"judged"})


COPIES = {
    "itself": X,
    "negated": -X,
    "line": 3 * X + 100,
    "float32": X.astype(np.float32),
    "float32 far from 0": (X + 1000).astype(np.float32),
    "enclosure": Enclosure(X - 1e-9, X + 1e-9),
    "one of several columns": np.stack([X**0, X], axis=1),
    "with the same gaps": np.where(X > 1, np.nan, X),
    "logarithm": np.log(X - X.min() + 1),
}


@pytest.mark.parametrize("copy", COPIES)
def test_copies(copy):
    original = np.where(X > 1, np.nan, X) if copy == "with the same gaps" else X
    assert "(asked)" in found(COPIES[copy], original) and "(asked)" in found(original, COPIES[copy])


HONEST = {
    "something else": RNG.permutation(X),
    "nearly": X + 0.3 * RNG.standard_normal(64),
    "two values": (X > 0).astype(float),
    "a constant": np.ones(64),
    "one odd network in both": np.where(np.arange(64) == 3, 1e6, RNG.standard_normal(64)),
    "close to a constant": 1 + 1e-9 * RNG.standard_normal(64),
    "no number at all": np.full(64, np.nan),
    "fewer": np.arange(10.0),
    "one for all": 3.0,
}


@pytest.mark.parametrize("other", HONEST)
def test_no_copies(other):
    judged = np.where(np.arange(64) == 3, 2e6, X) if other == "one odd network in both" else X
    assert found(HONEST[other], judged) == found(judged, HONEST[other]) == ""


def test_few_values_in_one_order_may_be_a_coincidence():
    three = np.repeat([0.0, 1.0, 5.0], [20, 20, 24])
    assert found(three, np.repeat([0.0, 2.0, 3.0], [20, 20, 24])) == ""
    assert found(three, 2 * three) != "", "but not on a line"


def test_the_same_name():
    assert "(a)" in copied({"a": X, "b": X[::-1]}, {"a"}, {"a", "b"})


def test_a_condition_that_comes_out_as_the_outcome_does():
    mask = np.arange(64) < 40
    assert coincide(maybe(mask), maybe(mask)) and not come_apart(maybe(mask), maybe(mask))
    other = maybe(np.arange(64) < 39)
    assert not coincide(maybe(mask), other) and come_apart(maybe(mask), other)
    assert not coincide(ALL, ALL), "all meet it and all pass"
    unsure = Maybe(mask, mask | (np.arange(64) == 50))
    assert not coincide(maybe(mask), unsure) and not come_apart(other, unsure), "what is not certain shows nothing"
