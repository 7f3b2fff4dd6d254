"""Additive models: the single-head theorem on every input, fits, decisions with certificates, and what is refused."""

import doctest
import importlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.certificates.linear import check_system
from readoff.certificates.one_head import build_one_head, check_one_head
from readoff.circuits.additive import additive_fit, convert, fit_logits, one_head_model
from readoff.circuits.additive_decisions import additive_decisions, additive_gap, decided
from readoff.circuits.behaviour import network_logits
from readoff.circuits.paths import context_counts
from readoff.constructions.pairs import one_head_d_head_1, two_heads_d_head_1
from readoff.constructions.parity import parity_network
from readoff.constructions.skip_trigrams import one_head_direct, two_heads_cancel
from readoff.core.errors import BadValue, TooLarge
from readoff.networks.architecture import Architecture, architecture_for
from readoff.networks.network import Network
from readoff.tasks import Pairs, Parity, SkipTrigrams, TruthTable, Xor

SMALL = Pairs(n_signal=3, n_noise=2, n_ctx=4)


def random_network(seed, **fields):
    rng = np.random.default_rng(seed)
    architecture = architecture_for(SMALL, d_model=6, d_head=3, **fields)
    return Network(architecture, {k: rng.normal(size=s) for k, s in architecture.shapes().items()})


@pytest.mark.parametrize("name", ["circuits.additive", "circuits.additive_decisions", "certificates.one_head"])
def test_examples_in_the_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"readoff.{name}")).failed == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.booleans())
def test_one_head_decides_like_an_additive_model(seed, positions, biases, direct_path):
    network = random_network(seed, n_heads=1, positions=positions, biases=biases, direct_path=direct_path)
    found = convert(network, SMALL.domain())
    assert found.agrees.all() and found.error < 1e-12 and found.temperature.min() > 0


def test_the_temperature_depends_on_the_input():
    found = [convert(random_network(seed, n_heads=1), SMALL.domain()).temperature for seed in range(5)]
    assert all(t.max() / t.min() > 1.01 for t in found)  # not a theorem: attention may saturate for other seeds


def test_the_conversion_notices_a_wrong_model():
    network = one_head_d_head_1(Pairs(), gap=1.0)
    model = one_head_model(network, 0)
    domain = Pairs().domain(orbits=True)
    counts = context_counts(network.architecture, domain.tokens)
    right = network_logits(network, domain.tokens).argmax(1)
    assert (model.logits(counts).argmax(1) == right).all()
    shuffled = model.contributions[np.random.default_rng(0).permutation(12)]
    assert (counts @ shuffled).argmax(1).tolist() != right.tolist()


def test_one_destination_after_the_other():
    task = SkipTrigrams(2, 3)
    found = convert(one_head_direct(task), task.domain())
    assert found.agrees.all() and [m.destination for m in found.models] == [1, 2]


def test_fit_by_hand():
    domain = Xor().domain(orbits=True)  # counts k = 0, 1, 2 of ones, probabilities 1/4 1/2 1/4
    counts = domain.counts(3)
    linear = np.array([[0, 1], [0, 2], [0, 3.0]])
    assert fit_logits(linear, counts, domain).r_squared == pytest.approx(1)
    bump = np.array([[0, 0], [0, 1], [0, 0.0]])
    found = fit_logits(bump, counts, domain)
    assert found.r_squared == pytest.approx(0, abs=1e-12)
    assert found.distance == pytest.approx(0.25)  # centred: +-1/4 everywhere around the mean
    both = fit_logits(np.stack([linear, bump]), counts, domain)
    assert both.r_squared == pytest.approx([1, 0], abs=1e-12)
    assert np.isnan(fit_logits(np.ones((3, 2)), counts, domain).r_squared)


def test_gaps_of_known_networks():
    domain = Pairs().domain(orbits=True)
    assert additive_gap(two_heads_d_head_1(Pairs()), domain).separable is True
    assert additive_fit(one_head_d_head_1(Pairs()), domain).r_squared == pytest.approx(1)  # uniform attention
    assert additive_fit(two_heads_d_head_1(Pairs()), domain).r_squared < 0.95
    for bits, least in ((2, Fraction(1, 4)), (3, Fraction(1, 8))):
        task = Parity(bits)
        found = additive_gap(parity_network(task), task.domain(orbits=True), "bounds")
        assert found.separable is False and 0 < found.lower <= found.upper
        assert found.lower <= least <= found.upper
    task = SkipTrigrams(2, 3)
    licensed = additive_gap(two_heads_cancel(task), task.domain())
    assert licensed.separable is None  # without the source all logits are equal: no decision, and no evidence


