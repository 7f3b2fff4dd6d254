"""Files into one long table: a row per report, with the place it came from.

Three layouts end in the same long table. A wide one is unpivoted; a folder of snapshots is stacked, with the time
taken from each file name:

    wc-20140612-094254.csv   →   2014-06-12 09:42:54

Nothing vanishes: rows with more cells than the header, files without a time in their name, empty files and columns
that are not read are all named.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from readoff.beliefs.cells import load_pandas
from readoff.beliefs.columns import Choice, Columns, choose
from readoff.beliefs.csvs import Csv, open_csv
from readoff.beliefs.problems import BadTable, Problem, Unclear, some
from readoff.core.errors import BadValue

NAME_TIMES = (
    (r"(\d{4})-?(\d{2})-?(\d{2})[-_T ](\d{2})[-_:]?(\d{2})[-_:]?(\d{2})", "date and time"),
    (r"(\d{4})-?(\d{2})-?(\d{2})[-_T ](\d{2})[-_:]?(\d{2})", "date and time"),
    (r"(\d{4})-?(\d{2})-?(\d{2})", "date"),
    (r"^\D*(\d+)\D*$", "number"),
)
LABELS = ("event", "option", "forecaster", "outcome", "group")
TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, eq=False)
class Long:
    """One row per report. `frame` has columns event, option, forecaster, statement, time, probability, outcome, group
    (those that exist); `file` and `row` say where each came from, `column` which wide column (-1 in a long table).
    cells: how many cells its row has, of `width` in the header. problems: files that were left out.
    """

    frame: Any
    file: np.ndarray
    row: np.ndarray
    column: np.ndarray
    files: tuple[str, ...]
    choice: Choice
    cells: np.ndarray
    width: int
    problems: tuple[Problem, ...] = ()

    def codes(self, *roles: str) -> np.ndarray:
        """One integer per row for the combination of the given label columns (0 where the table has none of them)."""
        code = np.zeros(len(self.frame), dtype=np.int64)
        for role in roles:
            if role in self.frame:
                labels = self.frame[role].cat
                code = code * (len(labels.categories) + 1) + labels.codes.to_numpy() + 1
        return code

    def labels(self, role: str) -> list[str]:
        """The different labels of a role, in the order of their codes."""
        return [str(c) for c in self.frame[role].cat.categories]

    def place(self, k: int) -> str:
        """Where the k-th row came from, for a message."""
        where = f"row {self.row[k]}"
        if self.column[k] >= 0:
            where += f" column {self.choice.columns.probability[self.column[k]]!r}"
        return where if len(self.files) == 1 else f"{self.files[self.file[k]]} {where}"


def load(path: Path, asked: Columns, skip_bad: bool = False) -> Long:
    """Read a file, a folder of snapshots, or standard input ("-") into a long table.

    skip_bad: leave files out that are no snapshots instead of refusing the folder. Raises BadTable, BadValue, Unclear.
    """
    if path.is_dir():
        return _load_folder(path, asked, skip_bad)
    table = open_csv(path)
    choice = choose(table.header, table.sample, asked)
    return _long([table], choice)


def _load_folder(path: Path, asked: Columns, skip_bad: bool) -> Long:
    """Stack the snapshots of a folder in the order of their names."""
    there = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    files = [p for p in there if p.suffix.lower() in TABLES]
    others = [p.name for p in there if p not in files]
    empty = [p for p in files if not p.stat().st_size]
    timeless = [p for p in files if not re.search(r"\d", p.stem) and p not in empty and asked.time is None]
    problems = []
    for kind, found, lesson in (
        ("file without a time in its name", timeless, "rename it such as odds-2024-01-31.csv, or move it elsewhere"),
        ("empty file", empty, "fill it or delete it"),
    ):
        if found:
            problems.append(Problem(kind, tuple(p.name for p in found), len(found), lesson))
    files = [p for p in files if p not in timeless and p not in empty]
    if not files:
        raise BadValue(f"{path} holds no .csv file with a time in its name (such as odds-2024-01-31.csv)")
    if problems and not skip_bad:
        raise BadTable(path.name, problems)
    moments = _name_times([p.stem for p in files]) if asked.time is None else None
    tables = [open_csv(file) for file in files]
    header, sample = tables[0].header, tables[0].sample
    for table in tables:
        if table.header != header:
            raise BadValue(
                f"{table.name} has other columns than {files[0].name}: {', '.join(table.header)} instead of "
                f"{', '.join(header)}. The snapshots of one folder must share their columns."
            )
    choice = choose(header, sample, asked, timed_by_file=moments is not None)
    if others:
        choice = choice.noting(f"files that are no tables were not read: {some(others)}")
    return _long(tables, choice, moments, tuple(problems))


def _name_times(stems: list[str]) -> list[str]:
    """The time in each file name, as text that the time parser reads."""
    for pattern, kind in NAME_TIMES:
        found = [re.findall(pattern, stem) for stem in stems]
        if all(len(f) == 1 for f in found):
            if kind == "number":
                return [f[0] for f in found]
            parts = [tuple(f[0]) for f in found]
            stamps = ["-".join(p[:3]) + ("T" + ":".join(p[3:]) if len(p) > 3 else "") for p in parts]
            if all(1 <= int(p[1]) <= 12 and 1 <= int(p[2]) <= 31 for p in parts):
                return stamps
    raise Unclear(
        f"the file names ({stems[0]}, …) do not all hold one time such as 20140612-094254 or 2014-06-12. "
        "Rename them, or say which column holds the time: --time COLUMN."
    )


def _long(
    tables: list[Csv], choice: Choice, moments: list[str] | None = None, problems: tuple[Problem, ...] = ()
) -> Long:
    """Stack, drop rows that are wholly empty, and unpivot when there are several probability columns."""
    pd = load_pandas()

    columns = choice.columns
    labels = [c for c in (getattr(columns, role) for role in LABELS) if c]
    others = [c for c in columns.used() if c not in labels]
    frames = [table.frame(labels, others) for table in tables]
    cells = np.concatenate([table.cells(len(f)) for table, f in zip(tables, frames)])
    file = np.repeat(np.arange(len(frames)), [len(f) for f in frames])
    row = np.concatenate([np.arange(t.first + 1, t.first + 1 + len(f)) for t, f in zip(tables, frames)])
    if len(frames) > 1:
        frame = pd.concat([f.astype(dict.fromkeys(labels, "str")) for f in frames]).reset_index(drop=True)
    else:
        frame = frames[0]
    blank = cells == 0
    if blank.any():
        frame, file, row, cells = frame[~blank].reset_index(drop=True), file[~blank], row[~blank], cells[~blank]

    wide = columns.probability
    n, k = len(frame), len(wide)
    many = k > 1 or choice.columns_are_times
    parts: dict[str, Any] = {}
    for role in LABELS:
        name = getattr(columns, role)
        if name:
            found = frame[name].astype("category")
            parts[role] = pd.concat([found] * k, ignore_index=True) if many else found
    pieces = [frame[c] for c in wide]
    parts["probability"] = pd.concat(pieces, ignore_index=True) if many else pieces[0]
    which = np.repeat(np.arange(k), n)
    if many and not choice.columns_are_times:
        parts["statement"] = pd.Series(pd.Categorical.from_codes(which, categories=list(wide)))
    file, row, cells = np.tile(file, k), np.tile(row, k), np.tile(cells, k)
    if choice.columns_are_times:
        parts["time"] = pd.Series(np.asarray(wide, dtype=object)[which], dtype="str")
    elif columns.time == "row":
        parts["time"] = pd.Series(np.tile(np.arange(n), k).astype(str), dtype="str")
    elif columns.time:
        parts["time"] = pd.concat([frame[columns.time]] * k, ignore_index=True) if many else frame[columns.time]
    elif moments is not None:
        parts["time"] = pd.Series(np.asarray(moments, dtype=object)[file], dtype="str")
    files = tuple(table.name for table in tables)
    column = which if many else np.full(n, -1)
    return Long(pd.DataFrame(parts), file, row, column, files, choice, cells, len(tables[0].header), problems)
