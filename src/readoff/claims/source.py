"""What a function is, as text: so that an edited claim is another claim, and its stored verdict is not used.

The description of a function is its source, the plain values it closes over or names as module constants, and the same
for the functions of its own module that it calls. It goes into two hashes:

- a claim's hash (registered before the networks it judges are trained): the claim and the functions it names;
- a verdict's key, which adds the bytes of every file that the claim's file imports (`dependencies`).

>>> describe_function(lambda numbers: numbers["tau"] == -1)["source"]        # doctest: +SKIP
'describe_function(lambda numbers: numbers["tau"] == -1)["source"]'
"""

import contextlib
import dataclasses
import functools
import hashlib
import inspect
import linecache
import secrets
import textwrap
from collections.abc import Callable
from fractions import Fraction
from types import CodeType
from typing import Any

import numpy as np

from readoff.core.canonical import plain
from readoff.core.errors import ReadoffError

OPAQUE = secrets.token_hex(8)
"""Stands for what cannot be described: it differs in every process, so that nothing resting on it is used again."""


def describe_function(function: Callable[..., Any], seen: frozenset[str] = frozenset()) -> Any:
    """JSON-able description of a function, stable across processes."""
    if isinstance(function, functools.partial):
        inner = describe_function(function.func, seen)
        return {"partial": inner, "args": _value([*function.args], seen), "keywords": _value(function.keywords, seen)}
    code = getattr(function, "__code__", None)
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__name__)}"
    if code is None:
        return {"name": name, "fields": _value(getattr(function, "__dict__", {}), seen)}
    if name in seen and "<lambda>" not in name:
        return {"name": name}
    seen = seen | {name}
    out: dict[str, Any] = {"name": name, "source": _source(function.__code__)}
    closure = inspect.getclosurevars(function)
    cells = {k: _value(v, seen) for k, v in sorted(closure.nonlocals.items())}
    module = getattr(function, "__module__", None)
    names = {
        k: _value(v, seen)
        for k, v in sorted(closure.globals.items())
        if _is_constant(v) or (getattr(v, "__module__", None) == module and inspect.isfunction(v))
    }
    defaults = _value([*(function.__defaults__ or ()), function.__kwdefaults__ or {}], seen)
    return {**out, "cells": cells, "names": names, "defaults": defaults}


@functools.lru_cache(maxsize=4096)
def _source(code: CodeType) -> str:
    """The lines from a function's first to its last (`inspect.getsource` is twenty times slower); else its bytecode."""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 : _last_line(code)]
    if lines:
        return textwrap.dedent("".join(lines))
    constants = [c for c in code.co_consts if not inspect.iscode(c)]
    return f"{code.co_code.hex()} {constants!r} {code.co_names!r}"


def _last_line(code: CodeType) -> int:
    own = max((end for _, end, _, _ in code.co_positions() if end is not None), default=code.co_firstlineno)
    return max([own, *(_last_line(c) for c in code.co_consts if inspect.iscode(c))])


def _is_constant(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | Fraction | tuple | frozenset)


def _value(value: Any, seen: frozenset[str]) -> Any:
    if inspect.isfunction(value) or isinstance(value, functools.partial):
        return describe_function(value, seen)
    if hasattr(value, "__array__"):
        with contextlib.suppress(Exception):  # whatever a foreign array may raise, it is opaque then
            array = np.asarray(value)
            return hashlib.sha256(repr((array.dtype.str, array.shape)).encode() + array.tobytes()).hexdigest()
    if isinstance(value, list | tuple):
        return [_value(item, seen) for item in value]
    if isinstance(value, dict):
        return {str(k): _value(v, seen) for k, v in value.items()}
    with contextlib.suppress(ReadoffError, ValueError, TypeError):
        return plain(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):  # one that holds arrays or functions
        fields = {field.name: _value(getattr(value, field.name), seen) for field in dataclasses.fields(value)}
        return {"type": type(value).__qualname__, **fields}
    if isinstance(value, type) or inspect.ismodule(value) or inspect.isbuiltin(value):
        return f"{getattr(value, '__module__', '')}.{value.__name__}"
    return f"{type(value).__qualname__} {OPAQUE} {id(value)}"
