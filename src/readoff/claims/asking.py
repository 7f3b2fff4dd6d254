"""Asking the judge: measure a subject, judge its numbers, and check that the answers have the right shape.

    one thing       True or False
    n networks      n answers, one per network; a network that diverged never counts as a success
    open question   a dict with one such answer per declared alternative, no two of them true at once

A condition (`given=`) may not read a number that the judge reads: that would select the seeds by the outcome. Which
numbers were read is remembered by `Numbers`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.claims.claim import Claim
from readoff.claims.enclosure import Enclosure, Maybe, maybe
from readoff.claims.evidence import Measured
from readoff.claims.scope import Seeds
from readoff.claims.subject import Subject, alive_of, n_networks, sample_size
from readoff.core.errors import BadValue, UnknownName

Measure = Callable[[Any], Any]
Look = Callable[[Subject, Measure], tuple[Any, Measured]]
"""Gives the thing that a subject describes, and what a measure made of it (cached by the runner)."""


class Numbers(Mapping[str, Any]):
    """The measured numbers as a judge sees them: read-only, and it is remembered which ones were read."""

    def __init__(self, numbers: Mapping[str, Any]) -> None:
        self._numbers = numbers
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        if name not in self._numbers:
            raise UnknownName("measured number", name, self._numbers)
        self.read.add(name)
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        self.read |= set(self._numbers)
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


@dataclass(frozen=True, eq=False)
class Answers:
    """What the judge said about one subject, per alternative ("" for a claim that is no open question)."""

    thing: Any
    measured: Measured
    by_alternative: Mapping[str, Any]
    given: Any
    shared: frozenset[str]


def ask(claim: Claim, subject: Subject, look: Look, n_seeds: int) -> Answers:
    """Measure and judge one subject; shapes are checked, diverged networks never count as a success."""
    thing, measured = look(subject, claim.measure)
    numbers = Numbers(measured.numbers)
    said = claim.judge(numbers)
    if claim.open:
        if not isinstance(said, Mapping) or tuple(said) != claim.alternatives:
            raise BadValue(f"an open question answers with a dict of its alternatives {list(claim.alternatives)}.")
        by_alternative = dict(said)
    else:
        by_alternative = {"": said}
    many, n_seeds = n_networks(subject) == "many", sample_size(subject, n_seeds)
    by_alternative = {name: _shape(value, n_seeds if many else None, claim) for name, value in by_alternative.items()}
    given, shared = None, frozenset()
    if many:
        alive = alive_of(thing, n_seeds)
        by_alternative = {k: v & maybe(alive) for k, v in by_alternative.items()}
        condition = claim.scope.given if isinstance(claim.scope, Seeds) else None
        given = maybe(np.ones(n_seeds, dtype=bool))
        if condition is not None:
            asked = Numbers(measured.numbers)
            given = _shape(condition(asked), n_seeds, claim) & maybe(alive)
            shared = _shared(measured.numbers, asked.read, numbers.read)
    _refuse_overlap(by_alternative)
    return Answers(thing, measured, by_alternative, given, shared)


def _shape(said: Any, n: int | None, claim: Claim) -> Maybe:
    answer = maybe(said)
    if n is None:
        if answer.certainly.shape not in ((), (1,)):
            raise BadValue(f"the judge gave {answer.certainly.shape[0]} answers about one thing; use .all() or .any().")
        return Maybe(answer.certainly.reshape(()), answer.possibly.reshape(()))
    if answer.certainly.shape != (n,):
        got = "a single answer" if answer.certainly.shape == () else f"shape {list(answer.certainly.shape)}"
        raise BadValue(
            f"there are {n} networks (or draws), so the judge must give {n} answers, one per network; got {got}. "
            "Compare arrays with the model axis first, and use & | ~ instead of and, or, not."
        )
    return answer


def _shared(numbers: Mapping[str, Any], asked: set[str], judged: set[str]) -> frozenset[str]:
    """The numbers that the condition reads and the judge reads too, by name or as a copy under another name.

    Two arrays of yes and no may be equal by honest coincidence; with more than two different values they are a copy.
    """

    def same(a: str, b: str) -> bool:
        x, y = numbers[a], numbers[b]
        if a == b or isinstance(x, Enclosure) or isinstance(y, Enclosure):
            return a == b
        return np.array_equal(x, y, equal_nan=True) and np.unique(x).size > 2

    return frozenset(a for a in asked if any(same(a, b) for b in judged))


def _refuse_overlap(by_alternative: Mapping[str, Maybe]) -> None:
    total = sum(answer.certainly.astype(int) for answer in by_alternative.values())
    if np.any(np.asarray(total) > 1):
        raise BadValue("the alternatives of an open question must exclude each other, but two of them hold at once.")
