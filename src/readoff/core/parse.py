"""From JSON back to frozen values, with errors that name the field: the inverse of `canonical`.

>>> parse({"kind": "Pairs", "n_noise": 3}, {"Pairs": Pairs})          # doctest: +SKIP
Pairs(n_signal=4, n_noise=3, n_ctx=5)

Only kinds in the given registry can be built, so a file can never name a class of its own choosing.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

from readoff.core.canonical import SCHEMA, field_types
from readoff.core.errors import BadValue, UnknownName


def parse_json(text: str, kinds: Mapping[str, type]) -> Any:
    """Parse canonical (or hand-written) JSON text into a value of one of `kinds`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"not JSON: {error}. A recipe is one JSON object, as `readoff show ID --json` prints.") from None
    if isinstance(data, dict):
        schema = data.pop("schema", SCHEMA)
        if schema != SCHEMA:
            raise BadValue(f"schema {schema!r} is not known here (this version reads schema {SCHEMA}); update readoff.")
    return parse(data, kinds)


def parse(data: Any, kinds: Mapping[str, type], where: str = "value") -> Any:
    """Build the frozen value that `data` describes; every complaint names the field."""
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        raise BadValue(f"{where}: expected an object with a 'kind', got {_short(data)}.")
    if data["kind"] not in kinds:
        raise UnknownName("kind", data["kind"], kinds)
    cls = kinds[data["kind"]]
    hints = field_types(cls)
    known = {field.name for field in dataclasses.fields(cls) if field.init}
    arguments = {}
    for name, item in data.items():
        if name == "kind":
            continue
        if name not in known:
            raise UnknownName(f"field of {cls.__name__}", name, known)
        arguments[name] = _coerce(item, hints[name], kinds, f"{where}.{name}")
    missing = [
        f.name
        for f in dataclasses.fields(cls)
        if f.name not in arguments and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise BadValue(f"{where}: {cls.__name__} needs {', '.join(missing)}.")
    return cls(**arguments)


def _coerce(item: Any, hint: Any, kinds: Mapping[str, type], where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        options = typing.get_args(hint)
        if item is None and type(None) in options:
            return None
        complaints = []
        for option in options:
            try:
                return _coerce(item, option, kinds, where)
            except (BadValue, UnknownName) as error:
                complaints.append(error)
        raise complaints[0]
    if origin is typing.Literal:
        if item not in typing.get_args(hint):
            raise UnknownName(f"value of {where}", str(item), [str(a) for a in typing.get_args(hint)])
        return item
    if origin is tuple:
        if not isinstance(item, list):
            raise BadValue(f"{where}: expected a list, got {_short(item)}.")
        inner = typing.get_args(hint)[0]
        return tuple(_coerce(part, inner, kinds, f"{where}[{i}]") for i, part in enumerate(item))
    if hint is float and isinstance(item, int | float) and not isinstance(item, bool):
        return float(item)
    if hint in (int, str, bool) and type(item) is hint:
        return item
    if isinstance(item, dict):
        return parse(item, kinds, where)
    expected = getattr(hint, "__name__", str(hint))
    raise BadValue(f"{where}: expected {expected}, got {_short(item)}.")


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."
