"""What a measure hands back: named numbers, and how much of the input space stands behind them.

    def worst_margin(network):
        tables = ...
        return enumerated(margin=margins(tables, counts).min())

Strength over inputs, weakest first:
    SAMPLED      some inputs were looked at; this can refute "every input" and never establish it
    ENUMERATED   every element of the domain, in floating point
    CERTIFIED    about the real-number function that the stored weights define (balls or exact rationals)
Strength over networks is decided by the runner: ONE, SAMPLED n of N, PROVED.

A plain dict counts as SAMPLED: whoever looked at every input says so with `enumerated(...)`. Floating-point numbers
that are not certified carry an allowance for rounding wherever they are judged (`allowed`), whatever they are called:
closer to the bar than that is too close to call. Whole numbers, yes and no, and certified numbers are exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from readoff.certificates.rounding import fraction_interval
from readoff.claims.enclosure import Enclosure, within
from readoff.core.canonical import plain
from readoff.core.errors import BadValue

Inputs = Literal["SAMPLED", "ENUMERATED", "CERTIFIED"]
INPUTS: tuple[Inputs, ...] = ("SAMPLED", "ENUMERATED", "CERTIFIED")
ALLOWANCE = 1e-10
"""How far a float64 number may be off, absolutely and relative to its size.

A measure here adds at most some hundred products of numbers below 1,000, each rounded to 2^-53 of its size: that can
lose 100 * 1,000 * 2^-53, about 1e-11. Ten times as much is allowed, and the same share of numbers above 1.
"""
SLACK = 32
"""How many units in the last place a number of a narrower type (float32, float16) may be off."""

EXHIBIT_KINDS = ("heatmap", "curves", "orders", "phase", "margins", "trace", "table", "scatter", "histogram", "grid")


@dataclass(frozen=True, eq=False)
class Measured:
    """Named numbers (floats, arrays with the model axis first, or enclosures) and their strength over inputs."""

    numbers: Mapping[str, Any]
    inputs: Inputs = "SAMPLED"


def sampled(**numbers: Any) -> Measured:
    """Numbers from some inputs only."""
    return Measured(numbers, "SAMPLED")


def enumerated(**numbers: Any) -> Measured:
    """Numbers for which every input of the domain was evaluated in floating point (or that involve no inputs)."""
    return Measured(numbers, "ENUMERATED")


def certified(**numbers: Any) -> Measured:
    """Exact numbers (whole ones, yes and no, fractions), or bounds (lo, hi) and enclosures from rigorous arithmetic.

    A float is neither: its measure may have rounded it, and nobody says by how much (`as_measured` refuses it).
    """
    return Measured({name: _exact(value) for name, value in numbers.items()}, "CERTIFIED")


def _exact(value: Any) -> Any:
    if isinstance(value, Fraction):
        return Enclosure(*fraction_interval(value))
    return Enclosure(*value) if isinstance(value, tuple) else value


def as_measured(answer: Any) -> Measured:
    """What a measure returned, checked and brought into one form (see the module docstring)."""
    measured = answer if isinstance(answer, Measured) else None
    if measured is None and isinstance(answer, Mapping):
        measured = Measured(answer)
    if measured is None:
        raise BadValue(
            f"a measure gives named numbers, such as {{'accuracy': 0.98}} or enumerated(accuracy=...); "
            f"got {type(answer).__name__}."
        )
    numbers = {}
    for name, value in measured.numbers.items():
        numbers[str(name)] = value if isinstance(value, Enclosure) else _number(name, value)
        if measured.inputs == "CERTIFIED":
            _refuse_float(name, numbers[str(name)])
    return Measured(numbers, measured.inputs)


def allowed(value: Any, inputs: Inputs) -> Any:
    """A number as a judge sees it: a floating-point one that is not certified as an enclosure with its allowance.

    NaN becomes an enclosure that knows nothing. Infinities are what they are.
    """
    if isinstance(value, Enclosure) or inputs == "CERTIFIED" or np.asarray(value).dtype.kind != "f":
        return value
    spacing = float(np.finfo(np.asarray(value).dtype).eps)
    share = ALLOWANCE if spacing <= 2.0**-52 else SLACK * spacing
    wide = np.asarray(value, dtype=np.float64)
    return within(wide, np.where(np.isfinite(wide), share * np.maximum(1.0, np.abs(wide)), 0.0))


@dataclass(frozen=True)
class Exhibit:
    """A picture or table for the report: JSON-able `data` in the form of its `kind` (see `readoff.report.figures`)."""

    id: str
    kind: str
    title: str
    caption: str
    data: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.kind not in EXHIBIT_KINDS:
            raise BadValue(
                f"exhibit {self.id}: kind {self.kind!r} is not known; use one of {', '.join(EXHIBIT_KINDS)}."
            )

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "caption": self.caption,
            "data": _json(self.data),
        }


def summary(measured: Measured) -> dict[str, Any]:
    """Numbers as JSON: scalars, [lo, hi] for enclosures, and low/median/high/count for arrays."""
    return {name: _summary(value) for name, value in measured.numbers.items()}


def pack(measured: Measured) -> dict[str, np.ndarray]:
    """As plain arrays for the ledger's measure cache; `unpack` is the inverse."""
    out: dict[str, np.ndarray] = {"inputs": np.array(INPUTS.index(measured.inputs))}
    for name, value in measured.numbers.items():
        if isinstance(value, Enclosure):
            out["lo " + name], out["hi " + name] = value.lo, value.hi
        else:
            out["= " + name] = np.asarray(value)
    return out


def unpack(arrays: Mapping[str, np.ndarray]) -> Measured:
    """The inverse of `pack`."""
    numbers: dict[str, Any] = {}
    for key, value in arrays.items():
        kind, _, name = key.partition(" ")
        if kind == "=":
            numbers[name] = value if value.shape else value[()]
        elif kind == "lo":
            numbers[name] = Enclosure(value, arrays["hi " + name])
    return Measured(numbers, INPUTS[int(arrays["inputs"])])


def _number(name: str, value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise BadValue(
            f"the number {name!r} is a {type(value).__name__} ({value!r:.60}); expected numbers or an array."
        )
    return array if array.shape else array[()]


def _refuse_float(name: str, value: Any) -> None:
    if not isinstance(value, Enclosure) and value.dtype.kind == "f":
        raise BadValue(
            f"the number {name!r} is a float ({value!r:.60}), and floats are not certified: give a whole number, a "
            "Fraction, True or False, or rigorous bounds (lo, hi); or measure with enumerated(...)."
        )


def _summary(value: Any) -> Any:
    if isinstance(value, Enclosure):
        if value.shape == ():
            return [_finite(value.lo), _finite(value.hi)]
        with np.errstate(invalid="ignore"):
            return _summary((value.lo + value.hi) / 2)
    array = np.asarray(value)
    if array.shape == ():
        return bool(array) if array.dtype == bool else _finite(array)
    good = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    if good.size == 0:
        return {"count": int(array.size), "finite": 0}
    low, middle, high = (_finite(f(good)) for f in (np.min, np.median, np.max))
    return {"count": int(array.size), "finite": int(good.size), "low": low, "median": middle, "high": high}


def _finite(value: Any) -> float | None:
    value = float(value)
    return value if np.isfinite(value) else None


def _json(value: Any) -> Any:
    """JSON-able data: numpy arrays become lists, and numbers that are not finite become null."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(k): _json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_json(v) for v in value]
    return plain(value)
