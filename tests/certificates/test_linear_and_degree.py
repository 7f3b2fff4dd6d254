"""Strict systems, threshold degree, multiset ranks: by hand, by brute force, and with the conditions taken out."""

import itertools
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.certificates import linear, multiset_rank, threshold_degree
from readoff.certificates.linear import check_obstruction, check_solution, check_system
from readoff.certificates.multiset_rank import check_rank, exact_rank
from readoff.certificates.threshold_degree import (
    build_parity,
    check_degree,
    check_parity,
    departure_from_degree,
    monomials,
    parity_weights,
)

XOR = {
    "schema": 1, "degree": 1, "counts": [[2, 0, 1], [1, 1, 1], [0, 2, 1]], "labels": [0, 1, 0], "weights": [1, 2, 1],
}  # fmt: skip
XOR_BY_TWO = {
    "schema": 1, "degree": 2, "counts": XOR["counts"], "labels": [0, 1, 0],
    "polynomial": [[-1, []], [2, [0, 1]]],
}  # fmt: skip
RANK = {"schema": 1, "vocab": 2, "n": 2, "rank": 3, "weights": [[1, 2, 1], [1, 3, 1], [1, 4, 1]]}


def test_by_hand():
    rows = [[1, -1], [0, 1]]
    assert check_solution(rows, [2, 1]) == []
    assert check_solution(rows, [1, 1]) and check_solution(rows, [1, 2]) and check_solution(rows, [1])
    both = [[1, -1], [-1, 1], [3, 3]]
    assert check_obstruction(both, [1, 1, 0]) == []
    assert check_obstruction(both, [1, 1, 1]) and check_obstruction(both, [0, 0, 0])
    assert check_obstruction([[1], [-1]], [-1, -1]) and check_obstruction(both, [1, 1])
    assert check_degree(XOR) == [] and check_degree(XOR_BY_TWO) == []
    assert check_rank(RANK) == []


@given(st.lists(st.lists(st.integers(-3, 3), min_size=2, max_size=2), min_size=1, max_size=4))
def test_never_both_a_solution_and_an_obstruction(rows):
    solved = any(not check_solution(rows, list(z)) for z in itertools.product(range(-3, 4), repeat=2))
    blocked = any(not check_obstruction(rows, list(y)) for y in itertools.product(range(4), repeat=len(rows)))
    assert not (solved and blocked)


@given(st.integers(0, 10**6))
def test_monomials_span_all_products(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 3, (5, 4)).tolist()
    for degree in (0, 1, 2, 3):
        values = {tuple(v.tolist()) for _, v in monomials(counts, degree)}
        for size in range(degree + 1):
            for tokens in itertools.combinations_with_replacement(range(4), size):
                product = tuple(int(np.prod([row[t] for t in tokens])) for row in counts)
                assert product in values
    assert all(
        tuple(v.tolist()) == tuple(int(np.prod([row[t] for t in name])) for row in counts)
        for name, v in monomials(counts, 3)
    )


@pytest.mark.parametrize("bits", range(1, 7))
def test_parity_needs_its_degree(bits):
    certificate = parity_weights(bits)
    assert check_degree(certificate) == []
    assert check_degree({**certificate, "degree": bits})
    wrong = [w + (i == 0) for i, w in enumerate(certificate["weights"])]
    assert check_degree({**certificate, "weights": wrong})


def test_parity_for_all_numbers_of_bits():
    assert check_parity(build_parity()) == []


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_the_lemma_about_heads(heads):
    assert max(departure_from_degree(seed, heads, heads + 1) for seed in range(5)) < 1e-9
    assert max(departure_from_degree(seed, heads, heads) for seed in range(5)) > 1e-9


