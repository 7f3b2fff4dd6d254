"""What can be wrong between rows: order, repetitions, mixed units, answers that do not add up.

Each check takes `Rows` and returns new ones, with what it found among the problems and the bad rows out of `keep`.
So the checks see only rows that passed the earlier ones, and one reading reports everything at once.
"""

from dataclasses import dataclass, replace

import numpy as np

from readoff.beliefs import cells
from readoff.beliefs.columns import flag
from readoff.beliefs.problems import KEPT, Problem, some
from readoff.beliefs.spacing import grid_of
from readoff.beliefs.tables import Long


@dataclass(frozen=True, eq=False)
class Rows:
    """A long table being checked. belief, time: float64 [rows]; stream: int64 [rows], a label; keep: bool [rows]."""

    long: Long
    belief: np.ndarray
    time: np.ndarray
    dated: bool
    stream: np.ndarray
    keep: np.ndarray
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    def without(self, kind: str, mask: np.ndarray, lesson: str) -> "Rows":
        """The same with the rows of a mask left out, and reported if there were any."""
        bad = np.flatnonzero(mask & self.keep)
        if not len(bad):
            return self
        places = tuple(self.long.place(k) for k in bad[:KEPT])
        problem = Problem(kind, places, len(bad), lesson)
        return replace(self, keep=self.keep & ~mask, problems=(*self.problems, problem))

    def noting(self, note: str) -> "Rows":
        """The same with one more note."""
        return replace(self, notes=(*self.notes, note))

    def streams(self) -> tuple[np.ndarray, np.ndarray]:
        """Row numbers sorted by stream and time (file order among equals), and where each stream starts in them."""
        order = np.flatnonzero(self.keep)
        later, further = np.diff(self.time[order]) >= 0, np.diff(self.stream[order])
        if not np.all((further > 0) | ((further == 0) & later)):
            order = order[np.lexsort((self.time[order], self.stream[order]))]
        change = np.flatnonzero(np.diff(self.stream[order])) + 1
        return order, np.concatenate([[0], change, [len(order)]])

    def at(self, rows: np.ndarray) -> np.ndarray:
        """A mask over all rows that is true at the given ones."""
        mask = np.zeros(len(self.keep), dtype=bool)
        mask[rows] = True
        return mask


def order(rows: Rows) -> Rows:
    """Name rows out of the order of time (they are sorted, nothing is lost) and rows that repeat a time."""
    kept = np.flatnonzero(rows.keep)
    filed = kept[np.argsort(rows.stream[kept], kind="stable")]
    inside = np.diff(rows.stream[filed]) == 0
    back = (np.diff(rows.time[filed]) < 0) & inside
    if back.sum() > 0.9 * inside.sum():
        rows = rows.noting("rows were newest first: sorted by time")
    elif back.any():
        where = some([rows.long.place(k) for k in filed[1:][back]])
        rows = rows.noting(f"rows out of the order of time were sorted: {where}")

    sorted_rows, _ = rows.streams()
    again = (np.diff(rows.stream[sorted_rows]) == 0) & (np.diff(rows.time[sorted_rows]) == 0)
    equal = np.diff(rows.belief[sorted_rows]) == 0
    hint = "if later rows are later updates, give finer times, or say --time row"
    if "event" not in rows.long.frame and "statement" not in rows.long.frame:
        hint = "if the rows belong to several questions, say which column names them: --event COLUMN"
    elif "outcome" in rows.long.frame and "option" not in rows.long.frame and again.any():
        pairs = rows.long.codes("outcome")[sorted_rows]
        if np.any(np.diff(pairs)[again] != 0):
            name = str(rows.long.choice.columns.outcome)
            hint = f"if column {name!r} names the answer that the probability is about, say {flag('option', name)}"
    hint += " (--skip-bad keeps the last)"
    rows = rows.without("same time and probability twice", rows.at(sorted_rows[:-1][again & equal]), hint)
    return rows.without("two probabilities at one time", rows.at(sorted_rows[:-1][again & ~equal]), hint)


def fractions_among_percents(rows: Rows) -> Rows:
    """Name values of a percent table that would fit between their neighbours if they were fractions."""
    sorted_rows, starts = rows.streams()
    odd = cells.suspected_fractions(rows.belief[sorted_rows], starts)
    return rows.without(
        "a fraction among percents", rows.at(sorted_rows[odd]), "times 100 it fits between its neighbours"
    )


def sums(rows: Rows, exclusive: bool | None) -> tuple[Rows, bool]:
    """Do the answers to a question add up to 1 whenever all are given? Returns also whether they exclude each other.

    exclusive: what the user said, or None: then answers whose sums mostly lie within 0.1 of 1 are taken to exclude.
    """
    long = rows.long
    answers = [role for role in ("option", "statement") if role in long.frame]
    kept = np.flatnonzero(rows.keep)
    if not answers or not len(kept):
        return rows, False
    question = np.unique(long.codes("event")[kept], return_inverse=True)[1]
    answer = np.unique(long.codes("event", *answers)[kept], return_inverse=True)[1]
    answers_of = np.bincount(question[np.unique(answer, return_index=True)[1]])

    when = np.unique(rows.time[kept], return_inverse=True)[1]
    who = np.unique(long.codes("forecaster")[kept], return_inverse=True)[1]
    moment = np.unique((question * (who.max() + 1) + who) * (when.max() + 1) + when, return_inverse=True)[1]
    total, given = np.bincount(moment, rows.belief[kept]), np.bincount(moment)
    wanted = np.zeros(len(total), dtype=np.int64)
    wanted[moment] = answers_of[question]
    full = (given == wanted) & (wanted > 1)
    stated = exclusive is not None
    if exclusive is None:
        exclusive = bool(full.any() and np.mean(np.abs(total[full] - 1) <= 0.1) > 0.5)
        if np.any(wanted > 1):
            what = "answers" if "option" in long.frame else "columns"
            rows = rows.noting(
                f"{what} exclude each other, since they add up to 1"
                if exclusive
                else f"{what} do not add up to 1: read as separate statements"
            )
    if not exclusive:
        return rows, False
    tolerance = np.maximum(wanted * grid_of(rows.belief[kept]) / 2, 0.002) + 1e-9
    off = full & (np.abs(total - 1) > tolerance)
    if off.sum() > 0.5 * full.sum() and not stated:
        worst = total[off][np.argmax(np.abs(total[off] - 1))]
        rows = rows.noting(f"the answers add up to about 1, as prices do (at worst {worst:.4g}): taken as they are")
    elif off.any():
        lesson = f"the first sum is {total[off][0]:.4g}; scale them to 1, or say --separate if several can come true"
        rows = rows.without("answers do not add up to 1", rows.at(kept[off[moment]]), lesson)
    partial = int(np.sum((given < wanted) & (wanted > 1)))
    if partial:
        rows = rows.noting(f"at {partial} times some answers are missing, so sums are not checked there")
    return rows, True
