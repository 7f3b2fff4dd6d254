"""Words as predicates: the table of hand-built cases, what must not matter, exact certificates, and bad input."""

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.certificates.superposed import check_superposed
from readoff.circuits.features import declare, token_counts
from readoff.circuits.recovery import dimensions, recovery, recovery_each
from readoff.circuits.spaces import exact_head_space, space_of
from readoff.circuits.superposition import (
    PREDICATES,
    describe,
    distributed,
    features_of_units,
    polysemantic,
    strict_numbers,
    superposed,
)
from readoff.circuits.thresholds import threshold_margins, told
from readoff.constructions.polysemantic import CASES, aligned, nonlinear_units, pentagon, rotated, scalar_code
from readoff.core.configure import configure
from readoff.core.errors import BadValue, UnknownName
from readoff.networks.architecture import architecture_for, effective_for
from readoff.networks.network import Network, stack
from readoff.tasks import Pairs, SkipTrigrams

configure()

TRIANGLE = {
    "schema": 1,
    "space": [[0, 0], [2, 0], [-1, 2], [-1, -2]],
    "weights": [5, 1, 1, 1],
    "sparse": [1, 4],
    "margin": [1, 100],
    "features": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "functionals": [[1, 0, -1], [0, 1, -1], [0, -1, -1]],
}


@pytest.mark.parametrize(
    "name",
    [
        "circuits.features",
        "circuits.recovery",
        "circuits.thresholds",
        "circuits.superposition",
        "constructions.polysemantic",
        "certificates.superposed",
    ],
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
    assert features_of_units(case.features, case.space).tolist() == [4, 4, 4, 4]
    one = recovery_each(case.features, case.features.values[:, :2])
    assert one == pytest.approx([1, 1, 0, 0])
    code = scalar_code()
    assert threshold_margins(code.features, code.space).tolist()[:2] == [0, 0]  # 1 and 4 lie between others
    assert threshold_margins(code.features, code.space)[2] > 0  # 6 lies at the end


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(CASES()))
def test_invertible_maps_change_no_basis_free_answer(seed, case):
    """Superposed, decomposable, nonlinear, interfering depend on no basis, origin or scale of a direction."""
    rng = np.random.default_rng(seed)
    width = case.space.shape[1]
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0] * 10 ** rng.uniform(-3, 3, width)
    moved = case.space @ turn + rng.normal(size=width)
    for predicate in (
        p for p in PREDICATES if p.__name__ in ("superposed", "decomposable", "nonlinear", "interfering")
    ):
        assert predicate(case.features, moved).holds == predicate(case.features, case.space).holds
    if len(case.features.names) > 1:
        before, after = (threshold_margins(case.features, z) for z in (case.space, moved))
        np.testing.assert_allclose(after, before, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(CASES()))
def test_the_scale_of_a_unit_changes_no_answer(seed, case):
    scale = 10 ** np.random.default_rng(seed).uniform(-3, 3, case.space.shape[1])
    for predicate in PREDICATES:
        assert predicate(case.features, case.space * scale).holds == predicate(case.features, case.space).holds


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


def test_the_predicate_agrees_with_the_checker_whatever_the_scale():
    case = pentagon()
    space = (case.space * 2 * [1, 1000]).round().astype(int)
    certificate = {
        "schema": 1, "space": space.tolist(), "features": case.features.values.astype(int).tolist(),
        "weights": case.features.weights.tolist(), "sparse": [1, 4],
        "margin": [1, 100],
        "functionals": [[0, 85, -256000], [38000, 11, -128000], [37000, -64, -256000], [-37000, -64, -256000],
                        [-38000, 11, -128000]],
    }  # fmt: skip
    assert check_superposed(certificate) == []
    assert superposed(case.features, space.astype(float)).holds
    assert superposed(case.features, case.space + 1e9).holds


def exclusive(n, chance):
    """At most one of n features, each with this chance in percent."""
    values = np.vstack([np.zeros((1, n)), np.eye(n)])
    return declare({f"f{i}": values[:, i] for i in range(n)}, [100 - n * chance, *[chance] * n])


