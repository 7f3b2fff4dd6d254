"""What the cells of a table say: probabilities and truths, with every doubt named.

Percent or fraction is decided by what the table itself says, in this order: the user's word; percent signs; a
column name with "percent" in it; values above 1 (then percent, unless some lie strictly between 0 and 1, which may
be fractions that slipped in); values that reach above 0.01 without passing 1 (then fractions, since a whole table
of forecasts under 1 % is rarer). What is left, a table in which nothing lies strictly between 0.01 and 1, is a
question to the user.

Each function returns values and masks of bad rows; the caller knows the row numbers.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.beliefs.names import NO, OPEN, SIGNS, YES
from readoff.beliefs.problems import Unclear


@dataclass(frozen=True, eq=False)
class Parsed:
    """float64 values (nan where a cell is bad or empty), (kind, mask, lesson) of each fault, and what was assumed."""

    values: np.ndarray
    faults: tuple[tuple[str, np.ndarray, str], ...]
    notes: tuple[str, ...]
    dated: bool = False


def load_pandas() -> Any:
    """pandas, imported when a table is first read and not before (importing readoff stays fast)."""
    import pandas

    return pandas


def probabilities(cells: Any, names: tuple[str, ...], scale: str | None) -> Parsed:
    """Probabilities from a pandas Series. scale: "percent", "fraction" or None (find out, or ask)."""
    pd = load_pandas()

    notes, faults = [], []
    empty = cells.isna().to_numpy(copy=True)
    marked = np.zeros(len(cells), dtype=bool)
    if not pd.api.types.is_numeric_dtype(cells):
        text = cells.fillna("").str.strip()
        empty |= (text == "").to_numpy()
        marked = text.str.endswith(("%", "¢")).to_numpy()
        text = text.str.strip(SIGNS).str.rstrip("%¢").str.strip(SIGNS + " ")
        comma = text.str.fullmatch(r"-?\d*,\d+").to_numpy(dtype=bool)
        if comma.any():
            notes.append(f"decimal commas read as points: {int(comma.sum())}")
            text = text.where(~comma, text.str.replace(",", "."))
        cells = pd.to_numeric(text, errors="coerce")
    values = cells.to_numpy(dtype=np.float64, copy=True)
    values[np.isinf(values)] = np.nan
    wrong = np.isnan(values) & ~empty
    faults.append(("probability is not a number", wrong, "write a number such as 0.35 or 35%"))

    plain = values[~marked & ~np.isnan(values)]
    if marked.any() and scale is None and len(plain) and not marked[~empty & ~wrong].all():
        faults.append(
            (
                "percent and fraction mixed",
                ~marked & ~np.isnan(values),
                "these cells have no % sign while others have one",
            )
        )
    factor = 0.01 if _is_percent(plain, names, scale, notes) else 1.0
    values = np.where(marked, values * 0.01, values * factor)
    # 0.07 * 100 is not exactly 7: scaled values are rounded to 15 digits, so that 100 % is exactly 1.
    if factor != 1.0 or marked.any():
        values = np.round(values, 15)
    outside = (values < 0) | (values > 1)
    unit = "0 and 100" if factor != 1.0 else "0 and 1"
    like = values[outside & (values > 1) & (values <= 100)] if factor == 1.0 else np.zeros(0)
    meant = f"; if {like[0]:g} is a percent, write {like[0] / 100:g}" if len(like) else ""
    faults.append(("probability out of range", outside, f"probabilities here lie between {unit}{meant}"))
    values[outside] = np.nan
    return Parsed(values, tuple(faults), tuple(notes))


def _is_percent(plain: np.ndarray, names: tuple[str, ...], scale: str | None, notes: list[str]) -> bool:
    """Whether unmarked values are percents; appends what it concluded, raises Unclear when it cannot know."""
    if scale is not None:
        return scale == "percent"
    if not len(plain):
        return False
    said = [c for c in names if re.search(r"percent|pct|%", c, re.IGNORECASE)]
    high = float(plain.max())
    between = int(np.sum((plain > 0) & (plain < 1)))
    ask = "Say --percent or --fraction."
    if said:
        if high <= 1 and between:
            raise Unclear(f"column {said[0]!r} is called a percentage but no value passes 1 (highest {high:g}). {ask}")
        notes.append(f"probabilities are percents, as the column name {said[0]!r} says")
        return True
    if high > 1:
        above = int(np.sum(plain > 1))
        if between and above > 0.5 * len(plain):
            raise Unclear(
                f"{above} values lie above 1 (up to {high:g}) and {between} strictly between 0 and 1: percents with "
                f"some below 1 %, or percents mixed with fractions? {ask} (With --percent, 0.4 means 0.4 %.)"
            )
        if not between:
            if high > 100 and np.mean(plain > 100) > 0.5:
                raise Unclear(f"most values lie above 100 (up to {high:g}): this is not a column of probabilities.")
            notes.append("probabilities are percents: no value lies strictly between 0 and 1, and some lie above 1")
            return True
        notes.append("probabilities are fractions: most values lie between 0 and 1")
        return False
    if not np.any((plain > 0.01) & (plain < 1)):
        raise Unclear(f"every value is 0, 1 or below 0.01 (highest {high:g}): fractions, or percents below 1? {ask}")
    notes.append("probabilities are fractions: no value lies above 1")
    return False


def suspected_fractions(belief: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Rows in percent tables whose value times 100 fits between its two neighbours, while itself it is far below both.

    belief: fractions [rows] after dividing by 100, streams as in `Histories`. Returns a mask [rows].
    """
    found = np.zeros(len(belief), dtype=bool)
    if len(belief) < 3:
        return found
    before, here, after = belief[:-2], belief[1:-1], belief[2:]
    low, high = np.minimum(before, after), np.maximum(before, after)
    fits = (here > 0) & (here < 0.01) & (here * 100 >= low / 1.5) & (here * 100 <= high * 1.5) & (low > 5 * here)
    found[1:-1] = fits
    edge = np.zeros(len(belief) + 1, dtype=bool)
    edge[starts] = True
    found &= ~edge[:-1] & ~edge[1:]
    return found


def truth(cell: str, options: frozenset[str] = frozenset()) -> float | str | None:
    """One outcome cell: 1.0, 0.0, a payoff between, None while open, the winning option, or nan if unclear."""
    word = cell.strip()
    low = re.sub(r"^resolved[ _-]*(to[ _-]*)?", "", word.lower())
    if word in options:
        return word
    if low in OPEN:
        return None
    if low in YES or low in NO:
        return 1.0 if low in YES else 0.0
    try:
        value = float(low.rstrip("%")) / (100 if low.endswith("%") or float(low.rstrip("%")) == 100 else 1)
    except ValueError:
        return float("nan")
    return value if 0 <= value <= 1 else float("nan")
