"""When a report was made: calendar times in the layouts people use, or plain numbers.

ISO 8601 is read first, then the common layouts with slashes, dots and month names. "03/04/2024" fits two of them;
if the rest of the column does not settle which, the user is asked. A column that gives a time zone in some rows
only is a fault: the order of the reports would depend on a guess. Numbers may be dates written 20240131, seconds or
milliseconds since 1970, or just the number of the report.
"""

from typing import Any

import numpy as np

from readoff.beliefs.cells import Parsed, load_pandas
from readoff.beliefs.names import number
from readoff.beliefs.problems import Unclear
from readoff.core.errors import BadValue

ZONE = r"\d:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}(?::?\d{2})?)$"
ZONED = "times converted to UTC"
ZONELESS = "times carry no zone: taken as all in the same one"
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
DAYS = (
    "%m/%d/%Y|%d/%m/%Y|%m/%d/%y|%d/%m/%y|%d.%m.%Y|%d.%m.%y|%m-%d-%Y|%d-%m-%Y|%d %b %Y|%b %d, %Y|%b %d %Y|%B %d, %Y|"
    "%B %d %Y|%d %B %Y|%b %Y|%B %Y|%Y/%m/%d"
).split("|")
YEARLESS = ("%b %d", "%B %d", "%d %b", "%d %B")
LEAP = 2000  # a year that has every date, for dates without one
WORDS = frozenset({"today", "now", "yesterday", "tomorrow"})  # which pandas would replace by today's date
ANY_CASE = tuple(form(word) for word in sorted(WORDS) for form in (str.lower, str.title, str.upper))


def times(cells: Any, layout: str | None) -> Parsed:
    """Seconds since 1970 (UTC) or plain numbers from a pandas Series of text. layout: a strptime format, or None."""
    pd = load_pandas()
    if layout is None and pd.api.types.is_numeric_dtype(cells):
        numbers = cells.to_numpy(dtype=np.float64)
        return _numbered(numbers, (("time missing", np.isnan(numbers), "fill the cell or delete the row"),))
    quick = _all_iso(cells) if layout is None else None
    if quick is not None:
        return quick

    text = cells.fillna("").astype(str).str.strip().str.replace(r"\s*(?:UTC|GMT)$", "Z", regex=True)
    empty = (text == "").to_numpy()
    faults = [("time missing", empty, "fill the cell or delete the row")]
    if layout is None:
        numbers = pd.to_numeric(text.where(~empty), errors="coerce").to_numpy(dtype=np.float64)
        if np.sum(~np.isnan(numbers)) * 2 > np.sum(~empty):
            bad = np.isnan(numbers) & ~empty
            faults.append(("time is not a number", bad, "the other times are numbers"))
            return _numbered(numbers, tuple(faults))
    sample = text[~empty]
    zone = np.zeros(len(text), dtype=bool)
    zone[~empty] = sample.str.contains(ZONE, regex=True).to_numpy()
    if zone.any() and not zone[~empty].all():
        minority = zone if zone.sum() * 2 < (~empty).sum() else ~zone & ~empty
        faults.append(("time zone on some rows only", minority, "give every time a zone (such as Z) or none"))
    moments, layout = _moments(text.where(~empty), layout)
    bad = moments.isna().to_numpy() & ~empty
    faults.append(
        ("time not understood", bad, f"times are read as {layout}; write 2024-01-31 14:00 or say --time-format")
    )
    notes = [ZONED if zone.any() else ZONELESS]
    if not layout.startswith("ISO"):
        notes.append(f"times read as {layout}")
    return Parsed(_seconds(moments), tuple(faults), tuple(notes), dated=True)


def _all_iso(cells: Any) -> Parsed | None:
    """The usual case at full speed: every cell is ISO 8601 and either all have the same zone or none has one."""
    pd = load_pandas()
    first = str(cells.iloc[0])
    if cells.isna().any() or number(first) is not None or cells.isin(ANY_CASE).any():
        return None
    try:
        moments = pd.to_datetime(cells, format="ISO8601")
    except ValueError:
        return None
    if moments.dt.tz is None:
        return Parsed(_seconds(moments.dt.tz_localize("UTC")), (), (ZONELESS,), dated=True)
    return Parsed(_seconds(moments), (), (ZONED,), dated=True)


