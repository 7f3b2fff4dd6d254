"""Witnesses of the one-layer studies: exact where they say so, right on every input, certified as stored."""

import doctest
import importlib
from fractions import Fraction

import numpy as np
import pytest

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_effective, tables_from_weights
from readoff.certificates.exact import certify_exactly
from readoff.certificates.multiset_rank import check_rank
from readoff.circuits.behaviour import loss_of, margins_of, network_logits
from readoff.constructions.parity import parity_coefficients, parity_network, parity_tables
from readoff.constructions.skip_trigrams import one_head_direct, two_heads_cancel
from readoff.constructions.universal import universal_certificate, universal_network
from readoff.core.errors import BadValue
from readoff.networks.architecture import effective_for
from readoff.tasks import Multiset, Parity, SkipTrigrams


@pytest.mark.parametrize("name", ["skip_trigrams", "parity", "universal"])
def test_examples_in_the_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"readoff.constructions.{name}")).failed == 0


@pytest.mark.parametrize("bits", range(1, 8))
def test_parity_with_as_many_heads_as_bits(bits):
    task = Parity(bits)
    domain = task.domain(orbits=True)
    for zero_weight in (Fraction(0), Fraction(1, 8), Fraction(3)):
        found = certify_exactly(parity_tables(bits, zero_weight), domain.counts(3), domain.labels)
        assert set(found.margins) == {Fraction(1)}
    network = parity_network(task)
    assert network.architecture.n_heads == bits and network.architecture.d_head == 1
    tables = tables_from_weights(network.weights, d_head_scale=1, direct_path=True, read_token=2)
    certificate = certify_margins(tables, domain.counts(3), domain.labels)
    assert certificate.all_correct and certificate.smallest_margin[0] > 0.999


def test_a_wrong_coefficient_breaks_parity():
    assert [sum(c * Fraction(k, h + k) for h, c in enumerate(parity_coefficients(3), 1)) for k in range(4)] == [
        0,
        1,
        0,
        1,
    ]
    network = parity_network(Parity(3), architecture=effective_for(Parity(3), n_heads=3, d_head=1))
    broken = network.weights["O"].copy()
    broken[1] *= 1.01
    weights = {**network.weights, "O": broken}
    domain = Parity(3).domain(orbits=True)
    assert not certify_margins(tables_from_effective(**weights), domain.counts(3), domain.labels).all_correct


@pytest.mark.parametrize(("k", "n_ctx"), [(1, 2), (2, 3), (4, 3), (5, 3)])
@pytest.mark.parametrize("gap", [0.5, 4.0, 30.0])
def test_two_heads_cancel_exactly_without_the_source(k, n_ctx, gap):
    task = SkipTrigrams(k, n_ctx)
    network = two_heads_cancel(task, gap=gap)
    domain = task.domain()
    logits = network_logits(network, domain.tokens)
    licensed = domain.labels >= 0
    assert np.abs(logits[~licensed]).max() < 1e-12
    assert margins_of(logits[licensed], domain.labels[licensed]).min() > 0
    silent = network.weights["blocks.0.attn.W_O"].copy()
    silent[1] = 0
    alone = type(network)(network.architecture, {**network.weights, "blocks.0.attn.W_O": silent})
    assert np.abs(network_logits(alone, domain.tokens)[~licensed]).max() > 1  # head 0 alone completes falsely


def test_one_head_and_the_direct_path_come_as_close_as_the_gap_is_large():
    task = SkipTrigrams(3, 4)
    domain = task.domain(orbits=True)
    excess = [
        loss_of(network_logits(one_head_direct(task, gap=g), domain.tokens), domain) - task.entropy_floor
        for g in (4.0, 10.0, 20.0)
    ]
    assert excess[0] > excess[1] > excess[2] and excess[2] < 1e-7


@pytest.mark.parametrize(("vocab", "n", "expected"), [(2, 5, 6), (3, 4, 15), (4, 3, 20)])
def test_any_function_of_a_multiset(vocab, n, expected):
    certificate = universal_certificate(vocab, n)
    assert check_rank(certificate, vocab, n) == [] and len(certificate["weights"]) == expected
    labels = np.random.default_rng(vocab).integers(0, 3, expected)
    task = Multiset(vocab, n, tuple(labels.tolist()))
    network = universal_network(task)
    domain = task.domain(orbits=True)
    found = certify_margins(tables_from_effective(**network.weights), domain.counts(vocab + 1), domain.labels)
    assert found.all_correct and found.smallest_margin[0] > 7.9


def test_sizes_that_cannot_be_built():
    for ask in (
        lambda: two_heads_cancel(SkipTrigrams(2), scale=0),
        lambda: two_heads_cancel(SkipTrigrams(2), gap=-1),
        lambda: parity_coefficients(0),
        lambda: parity_tables(2, Fraction(-1)),
        lambda: parity_network(Parity(2), zero_weight=Fraction(0)),
        lambda: universal_certificate(10, 5),
        lambda: universal_certificate(100, 100),
    ):
        with pytest.raises(BadValue):
            ask()
