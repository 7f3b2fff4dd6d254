"""Strict systems, threshold degree, multiset ranks: by hand, by brute force, and with the conditions taken out."""

import itertools
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.certificates import heads, linear, multiset_rank, skip_trigrams, superposed, threshold_degree
from readoff.certificates.heads import check_heads, departure_from_degree
from readoff.certificates.linear import check_obstruction, check_solution, check_system
from readoff.certificates.multiset_rank import exact_rank
from readoff.certificates.skip_trigrams import check_skip_trigrams
from readoff.certificates.superposed import check_no_threshold
from readoff.certificates.threshold_degree import (
    build_parity,
    check_degree,
    check_parity,
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
RANK = {"schema": 1, "vocab": 2, "n": 2, "weights": [[1, 2, 1], [1, 3, 1], [1, 4, 1]]}
XOR_TASK = ([[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 2]], [0, 1, 1, 0])
XOR_HEAD = {
    "schema": 1, "n_heads": 1, "positions": False, "inputs": [[0, 0, 2], [0, 1, 2], [1, 1, 2]], "labels": [0, 1, 0],
    "weights": [1, 2, 1],
}  # fmt: skip
TWO_WORDS = {"schema": 1, "skip_trigrams": [[1, 1, 2], [0, 0, 1]]}
TWO_TASK = ([[0, 0], [0, 1], [1, 1]], [0, 1, 1], 2)


def check_rank(certificate):
    return multiset_rank.check_rank(certificate, 2, 2)


def check_xor_head(certificate):
    return check_heads(certificate, 1, False, *XOR_TASK)


def check_two_words(certificate):
    return check_skip_trigrams(certificate, *TWO_TASK)


def check_middle(certificate):
    """1 lies between 0 and 4: no threshold."""
    return check_no_threshold(certificate, [[0], [1], [4]], [False, True, False])


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
    signed = parity_weights(build_parity(), bits)
    inputs = list(itertools.product((0, 1), repeat=bits))
    counts = [[v for bit in row for v in (1 - bit, bit)] + [1] for row in inputs]
    labels = [sum(row) % 2 for row in inputs]
    assert [int(x < 0) for x in signed] == labels
    certificate = {
        "schema": 1,
        "degree": bits - 1,
        "counts": counts,
        "labels": labels,
        "weights": list(map(abs, signed)),
    }
    assert check_degree(certificate) == []
    assert check_degree({**certificate, "degree": bits})
    wrong = [w + (i == 0) for i, w in enumerate(certificate["weights"])]
    assert check_degree({**certificate, "weights": wrong})


def test_parity_for_all_numbers_of_bits():
    assert check_parity(build_parity()) == [] == check_parity({"schema": 1, "factors": [3, -3]})
    assert check_parity({"schema": 1, "factors": [2, -1]}) == ["a missing bit contributes 1, not 0."]


@pytest.mark.parametrize("n_heads", [1, 2, 3])
def test_the_lemma_about_heads_for_inputs_that_end_in_one_token(n_heads):
    assert max(departure_from_degree(seed, n_heads, n_heads + 1) for seed in range(5)) < 1e-9
    assert max(departure_from_degree(seed, n_heads, n_heads) for seed in range(5)) > 1e-9
    across = [departure_from_degree(seed, n_heads, n_heads + 1, one_end=False) for seed in range(5)]
    assert max(across) > 1e-3  # over inputs that end in different tokens the lemma is false


def test_a_certificate_across_last_tokens_is_refused():
    """Repeating the last token takes one head, although no linear function of the counts does it on all four inputs."""
    inputs, labels = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 0, 1]
    across = {"schema": 1, "n_heads": 1, "positions": False, "inputs": [[0, 1], [1, 0]], "labels": [1, 0],
              "weights": [1, 1]}  # fmt: skip
    assert check_heads(across, 1, False, inputs, labels) == [
        "the inputs end in different tokens, [0, 1]; the lemma is about one."
    ]
    reordered = {**across, "inputs": [[0, 1, 2], [1, 0, 2]], "positions": False}
    order = ([[0, 1, 2], [1, 0, 2]], [1, 0])
    assert check_heads(reordered, 1, False, *order) == []  # without positions one head cannot tell the two apart
    assert check_heads({**reordered, "positions": True}, 1, True, *order)  # with positions it can


