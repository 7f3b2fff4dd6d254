"""Does a condition (`given=`) select the networks by the outcome?

    given=lambda n: n["trait"] > 0.5,    judge: n["trait"] > 0.5        of course all of them do: VACUOUS

A condition may not read what the judge reads: not under the same name, and not as a copy. A copy is a number that
follows from the other on all networks by a straight line, up to the rounding of float32 (so 2x, 1 - x and a cast
count), or that puts many different values into exactly the same order.

Nor may it come out as the outcome does: if exactly those networks meet the condition that pass the judge, and there are
both kinds, it may be the outcome in other words. An honest condition can look like that where everything succeeded; but
the two come apart on spoilt networks (untrained ones are reversed by chance and solve nothing), and a copy never does.
So a claim whose condition and outcome coincide, on its own networks and on those of every control, is VACUOUS, unless
it holds without the condition as well, with all the others counted as failures.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from readoff.claims.enclosure import Enclosure, Maybe

CLOSE = 1e-5
"""A straight line fits if nothing is further from it than this share of the usual spread."""
FLOAT32 = 2.0**-22
"""Twice the rounding of float32, relative to each number."""
MANY = 9
"""So many different values in exactly one order are no coincidence."""


COINCIDES = (
    "exactly the networks that meet the condition `given` pass the judge, here and under every control, and without it "
    "the claim would not hold: the condition cannot be told from the outcome"
)


def copied(numbers: Mapping[str, Any], asked: set[str], judged: set[str]) -> str:
    """Why a condition that read `asked` selects by what the judge read; "" if it does not."""
    shared = ", ".join(sorted(a for a in asked if any(_same(a, b, numbers) for b in judged)))
    reason = f"the condition `given` reads what the judge reads ({shared}): it selects the seeds by the outcome"
    return reason if shared else ""


def coincide(given: Maybe, answer: Maybe) -> bool:
    """Whether exactly those that meet the condition pass, and there are both kinds."""
    both = bool(given.certainly.any()) and not bool(given.certainly.all())
    return both and _sure(given, answer) and np.array_equal(given.certainly, answer.certainly)


def come_apart(given: Maybe, answer: Maybe) -> bool:
    """Whether it is certain that the condition is not the outcome: some network meets one and not the other."""
    return _sure(given, answer) and not np.array_equal(given.certainly, answer.certainly)


def _sure(*answers: Maybe) -> bool:
    return all(np.array_equal(answer.certainly, answer.possibly) for answer in answers)


def _same(a: str, b: str, numbers: Mapping[str, Any]) -> bool:
    if a == b:
        return True
    x, y = (_columns(numbers[name]) for name in (a, b))
    return any(_follows(u, v) for u in x for v in y if len(u) == len(v))


def _columns(value: Any) -> list[np.ndarray]:
    """What was measured as columns with one entry per network; an enclosure by its middle."""
    return [column.astype(np.float64) for column in _split(value)]


def _split(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, Enclosure):
        with np.errstate(invalid="ignore"):
            value = (value.lo + value.hi) / 2
    array = np.asarray(value)
    if array.ndim and array.size:
        yield from array.reshape(len(array), -1).T[:64]


def _follows(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether one column is a copy of the other; two different values may agree by honest coincidence."""
    known = np.isfinite(x) & np.isfinite(y)
    if not np.array_equal(np.isfinite(x), np.isfinite(y)):
        return False
    x, y = x[known], y[known]
    if min(np.unique(x).size, np.unique(y).size) < 3:
        return False
    return _on_a_line(x, y) or _in_one_order(x, y)


def _on_a_line(x: np.ndarray, y: np.ndarray) -> bool:
    u, v = x - np.median(x), y - np.median(y)
    slope = (u * v).sum() / (u * u).sum()
    usual = np.median(np.abs(v))  # not the largest: one odd network must not make a line of the others
    rounding = FLOAT32 * (np.abs(y) + np.abs(slope * x))
    if usual < 1000 * np.median(rounding):
        rounding = 0.0 * rounding
    misses = np.abs(v - slope * u)
    return bool(slope != 0 and (misses <= CLOSE * usual + rounding).all() and (usual > 0 or not misses.any()))


def _in_one_order(x: np.ndarray, y: np.ndarray) -> bool:
    _, first = np.unique(x, return_inverse=True)
    _, second = np.unique(y, return_inverse=True)
    same = np.array_equal(first, second) or np.array_equal(first, second.max() - second)
    return same and first.max() + 1 >= MANY
