"""Numbers known only to lie between two bounds, and questions about them that may have no answer yet.

    margin = Enclosure(-1e-17, 2e-17)
    margin > 0            # neither certainly true nor certainly false
    bool(margin > 0)      # raises Straddles; the runner makes the verdict UNDECIDED

A comparison of enclosures is a `Maybe`: an array of (certainly, possibly). `&`, `|`, `~`, `all` and `any` work as on
boolean arrays, so the same predicate reads plain numbers and enclosures. A near-tie can therefore never be decided by
rounding, whichever way the rounding fell. What has no rule here (logarithms, medians) is refused with the advice to
compute it in the measure: nothing turns an enclosure into a plain number behind its back.
"""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from readoff.core.errors import BadValue


class OnlyBounds(BadValue, AttributeError):
    """Something was asked of an enclosure that has an answer for plain numbers only."""


class Straddles(Exception):
    """A yes-or-no answer was needed where the enclosure allows both."""


@dataclass(frozen=True, eq=False)
class Maybe:
    """A three-valued answer (array): `certainly` implies `possibly`."""

    certainly: np.ndarray
    possibly: np.ndarray

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> "Maybe":
        rule = _LOGIC.get(ufunc) if method == "__call__" and not options else None
        if rule is None:
            raise BadValue(f"numpy.{ufunc.__name__} cannot judge answers that may be undecided; use & | ~ all() any().")
        return rule(*map(maybe, inputs))

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise BadValue(
            "answers that may be undecided make no array; combine them with & | ~ (functools.reduce for many)."
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.certainly)

    def __and__(self, other: Any) -> "Maybe":
        other = maybe(other)
        return Maybe(self.certainly & other.certainly, self.possibly & other.possibly)

    def __or__(self, other: Any) -> "Maybe":
        other = maybe(other)
        return Maybe(self.certainly | other.certainly, self.possibly | other.possibly)

    __rand__ = __and__
    __ror__ = __or__

    def __invert__(self) -> "Maybe":
        return Maybe(~self.possibly, ~self.certainly)

    def __getitem__(self, index: Any) -> "Maybe":
        return Maybe(self.certainly[index], self.possibly[index])

    def all(self, axis: int | None = None, out: None = None) -> "Maybe":
        return Maybe(np.all(self.certainly, axis=axis), np.all(self.possibly, axis=axis))

    def any(self, axis: int | None = None, out: None = None) -> "Maybe":
        return Maybe(np.any(self.certainly, axis=axis), np.any(self.possibly, axis=axis))

    def __bool__(self) -> bool:
        if np.shape(self.certainly) != ():
            raise ValueError("the truth of several answers at once is ambiguous; use .all() or .any()")
        if bool(self.certainly) != bool(self.possibly):
            raise Straddles("a number lies too close to the bar for its error bound")
        return bool(self.certainly)


def maybe(answer: Any) -> Maybe:
    """A plain boolean (array) as a `Maybe` that is sure."""
    if isinstance(answer, Maybe):
        return answer
    sure = np.asarray(answer)
    if sure.dtype != bool:
        raise BadValue(f"expected True or False, got {answer!r} ({sure.dtype}).")
    return Maybe(sure, sure)


