"""Files into one long table: a row per report, with the place it came from.

Three layouts end in the same long table. A wide one is unpivoted; a folder of snapshots is stacked, with the time
taken from each file name:

    wc-20140612-094254.csv   →   2014-06-12 09:42:54

The CSV itself is read by pandas, loaded only here and only when a file is read. Rows are counted with the header as
row 1.
"""

import csv
import io
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from readoff.beliefs.cells import load_pandas
from readoff.beliefs.columns import Choice, Columns, choose
from readoff.beliefs.problems import Unclear
from readoff.core.errors import BadValue

HEAD = 200_000  # bytes looked at to see what the columns hold
NAME_TIMES = (
    (r"(\d{4})-?(\d{2})-?(\d{2})[-_T ](\d{2})[-_:]?(\d{2})[-_:]?(\d{2})", "date and time"),
    (r"(\d{4})-?(\d{2})-?(\d{2})[-_T ](\d{2})[-_:]?(\d{2})", "date and time"),
    (r"(\d{4})-?(\d{2})-?(\d{2})", "date"),
    (r"^\D*(\d+)\D*$", "number"),
)


@dataclass(frozen=True, eq=False)
class Long:
    """One row per report. `frame` has columns event, option, forecaster, statement, time, probability, outcome, group
    (those that exist); `file` and `row` say where each came from, `column` which wide column (-1 in a long table).
    """

    frame: Any
    file: np.ndarray
    row: np.ndarray
    column: np.ndarray
    files: tuple[str, ...]
    choice: Choice

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


def load(path: Path, asked: Columns) -> Long:
    """Read a file, a folder of snapshots, or standard input ("-") into a long table."""
    if path.is_dir():
        return _load_folder(path, asked)
    data = contents(path)
    choice = choose(*peek(data, path.name), asked)
    frame = parse(data, path.name, choice.columns)
    return _long([frame], (path.name,), choice)


def _load_folder(path: Path, asked: Columns) -> Long:
    """Stack the snapshots of a folder in the order of their names."""
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in (".csv", ".tsv", ".txt") and p.stat().st_size)
    files = [p for p in files if re.search(r"\d", p.stem)]
    if not files:
        raise BadValue(f"{path} holds no .csv file with a time in its name (such as odds-2024-01-31.csv)")
    moments = _name_times([p.stem for p in files]) if asked.time is None else None
    data = contents(files[0])
    header, sample = peek(data, files[0].name)
    choice = choose(header, sample, asked, timed_by_file=moments is not None)
    frames = []
    for file in files:
        data = contents(file)
        if peek(data, file.name)[0] != header:
            raise BadValue(
                f"{file.name} has other columns than {files[0].name}: {', '.join(peek(data, file.name)[0])} instead of "
                f"{', '.join(header)}. The snapshots of one folder must share their columns."
            )
        frames.append(parse(data, file.name, choice.columns))
    return _long(frames, tuple(p.name for p in files), choice, moments)


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


def contents(path: Path) -> bytes:
    """The file as UTF-8 bytes without byte order mark."""
    if str(path) == "-":
        data = sys.stdin.buffer.read()
    else:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadValue(f"{path} cannot be read: {error.strerror}") from None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise BadValue(f"{path.name} is empty: a table needs a header row and at least one forecast")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadValue(f"{path.name} is not UTF-8 text (line {line}): save it as CSV in UTF-8") from None
    return data


def _separator(data: bytes) -> str:
    """Comma, semicolon, tab or bar: whichever splits the first line into most cells."""
    line = data[:HEAD].lstrip().split(b"\n", 1)[0].decode("utf-8", errors="ignore")
    return max(",;\t|", key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))


