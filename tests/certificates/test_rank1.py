import copy
import itertools
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import readoff.certificates.rank1 as rank1
from readoff.certificates.rank1 import build_rank1_certificate, check_rank1_certificate, largest_departure_from_rank_one


def case_of(certificate, *signs):
    return next(case for case in certificate["cases"] if case["signs"] == list(signs))


def test_the_certificate_is_valid_and_survives_json():
    certificate = build_rank1_certificate()
    assert check_rank1_certificate(certificate) == []
    assert check_rank1_certificate(json.loads(json.dumps(certificate))) == []


def drop_a_case(c):
    c["cases"].pop(5)


def double_a_case(c):
    c["cases"][5] = copy.deepcopy(c["cases"][6])


def repeat_a_case(c):
    c["cases"].append(copy.deepcopy(c["cases"][5]))


def flip_a_multiplier(c):
    case_of(c, 1, 1, -1)["uses"][0]["multiplier"] = [[-1, ["a2"]]]


def flip_both_multipliers(c):
    for use in case_of(c, -1, 1, -1)["uses"]:
        use["multiplier"][0][0] *= -1


def wrong_multiplier(c):
    case_of(c, 1, 1, 1)["uses"][0]["multiplier"] = [[2, ["a2"]]]


def zero_multipliers(c):
    for use in case_of(c, 1, 1, 1)["uses"]:
        use["multiplier"] = []


def cancelled_multipliers(c):
    for use in case_of(c, 1, 1, 1)["uses"]:
        use["multiplier"] = [[1, ["a1"]], [-1, ["a1"]]]


def multiplier_that_vanishes(c):
    case_of(c, 0, 1, 1)["uses"] = [{"input": 2, "against": 3, "multiplier": [[1, ["a1"]]]}]


def multiplier_without_a_sign(c):
    case_of(c, 1, 1, 1)["uses"] = [
        {"input": 1, "against": 2, "multiplier": [[1, ["a2", "w3"]]]},
        {"input": 2, "against": 1, "multiplier": [[1, ["a1", "w3"]]]},
    ]


def opposite_signs(c):
    case_of(c, 1, -1, 1)["uses"] = [
        {"input": 1, "against": 2, "multiplier": [[1, ["a2"]]]},
        {"input": 2, "against": 1, "multiplier": [[1, ["a1"]]]},
    ]


def only_one_premise(c):
    case_of(c, 1, 1, 1)["uses"].pop()


def no_premise(c):
    case_of(c, 1, 1, 1)["uses"] = []


def premise_against_itself(c):
    case_of(c, 1, 1, 1)["uses"] = [{"input": 1, "against": 1, "multiplier": [[1, []]]}]


def premise_of_an_unknown_input(c):
    case_of(c, 1, 1, 1)["uses"] = [{"input": 4, "against": 1, "multiplier": [[1, []]]}]


def nonzero_scalar_called_zero(c):
    case_of(c, 1, 0, 1)["uses"] = [{"input": 1, "against": 2, "multiplier": [[1, []]]}]


def float_coefficient(c):
    case_of(c, 1, 1, 1)["uses"][0]["multiplier"] = [[1.0, ["a2"]]]


def unknown_variable(c):
    case_of(c, 1, 1, 1)["uses"][0]["multiplier"] = [[1, ["a9"]]]


def equal_labels(c):
    c["labels"] = ["y1", "y1", "y3"]


def a_larger_class(c):
    c["class"]["d_head"] = 2


def a_class_with_a_direct_path(c):
    c["class_zero"].remove("direct path")


def a_stronger_statement(c):
    c["statement"] = c["statement"].replace("three", "two")


def a_dropped_lemma(c):
    c["assumes"].pop(0)


def a_reworded_lemma(c):
    c["assumes"][0]["text"] = "Logits are anything."


def a_missing_field(c):
    del c["assumes"]


def cases_of_another_type(c):
    c["cases"] = 27


