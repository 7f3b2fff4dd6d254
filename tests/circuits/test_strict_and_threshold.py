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

from readoff.certificates.heads import check_heads
from readoff.certificates.linear import check_obstruction, check_solution
from readoff.certificates.threshold_degree import check_degree
from readoff.circuits.strict import strict_system
from readoff.circuits.threshold import degree_certificate, heads_obstruction, threshold_degree
from readoff.core.errors import BadValue, TooLarge
from readoff.tasks import CopySuppression, Pairs, Parity, TruthTable, grid_task


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
        (np.array([["a", "b"]]), BadValue),
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


def good(certificate, task, n_heads, positions):
    domain = task.domain()
    return check_heads(certificate, n_heads, positions, domain.tokens.tolist(), domain.labels.tolist()) == []


def test_what_too_few_heads_cannot_do():
    for heads, possible in ((1, False), (2, False), (3, True)):
        for positions in (False, True):
            found = heads_obstruction(Parity(3).domain(), heads, positions)
            assert (found.certificate is None) == possible
            assert found.parted == 1 if possible else good(found.certificate, Parity(3), heads, positions)
    task = CopySuppression()
    assert good(heads_obstruction(task.domain(), 1, positions=True).certificate, task, 1, True)
    pairs = Pairs(n_signal=3, n_noise=1, n_ctx=4)
    found = heads_obstruction(pairs.domain(orbits=True), 1)
    assert found.certificate is None and found.parted == 15 and found.undecided == found.skipped == 0


@grid_task(tokens=["x", "y"], n_ctx=2, outputs=["no", "yes"], read_off=None)
def last_is_y(a, b):
    return b


@grid_task(tokens=["0", "1"], n_ctx=2, outputs=["no", "yes"])
def first_bit(a, b):
    return a


def test_only_inputs_with_one_last_token_are_compared():
    """One head repeats its last token; over all four inputs no linear function of the counts does."""
    counts = np.array([[2, 0], [1, 1], [1, 1], [0, 2]])
    assert "weights" in degree_certificate(counts, last_is_y.domain().labels, 1)
    assert heads_obstruction(last_is_y.domain(), 1).certificate is None
    assert heads_obstruction(last_is_y.domain(), 1, positions=True).certificate is None


def test_order_needs_positions():
    for heads in (1, 5):
        found = heads_obstruction(first_bit.domain(), heads).certificate
        assert sorted(map(tuple, found["inputs"])) == [(0, 1, 2), (1, 0, 2)] and good(found, first_bit, heads, False)
    assert heads_obstruction(first_bit.domain(), 1, positions=True).certificate is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 2), st.booleans())
def test_obstructions_agree_with_the_plain_search(seed, heads, positions):
    """On random functions of three tokens: per last token and pair of labels, the counts spelled out in full."""
    labels = np.random.default_rng(seed).integers(0, 3, 27).tolist()
    task = grid_task(tokens=3, n_ctx=3, outputs=3, read_off=None)(lambda a, b, c: labels[9 * a + 3 * b + c])
    domain, blocked = task.domain(), False
    for end in range(3):
        here = domain.tokens[:, -1] == end
        for one, other in itertools.combinations(range(3), 2):
            rows = here & np.isin(domain.labels, (one, other))
            if len(set(domain.labels[rows].tolist())) < 2:
                continue
            tokens = domain.tokens[rows]
            placed = [(tokens[:, p] == t) for p in range(3) for t in range(3)]
            plain = [(tokens == t).sum(axis=1) for t in range(3)]
            counts = np.stack(placed if positions else plain, axis=1).astype(int)
            blocked |= "weights" in degree_certificate(counts, domain.labels[rows] == other, heads)
    found = heads_obstruction(domain, heads, positions).certificate
    assert (found is not None) == blocked
    assert found is None or good(found, task, heads, positions)


def test_questions_about_heads_that_cannot_be_asked():
    with pytest.raises(BadValue, match="at least one"):
        heads_obstruction(first_bit.domain(), 0)
    with pytest.raises(BadValue, match="orbits"):
        heads_obstruction(Parity(3).domain(orbits=True), 1, positions=True)
    with pytest.raises(BadValue, match="degree -1"):
        degree_certificate(np.array([[1], [2]]), np.array([0, 1]), -1)
    with pytest.raises(TooLarge, match="floating point"):
        degree_certificate(np.array([[10**6], [2]]), np.array([0, 1]), 3)


def test_the_search_shares_no_code_with_the_checker(monkeypatch):
    """With the checker's list of monomials broken the search still finds what it found, and the checker notices."""
    from readoff.certificates import threshold_degree as checker

    counts, labels = np.array([[2, 0, 1], [1, 1, 1], [0, 2, 1]]), np.array([0, 1, 0])
    assert "polynomial" in degree_certificate(counts, labels, 2)
    real = checker.monomials
    monkeypatch.setattr(checker, "monomials", lambda c, d: [m for m in real(c, d) if len(m[0]) < 2])
    assert "polynomial" in degree_certificate(counts, labels, 2)


def test_labels_that_are_no_function_of_the_counts():
    with pytest.raises(BadValue, match="both labels"):
        threshold_degree(np.array([[1, 1], [1, 1]]), np.array([0, 1]))
    with pytest.raises(BadValue, match="both of them"):
        threshold_degree(np.array([[1, 1], [2, 1]]), np.array([1, 1]))
    with pytest.raises(TooLarge, match="monomials"):
        degree_certificate(np.random.default_rng(0).integers(0, 9, (4, 80)), np.array([0, 1, 0, 1]), 4)