def test_certificates_speak_for_themselves_and_corrupted_ones_do_not():
    for task, separable in ((TruthTable((0, 0, 0, 1)), True), (TruthTable((0, 1, 1, 0)), False)):
        domain = task.domain()
        found = additive_decisions(domain.labels, domain.counts(task.d_vocab), domain, 2)
        assert found.separable is separable
        (certificate,) = found.certificates
        assert check_system(certificate) == []
        vector = "solution" if separable else "obstruction"
        assert check_system({**certificate, vector: [-x for x in certificate[vector]]})
        assert check_system({**certificate, vector: [0 for _ in certificate[vector]]})


def test_ties_and_numbers_that_are_none_decide_nothing():
    network = random_network(0)
    for factor in (np.nan, 0.0):
        spoilt = Network(network.architecture, {k: v * factor for k, v in network.weights.items()})
        found = additive_gap(spoilt, SMALL.domain(orbits=True), "bounds")
        assert found.separable is None and found.certificates == ()
        assert (found.lower, found.upper) == (0, 1)
    one = random_network(0, n_heads=1)
    nowhere = convert(Network(one.architecture, {k: v * np.nan for k, v in one.weights.items()}), SMALL.domain())
    assert not nowhere.agrees.any()
    logits = np.array([[1, 2, 2], [1, 3, 2], [1, np.inf, 0], [5, 5 - 1e-12, 0]])
    assert decided(logits).tolist() == [-1, 1, -1, -1]
    with pytest.raises(BadValue, match="two outputs"):
        decided(np.zeros((3, 1)))


def test_what_was_decided_may_settle_it_although_something_was_not():
    domain = TruthTable((0, 1, 1, 0)).domain()
    counts = domain.counts(5)
    tied = np.array([0, 1, 1, -1])
    found = additive_decisions(tied, counts, domain, 2)
    assert found.separable is None and found.upper == 1
    three = Parity(3).domain()
    tied = np.where(three.tokens[:, 0] == 1, -1, three.labels)  # the rest is XOR of two bits
    assert additive_decisions(tied, three.counts(3), three, 2).separable is False


def test_bounds_enclose_the_least_disagreement():
    domain = TruthTable((0, 1) * 4).domain()
    counts = domain.counts(7)
    functions = (np.arange(256)[:, None] >> np.arange(8)) & 1
    linear = [f for f in functions if additive_decisions(f, counts, domain, 2).separable]
    assert len(linear) == 104
    for row in functions[[0b10010110, 0b01101000, 0b11000011, 0b00011000]]:
        found = additive_decisions(row, counts, domain, 2, bounds=True)
        least = Fraction(min(int((row != other).sum()) for other in linear), 8)
        assert 0 < found.lower <= least <= found.upper


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: one_head_model(random_network(0, n_heads=2)), BadValue, "about one head"),
        (lambda: additive_gap(random_network(0, n_heads=2, n_layers=2), SMALL.domain()), BadValue, "2 layers"),
        (lambda: additive_fit(random_network(0, d_mlp=3), SMALL.domain()), BadValue, "d_mlp 3"),
        (
            lambda: additive_gap(random_network(0), SMALL.domain(orbits=True), "least disagreement"),
            BadValue,
            "subsets",
        ),
        (
            lambda: additive_decisions(np.zeros(54880, int), np.ones((54880, 1)), Pairs(n_ctx=6).domain(), 10),
            TooLarge,
            "SAMPLED",
        ),
        (lambda: Architecture(3, 2, 3, normalization="LN"), BadValue, "normalization"),
        (lambda: fit_logits(np.zeros((3, 2)), np.zeros((4, 2)), Xor().domain()), BadValue, "do not fit"),
    ],
)
def test_what_cannot_be_asked(ask, error, message):
    with pytest.raises(error, match=message):
        ask()


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"statement": "anything"},
        {"class": {}},
        {"denominator": []},
        {"denominator": ["n", "v"]},
        {"denominator": ["n"]},
        {"numerator": ["n", "v"]},
        {
            "denominator": ["n"],
            "numerator": ["n", "v"],
            "left": [["n", "b"], ["n", "v"]],
            "right": {"factor": ["n"], "sum": ["v", "b"]},
        },
        {
            "denominator": ["n", "n", "e"],
            "numerator": ["n", "n", "e", "v"],
            "left": [["n", "n", "e", "b"], ["n", "n", "e", "v"]],
            "right": {"factor": ["n", "n", "e"], "sum": ["v", "b"]},
        },
        {"schema": True},
        {"left": [["n", "e", "b"]]},
        {"right": {"factor": ["n", "e"], "sum": ["v"]}},
        {"right": {"factor": ["n", "e", "v"], "sum": ["b"]}},
        {"right": {"factor": ["n"], "sum": ["v", "b"]}},
        {"right": None},
    ],
    ids=str,
)
def test_the_identity_needs_all_its_parts(change):
    assert check_one_head(build_one_head()) == []
    assert check_one_head({**build_one_head(), **change})
    assert check_one_head({k: v for k, v in build_one_head().items() if k not in change})