def test_ranks_agree_with_plain_elimination():
    rng = np.random.default_rng(0)
    for vocab, n in ((2, 3), (3, 2)):
        weights = rng.integers(1, 9, (6, vocab + 1)).tolist()
        certificate = {"schema": 1, "vocab": vocab, "n": n, "weights": weights}
        rows = [[Fraction(1, sum(a * b for a, b in zip(e, c)) + e[-1]) for e in weights]
                for c in multiset_rank.multisets(vocab, n)]  # fmt: skip
        rank = 0
        for column in range(len(weights)):
            pivot = next((r for r in range(rank, len(rows)) if rows[r][column]), None)
            if pivot is None:
                continue
            rows[rank], rows[pivot] = rows[pivot], rows[rank]
            for r in range(rank + 1, len(rows)):
                factor = rows[r][column] / rows[rank][column]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[rank])]
            rank += 1
        assert exact_rank(certificate) == rank


CORRUPTIONS = [
    (check_system, {"schema": 1, "rows": [[1]], "solution": [1]}),
    (check_system, {"schema": 1, "rows": [[1], [-1]], "obstruction": [1, 1]}),
    (check_degree, XOR),
    (check_degree, XOR_BY_TWO),
    (check_parity, build_parity()),
    (check_rank, RANK),
]


@pytest.mark.parametrize(("check", "good"), CORRUPTIONS, ids=lambda x: getattr(x, "__name__", ""))
def test_corrupted_certificates_are_refused_and_never_raise(check, good):
    assert check(good) == []
    for field in good:
        assert check({k: v for k, v in good.items() if k != field}), f"without {field}"
        for wrong in (None, -1, 7, [], [0], "x", [[0]], [0.5], {}):
            weaker = field == "degree" and "polynomial" in good and wrong == 7
            if wrong != good[field] and not weaker:
                assert check({**good, field: wrong}), f"{field} = {wrong!r}"
    for nothing in (None, [], "certificate", {}):
        assert check(nothing)


def mutated(module, line, instead):
    """The module with one line changed."""
    source = Path(str(module.__file__)).read_text()
    assert source.count(line) == 1, f"{line!r} occurs {source.count(line)} times"
    fresh = types.ModuleType(module.__name__)
    exec(source.replace(line, instead), fresh.__dict__)
    return fresh