def test_a_unit_for_every_feature_is_not_polysemantic_even_if_features_depend_on_each_other():
    for chance in (5, 15, 25, 33):
        features = exclusive(3, chance)
        assert not polysemantic(features, features.values).holds
    correlated = declare({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]}, [5, 1, 1, 5])
    assert not polysemantic(correlated, correlated.values).holds
    assert polysemantic(correlated, correlated.values @ [[1, 1], [1, -1]]).holds
    domain = Pairs().domain(orbits=True)
    counts = token_counts(domain, range(1, 5), "1234", dependent=True)  # they add up to 2
    assert not polysemantic(counts, counts.values).holds
    assert features_of_units(counts, counts.values @ np.diag([1, 2, 3, 4.0])).tolist() == [1, 1, 1, 1]
    assert polysemantic(counts, counts.values @ [[1], [2], [0], [5]]).holds


def test_rounding_is_never_a_yes():
    three = declare({name: column for name, column in zip("abc", np.indices((2, 2, 2)).reshape(3, -1))}, [1] * 8)
    A, B, C = three.values.T
    two = declare({"a": A, "b": B}, [1] * 8)
    for space in (np.stack([A, C, A * C + 0.3 * C], 1), np.stack([A, C, A + C], 1)):  # b is nowhere
        found = distributed(two, space)
        assert found.numbers["fewest"] >= 1
    assert not distributed(two, np.stack([A, C, A * C * 1e-16], 1)).holds
    noise = np.random.default_rng(0).normal(size=(8, 2)) * 1e-15
    assert not superposed(three, np.stack([A, A], 1) + noise).holds
    assert dimensions(three, np.stack([A, A], 1) + noise) == 1
    for constant in (np.zeros((8, 2)), np.full((8, 2), 1e6) + noise):
        assert not any(p.holds for p in describe(two, constant))
    with pytest.raises(BadValue, match="at least one"):
        describe(two, np.zeros((8, 0)))


def test_independent_features_have_a_threshold_each_only_in_as_many_dimensions():
    """The fact in the docstring, on random linear codes of four independent features in three dimensions."""
    bits = np.indices((2,) * 4).reshape(4, -1).T
    features = declare({f"f{i}": bits[:, i] for i in range(4)}, 9 ** (4 - bits.sum(axis=1)))
    rng = np.random.default_rng(0)
    codes = bits @ rng.normal(size=(20, 4, 3))
    assert (threshold_margins(features, codes).min(axis=1) == 0).all()
    assert (threshold_margins(features, bits @ np.eye(4)[None])).min() > 0.1


def test_told_by_hand():
    features = declare({"a": [0, 1, 1, 0]}, [1, 3, 1, 5])
    values = np.array([[0.6], [0.9], [0.2], [0.1]])
    assert told(features, values, 0.5).tolist() == [0.75]  # 3 of 4 active right, 5 of 6 inactive
    assert told(features, np.full((4, 1), np.nan), 0.5).tolist() == [0]
    assert told(features, np.full((4, 1), 0.5), 0.5).tolist() == [0]  # on the cut is not above it
    with pytest.raises(BadValue, match="never or always"):
        told(declare({"a": [1, 2]}, [1, 1]), np.ones((2, 1)), 0.5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.sampled_from([1, 2]))
def test_spaces_are_what_the_forward_holds(seed, positions, with_mlp, n_layers):
    import jax.numpy as jnp

    from readoff.networks.forward import forward

    rng = np.random.default_rng(seed)
    task = SkipTrigrams(2, 3)
    architecture = architecture_for(
        task, n_layers=n_layers, n_heads=3, d_head=2, d_model=5, d_mlp=4 * with_mlp, positions=positions
    )
    networks = [Network(architecture, {k: rng.normal(size=s) for k, s in architecture.shapes().items()}) for _ in "ab"]
    tokens = task.domain().tokens[::7]
    sites = ["blocks.0.attn.hook_z", "blocks.0.hook_resid_post"] + ["blocks.0.mlp.hook_post"] * with_mlp
    for site in sites:
        found = space_of(stack(networks), tokens, site)
        for network, space in zip(networks, found):
            weights = {k: jnp.asarray(v) for k, v in network.weights.items()}
            seen = np.asarray(forward(architecture, weights, jnp.asarray(tokens), record=(site,))[1][site])[:, -1]
            np.testing.assert_allclose(space, seen.reshape(len(tokens), -1), atol=1e-9)
            np.testing.assert_allclose(space_of(network, tokens, site), space, atol=1e-12)
    pair = space_of(networks[0], tokens, heads=(2, 0))
    whole = space_of(networks[0], tokens)
    assert (pair == whole[:, [4, 5, 0, 1]]).all()


