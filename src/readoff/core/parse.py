"""From JSON back to frozen values, with errors that name the field: the inverse of `canonical`.

>>> parse({"kind": "Pairs", "n_noise": 3}, {"Pairs": Pairs})          # doctest: +SKIP
Pairs(n_signal=4, n_noise=3, n_ctx=5)

Only kinds in the given registry can be built, so a file can never name a class of its own choosing.
"""

import contextlib
import dataclasses
import json
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from readoff.core.canonical import SCHEMA, field_types
from readoff.core.errors import BadValue, ReadoffError, UnknownName


def parse_json(text: str, kinds: Mapping[str, type]) -> Any:
    """Parse canonical (or hand-written) JSON text into a value of one of `kinds`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"not JSON: {error}. A recipe is one JSON object, as `readoff show ID --json` prints.") from None
    if isinstance(data, dict):
        schema = data.pop("schema", SCHEMA)
        if schema != SCHEMA:
            raise BadValue(
                f"schema {_short(schema)} is not known here (this version reads schema {SCHEMA}); update readoff."
            )
    try:
        return parse(data, kinds)
    except RecursionError:
        raise BadValue("the JSON is nested too deeply; a recipe is a few levels deep.") from None


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
    options = typing.get_args(hint) if origin in (typing.Union, types.UnionType) else (hint,)
    if isinstance(item, dict):
        value = parse(item, kinds, where)
        if not isinstance(value, tuple(option for option in options if isinstance(option, type))):
            raise BadValue(f"{where}: expected {_names(options)}, got {_short(item)}.")
        return value
    if len(options) > 1:
        for option in options:
            with contextlib.suppress(ReadoffError):
                return _coerce(item, option, kinds, where)
        raise BadValue(f"{where}: expected {_names(options)}, got {_short(item)}.")
    if hint is type(None) and item is None:
        return None
    if origin is typing.Literal:
        if item not in typing.get_args(hint):
            raise UnknownName(f"value of {where}", _short(item), [str(a) for a in typing.get_args(hint)])
        return item
    if origin is tuple:
        if not isinstance(item, list):
            raise BadValue(f"{where}: expected a list, got {_short(item)}.")
        inner = typing.get_args(hint)[0]
        return tuple(_coerce(part, inner, kinds, f"{where}[{i}]") for i, part in enumerate(item))
    if hint is float and type(item) in (int, float) and abs(item) <= sys.float_info.max:
        return float(item)
    if hint in (int, str, bool) and type(item) is hint:
        return item
    raise BadValue(f"{where}: expected {_names(options)}, got {_short(item)}.")


def _names(options: tuple[Any, ...]) -> str:
    return " or ".join("null" if o is type(None) else getattr(o, "__name__", str(o)) for o in options)


def _short(data: Any) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."