PROBES = {
    linear: lambda m: [
        m.check_solution([[1, -1]], [1, 1]) != [],
        m.check_solution([[1, -1], [1, 1]], [2, 1]) == [],
        m.check_solution([[1, -1], [0, -1]], [2, 1]) != [],
        m.check_obstruction([[1], [-1]], [1, 1]) == [],
        m.check_obstruction([[1], [1]], [1, -1]) != [],
        m.check_obstruction([[1], [-1]], [0, 0]) != [],
        m.check_obstruction([[1, 0], [-1, 1]], [1, 1]) != [],
        m.check_solution([[1.5]], [1]) != [],
        m.check_solution([[1, 1]], [1]) != [],
        m.check_system({"schema": 1, "rows": [[1]], "solution": [1], "obstruction": [1]}) != [],
        m.check_system({"schema": 2, "rows": [[1]], "solution": [1]}) != [],
    ],
    threshold_degree: lambda m: [
        m.check_degree(XOR) == [],
        m.check_degree({**XOR, "degree": 2}) != [],
        m.check_degree({**XOR, "weights": [1, 1, 1]}) != [],
        m.check_degree({**XOR, "weights": [0, 0, 0]}) != [],
        m.check_degree({**XOR, "weights": [-1, -2, -1]}) != [],
        m.check_degree({**XOR, "labels": [1, 1, 0]}) != [],
        m.check_degree({**XOR, "labels": [0, 2, 0]}) != [],
        m.check_degree({**XOR_BY_TWO, "degree": 1}) != [],
        m.check_degree({**XOR_BY_TWO, "labels": [1, 0, 1]}) != [],
        m.check_degree({**XOR_BY_TWO, "polynomial": [[0, []]]}) != [],
        m.check_degree({**XOR_BY_TWO, "polynomial": [[-1.0, []], [2, [0, 1]]]}) != [],
        len(m.monomials([[1, 2], [3, 5]], 2)) == 6,
        m.check_parity({**build_parity(), "signs": [1, 1]}) != [],
        m.check_parity({**build_parity(), "values": [0, 2]}) != [],
        m.check_parity({**build_parity(), "assumes": []}) != [],
        m.check_parity({**build_parity(), "values": [0, 0]}) != [],
        m.check_parity({**build_parity(), "missing_bit": 5}) != [],
    ],
    multiset_rank: lambda m: [
        m.check_rank(RANK) == [],
        m.check_rank({**RANK, "weights": [[1, 2, 1]] * 3}) != [],
        m.check_rank({**RANK, "weights": [[1, 2, 1], [1, 3, 1]]}) != [],
        m.check_rank({**RANK, "weights": [[1, 2, 1], [1, 3, 1], [1, 0, 1]]}) != [],
        m.check_rank({**RANK, "weights": [[1, 2], [1, 3], [1, 4]]}) != [],
        m.check_rank({**RANK, "rank": 2}) != [],
        str(m.head_matrix(RANK)[0, 0]) == "1/3" and str(m.head_matrix(RANK)[2, 1]) == "1/7",
    ],
}
MUTANTS = [
    (linear, "if value <= 0]", "if value < 0]"),
    (linear, "if min(y) < 0:", "if False:"),
    (linear, "if not any(y):", "if False:"),
    (linear, "enumerate(sums) if total]", "enumerate(sums) if total > 9]"),
    (linear, "for c in range(len(rows[0]))]\n    return [f\"column", "for c in range(1)]\n    return [f\"column"),
    (linear, "if not all(type(x) is int for row in rows", "if not all(True for row in rows"),
    (linear, "if len(vector) != expected:", "if len(vector) > expected:"),
    (linear, '("solution" in certificate) == ("obstruction" in certificate)', "False"),
    (linear, 'if certificate["schema"] != SCHEMA:', "if False:"),
    (threshold_degree, "for size in range(degree + 1):", "for size in range(degree):"),
    (threshold_degree, "if total != 0:", "if total > 2:"),
    (threshold_degree, "if min(weights) < 0 or not any(weights):", "if not any(weights):"),
    (threshold_degree, "w * s) for row, w, s", "w) for row, w, s"),
    (threshold_degree, "if value * sign <= 0]", "if value * sign < 0]"),
    (threshold_degree, "or len(tokens) > degree:", "or False:"),
    (threshold_degree, "if type(coefficient) is not int or len", "if len"),
    (threshold_degree, "not set(labels) <= {0, 1}:", "False:"),
    (threshold_degree, 'sum(signs) == certificate["missing_bit"] == 0', "True"),
    (threshold_degree, 'themselves)": values == [0, 1],', 'themselves)": True,'),
    (threshold_degree, 'certificate["assumes"] == [HEADS_LEMMA],', "True,"),
    (multiset_rank, "if found == wanted else", "if found >= 2 else"),
    (multiset_rank, 'if certificate["rank"] != wanted:', "if False:"),
    (multiset_rank, "or x <= 0 for x in e)", "or x < 0 for x in e)"),
    (multiset_rank, "if any(len(e) != vocab + 1 or", "if any("),
    (multiset_rank, ")) + e[-1]) for e in heads]", "))) for e in heads]"),
]  # fmt: skip


def holds(module, code):
    try:
        return all(PROBES[module](code))
    except (ZeroDivisionError, ValueError, IndexError):
        return False


@pytest.mark.parametrize("module", PROBES, ids=lambda m: m.__name__.split(".")[-1])
def test_the_right_code_passes(module):
    assert holds(module, module)


@pytest.mark.parametrize(("module", "line", "instead"), MUTANTS, ids=lambda x: x if isinstance(x, str) else "")
def test_every_condition_is_needed(module, line, instead):
    assert not holds(module, mutated(module, line, instead))
