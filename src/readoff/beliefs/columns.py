"""Which column is which: by the names people use, never silently.

A table from a platform has its own words (`names`). `choose` knows the usual ones, says what it took each column for
and which columns it does not read, and asks as soon as two columns could be meant:

    question_id, created_time, community_prediction, resolution   →  long: one row per question and time
    date, Trump, Biden                                            →  wide: one column per statement
    question, 2024-01-01, 2024-01-08, 2024-01-15                  →  wide: one column per time

The column that says which questions share fate (`--group`) is never guessed: a wrong guess there would be a wrong
claim about independence.
"""

import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from readoff.beliefs.names import (
    EVENT,
    FORECASTER,
    OPTION,
    OUTCOME,
    PROBABILITY,
    SURE,
    TIME,
    looks_like_outcomes,
    looks_like_time,
    number,
    plain,
)
from readoff.beliefs.problems import Unclear, some
from readoff.core.errors import UnknownName


@dataclass(frozen=True)
class Columns:
    """Column names by role; None where there is none (or, before `choose`, where it is left to be found).

    `probability` may name several columns (one statement each). `time` may be "row": the order of the rows is the
    time.
    """

    event: str | None = None
    option: str | None = None
    forecaster: str | None = None
    time: str | None = None
    probability: tuple[str, ...] = ()
    outcome: str | None = None
    group: str | None = None

    def used(self) -> list[str]:
        """The columns that will be read."""
        single = (self.event, self.option, self.forecaster, self.time, self.outcome, self.group)
        return list(dict.fromkeys([c for c in single if c and c != "row"] + list(self.probability)))


@dataclass(frozen=True)
class Choice:
    """The columns of one table, whether its probability columns are times, and how each was found out."""

    columns: Columns
    columns_are_times: bool
    notes: tuple[str, ...]

    def noting(self, note: str) -> "Choice":
        """The same with one more note."""
        return replace(self, notes=(*self.notes, note))


def flag(name: str, *columns: str) -> str:
    """A flag with column names as one types it into a shell: --probability 'Yes Price,No Price'."""
    cells = io.StringIO()
    csv.writer(cells, lineterminator="").writerow(columns)
    return f"--{name} {shlex.quote(cells.getvalue())}"


def split(given: str | None) -> tuple[str, ...]:
    """Column names separated by commas; a name with a comma in it stands in double quotes. The inverse of `flag`."""
    return tuple(c.strip() for c in next(csv.reader([given], skipinitialspace=True))) if given else ()


