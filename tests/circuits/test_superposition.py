"""Words as predicates: the table of hand-built cases, what must not matter, exact certificates, and bad input."""

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.certificates.superposed import check_superposed
from readoff.circuits.features import declare, token_counts
from readoff.circuits.superposition import (
    PREDICATES,
    describe,
    dimensions,
    polysemantic,
    recovery,
    recovery_each,
    strict_numbers,
    superposed,
    threshold_margins,
)
from readoff.constructions.polysemantic import CASES, pentagon, rotated, scalar_code
from readoff.core.errors import BadValue
from readoff.tasks import Pairs

TRIANGLE = {
    "schema": 1,
    "space": [[0, 0], [2, 0], [-1, 2], [-1, -2]],
    "weights": [5, 1, 1, 1],
    "sparse": [1, 4],
    "features": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "functionals": [[1, 0, -1], [0, 1, -1], [0, -1, -1]],
}


@pytest.mark.parametrize(
    "name",
    ["circuits.features", "circuits.superposition", "constructions.polysemantic", "certificates.superposed"],
)
def test_examples_in_the_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"readoff.{name}")).failed == 0


@pytest.mark.parametrize("case", CASES(), ids=lambda c: c.name)
def test_the_words_that_fit_each_case(case):
    assert tuple(p.word for p in describe(case.features, case.space) if p.holds) == case.words


def test_every_word_has_a_yes_and_a_no():
    for predicate in PREDICATES:
        answers = {predicate(case.features, case.space).holds for case in CASES()}
        assert answers == {True, False}, predicate.__name__


def test_numbers_by_hand():
    case = rotated()
    assert recovery(case.features, case.space) == pytest.approx(1)
    assert case.features.capacity(2) == pytest.approx(0.5) and case.features.n_features == 4
    assert polysemantic(case.features, case.space).numbers["most_features_of_a_unit"] == 4
    one = recovery_each(case.features, case.features.values[:, :2])
    assert one == pytest.approx([1, 1, 0, 0])
    code = scalar_code()
    assert threshold_margins(code.features, code.space).tolist()[:2] == [0, 0]  # 1 and 4 lie between others
    assert threshold_margins(code.features, code.space)[2] > 0  # 6 lies at the end


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(CASES()))
def test_invertible_maps_change_no_basis_free_answer(seed, case):
    """Superposed, decomposable, nonlinear do not depend on the basis or the origin of the space."""
    rng = np.random.default_rng(seed)
    width = case.space.shape[1]
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0] * rng.uniform(0.5, 2, width)
    moved = case.space @ turn + rng.normal(size=width)
    for predicate in (p for p in PREDICATES if p.__name__ in ("superposed", "decomposable", "nonlinear")):
        assert predicate(case.features, moved).holds == predicate(case.features, case.space).holds


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_recovery_never_beats_the_capacity(seed, width):
    rng = np.random.default_rng(seed)
    features = declare({f"f{i}": rng.integers(0, 3, 40) for i in range(4)}, rng.integers(1, 5, 40))
    spaces = rng.normal(size=(3, 40, width)) + features.values @ rng.normal(size=(4, width))
    found = recovery(features, spaces)
    assert found.shape == (3,) and (found <= features.capacity(width) + 1e-9).all()
    assert dimensions(features, spaces).tolist() == [width] * 3


def test_signal_counts_of_the_pair_task_have_three_dimensions():
    domain = Pairs().domain(orbits=True)
    with pytest.raises(BadValue, match="rank 3"):
        token_counts(domain, range(1, 5), "1234")
    counts = token_counts(domain, range(1, 5), "1234", dependent=True)
    assert counts.n_features == 3
    assert [counts.capacity(d) for d in (1, 2, 3, 10)] == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert counts.activity == pytest.approx([7 / 16] * 4)


def test_many_spaces_at_once_give_the_same_answers():
    case = pentagon()
    spaces = np.stack([case.space, case.space * [1, 0.0], case.space[::-1], -2 * case.space + 1])
    found = strict_numbers(case.features, spaces)
    one = [superposed(case.features, space) for space in spaces]
    assert found["holds"].tolist() == [p.holds for p in one] == [True, False, False, True]
    margins = threshold_margins(case.features, spaces)
    assert margins.shape == (4, 5)
    np.testing.assert_allclose(margins, [threshold_margins(case.features, space) for space in spaces], atol=1e-9)


def test_thresholds_can_be_stated():
    case = pentagon()
    assert not superposed(case.features, case.space, sparse=0.05).holds
    assert not superposed(case.features, case.space, margin=0.9).holds


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"a": [1, 1, 1]}, "constant"),
        ({"a": [0, 1, 0], "b": [0, 2, 0]}, "dependent"),
        ({"a": [0, 1, 0], "b": [1, 0, 1]}, "dependent"),
        ({"a": [0.1, 0.7, 0.3], "b": [0.2, 1.4, 0.6]}, "dependent"),
        ({"a": [0, 1]}, "shape"),
        ({"a": [0, 1, np.nan]}, "finite"),
        ({}, "at least one name"),
    ],
)
def test_features_that_cannot_be_asked_about(features, message):
    with pytest.raises(BadValue, match=message):
        declare(features, [1, 2, 1])


def test_weights_and_spaces_that_do_not_fit():
    for weights in ([0.5, 0.5], [1, -1], [0, 0], []):
        with pytest.raises(BadValue):
            declare({"a": [0, 1]}, weights)
    with pytest.raises(BadValue, match="one model at a time"):
        superposed(pentagon().features, np.zeros((3, 6, 2)))
    with pytest.raises(BadValue, match="finite"):
        superposed(pentagon().features, np.full((6, 2), np.inf))


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"space": [[0, 0], [2, 0], [1, 0], [-1, 0]]},
        {"space": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]},
        {"features": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]},
        {"weights": [1, 1, 1, 0]},
        {"weights": [1, 1, 1, 1.0]},
        {"weights": [1, 1, 1, 2]},
        {"sparse": [1, 10]},
        {"sparse": [1, 0]},
        {"sparse": [3, 4]},
        {"functionals": [[1, 0, -1], [0, 1, -1]]},
        {"functionals": [[1, 0, -2], [0, 1, -1], [0, -1, -1]]},
        {"functionals": [[-1, 0, 1], [0, -1, 1], [0, 1, 1]]},
        {"functionals": None},
    ],
    ids=str,
)
def test_what_is_not_strict_superposition_is_refused(change):
    assert check_superposed(TRIANGLE) == []
    assert check_superposed({**TRIANGLE, **change})


def test_two_features_of_rank_two_in_one_dimension_without_sparseness():
    """Each condition alone is refused: here only the linear map is what is wrong."""
    linear = {**TRIANGLE, "space": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
              "functionals": [[2, 0, 0, -1], [0, 2, 0, -1], [0, 0, 2, -1]]}  # fmt: skip
    assert check_superposed(linear) == [
        "3 features fit into 3 dimensions.", "a linear map of the space recovers all features.",
    ]  # fmt: skip
