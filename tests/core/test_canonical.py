"""Canonical JSON and content hashes: equal values, equal bytes; what cannot be stored is refused by name."""

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.core.canonical import canonical_json, content_id, plain, weights_hash
from readoff.core.errors import BadValue


@dataclass(frozen=True)
class Inner:
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outer:
    rate: float
    name: str = "x"
    inner: Inner = field(default_factory=Inner)
    limit: float | None = None


def test_the_text_is_sorted_short_and_names_its_schema():
    value = Outer(2, inner=Inner((3, 1)))
    text = '{"inner":{"kind":"Inner","sizes":[3,1]},"kind":"Outer","rate":2.0,"schema":1}'
    assert canonical_json(value) == text
    assert content_id(value) == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_fields_at_their_default_are_left_out():
    assert canonical_json(Outer(1.5, name="x", inner=Inner(), limit=None)) == canonical_json(Outer(1.5))
    assert canonical_json(Outer(1.5, limit=0.0)) != canonical_json(Outer(1.5))


def test_whole_numbers_in_float_fields_become_floats():
    assert canonical_json(Outer(1)) == canonical_json(Outer(1.0))
    assert content_id(Outer(1)) == content_id(Outer(1.0))


def test_numpy_numbers_and_fractions_are_plain():
    assert plain([np.int64(3), np.float64(0.5), Fraction(1, 3), {"a": (1,)}]) == [3, 0.5, "1/3", {"a": [1]}]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_non_finite_numbers_are_refused_by_field(bad):
    with pytest.raises(BadValue, match=r"value\.rate is .*only finite"):
        canonical_json(Outer(bad))


def test_other_things_are_refused():
    with pytest.raises(BadValue, match="set"):
        canonical_json({"a": {1, 2}})


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5), st.lists(st.integers(), max_size=3))
def test_the_text_is_json_and_keeps_every_digit(rate, name, sizes):
    value = Outer(rate, name, Inner(tuple(sizes)))
    data = json.loads(canonical_json(value))
    assert data["rate"] == rate and math.copysign(1, data["rate"]) == math.copysign(1, rate)
    assert data.get("name", "x") == name and data.get("inner", {}).get("sizes", []) == sizes


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_different_values_have_different_texts(a, b):
    if a != b and math.isfinite(a) and math.isfinite(b):
        assert canonical_json(Outer(a)) != canonical_json(replace(Outer(a), rate=b))


# sha256 over the header ["W","float32",[2]] and the bytes of 1.0, 2.0, worked out without the function under test.
def test_weights_hash_by_hand():
    one, two = bytes.fromhex("0000803f"), bytes.fromhex("00000040")
    expected = hashlib.sha256(b'["W", "float32", [2]]' + one + two).hexdigest()
    assert weights_hash({"W": np.array([1, 2], np.float32)}) == expected


def test_weights_hash_does_not_depend_on_memory():
    values = np.arange(12, dtype=np.float64).reshape(3, 4)
    base = weights_hash({"a": values, "b": values[0]})
    wide = np.zeros((6, 8))
    wide[::2, ::2] = values
    assert weights_hash({"b": values[0], "a": values}) == base, "order of names"
    assert weights_hash({"a": np.asfortranarray(values), "b": values[0]}) == base, "column order"
    assert weights_hash({"a": wide[::2, ::2], "b": values[0]}) == base, "a strided view"
    assert weights_hash({"a": values.astype(">f8"), "b": values[0]}) == base, "big-endian"


def test_weights_hash_tells_name_dtype_shape_and_bits_apart():
    values = np.zeros(4)
    hashes = {
        weights_hash({"a": values}),
        weights_hash({"b": values}),
        weights_hash({"a": values.reshape(2, 2)}),
        weights_hash({"a": values.astype(np.float32)}),
        weights_hash({"a": np.array([0.0, 0.0, 0.0, 5e-324])}),
        weights_hash({"a": np.array([0.0, 0.0, 0.0, -0.0])}),
    }
    assert len(hashes) == 6
