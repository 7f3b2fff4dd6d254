"""Errors that teach: every mistake a user can make is a `ReadoffError`, printed without a traceback.

A message says what was given, what was expected, and what to write instead:

>>> raise UnknownName("task", "piars", ["pairs", "parity"])
Traceback (most recent call last):
readoff.core.errors.UnknownName: no task is called 'piars'. Did you mean 'pairs'? Known: pairs, parity.
"""

import difflib
import numbers
from collections.abc import Iterable


class ReadoffError(Exception):
    """A mistake in what was asked, with a message written for the person who asked."""


class UnknownName(ReadoffError):
    """A name that is not in a finite list; the message offers the nearest one."""

    def __init__(self, kind: str, given: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        shown = ", ".join(names[:40]) + (" ..." if len(names) > 40 else "")
        Exception.__init__(self, f"no {kind} is called {given!r}.{hint} Known: {shown}.")


class BadValue(ReadoffError):
    """A value outside what its field allows (impossible sizes, wrong dtype, non-finite numbers)."""


class TooLarge(ReadoffError):
    """A domain, table or program over a stated limit; the message gives size and limit."""


class Damaged(ReadoffError):
    """A file whose bytes are not what the ledger or its own header says; it is named and never used."""


class Unreachable(ReadoffError):
    """What was asked for is provably out of reach: a rank budget too small, a bar that n seeds cannot reach."""


BY_USERS = (Exception, SystemExit, GeneratorExit)
"""What a user's function may raise and a run of claims survives. An interrupt (Ctrl-C) is never among them."""


def need_whole(owner: object, *fields: str) -> None:
    """Refuse fields that hold no whole numbers, such as 4.0 or "4" (tuples of numbers are looked into)."""
    for field in fields:
        value = getattr(owner, field)
        for number in value if isinstance(value, tuple | list) else (value,):
            if not isinstance(number, numbers.Integral):
                raise BadValue(f"{type(owner).__name__}.{field} is {value!r:.60}; expected whole numbers such as 4.")