def _seconds(moments: Any) -> np.ndarray:
    """Seconds since 1970, float64, nan for NaT."""
    pd = load_pandas()
    since = moments - pd.Timestamp("1970-01-01", tz="UTC")
    return since.dt.total_seconds().to_numpy(dtype=np.float64, copy=True)


def _numbered(numbers: np.ndarray, faults: tuple) -> Parsed:
    """Numbers as times: calendar dates written 20240131, seconds or milliseconds since 1970, or just numbers."""
    pd = load_pandas()

    endless = np.isinf(numbers)
    numbers = np.where(endless, np.nan, numbers)
    faults = (*faults, ("time is no finite number", endless, "write a number such as 1706700000"))
    known = numbers[~np.isnan(numbers)]
    if len(known) and known.min() >= 19000101 and known.max() <= 21001231 and np.all(known % 100 <= 31):
        moments = pd.to_datetime(
            pd.Series(numbers).astype("Int64").astype(str), format="%Y%m%d", errors="coerce", utc=True
        )
        seconds = _seconds(moments)
        wrong = np.isnan(seconds) & ~np.isnan(numbers)
        fault = ("time not understood", wrong, "times are read as YYYYMMDD")
        return Parsed(seconds, (*faults, fault), ("times are dates written as YYYYMMDD",), True)
    for unit, factor, low, high in (("seconds", 1.0, 2e8, 5e9), ("milliseconds", 1e-3, 2e11, 5e12)):
        if len(known) and known.min() >= low and known.max() <= high:
            return Parsed(numbers * factor, faults, (f"times are {unit} since 1970",), True)
    return Parsed(numbers, faults, ("times are plain numbers",), False)


def _moments(text: Any, layout: str | None) -> tuple[Any, str]:
    """UTC timestamps (NaT where not understood) and the layout used: ISO 8601, else the one common layout that fits."""
    pd = load_pandas()

    text = text.where(~text.str.lower().isin(WORDS))
    if layout is not None:
        try:
            return pd.to_datetime(text, format=layout, errors="coerce", utc=True), layout
        except ValueError as error:
            raise BadValue(f"times cannot be read as {layout!r}: {error}. Write it as in '%d/%m/%Y %H:%M'.") from None
    iso = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    wanted = int(text.notna().sum())
    if wanted == 0 or iso.notna().sum() > 0.5 * wanted:
        return iso, "ISO 8601 (2024-01-31 14:00)"
    fitting = []
    for candidate in (day + clock for day in DAYS for clock in CLOCKS):
        if pd.isna(pd.to_datetime(text.dropna().iloc[:20], format=candidate, errors="coerce", utc=True)).all():
            continue
        moments = pd.to_datetime(text, format=candidate, errors="coerce", utc=True)
        fitting.append((int(moments.notna().sum()), candidate, moments))
    if not fitting:
        return _yearless(text, iso)
    best = max(count for count, _, _ in fitting)
    best_ones = [(candidate, moments) for count, candidate, moments in fitting if count == best]
    if len(best_ones) > 1 and not best_ones[0][1].equals(best_ones[1][1]):
        first = text.dropna().iloc[0]
        raise Unclear(
            f"{first!r} can be read with {' or '.join(repr(c) for c, _ in best_ones[:3])}: day or month first? "
            f"Say --time-format {best_ones[0][0]!r} or --time-format {best_ones[1][0]!r}."
        )
    return best_ones[0][1], best_ones[0][0]


def _yearless(text: Any, unknown: Any) -> tuple[Any, str]:
    """Dates such as "Mar 01", all taken from one year; Unclear when their order shows that they are not."""
    pd = load_pandas()

    for candidate in YEARLESS:
        moments = pd.to_datetime(text + f" {LEAP}", format=candidate + " %Y", errors="coerce", utc=True)
        if 2 * int(moments.notna().sum()) > int(text.notna().sum()):
            met = pd.Series(moments.dropna().unique())
            if not (met.is_monotonic_increasing or met.is_monotonic_decreasing):
                raise Unclear(
                    f"times such as {text.dropna().iloc[0]!r} have no year and are not in order, so some may be from "
                    "another year: add the year (2024-03-01)"
                )
            return moments, f"{candidate} (no year is given: all are taken from one year)"
    return unknown, "ISO 8601 (2024-01-31 14:00)"