def peek(data: bytes, name: str) -> tuple[list[str], dict[str, list[str]]]:
    """The header and up to 200 rows of text, spread over the beginning of the file."""
    head = data[:HEAD].decode("utf-8", errors="ignore")
    rows = list(csv.reader(io.StringIO(head), delimiter=_separator(data)))
    header = [cell.strip() for cell in rows[0]]
    if len(rows) < 2 or not any(any(cell.strip() for cell in row) for row in rows[1:]):
        raise BadValue(f"{name} has a header ({', '.join(header)}) and no rows: there is no forecast to audit")
    twice = sorted({c for c in header if header.count(c) > 1})
    if twice:
        raise BadValue(f"{name} has two columns called {twice[0]!r}: column names must differ")
    if any(re.fullmatch(r"\d+[.,]?\d*%?", cell) for cell in header) and not any(
        re.search("[A-Za-z]", c) for c in header
    ):
        raise BadValue(
            f"the first row of {name} ({', '.join(header[:4])}) looks like data: put a header above it, "
            "such as time,question,probability"
        )
    rows = [(row + [""] * len(header))[: len(header)] for row in (rows[1:-1] if len(data) > HEAD else rows[1:])]
    rows = rows[:: max(1, len(rows) // 200)]
    return header, {c: [row[k] for row in rows] for k, c in enumerate(header)}


def parse(data: bytes, name: str, columns: Columns) -> Any:
    """The columns that are needed, as pandas: labels as categories, times as text, probabilities as found."""
    pd = load_pandas()

    labels = {c for c in (columns.event, columns.option, columns.forecaster, columns.outcome, columns.group) if c}
    kinds: dict[str, Any] = {c: "category" for c in labels}
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            sep=_separator(data),
            usecols=lambda c: c.strip() in columns.used(),
            dtype=kinds,
            na_values=[""],
            keep_default_na=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            index_col=False,
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise BadValue(f"{name} is not a proper table: {reason} (is a cell with a separator in it unquoted?)") from None
    frame.columns = [c.strip() for c in frame.columns]
    return frame


def _long(frames: list[Any], files: tuple[str, ...], choice: Choice, moments: list[str] | None = None) -> Long:
    """Stack, drop rows that are wholly empty, and unpivot when there are several probability columns."""
    pd = load_pandas()

    columns = choice.columns
    file = np.repeat(np.arange(len(frames)), [len(f) for f in frames])
    row = np.concatenate([np.arange(2, len(f) + 2) for f in frames])
    if len(frames) > 1:
        frame = pd.concat([f.astype({c: "str" for c in f.columns if f[c].dtype == "category"}) for f in frames])
        frame = frame.reset_index(drop=True)
    else:
        frame = frames[0]
    blank = frame.isna().all(axis=1).to_numpy()
    if blank.any():
        frame, file, row = frame[~blank].reset_index(drop=True), file[~blank], row[~blank]

    wide = columns.probability
    n, k = len(frame), len(wide)
    many = k > 1 or choice.columns_are_times
    parts: dict[str, Any] = {}
    for role in ("event", "option", "forecaster", "outcome", "group"):
        name = getattr(columns, role)
        if name:
            cells = frame[name].astype("category")
            parts[role] = pd.concat([cells] * k, ignore_index=True) if many else cells
    pieces = [frame[c] for c in wide]
    parts["probability"] = pd.concat(pieces, ignore_index=True) if many else pieces[0]
    which = np.repeat(np.arange(k), n)
    if many and not choice.columns_are_times:
        parts["statement"] = pd.Series(pd.Categorical.from_codes(which, categories=list(wide)))
    file, row = np.tile(file, k), np.tile(row, k)
    if choice.columns_are_times:
        parts["time"] = pd.Series(np.asarray(wide, dtype=object)[which], dtype="str")
    elif columns.time == "row":
        parts["time"] = pd.Series(np.tile(np.arange(n), k).astype(str), dtype="str")
    elif columns.time:
        parts["time"] = pd.concat([frame[columns.time]] * k, ignore_index=True) if many else frame[columns.time]
    elif moments is not None:
        parts["time"] = pd.Series(np.asarray(moments, dtype=object)[file], dtype="str")
    return Long(pd.DataFrame(parts), file, row, which if many else np.full(n, -1), files, choice)