def choose(header: Sequence[str], sample: dict[str, list[str]], asked: Columns, timed_by_file: bool = False) -> Choice:
    """Settle the role of every column that is needed.

    header: the column names. sample: some cells of every column, as text. asked: what the user named.
    timed_by_file: the times are in the file names, so no column has to hold them. Raises Unclear when two readings
    are possible.
    """
    for name in asked.used():
        if name not in header:
            raise UnknownName("column", name, header)
    notes: list[str] = []
    free = [c for c in header if c not in asked.used()]
    vacant = [c for c in free if not any(cell.strip() for cell in sample[c])]

    def find(role: str, names: Sequence[str], given: str | None) -> str | None:
        if given:
            return given
        found = sorted((names.index(plain(c)), free.index(c), c) for c in free if plain(c) in names)
        if role == "time":  # a time that never changes is when the table was made
            found = [f for f in found if len(set(sample[f[2]])) > 1] or found
        else:  # a column without a single entry names nobody
            found = [f for f in found if f[2] not in vacant]
        if role == "outcome":  # "resolved: true" says that there is an outcome, not which
            found = [f for f in found if plain(f[2]) != "resolved" or not _is_status(sample[f[2]])]
        if not found:
            return None
        column = found[0][2]
        free.remove(column)
        rest = ", ".join(c for _, _, c in found[1:])
        notes.append(f"{role} = column {column!r}" + (f" (not {rest})" if rest else ""))
        return column

    time = asked.time if asked.time or timed_by_file else find("time", TIME, None)
    probability = asked.probability or _probability(free, sample)
    if not asked.probability and probability:
        notes.append(f"probability = column {probability[0]!r}")
    free = [c for c in free if c not in probability]
    event = find("event", EVENT, asked.event)
    option = find("option", OPTION, asked.option)
    forecaster = find("forecaster", FORECASTER, asked.forecaster)
    outcome = find("outcome", OUTCOME, asked.outcome)
    columns = Columns(event, option, forecaster, time, probability, outcome, asked.group)

    dates_only = False
    if not probability:
        dates = [c for c in free if looks_like_time(c)]
        dates_only = len(dates) >= 2
        if dates_only:
            notes.append(f"one column per time: {dates[0]} … {dates[-1]} ({len(dates)} columns)")
            columns = replace(columns, probability=tuple(dates), time=None)
        else:
            columns = replace(columns, probability=_wide(free, sample, header, event is not None))
            notes.append(f"one column per statement: {some(columns.probability)}")
    elif time is None and not timed_by_file and all(looks_like_time(c) for c in probability):
        dates_only = True
    if columns.time is None and not timed_by_file and not dates_only:
        raise Unclear(
            f"no column of {', '.join(header)} is known to hold the time. Say which: --time COLUMN, "
            "or --time row if the rows are already in the order of time (or each question has one row)."
        )
    rest = [c for c in free if c not in columns.used() and c not in vacant]
    vacant = [c for c in vacant if c not in columns.used()]
    if rest or vacant:
        parts = [f"not read: {', '.join(rest)}"] * bool(rest) + [f"empty: {', '.join(vacant)}"] * bool(vacant)
        notes.append("; ".join(parts))
    if outcome is None:
        notes += [
            f"column {c!r} looks like an outcome and is not read; if it is one, say {flag('outcome', c)}"
            for c in rest
            if looks_like_outcomes(c, sample[c])
        ]
    return Choice(columns, dates_only, tuple(notes))


def _is_status(cells: list[str]) -> bool:
    return {cell.strip().lower() for cell in cells} <= {"true", "false", ""}


def _probability(free: list[str], sample: dict[str, list[str]]) -> tuple[str, ...]:
    """The one column whose name says probability, () if there is none; several are a question to the user."""
    found = [c for c in free if plain(c) in PROBABILITY and any(number(cell) is not None for cell in sample[c])]
    if len(found) > 1:
        exact = [c for c in found if plain(c) in SURE]
        if len(exact) != 1:
            raise Unclear(
                f"several columns could hold the probability: {', '.join(found)}. Say which: "
                f"{flag('probability', found[0])}, or all of them if each is a statement of its own: "
                f"{flag('probability', *found)}"
            )
        found = exact
    return tuple(found)


def _wide(free: list[str], sample: dict[str, list[str]], header: Sequence[str], has_event: bool) -> tuple[str, ...]:
    """All remaining columns, when every one holds only numbers that could be probabilities (blanks allowed)."""
    free = [c for c in free if plain(c) not in TIME]
    values = {c: [number(cell) for cell in sample[c] if cell.strip()] for c in free}
    words = [c for c in free if None in values[c] and len(set(sample[c])) > 1]
    numeric = [c for c in free if values[c] and all(v is not None for v in values[c])]
    fractions = [c for c in numeric if all(v is not None and 0 <= v <= 1 for v in values[c])]
    percents = [c for c in numeric if all(v is not None and 0 <= v <= 100 for v in values[c])]
    candidates = fractions or percents
    if words and not has_event:
        which = flag("probability", candidates[0]) if len(candidates) == 1 else "--probability COLUMN"
        raise Unclear(
            f"no column is known to name the question; is it {' or '.join(words)}? Say {flag('event', words[0])}, and "
            f"which column holds the probability: {which}"
        )
    if numeric and len(fractions) == len(numeric):
        return tuple(fractions)
    if numeric and len(percents) == len(numeric) and not fractions:
        return tuple(percents)
    hint = "Say which: --probability COLUMN"
    if candidates:
        several = ", or all of them if each is a statement of its own" if len(candidates) > 1 else ""
        hint = f"Say which, such as {flag('probability', candidates[0])}{several}"
        hint += f": {flag('probability', *candidates)}" if several else ""
    raise Unclear(f"no column of {', '.join(header)} is known to hold the probability. {hint}")