@pytest.mark.parametrize(
    "change",
    [
        {"n_heads": 2},
        {"n_heads": True},
        {"positions": True},
        {"positions": 0},
        {"inputs": [[0, 0, 2], [0, 1, 2], [1, 1, 1]]},
        {"labels": [0, 1, 1]},
        {"labels": [1, 0, 1]},
        {"labels": [False, 1, 0]},
        {"weights": [1, 1, 1]},
        {"weights": [0, 0, 0]},
        {"weights": [-1, -2, -1]},
        {"inputs": XOR_HEAD["inputs"][:2]},
    ],
    ids=str,
)
def test_a_certificate_about_heads_speaks_of_its_task(change):
    assert check_xor_head(XOR_HEAD) == []
    assert check_xor_head({**XOR_HEAD, **change})
    assert check_heads(XOR_HEAD, 2, False, *XOR_TASK)
    assert check_heads(XOR_HEAD, 1, False, XOR_TASK[0], [0, 0, 0, 1])  # AND


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
    (check_xor_head, XOR_HEAD),
    (check_two_words, TWO_WORDS),
    (check_middle, {"schema": 1, "weights": [3, 4, 1]}),
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


TRIANGLE = {
    "schema": 1,
    "space": [[0, 0], [2, 0], [-1, 2], [-1, -2]],
    "features": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "weights": [5, 1, 1, 1],
    "sparse": [1, 4],
    "margin": [1, 100],
    "functionals": [[1, 0, -1], [0, 1, -1], [0, -1, -1]],
}  # the gaps of its thresholds are 2/3, 1/2 and 1/2 of their ranges
BY_A_HAIR = [2 * 10**9, 3 * 10**9 - 6, -4 * 10**9 + 6]  # signs are right; 1e-9 of its range


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
        m.check_degree({**XOR_BY_TWO, "polynomial": [[-1, []], [2, [0, -2]]]}) != [],
        m.check_degree({**XOR, "polynomial": XOR_BY_TWO["polynomial"]}) != [],
        m.check_parity({"schema": 1, "factors": [1, 1]}) != [],
        m.check_parity({"schema": 1, "factors": [-1, 1]}) != [],
        m.check_parity({"schema": 1, "factors": [2, -1]}) != [],
        m.check_parity({"schema": 1, "factors": [1.0, -1.0]}) != [],
    ],
    heads: lambda m: [
        m.check_heads(XOR_HEAD, 1, False, *XOR_TASK) == [],
        m.check_heads({**XOR_HEAD, "n_heads": 2}, 1, False, *XOR_TASK) != [],
        m.check_heads(XOR_HEAD, 2, False, *XOR_TASK) != [],
        m.check_heads(XOR_HEAD, 1, True, *XOR_TASK) != [],
        m.check_heads({**XOR_HEAD, "positions": True}, 1, True, *XOR_TASK) != [],
        m.check_heads({**XOR_HEAD, "positions": True}, 1, False, *XOR_TASK) != [],
        m.check_heads({**XOR_HEAD, "labels": [0, 2, 1]}, 1, False, XOR_TASK[0], [0, 2, 2, 1]) != [],
        m.check_heads(XOR_HEAD, 1, False, XOR_TASK[0], [0, 0, 0, 1]) != [],
        m.check_heads({**XOR_HEAD, "weights": [1, 1, 1]}, 1, False, *XOR_TASK) != [],
        m.check_heads(
            {
                "schema": 1,
                "n_heads": 1,
                "positions": False,
                "inputs": [[0, 1], [1, 0]],
                "labels": [1, 0],
                "weights": [1, 1],
            },
            1,
            False,
            [[0, 1], [1, 0]],
            [1, 0],
        )
        != [],
        m.check_heads(
            {
                "schema": 1,
                "n_heads": 1,
                "positions": False,
                "inputs": [[0, 2], [1, 2], [3, 2]],
                "labels": [0, 1, 2],
                "weights": [0, 0, 1],
            },
            1,
            False,
            [[0, 2], [1, 2], [3, 2]],
            [0, 1, 2],
        )
        != [],
    ],
    skip_trigrams: lambda m: [
        m.check_skip_trigrams(TWO_WORDS, *TWO_TASK) == [],
        m.check_skip_trigrams({"schema": 1, "skip_trigrams": [[1, 1, 1], [0, 0, 1]]}, *TWO_TASK) != [],  # a tie
        m.check_skip_trigrams({"schema": 1, "skip_trigrams": [[1, 1, 1], [1, 1, 1], [0, 0, 1]]}, *TWO_TASK) != [],
        m.check_skip_trigrams({"schema": 1, "skip_trigrams": [*TWO_WORDS["skip_trigrams"], [5, 0, 0]]}, *TWO_TASK)
        != [],
        m.check_skip_trigrams({"schema": 1, "skip_trigrams": [[1, 1, 2.0], [0, 0, 1]]}, *TWO_TASK) != [],
        m.check_skip_trigrams(TWO_WORDS, [], [], 2) != [],
    ],
    superposed: lambda m: [
        m.check_superposed(TRIANGLE) == [],
        m.check_superposed({**TRIANGLE, "functionals": [BY_A_HAIR, *TRIANGLE["functionals"][1:]]}) != [],
        m.check_superposed({**TRIANGLE, "margin": [1, 2]}) == [],
        m.check_superposed({**TRIANGLE, "margin": [51, 100]}) != [],
        m.check_superposed({**TRIANGLE, "margin": [0, 1]}) != [],
        m.check_no_threshold({"schema": 1, "weights": [3, 4, 1]}, [[0], [1], [4]], [False, True, False]) == [],
        m.check_no_threshold({"schema": 1, "weights": [1, 2, 1]}, [[0], [1], [4]], [False, True, False]) != [],
        m.check_no_threshold({"schema": 1, "weights": [3, 4, 1]}, [[0], [1], [4]], [False, False, True]) != [],
        m.check_no_threshold({"schema": 2, "weights": [3, 4, 1]}, [[0], [1], [4]], [False, True, False]) != [],
    ],
    multiset_rank: lambda m: [
        m.check_rank(RANK, 2, 2) == [],
        m.check_rank({**RANK, "weights": [[1, 2, 1]] * 3}, 2, 2) != [],
        m.check_rank({**RANK, "weights": [[1, 2, 1], [1, 3, 1]]}, 2, 2) != [],
        m.check_rank({**RANK, "weights": [*RANK["weights"], [1, 5, 1]]}, 2, 2) != [],
        m.check_rank({**RANK, "weights": [[1, 2, 1], [1, 3, 1], [1, 0, 1]]}, 2, 2) != [],
        m.check_rank({**RANK, "weights": [[1, 2], [1, 3], [1, 4]]}, 2, 2) != [],
        m.check_rank({**RANK, "schema": True}, 2, 2) != [],
        m.check_rank({**RANK, "schema": 2}, 2, 2) != [],
        m.check_rank({**RANK, "weights": [[1, 2, 1], [1, 2, 1], [1, 4, 1]]}, 2, 2) != [],
        m.check_rank(RANK, 2, 1) != [] and m.check_rank(RANK, 3, 2) != [],
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
    (linear, 'certificate["schema"] != SCHEMA:', "False:"),
    (threshold_degree, "for size in range(degree + 1):", "for size in range(degree):"),
    (threshold_degree, "if total != 0:", "if total > 2:"),
    (threshold_degree, "if min(weights) < 0 or not any(weights):", "if not any(weights):"),
    (threshold_degree, "w * s) for row, w, s", "w) for row, w, s"),
    (threshold_degree, "if value * sign <= 0]", "if value * sign < 0]"),
    (threshold_degree, "or len(tokens) > degree or", "or"),
    (threshold_degree, "if type(coefficient) is not int or len", "if len"),
    (threshold_degree, "not set(labels) <= {0, 1}:", "False:"),
    (threshold_degree, "if not zero > 0 > one:", "if False:"),
    (threshold_degree, "if zero + one:", "if False:"),
    (threshold_degree, "if type(zero) is not int or type(one) is not int:", "if False:"),
    (threshold_degree, "0 <= token < table.shape[1]", "True"),
    (threshold_degree, '("weights" in certificate) == ("polynomial" in certificate)', "False"),
    (heads, "or task.get(tuple(row)) != label:", "or False:"),
    (heads, "!= n_heads or n_heads < 1:", "!= certificate['n_heads']:"),
    (heads, 'if certificate["positions"] is not positions:', "if False:"),
    (heads, "if len({row[-1] for row in used}) != 1:", "if False:"),
    (heads, "if len(set(said)) != 2:", "if False:"),
    (heads, "place if positions else 0", "0"),
    (heads, '"degree": n_heads', '"degree": 0'),
    (heads, "counted.get(name, 0) + 1", "1"),
    (skip_trigrams, "if sums[label] <= other:", "if sums[label] < other:"),
    (skip_trigrams, "if len({(t, y) for t, y, _ in given}) < len(given) or not all(c and", "if not all(c and"),
    (skip_trigrams, "not all(c and 0 <=", "not all(0 <="),
    (skip_trigrams, "all(type(x) is int for x in row)", "True"),
    (skip_trigrams, "or not len(inputs):", "or False:"),
    (superposed, "share < margin:", "share < 0:"),
    (superposed, "share < margin:", "share <= margin:"),
    (superposed, ", max(values) - min(values))", ", 1)"),
    (superposed, "Fraction(min(on) - max(off), max", "Fraction(max(on) - min(off), max"),
    (superposed, "if not 0 < margin < 1:", "if False:"),
    (superposed, "for x in (*point, 1)] for point, on", "for x in point] for point, on"),
    (multiset_rank, "if found == wanted else", "if found >= 2 else"),
    (multiset_rank, "if len(heads) != wanted:", "if False:"),
    (multiset_rank, "if type(certificate[field]) is not int or", "if"),
    (multiset_rank, "certificate[field] != wanted or wanted < 1", "wanted < 1"),
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
