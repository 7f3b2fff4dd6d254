"""A value that somebody else published or calculated, to compare with after the verdict.

    Known("2.25273", source="independent calculation", number="entropy")
    Known("9/24", source="effective model, 24 seeds", number="rate")
    Known("93 %", source="another network", comparable=False)

The text carries its own precision: 2.25273 agrees with anything within half a unit of its last digit. A rate k/n agrees
if both shares could be the same one: their 95 % intervals overlap. Of a number with one value per network the median is
compared, by its 95 % interval. What was measured on other networks or other data is context and never agreement
(`comparable=False`).

Neither measure nor judge ever sees a `Known`; `number` names one of the measured numbers, or "rate" for the share of
seeds.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import numpy as np

from readoff.claims.enclosure import Enclosure
from readoff.claims.evidence import Measured
from readoff.claims.scope import Decision
from readoff.core.errors import BadValue, UnknownName, Unreachable
from readoff.statistics.binomial import lower, upper
from readoff.statistics.paired import median_interval

Agrees = Literal["yes", "no", "not comparable"]


@dataclass(frozen=True)
class Known:
    """A reference value as text, with its source. `number`: what it is compared with; "" means the headline value."""

    text: str
    source: str
    number: str = ""
    comparable: bool = True

    def __post_init__(self) -> None:
        if not self.source:
            raise BadValue(f"Known({self.text!r}) needs a source: where does the value come from?")
        if self.comparable and _rate(self.text) is None and _printed(self.text) is None:
            raise BadValue(
                f"Known({self.text!r}) is not a number or a rate k/n; write digits such as '0.4375' or '9/24', or say "
                "comparable=False for context."
            )


def agrees(known: Known, measured: Measured, decision: Decision, headline: str | None) -> Agrees:
    """Whether our number agrees with the reference."""
    if not known.comparable:
        return "not comparable"
    name = known.number or headline or "rate"
    rate = _rate(known.text)
    if name == "rate" and name not in measured.numbers:
        if decision.value is None or decision.n is None:
            return "not comparable"
        if rate is not None:
            return "yes" if _overlap(rate, (round(decision.value * decision.n), decision.n)) else "no"
        return _near(known.text, decision.value, decision.value)
    if name not in measured.numbers:
        raise UnknownName("measured number", name, measured.numbers)
    value: Any = measured.numbers[name]
    low, high = (value.lo, value.hi) if isinstance(value, Enclosure) else (value, value)
    if getattr(value, "shape", ()) != ():
        bounds = _median(np.asarray(low), np.asarray(high))
        if bounds is None:
            return "not comparable"
        low, high = bounds
    if rate is not None:
        share = rate[0] / rate[1]
        return "yes" if low - 1e-12 <= share <= high + 1e-12 else "no"
    return _near(known.text, float(low), float(high))


def _median(low: np.ndarray, high: np.ndarray) -> tuple[float, float] | None:
    """An interval that holds the median over networks with 95 % confidence; None for too few or non-finite numbers."""
    if low.ndim != 1 or low.dtype == bool or not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    try:
        return median_interval(low, 0.95).lo, median_interval(high, 0.95).hi
    except Unreachable:
        return None


def _near(text: str, low: float, high: float) -> Agrees:
    printed = _printed(text)
    assert printed is not None
    value, half = printed
    return "yes" if low <= value + half and high >= value - half else "no"


def _printed(text: str) -> tuple[float, float] | None:
    """A printed number and half a unit of its last digit; "12 %" is 0.12. A whole number is exact."""
    percent = text.strip().endswith("%")
    try:
        number = Decimal(text.strip().rstrip("%").strip())
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        return None
    scale = 0.01 if percent else 1.0
    exact = exponent == 0 and not percent
    return float(number) * scale, 1e-12 if exact else 0.5 * 10.0**exponent * scale * (1 + 1e-9)


def _rate(text: str) -> tuple[int, int] | None:
    parts = text.split("/")
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        return None
    k, n = int(parts[0]), int(parts[1])
    return (k, n) if 0 <= k <= n and n > 0 else None


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    (a_low, a_high), (b_low, b_high) = [(lower(k, n, 0.975), upper(k, n, 0.975)) for k, n in (a, b)]
    return a_low <= b_high and b_low <= a_high
