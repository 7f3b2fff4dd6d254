"""From JSON to values: round trips, complaints that name the field, and garbage that only ever gives a ReadoffError."""

import json
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.core.canonical import canonical_json
from readoff.core.errors import BadValue, ReadoffError, UnknownName
from readoff.core.parse import parse, parse_json


@dataclass(frozen=True)
class Leaf:
    size: int
    shape: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Other:
    on: bool = False


@dataclass(frozen=True)
class Tree:
    leaf: Leaf
    either: Leaf | Other | None = None
    rate: float = 1.0
    kind_of: Literal["oak", "elm"] = "oak"
    names: tuple[str, ...] = ()


KINDS = {"Leaf": Leaf, "Other": Other, "Tree": Tree}
leaves = st.builds(Leaf, st.integers(), st.lists(st.lists(st.integers()).map(tuple), max_size=3).map(tuple))
trees = st.builds(
    Tree,
    leaves,
    st.one_of(st.none(), leaves, st.builds(Other, st.booleans())),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["oak", "elm"]),
    st.lists(st.text(), max_size=3).map(tuple),
)


@given(trees)
def test_what_is_written_is_read_back(tree):
    assert parse_json(canonical_json(tree), KINDS) == tree


@pytest.mark.parametrize(
    "data, error, match",
    [
        ({}, BadValue, "expected an object with a 'kind'"),
        ({"kind": "Trea"}, UnknownName, "'Trea'.*mean 'Tree'"),
        ({"kind": "Tree"}, BadValue, "Tree needs leaf"),
        ({"kind": "Leaf", "size": 1, "shap": []}, UnknownName, "field of Leaf.*'shap'.*mean 'shape'"),
        ({"kind": "Leaf", "size": 1.5}, BadValue, r"value\.size: expected int, got 1.5"),
        ({"kind": "Leaf", "size": True}, BadValue, r"value\.size: expected int, got True"),
        ({"kind": "Leaf", "size": 1, "shape": [[1], ["x"]]}, BadValue, r"value\.shape\[1\]\[0\]: expected int"),
        ({"kind": "Other", "on": 1}, BadValue, r"value\.on: expected bool"),
        ({"kind": "Tree", "leaf": 3}, BadValue, r"value\.leaf: expected Leaf"),
        ({"kind": "Tree", "leaf": {"kind": "Other"}}, BadValue, r"value\.leaf: expected Leaf, got .*Other"),
        ({"kind": "Tree", "leaf": {"kind": "Leaf", "size": 1}, "either": {"kind": "Tree"}}, BadValue, r"value\.either"),
        ({"kind": "Tree", "leaf": {"kind": "Leaf", "size": 1}, "kind_of": "ell"}, UnknownName, "'ell'.*mean 'elm'"),
        ({"kind": "Tree", "leaf": {"kind": "Leaf", "size": 1}, "rate": "1"}, BadValue, r"value\.rate: expected float"),
        ({"kind": "Tree", "leaf": {"kind": "Leaf", "size": 1}, "rate": 10**400}, BadValue, r"value\.rate"),
    ],
)
def test_complaints_name_the_field(data, error, match):
    with pytest.raises(error, match=match):
        parse(data, KINDS)


def test_unknown_schemas_and_broken_texts_are_refused():
    with pytest.raises(BadValue, match=r"schema 99 is not known.*update readoff"):
        parse_json('{"kind":"Leaf","size":1,"schema":99}', KINDS)
    for text in ["", "{", "[" * 100_000, '{"kind":"Leaf","size":1}}', "1" * 10_000]:
        with pytest.raises(BadValue):
            parse_json(text, KINDS)


def test_deep_nesting_is_refused():
    deep = '{"kind":"Tree","leaf":' * 900 + '{"kind":"Leaf","size":1}' + "}" * 900
    with pytest.raises(ReadoffError):
        parse_json(deep, KINDS)


garbage = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(list(KINDS))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=3), st.sampled_from(["kind", "leaf", "size"])), inner, max_size=4),
        st.fixed_dictionaries({"kind": st.sampled_from(list(KINDS))}, optional={"leaf": inner, "either": inner}),
        st.fixed_dictionaries({"kind": st.just("Leaf")}, optional={"size": inner, "shape": inner}),
    ),
    max_leaves=12,
)


@given(garbage)
def test_garbage_is_refused_or_is_a_value(data):
    try:
        value = parse_json(json.dumps(data), KINDS)
    except ReadoffError:
        return
    assert type(value) in KINDS.values()
    if isinstance(value, Tree):
        assert type(value.leaf) is Leaf and type(value.either) in (Leaf, Other, type(None))


@given(st.text(max_size=40))
def test_any_text_is_refused_or_is_a_value(text):
    try:
        parse_json(text, KINDS)
    except ReadoffError:
        pass
