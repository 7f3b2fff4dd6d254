"""The bytes of a CSV file: encoding, where the header is, what separates cells, and rows that do not fit the header.

    text = open_csv(path)       leading blank lines, # comments and a "sep=;" line are stepped over
    text.header, text.sample    the column names, and some cells of each
    text.frame(columns)         a pandas frame of the columns that are needed, ids as text ("007" stays "007")
    text.cells(rows)            how many cells each row has, since pandas cuts what the header does not name

Rows are numbered as a text editor shows them as long as no cell contains a line break, the header being the first row
of a plain file.
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
from readoff.core.errors import BadValue

HEAD = 200_000  # bytes looked at to see what the columns hold
MARKS = ",;\t|"


@dataclass(frozen=True, eq=False)
class Csv:
    """One file. data: UTF-8 bytes from the header on. first: the number of the header's row.

    mark: what separates cells. sample: up to 200 cells of every column, as text.
    """

    name: str
    data: bytes
    first: int
    mark: str
    header: list[str]
    sample: dict[str, list[str]]

    def frame(self, labels: list[str], others: list[str]) -> Any:
        """The named columns as pandas: labels as categories of text, the others as pandas finds them; "" is missing."""
        pd = load_pandas()

        wanted = set(labels) | set(others)
        try:
            frame = pd.read_csv(
                io.BytesIO(self.data),
                sep=self.mark,
                usecols=lambda c: c.strip() in wanted,
                dtype=dict.fromkeys([c for c in self._raw() if c.strip() in labels], "str"),
                na_values=[""],
                keep_default_na=False,
                skip_blank_lines=False,
                skipinitialspace=True,
                index_col=False,
                low_memory=False,
            )
        except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
            reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
            raise BadValue(
                f"{self.name} is not a proper table: {reason} (is a cell with a separator in it unquoted?)"
            ) from None
        frame.columns = [c.strip() for c in frame.columns]
        for name in labels:
            cells = frame[name].str.strip()
            frame[name] = cells.where(cells != "").astype("category")
        return frame

    def _raw(self) -> list[str]:
        head = io.StringIO(self.data[:HEAD].decode("utf-8", errors="ignore"))
        return next(csv.reader(head, delimiter=self.mark, skipinitialspace=True))

    def cells(self, rows: int) -> np.ndarray:
        """How many cells each of the `rows` rows after the header has, int64: 0 where all are blank, and more than the
        header has only where the last of them is not.
        """
        quick = self._count_marks()
        found = quick if quick is not None and len(quick) == rows else self._count_slowly()
        return np.pad(found[:rows], (0, max(0, rows - len(found))))

    def _count_marks(self) -> np.ndarray | None:
        """By the marks and line ends outside of quotes; None if the quotes do not pair."""
        raw = np.frombuffer(self.data, dtype=np.uint8)
        ends, marks = raw == ord("\n"), raw == ord(self.mark)
        if b'"' in self.data:
            outside = np.cumsum(raw == ord('"'), dtype=np.uint8) % 2 == 0
            if not outside[-1]:
                return None
            ends, marks = ends & outside, marks & outside
        end = np.flatnonzero(ends)
        if not len(end) or end[-1] != len(raw) - 1:
            end = np.append(end, len(raw))
        between = np.diff(np.searchsorted(np.flatnonzero(marks), end))
        counts = np.where(np.diff(end) - 1 == between, 0, between + 1)
        for k in np.flatnonzero(counts > len(self.header)):
            text = self.data[end[k] + 1 : end[k + 1]].decode("utf-8")
            counts[k] = _filled(next(csv.reader(io.StringIO(text, newline=""), delimiter=self.mark)))
        return counts

    def _count_slowly(self) -> np.ndarray:
        """By reading every row, for tables with quotes in the middle of a cell."""
        text = io.StringIO(self.data.decode("utf-8"), newline="")
        rows = list(csv.reader(text, delimiter=self.mark))[1:]
        widths = (len(row) if len(row) <= len(self.header) and any(row) else _filled(row) for row in rows)
        return np.fromiter(widths, dtype=np.int64, count=len(rows))


def _filled(row: list[str]) -> int:
    """Cells up to the last one that is not blank."""
    return max((k + 1 for k, cell in enumerate(row) if cell.strip()), default=0)


def open_csv(path: Path) -> Csv:
    """The file, standard input ("-") or a clear refusal: BadValue names what is wrong and what to do."""
    data = _decoded(path)
    name = path.name
    first, mark = 1, None
    while True:
        line, _, rest = data.partition(b"\n")
        told = re.fullmatch(rb"\s*sep=(.)\s*", line)
        if told:
            mark = told[1].decode()
        elif line.strip(b" \t\r,;|") and not line.lstrip().startswith(b"#"):
            break
        if not rest:
            raise BadValue(f"{name} is empty: a table needs a header row and at least one forecast")
        data, first = rest, first + 1
    header_line = data[:HEAD].split(b"\n", 1)[0].decode("utf-8", errors="ignore")
    mark = mark or max(MARKS, key=lambda m: len(next(csv.reader([header_line], delimiter=m), [])))
    rows = list(csv.reader(io.StringIO(data[:HEAD].decode("utf-8", errors="ignore")), delimiter=mark))
    header = [cell.strip() for cell in rows[0]]
    while header and not header[-1]:
        header.pop()
    _refuse_header(name, header, rows)
    rows = rows[1:-1] if len(data) > HEAD else rows[1:]
    rows = [(row + [""] * len(header))[: len(header)] for row in rows]
    rows = rows[:: max(1, len(rows) // 200)]
    sample = {c: [row[k] for row in rows] for k, c in enumerate(header)}
    table = Csv(name, data, first, mark, header, sample)
    late = [c for c in header if not any(cell.strip() for cell in sample[c])] if len(data) > HEAD else []
    if late:  # columns that begin further down
        cells = table.frame(late, [])
        sample |= {c: [str(cell) for cell in cells[c].dropna().iloc[:200]] for c in late}
    return table


def _decoded(path: Path) -> bytes:
    """The file as UTF-8 bytes without byte order mark."""
    if str(path) == "-":
        data = sys.stdin.buffer.read()
    else:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise BadValue(f"{path} cannot be read: {error.strerror}") from None
    if data[:4] == b"PK\x03\x04":
        raise BadValue(f"{path.name} is a workbook or archive, not text: save the sheet as CSV in UTF-8")
    if not data.strip():
        raise BadValue(f"{path.name} is empty: a table needs a header row and at least one forecast")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadValue(f"{path.name} is not UTF-8 text (line {line}): save it as CSV in UTF-8") from None
    data = text.encode() if wide else data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise BadValue(f"{path.name} holds a zero byte (line {line}): damaged, or no text; save it as CSV in UTF-8")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _refuse_header(name: str, header: list[str], rows: list[list[str]]) -> None:
    """Raise BadValue for a header that is none."""
    if len(rows) < 2 or not any(any(cell.strip() for cell in row) for row in rows[1:]):
        raise BadValue(f"{name} has a header ({', '.join(header)}) and no rows: there is no forecast to audit")
    twice = sorted({c for c in header if header.count(c) > 1})
    if twice and twice[0]:
        raise BadValue(f"{name} has two columns called {twice[0]!r}: column names must differ")
    if "" in header:
        raise BadValue(f"column {header.index('') + 1} of {name} has no name: give every column a name")
    if any(re.fullmatch(r"\d+[.,]?\d*%?", cell) for cell in header) and not any(
        re.search("[A-Za-z]", c) for c in header
    ):
        raise BadValue(
            f"the first row of {name} ({', '.join(header[:4])}) looks like data: put a header above it, "
            "such as time,question,probability"
        )
