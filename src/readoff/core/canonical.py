"""Canonical JSON and content hashes: equal values have equal bytes, on every machine.

A frozen dataclass becomes an object with its `kind`; fields equal to their default are left out, so adding a
field with a default later changes no hash. Integers in float fields become floats; non-finite floats are refused.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Point:
...     x: float
...     y: float = 0.0
>>> canonical_json(Point(1))
'{"kind":"Point","schema":1,"x":1.0}'

Weights are hashed by content, never by file: names, dtypes, shapes and little-endian bytes in sorted order.
"""

import dataclasses
import hashlib
import json
import math
import typing
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from readoff.core.errors import BadValue

SCHEMA = 1


def plain(value: Any, where: str = "value") -> Any:
    """Any frozen value as JSON-able data. `where` names the field in errors."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = field_types(type(value))
        out: dict[str, Any] = {"kind": type(value).__name__}
        for field in dataclasses.fields(value):
            given = getattr(value, field.name)
            if hints[field.name] is float and isinstance(given, int) and not isinstance(given, bool):
                given = float(given)
            if given != _default(field):
                out[field.name] = plain(given, f"{where}.{field.name}")
        return out
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            raise BadValue(f"{where} is {value!r}; only finite numbers can be stored and hashed.")
        return float(value)
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    raise BadValue(f"{where} is a {type(value).__name__}; only numbers, text, lists and frozen values can be stored.")


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, with the schema number."""
    data = plain(value)
    if isinstance(data, dict):
        data = {**data, "schema": SCHEMA}
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def content_id(value: Any, length: int = 16) -> str:
    """Hex sha256 of the canonical JSON, cut to `length` digits (64 bits by default)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def weights_hash(weights: Mapping[str, np.ndarray]) -> str:
    """sha256 over sorted (name, dtype, shape, C-order little-endian bytes). Independent of any file format."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = np.ascontiguousarray(weights[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(json.dumps([name, array.dtype.name, list(array.shape)]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


@cache
def field_types(cls: type) -> dict[str, Any]:
    """Resolved types of a dataclass's fields."""
    return typing.get_type_hints(cls)


def _default(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return dataclasses.MISSING
