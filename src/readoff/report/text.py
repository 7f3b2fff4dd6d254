"""Numbers as words: the same number always reads the same, and what is not a number says so.

>>> number(0.0001161), number(10017), number(0.95), number("nan"), number(None)
('1.161e-4', '10,017', '0.95', 'not a number', 'not a number')
>>> interval([0.89, 1.0])
'[0.89, 1]'
>>> value({"class 8": 13.0, "others": [0.5, None]})
'class 8: 13; others: 0.5, not a number'

JSON has no NaN, so `null` and the strings "nan", "inf", "-inf" stand for the non-finite floats.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

NOT_A_NUMBER = "not a number"


def real(given: Any) -> float:
    """The float behind a JSON value: None is NaN, "inf" and the like are read; raises ValueError on other text."""
    if given is None:
        return math.nan
    if isinstance(given, bool | str) or hasattr(given, "__float__"):
        return float(given)
    raise ValueError(f"{given!r} is no number; write a number, null, 'nan', 'inf' or '-inf'")


def number(given: Any, digits: int = 4) -> str:
    """A number to `digits` significant digits; thousands get commas, tiny and huge ones an exponent."""
    x = real(given)
    if math.isnan(x):
        return NOT_A_NUMBER
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == int(x) and abs(x) < 1e9:
        return f"{int(x):,}".replace("-", "−")
    if 1e-3 <= abs(x) < 1e6:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(x))))
        shown = f"{x:,.{decimals}f}"
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    else:
        mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}e{int(exponent)}".replace("-", "−", 1) if x < 0 else f"{mantissa}e{int(exponent)}"
    return shown.replace("-", "−")


def fixed(given: Any, decimals: int) -> str:
    """A number with a fixed count of decimals, for tables whose columns should align."""
    x = real(given)
    if not math.isfinite(x):
        return number(x)
    shown = f"{x:.{decimals}f}"
    return shown.lstrip("-") if float(shown) == 0 else shown.replace("-", "−")


def interval(given: Any) -> str:
    """[lo, hi] as text; nothing for None."""
    return "" if given is None else f"[{number(given[0])}, {number(given[1])}]"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 claim`, `2 claims`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listing(items: Sequence[Any], limit: int = 12) -> str:
    """Items joined by commas; past `limit` the rest is counted, not hidden."""
    shown = ", ".join(value(item) for item in items[:limit])
    return shown + (f" and {len(items) - limit:,} more" if len(items) > limit else "")


def value(given: Any) -> str:
    """Any JSON value as short text: numbers formatted, mappings as `name: value`, lists cut with a count."""
    if given is None:
        return NOT_A_NUMBER
    if isinstance(given, str):
        return given
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Mapping):
        return "; ".join(f"{name}: {value(item)}" for name, item in given.items())
    if isinstance(given, Sequence):
        return listing(given)
    return number(given)
