"""From a file to histories: read, check every row, and say what was assumed.

    reading = read(Path("forecasts.csv"))
    reading.notes        what each column was taken for, percent or fraction, time zone, sorting
    reading.problems     what was wrong and left out (empty, unless `skip_bad` was given)
    reading.histories    the streams

A table with bad rows is refused with all of them named; with `skip_bad` those rows are left out and counted.
Questions without a known outcome are not bad: their movement counts, and the reduction of uncertainty so far with
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from readoff.beliefs import cells, checks, clock, outcomes
from readoff.beliefs.checks import Rows
from readoff.beliefs.columns import Columns
from readoff.beliefs.problems import KEPT, BadTable, Problem, some
from readoff.beliefs.streams import Histories
from readoff.beliefs.tables import Long, load
from readoff.core.errors import BadValue

NOBODY = "(no forecaster)"
STREAM = ("event", "option", "forecaster", "statement")  # the labels that together make one stream


@dataclass(frozen=True, eq=False)
class Reading:
    """What a table said. clustered_by: what makes two streams share fate, in words. place: names a row of `histories`.

    rows, rows_used: how many were there, and how many are in `histories`.
    """

    histories: Histories
    source: str
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    rows: int
    rows_used: int
    clustered_by: str
    place: Callable[[int], str]


def read(
    path: Path,
    columns: Columns | None = None,
    outcome_file: Path | None = None,
    scale: str | None = None,
    time_format: str | None = None,
    exclusive: bool | None = None,
    skip_bad: bool = False,
) -> Reading:
    """Read a table, a folder of snapshots, or standard input ("-").

    columns: the columns the user named. outcome_file: a second table with the truths. scale: "percent" or
    "fraction". exclusive: whether the answers (or probability columns) of one question exclude each other, so that
    they add up to 1; None to see from the sums. Raises BadTable, Unclear, BadValue or UnknownName, each with the
    way out.
    """
    long = load(path, columns or Columns(), skip_bad)
    rows, percent = _parse(long, scale, time_format, skip_bad)
    rows = checks.order(rows)
    if percent:
        rows = checks.fractions_among_percents(rows)
    rows, exclusive = checks.sums(rows, exclusive)
    truth = outcomes.of_rows(long, outcome_file, rows.keep, exclusive)
    for fault in truth.faults:
        rows = rows.without(*fault)
    if not rows.keep.any():
        rows = replace(
            rows, problems=(*rows.problems, Problem("no good row is left", ("all rows",), 1, "check the file"))
        )
    if rows.problems and (not skip_bad or not rows.keep.any()):
        raise BadTable(path.name, rows.problems)
    return _finish(rows, truth, exclusive, path.name)


def _parse(long: Long, scale: str | None, time_format: str | None, skip_bad: bool) -> tuple[Rows, bool]:
    """Probabilities, times and labels of every row, and whether the table is in percent."""
    problems = [*long.problems, *_too_long(long)]
    if problems and not skip_bad:  # what else such rows seem to say would be said about the wrong cells
        raise BadTable(long.files[0], problems)
    keep = long.cells <= long.width
    shown = long.frame["probability"].where(keep)
    parsed = cells.probabilities(shown, long.choice.columns.probability, scale)
    when = clock.times(long.frame["time"], time_format)
    notes = [*long.choice.notes, *parsed.notes, *when.notes]
    dated, stream = when.dated, long.codes(*STREAM)
    rows = Rows(long, parsed.values, when.values, dated, stream, keep, tuple(problems), tuple(notes))
    short = np.flatnonzero((long.cells < long.width) & (long.column <= 0))
    if len(short):
        rows = rows.noting(
            f"cells are missing at the end of some rows and taken as empty: {some([long.place(int(k)) for k in short])}"
        )
    for kind, mask, lesson in parsed.faults:
        rows = rows.without(kind, mask, lesson)
    blank = np.isnan(parsed.values) & rows.keep
    if np.any(long.column >= 0):
        if blank.any():
            rows = rows.noting(f"blank cells, no forecast there: {int(blank.sum())}")
        rows = replace(rows, keep=rows.keep & ~blank)
    else:
        rows = rows.without("probability missing", blank, "fill the cell or delete the row")
    for role in ("event", "option", "forecaster", "group"):
        if role not in long.frame:
            continue
        missing = long.frame[role].cat.codes.to_numpy() < 0
        if role == "forecaster":
            n = int(missing.sum())
            rows = rows.noting(f"rows without a forecaster, taken as one more forecaster: {n}") if n else rows
        else:
            rows = rows.without(f"{role} missing", missing, f"name the {role} in every row")
    for kind, mask, lesson in when.faults:
        rows = rows.without(kind, mask, lesson)
    percent = scale == "percent" or any(note.startswith("probabilities are percents") for note in parsed.notes)
    return rows, percent


def _too_long(long: Long) -> list[Problem]:
    """Rows with more cells than the header names: their cells stand under the wrong names."""
    longer = np.flatnonzero((long.cells > long.width) & (long.column <= 0))
    if not len(longer):
        return []
    lesson = "put quotes around a cell that holds a separator or a decimal comma, or save the table with semicolons"
    places = tuple(long.place(int(k)) for k in longer[:KEPT])
    return [Problem(f"more cells than the {long.width} of the header", places, len(longer), lesson)]


def _finish(rows: Rows, truth: outcomes.Truth, exclusive: bool, source: str) -> Reading:
    """The histories of the good rows."""
    long = rows.long
    order, starts = rows.streams()
    first = order[starts[:-1]]
    outcome = np.fmax.reduceat(truth.value[order], starts[:-1])
    cluster, by = _clusters(rows, exclusive, first)
    return Reading(
        Histories(rows.belief[order], rows.time[order], starts, outcome, cluster, _names(long, first), rows.dated),
        source,
        (*rows.notes, *truth.notes),
        rows.problems,
        truth.warnings,
        len(rows.keep),
        len(order),
        by,
        place=lambda k: long.place(int(order[k])),
    )


def _clusters(rows: Rows, exclusive: bool, first: np.ndarray) -> tuple[np.ndarray, str]:
    """The cluster of each stream and what it stands for: the group the user named, else the question."""
    long, named = rows.long, rows.long.choice.columns
    if "group" in long.frame:
        pairs = np.unique(np.stack([rows.stream[rows.keep], long.codes("group")[rows.keep]]), axis=1)
        if pairs.shape[1] > len(first):
            raise BadValue(f"column {named.group!r} changes within a question: each question belongs to one group")
        return np.unique(long.codes("group")[first], return_inverse=True)[1], f"each {named.group}"
    roles = ("event",) if "event" in long.frame or exclusive else ("statement",)
    cluster = np.unique(long.codes(*roles)[first], return_inverse=True)[1]
    return cluster, f"each {named.event}" if named.event else "each question"


def _names(long: Long, first: np.ndarray) -> Sequence[str]:
    """A name per stream from its event, answer, forecaster and column."""
    # A row without a forecaster has code -1: the last label.
    labels = {r: np.array([*long.labels(r), NOBODY]) for r in STREAM if r in long.frame}
    parts = [names[long.frame[r].cat.codes.to_numpy()[first]] for r, names in labels.items()]
    if not parts:
        return tuple("the question" for _ in first)
    return tuple(parts[0].tolist()) if len(parts) == 1 else tuple(" / ".join(name) for name in zip(*parts))