CORRUPTIONS = [
    drop_a_case, double_a_case, repeat_a_case, flip_a_multiplier, flip_both_multipliers, wrong_multiplier,
    zero_multipliers, cancelled_multipliers, multiplier_that_vanishes, multiplier_without_a_sign, opposite_signs,
    only_one_premise, no_premise, premise_against_itself, premise_of_an_unknown_input, nonzero_scalar_called_zero,
    float_coefficient, unknown_variable, equal_labels, a_larger_class, a_class_with_a_direct_path,
    a_stronger_statement, a_dropped_lemma, a_reworded_lemma, a_missing_field, cases_of_another_type,
]  # fmt: skip


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda f: f.__name__)
def test_a_corrupted_certificate_is_rejected(corrupt):
    certificate = build_rank1_certificate()
    corrupt(certificate)
    assert json.dumps(certificate) != json.dumps(build_rank1_certificate())
    assert check_rank1_certificate(certificate)


@pytest.mark.parametrize("nothing", [None, [], {}, {"cases": None}, 7, "certificate"])
def test_what_is_no_certificate_is_rejected(nothing):
    assert check_rank1_certificate(nothing)


MUTANTS = [
    ("if certificate[field] != value:", "if False:"),
    ("len(labels) != 3 or len(set(labels)) != 3", "len(labels) != 3"),
    ("set(patterns) != complete or len(patterns) != len(complete)", "len(patterns) != len(complete)"),
    ("set(patterns) != complete or len(patterns) != len(complete)", "set(patterns) != complete"),
    ('if not case["uses"]:', "if False:"),
    ("if len({i, j} & {1, 2, 3}) != 2:", "if False:"),
    ("if not _is_positive(multiplier, sign):", "if False:"),
    ("if value <= 0:", "if value < 0:"),
    ("value *= sign.get(v, 0)", "value *= sign.get(v, 1)"),
    ("value *= sign.get(v, 0)", "value *= 1"),
    ("return bool(polynomial)", "return True"),
    ("    if left:\n", "    if False:\n"),
    ("sign.get(x) == 0", "sign.get(x) != 1"),
    ('(f"w{j}", -1)', '(f"w{j}", 1)'),
    ("type(coefficient) is not int or", "False or"),
]


@pytest.mark.parametrize(("line", "instead"), MUTANTS)
def test_every_condition_of_the_checker_is_needed(line, instead):
    """Change one condition: then a corruption gets through, or the valid certificate no longer does."""
    source = Path(rank1.__file__).read_text()
    assert source.count(line) == 1
    mutant = types.ModuleType("mutant")
    sys.modules["mutant"] = mutant
    exec(source.replace(line, instead), mutant.__dict__)
    verdicts = [not mutant.check_rank1_certificate(build_rank1_certificate())]
    for corrupt in CORRUPTIONS:
        certificate = build_rank1_certificate()
        corrupt(certificate)
        verdicts.append(bool(mutant.check_rank1_certificate(certificate)))
    del sys.modules["mutant"]
    assert not all(verdicts)


def test_the_first_lemma_numerically():
    assert max(largest_departure_from_rank_one(seed) for seed in range(200)) < 1e-12


def test_the_statement_numerically():
    """Logits a w with random a and w: among inputs with a positive margin there are at most two labels."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        logits = rng.normal(size=(30, 1)) * rng.normal(size=(1, 5))
        assert len(set(logits.argmax(axis=1))) <= 2
    with_bias = [rng.normal(size=(300, 1)) * rng.normal(size=5) + rng.normal(size=5) for _ in range(50)]
    assert max(len(set(logits.argmax(axis=1))) for logits in with_bias) >= 3


def test_all_patterns_are_there_once():
    signs = [tuple(case["signs"]) for case in build_rank1_certificate()["cases"]]
    assert sorted(signs) == sorted(itertools.product((-1, 0, 1), repeat=3))