def test_spaces_by_hand_and_sites_that_are_not_there():
    case = pentagon()
    assert case.space.tolist() == [[0, 0], [0, 2.5], [2.5, 0.5], [1.5, -2], [-1.5, -2], [-2.5, 0.5]]
    exact = exact_head_space(case.network, case.task.domain().tokens.tolist())
    assert np.array(exact, dtype=float).tolist() == case.space.tolist()
    assert nonlinear_units().space.round(12).tolist() == [[0, 0], [0, 1], [1, 0], [0, 2]]
    task = Pairs(3, 1, 4)
    effective = effective_for(task, n_heads=2, d_head=1)
    network = Network(effective, {k: np.ones(s) for k, s in effective.shapes().items()})
    assert (space_of(network, task.domain().tokens) == 1).all()
    for ask, error in (
        (lambda: space_of(case.network, case.task.domain().tokens, "blocks.0.mlp.hook_post"), UnknownName),
        (lambda: space_of(case.network, case.task.domain().tokens, heads=(1,)), BadValue),
        (lambda: space_of(case.network, case.task.domain().tokens, "blocks.0.hook_resid_post", heads=(0,)), BadValue),
        (lambda: exact_head_space(network, task.domain().tokens.tolist()), BadValue),
    ):
        with pytest.raises(error):
            ask()
    looking = {**aligned().network.weights, "blocks.0.attn.b_Q": np.ones((1, 3))}
    with pytest.raises(BadValue, match="uniform attention"):
        exact_head_space(Network(aligned().network.architecture, looking), [[0, 1]])


def test_thresholds_can_be_stated():
    case = pentagon()
    assert not superposed(case.features, case.space, sparse=0.05).holds
    assert not superposed(case.features, case.space, margin=0.9).holds
    assert superposed(case.features, case.space, margin=0.3).holds  # the least margin is 0.345 of the range


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
        ({"a": ["x", "y", "z"]}, "holds <U1"),
    ],
)
def test_features_that_cannot_be_asked_about(features, message):
    with pytest.raises(BadValue, match=message):
        declare(features, [1, 2, 1])


def test_weights_and_spaces_that_do_not_fit():
    for weights in ([0.5, 0.5], [1, -1], [0, 0], []):
        with pytest.raises(BadValue):
            declare({"a": [0, 1]}, weights)
    with pytest.raises(BadValue, match="2\\^53"):
        declare({"a": [0, 1, 0]}, [2**62] * 3)
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
        {"sparse": [0.25, 1]},
        {"schema": True},
        {
            "features": [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]],
            "functionals": [[1, 0, -1], [0, 1, -1], [0, -1, -1], [0, 0, -1]],
        },
        {"sparse": [1, 0]},
        {"sparse": [3, 4]},
        {"functionals": [[1, 0, -1], [0, 1, -1]]},
        {"functionals": [[1, 0, -2], [0, 1, -1], [0, -1, -1]]},
        {"functionals": [[-1, 0, 1], [0, -1, 1], [0, 1, 1]]},
        {"functionals": None},
        {"functionals": [[2 * 10**9, 3 * 10**9 - 6, -4 * 10**9 + 6], [0, 1, -1], [0, -1, -1]]},  # gap / range = 1e-9
        {"margin": [7, 10]},
        {"margin": [0, 1]},
        {"margin": [1, 1]},
        {"margin": [0.01, 1]},
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