@dataclass(frozen=True, eq=False)
class Enclosure:
    """A number (or array of numbers) that lies in [lo, hi]; NaN on either side means nothing is known."""

    lo: Any
    hi: Any

    __hash__ = None  # type: ignore[assignment]

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        rule = _ARITHMETIC.get(ufunc) if method == "__call__" and not options else None
        return rule(*map(enclosure, inputs)) if rule is not None else self._refuse(f"numpy.{ufunc.__name__}")

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        self._refuse("an array")

    def __float__(self) -> NoReturn:
        self._refuse("float")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse(f".{name}")

    def _refuse(self, what: str) -> NoReturn:
        raise OnlyBounds(
            f"{what} cannot be made of a number that is known only within bounds (a certified enclosure, or a "
            "floating-point number with its allowance for rounding). Compute it in the measure, and compare it here."
        )

    def __post_init__(self) -> None:
        lo, hi = np.asarray(self.lo, dtype=np.float64), np.asarray(self.hi, dtype=np.float64)
        if lo.shape != hi.shape:
            raise BadValue(f"an enclosure needs bounds of one shape; got {lo.shape} and {hi.shape}.")
        if np.any(lo > hi):
            raise BadValue("an enclosure needs lo <= hi everywhere.")
        unknown = np.isnan(lo) | np.isnan(hi)
        object.__setattr__(self, "lo", np.where(unknown, -np.inf, lo))
        object.__setattr__(self, "hi", np.where(unknown, np.inf, hi))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lo.shape

    def __gt__(self, other: Any) -> Maybe:
        other = enclosure(other)
        return Maybe(self.lo > other.hi, self.hi > other.lo)

    def __ge__(self, other: Any) -> Maybe:
        other = enclosure(other)
        return Maybe(self.lo >= other.hi, self.hi >= other.lo)

    def __lt__(self, other: Any) -> Maybe:
        return ~(self >= other)

    def __le__(self, other: Any) -> Maybe:
        return ~(self > other)

    def __eq__(self, other: Any) -> Maybe:  # type: ignore[override]
        other = enclosure(other)
        return Maybe(
            (self.lo == self.hi) & (other.lo == other.hi) & (self.lo == other.lo),
            (self.lo <= other.hi) & (other.lo <= self.hi),
        )

    def __ne__(self, other: Any) -> Maybe:  # type: ignore[override]
        return ~(self == other)

    def __neg__(self) -> "Enclosure":
        return Enclosure(-self.hi, -self.lo)

    def __add__(self, other: Any) -> "Enclosure":
        other = enclosure(other)
        with np.errstate(invalid="ignore", over="ignore"):
            return _outward(self.lo + other.lo, self.hi + other.hi)

    def __sub__(self, other: Any) -> "Enclosure":
        return self + -enclosure(other)

    def __rsub__(self, other: Any) -> "Enclosure":
        return -self + other

    def __mul__(self, other: Any) -> "Enclosure":
        other = enclosure(other)
        with np.errstate(invalid="ignore", over="ignore"):
            corners = np.stack([a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)])
        return _outward(corners.min(axis=0), corners.max(axis=0))

    def __truediv__(self, other: Any) -> "Enclosure":
        other = enclosure(other)
        with np.errstate(divide="ignore", invalid="ignore"):
            corners = np.stack([a / b for a in (self.lo, self.hi) for b in (other.lo, other.hi)])
            known = (other.lo > 0) | (other.hi < 0)
            return _outward(np.where(known, corners.min(axis=0), -np.inf), np.where(known, corners.max(axis=0), np.inf))

    def __rtruediv__(self, other: Any) -> "Enclosure":
        return enclosure(other) / self

    def __pow__(self, power: int) -> "Enclosure":
        if power != 2:
            self._refuse(f"the power {power!r}")
        size = abs(self)
        return size * size

    __radd__ = __add__
    __rmul__ = __mul__

    def __abs__(self) -> "Enclosure":
        low = np.where((self.lo <= 0) & (self.hi >= 0), 0.0, np.minimum(abs(self.lo), abs(self.hi)))
        return Enclosure(low, np.maximum(abs(self.lo), abs(self.hi)))

    def __getitem__(self, index: Any) -> "Enclosure":
        return Enclosure(self.lo[index], self.hi[index])

    def __len__(self) -> int:
        return len(self.lo)

    def __iter__(self) -> Iterator["Enclosure"]:
        return (self[i] for i in range(len(self)))

    def min(self, axis: int | None = None, out: None = None) -> "Enclosure":
        return Enclosure(self.lo.min(axis=axis), self.hi.min(axis=axis))

    def max(self, axis: int | None = None, out: None = None) -> "Enclosure":
        return Enclosure(self.lo.max(axis=axis), self.hi.max(axis=axis))

    def sum(self, axis: int | None = None, out: None = None) -> "Enclosure":
        """The sum; widened by what adding in floating point can lose."""
        terms = self.lo.size if axis is None else self.lo.shape[axis]
        lost = terms * 2.0**-52 * np.maximum(abs(self.lo), abs(self.hi)).sum(axis=axis)
        return _outward(self.lo.sum(axis=axis) - lost, self.hi.sum(axis=axis) + lost)

    def mean(self, axis: int | None = None, out: None = None) -> "Enclosure":
        return self.sum(axis) / (self.lo.size if axis is None else self.lo.shape[axis])


def enclosure(value: Any) -> Enclosure:
    """A plain number or array as an enclosure of no width (NaN becomes "nothing is known")."""
    return value if isinstance(value, Enclosure) else Enclosure(value, value)


def within(value: Any, error: Any) -> Enclosure:
    """A floating-point number (array) with an absolute error bound, as an enclosure; no width where the bound is 0."""
    value, error = np.asarray(value, dtype=np.float64), np.asarray(error, dtype=np.float64)
    wide = _outward(value - error, value + error)
    return Enclosure(np.where(error == 0, value, wide.lo), np.where(error == 0, value, wide.hi))


def _outward(lo: np.ndarray, hi: np.ndarray) -> Enclosure:
    return Enclosure(np.nextafter(lo, -np.inf), np.nextafter(hi, np.inf))


_LOGIC: dict[Any, Callable[..., Any]] = {
    np.logical_and: operator.and_,
    np.bitwise_and: operator.and_,
    np.logical_or: operator.or_,
    np.bitwise_or: operator.or_,
    np.logical_not: operator.invert,
    np.invert: operator.invert,
}
_ARITHMETIC: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.negative: operator.neg,
    np.absolute: operator.abs,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
}
