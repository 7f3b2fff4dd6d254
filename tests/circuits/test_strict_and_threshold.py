"""The searches: what they find passes its checker, agrees with brute force, and refuses what cannot be asked."""

import doctest
import importlib
import itertools
import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.certificates.linear import check_obstruction, check_solution
from readoff.certificates.threshold_degree import check_degree
from readoff.circuits.strict import strict_system
from readoff.circuits.threshold import degree_certificate, heads_obstruction, threshold_degree
from readoff.core.errors import BadValue, TooLarge
from readoff.tasks import CopySuppression, Pairs, Parity, TruthTable


@pytest.mark.parametrize("name", ["strict", "threshold"])
def test_examples_in_the_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"readoff.circuits.{name}")).failed == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 4))
def test_every_system_is_decided_one_way(seed, n, k):
    rows = np.random.default_rng(seed).integers(-4, 5, (n, k))
    found = strict_system(rows)
    assert (found.solution is None) != (found.obstruction is None)
    if found.solution is not None:
        assert check_solution(rows.tolist(), list(found.solution)) == []
    else:
        assert check_obstruction(rows.tolist(), list(found.obstruction)) == []


def test_a_row_of_zeros_obstructs():
    assert strict_system(np.array([[1, 0], [0, 0]])).obstruction == (0, 1)


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (np.zeros((0, 3)), BadValue),
        (np.array([1, 2]), BadValue),
        (np.array([[0.5]]), BadValue),
        (np.array([[np.nan]]), BadValue),
        (np.array([[np.inf]]), BadValue),
        (np.array([[2.0**60]]), BadValue),
        (np.zeros((5000, 5000)), TooLarge),
    ],
)
def test_systems_that_cannot_be_asked(rows, error):
    with pytest.raises(error):
        strict_system(rows)


@pytest.mark.parametrize("bits", range(1, 7))
def test_parity_of_k_bits_has_degree_k_within_seconds(bits):
    task = TruthTable(tuple(bin(i).count("1") % 2 for i in range(2**bits)))
    start = time.perf_counter()
    found = threshold_degree(task.domain().counts(task.d_vocab), task.domain().labels)
    assert found.degree == bits and time.perf_counter() - start < 30
    assert set(found.below["weights"]) == {1}  # the orthogonal weighting is the only one
    for certificate in (found.below, found.at):
        assert check_degree(json.loads(json.dumps(certificate))) == []


def test_threshold_degrees_of_all_functions_of_two_and_three_bits():
    """Degree 1 are the linear threshold functions: 14 of 16 and 104 of 256 with the constants counted (Muroga)."""
    linear = {2: 0, 3: 0}
    for bits in (2, 3):
        counts = TruthTable((0, 1) * 2 ** (bits - 1)).domain().counts(2 * bits + 1)
        for outputs in itertools.product((0, 1), repeat=2**bits):
            if len(set(outputs)) == 1:
                linear[bits] += 1
            else:
                linear[bits] += "polynomial" in degree_certificate(counts, np.array(outputs), 1)
    assert linear == {2: 14, 3: 104}


def test_what_no_single_head_can_do():
    parity = Parity(3).domain(orbits=True)
    for heads, possible in ((1, False), (2, False), (3, True)):
        found = heads_obstruction(parity, 3, heads)
        assert (found is None) == possible
        assert possible or check_degree(found) == []
    task = CopySuppression()
    assert check_degree(heads_obstruction(task.domain(), task.d_vocab, 1, positions=True)) == []
    pairs = Pairs(n_signal=3, n_noise=1, n_ctx=4)
    assert heads_obstruction(pairs.domain(orbits=True), pairs.d_vocab, 1) is None


def test_labels_that_are_no_function_of_the_counts():
    with pytest.raises(BadValue, match="both labels"):
        threshold_degree(np.array([[1, 1], [1, 1]]), np.array([0, 1]))
    with pytest.raises(BadValue, match="both of them"):
        threshold_degree(np.array([[1, 1], [2, 1]]), np.array([1, 1]))
    with pytest.raises(TooLarge, match="monomials"):
        degree_certificate(np.random.default_rng(0).integers(0, 9, (4, 80)), np.array([0, 1, 0, 1]), 4)
