"""What a function is, as text for people and as one exact hash: so that an edited claim is another claim.

    describe_function(judge)       {"name": "judge", "source": "def judge(n): ...", "exact": "9c1f..."}
    is_exact(text)                 False if a part of a text has no exact description ("exact": null)

The source is for reading; it decides nothing, because two functions may stand on one line, or be made by one factory
from other values. What decides is `core.exact`: code, constants, defaults, closure, state and the globals that are
named. It goes into two hashes: a claim's (registered before the networks that it judges are trained) and a verdict's
key. Where there is no exact description nothing is used again.
"""

import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

from readoff.core.exact import exact


def describe_function(function: Callable[..., Any]) -> dict[str, Any]:
    """JSON-able description of a function, stable across processes."""
    inner: Any = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    code = getattr(inner, "__code__", None) or getattr(vars(type(inner)).get("__call__"), "__code__", None)
    return {"name": name, "source": _source(code) if code is not None else "", "exact": exact(function).digest}


def is_exact(text: Any) -> bool:
    """Whether everything in a description is exact."""
    if isinstance(text, Mapping):
        return not ("exact" in text and text["exact"] is None) and all(map(is_exact, text.values()))
    return all(map(is_exact, text)) if isinstance(text, list | tuple) else True


@functools.lru_cache(maxsize=4096)
def _source(code: CodeType) -> str:
    """The lines from a function's first to its last (`inspect.getsource` is twenty times slower); "" without a file."""
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 : _last_line(code)]
    return textwrap.dedent("".join(lines))


def _last_line(code: CodeType) -> int:
    own = max((end for _, end, _, _ in code.co_positions() if end is not None), default=code.co_firstlineno)
    return max([own, *(_last_line(c) for c in code.co_consts if inspect.iscode(c))])
