"""Every cell of the table of standings, against rules written down independently of it."""

import itertools
from typing import get_args

import pytest

from readoff.claims.standing import RELATIONS, SCOPES, STANDINGS, overall, standing
from readoff.claims.statement import Basis, Quantifier, Statement
from readoff.claims.verdict import VERDICTS

QUANTIFIERS, BASES = get_args(Quantifier), get_args(Basis)
CELLS = list(itertools.product(RELATIONS, QUANTIFIERS, BASES, VERDICTS, SCOPES))
WITNESS = ("Exists", "EveryInput")


def test_the_table_is_exhaustive():
    assert len(CELLS) == 5 * 5 * 5 * 6 * 5
    assert all(standing(*cell) in STANDINGS for cell in CELLS)
    assert all(standing(*cell) != "not testable" for cell in CELLS)


def test_what_does_not_hold_changes_nothing():
    assert {standing(*cell) for cell in CELLS if cell[3] != "HOLDS"} == {"open"}


def holding():
    return [(r, q, b, s, standing(r, q, b, v, s)) for r, q, b, v, s in CELLS if v == "HOLDS"]


def test_a_witness_refutes_impossible_and_never_supports_always():
    for relation, quantifier, basis, scope, found in holding():
        if scope == "Exists" and quantifier == "impossible" and relation == "refutes":
            assert found == ("qualified" if basis in ("reconstruction", "other network") else "refuted")
        if scope in WITNESS and quantifier in ("every", "impossible", "typically") and relation == "supports":
            assert found == "illustrated"


def test_a_reconstruction_refutes_and_corrects_nothing():
    for _, _, basis, _, found in holding():
        if basis in ("reconstruction", "other network"):
            assert found not in ("refuted", "corrected")
        if basis == "other network":
            assert found != "supported"


def test_seeds_never_prove_a_universal_or_deny_an_existence():
    for relation, quantifier, _, scope, found in holding():
        if scope == "Seeds" and relation == "supports" and quantifier in ("every", "impossible"):
            assert found in ("qualified", "illustrated")
        if scope == "Seeds" and relation == "refutes" and quantifier == "some":
            assert found == "qualified"


def test_one_example_does_not_refute_some_or_typically():
    for relation, quantifier, _, scope, found in holding():
        if scope in WITNESS and relation in ("refutes", "corrects") and quantifier in ("some", "typically"):
            assert found in ("open", "qualified")


def test_relations_bound_their_standings():
    allowed = {
        "supports": {"supported", "qualified", "illustrated"},
        "refutes": {"refuted", "qualified", "open"},
        "corrects": {"corrected", "qualified", "open"},
        "qualifies": {"qualified"},
        "illustrates": {"illustrated"},
    }
    reached = {relation: set() for relation in RELATIONS}
    for relation, _, _, _, found in holding():
        reached[relation].add(found)
    assert reached == allowed


def statement(**fields):
    given = {"id": "a/b", "says": "S", "speaker": "X", "place": "P", "stance": "asserts"}
    return Statement(**{**given, "quantifier": "every", "basis": "mathematics", "claims": ("a/b",), **fields})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], "open"),
        (["open", "supported"], "supported"),
        (["supported", "qualified"], "qualified"),
        (["illustrated", "supported"], "supported"),
        (["supported", "corrected", "refuted"], "refuted"),
    ],
)
def test_overall_takes_the_gravest(found, expected):
    assert overall(statement(), found) == expected


def test_not_testable_stays_so():
    assert overall(statement(claims=(), not_testable="nobody can"), ["refuted"]) == "not testable"
