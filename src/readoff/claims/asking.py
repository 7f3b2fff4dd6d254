"""Asking the judge: measure a subject, judge its numbers, and check that the answers have the right shape.

    one thing       True or False
    n networks      n answers, one per network
    open question   a dict with one such answer per declared alternative, no two of them true at once

What the answer is worth:

    a network that diverged        False; the condition `given=` reads its numbers like any other's
    a number that is read is NaN   too close to call, for the judge and for the condition
    a number astride the bar       too close to call (floating-point numbers carry an allowance, see `evidence`)

Which numbers were read is remembered by `Numbers`: a condition may not select the seeds by the outcome (`selection`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.claims.claim import Claim
from readoff.claims.enclosure import Enclosure, Maybe, Straddles, maybe
from readoff.claims.evidence import Measured, allowed
from readoff.claims.scope import Seeds
from readoff.claims.selection import copied
from readoff.claims.subject import Subject, alive_of, n_networks, sample_size
from readoff.core.errors import BadValue, UnknownName

Measure = Callable[[Any], Any]
Look = Callable[[Subject, Measure], tuple[Any, Measured]]
"""Gives the thing that a subject describes, and what a measure made of it (cached by the runner)."""


class Numbers(Mapping[str, Any]):
    """The measured numbers as a judge sees them: read-only, and it is remembered which ones were read."""

    def __init__(self, measured: Measured) -> None:
        self._measured = measured
        self.read: set[str] = set()
        self.unclear = ""

    def __getitem__(self, name: str) -> Any:
        if name not in self._measured.numbers:
            raise UnknownName("measured number", str(name), self._measured.numbers)
        self.read.add(name)
        return allowed(self._measured.numbers[name], self._measured.inputs)

    def __iter__(self) -> Iterator[str]:
        self.read |= set(self._measured.numbers)
        return iter(self._measured.numbers)

    def __len__(self) -> int:
        return len(self._measured.numbers)

    def unknown(self, n: int | None) -> np.ndarray:
        """bool [n], or one for one thing: a number that was read is NaN there. One number for all counts for all."""
        found = np.zeros(() if n is None else n, dtype=bool)
        for name in self.read:
            value = self._measured.numbers[name]
            if isinstance(value, Enclosure) or np.asarray(value).dtype.kind != "f":
                continue
            missing = np.isnan(value)
            per_network = n is not None and missing.ndim > 0 and len(missing) == n
            found = found | (missing.reshape(n, -1).any(axis=1) if per_network else missing.any())
        return found


@dataclass(frozen=True, eq=False)
class Answers:
    """What the judge said about one subject, per alternative ("" for a claim that is no open question).

    `given`: which networks meet the condition. `selects`: why the condition selects by the outcome, or "".
    `n_unknown`: networks (that did not diverge) with NaN among the numbers read. `unclear`: why no judge could say.
    """

    thing: Any
    measured: Measured
    by_alternative: Mapping[str, Any]
    given: Any = None
    selects: str = ""
    n_unknown: int = 0
    unclear: str = ""


def ask(claim: Claim, subject: Subject, look: Look, n_seeds: int) -> Answers:
    """Measure and judge one subject; shapes are checked. See the module docstring."""
    thing, measured = look(subject, claim.measure)
    numbers = Numbers(measured)
    n = sample_size(subject, n_seeds) if n_networks(subject) == "many" else None
    by_alternative = {name: _shape(said, n) for name, said in _judged(claim, numbers).items()}
    unknown = numbers.unknown(n)
    by_alternative = {name: _unsure(answer, unknown) for name, answer in by_alternative.items()}
    _refuse_overlap(by_alternative)
    if n is None:
        return Answers(thing, measured, by_alternative, n_unknown=int(unknown), unclear=numbers.unclear)
    alive = alive_of(thing, n)
    by_alternative = {name: answer & maybe(alive) for name, answer in by_alternative.items()}
    given, selects = maybe(np.ones(n, dtype=bool)), ""
    condition = claim.scope.given if isinstance(claim.scope, Seeds) else None
    if condition is not None:
        asked = Numbers(measured)
        given = _unsure(_shape(_said(condition, asked), n, "condition (given=)"), asked.unknown(n))
        unknown = unknown | asked.unknown(n)
        selects = copied(measured.numbers, asked.read, numbers.read)
    return Answers(thing, measured, by_alternative, given, selects, int((unknown & alive).sum()), numbers.unclear)


def _judged(claim: Claim, numbers: Numbers) -> dict[str, Any]:
    said = _said(claim.judge, numbers)
    if not claim.open:
        return {"": said}
    if isinstance(said, Maybe):  # the judge needed a yes or no where there is none
        return dict.fromkeys(claim.alternatives, said)
    if not isinstance(said, Mapping) or tuple(said) != claim.alternatives:
        raise BadValue(f"an open question answers with a dict of its alternatives {list(claim.alternatives)}.")
    return dict(said)


def _said(judge: Callable[[Any], Any], numbers: Numbers) -> Any:
    """What a function says of the numbers; too close to call where it had to know more than is known."""
    try:
        return judge(numbers)
    except Straddles as reason:
        numbers.unclear = str(reason)
        return Maybe(np.asarray(False), np.asarray(True))


def _shape(said: Any, n: int | None, who: str = "judge") -> Maybe:
    try:
        answer = maybe(said)
    except (BadValue, ValueError):
        hint = " Is a `return` missing?" if said is None else " Compare numbers with a bar, as in n['x'] > 0."
        shown = "a number" if isinstance(said, Enclosure) else f"{said!r:.60} ({type(said).__name__})"
        raise BadValue(f"the {who} gave {shown}; expected True or False.{hint}") from None
    if n is None:
        if answer.certainly.shape not in ((), (1,)):
            shape = list(answer.certainly.shape)
            raise BadValue(f"the {who} gave answers of shape {shape} about one thing; use .all() or .any().")
        return Maybe(answer.certainly.reshape(()), answer.possibly.reshape(()))
    unclear = answer.certainly.shape == () and bool(answer.certainly) != bool(answer.possibly)
    if unclear:
        return Maybe(np.zeros(n, dtype=bool), np.ones(n, dtype=bool))
    if answer.certainly.shape != (n,):
        got = "a single answer" if answer.certainly.shape == () else f"shape {list(answer.certainly.shape)}"
        raise BadValue(
            f"there are {n} networks (or draws), so the {who} must give {n} answers, one per network; got {got}. "
            "Compare arrays with the model axis first, and use & | ~ instead of and, or, not."
        )
    return answer


def _unsure(answer: Maybe, unknown: np.ndarray) -> Maybe:
    return Maybe(answer.certainly & ~unknown, answer.possibly | unknown)


def _refuse_overlap(by_alternative: Mapping[str, Maybe]) -> None:
    total = sum(answer.certainly.astype(int) for answer in by_alternative.values())
    if np.any(np.asarray(total) > 1):
        raise BadValue("the alternatives of an open question must exclude each other, but two of them hold at once.")
