"""Figures made of cells: heatmaps, attention orders, phase grids, worked examples. All are HTML tables.

A table reads with scripts off, in a screen reader, on paper and in the clipboard, and a labelled cell costs thirty
bytes. A cell's background is its value: blue below zero, orange above, transparent at zero, so that one drawing
serves light and dark pages. What is not a number is hatched and says so.

>>> grid = heatmap({"rows": ["1"], "columns": ["11", "12"], "values": [[3.0, None]], "gauge": "logits centred"})
>>> [(cell.text, cell.shade) for cell in grid.rows[0].cells]
[('3.00', 1.0), ('nan', None)]
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readoff.report.text import fixed, number, plural, real, value

TEXT_LIMIT = 16
"""A heatmap of at most this many rows and columns shows its values."""

CELL_LIMIT = 1_700
"""More cells than this do not fit into a figure of 60 kB."""

ORDER_LIMIT = 96
"""At most this many distinct patterns of attention orders are drawn; the rest are counted."""

POSSIBLE = {"possible": "●", "impossible": "✗", "unknown": "?", "learned": "◆"}


@dataclass(frozen=True)
class Cell:
    """One cell: text, a shade in [-1, 1] (None: unshaded) and a mark ('nan', 'best', 'gap' or '')."""

    text: str
    shade: float | None = None
    mark: str = ""
    title: str = ""


@dataclass(frozen=True)
class Row:
    """A labelled row; `group` names the head or step it starts."""

    label: str
    cells: Sequence[Cell]
    group: str = ""


@dataclass(frozen=True)
class Grid:
    """A table to draw: what stands over the columns and beside the rows, and notes below it."""

    columns: Sequence[str]
    rows: Sequence[Row]
    row_axis: str = ""
    column_axis: str = ""
    title: str = ""
    style: str = "heat"
    legend: tuple[str, str, str] | None = None
    notes: Sequence[str] = ()


def heatmap(data: Mapping[str, Any]) -> Grid:
    """{rows, columns, row_axis?, column_axis?, values[row][column], gauge?, unit?}: diverging, centred at 0."""
    values = matrix(data)
    top = largest(v for row in values for v in row)
    with_text = max(len(values), len(data["columns"])) <= TEXT_LIMIT
    decimals = 0 if top >= 100 else 1 if top >= 10 else 2 if top >= 0.1 or top == 0 else 4
    rows = [
        Row(str(label), [shaded(v, top, fixed(v, decimals) if with_text else "") for v in row])
        for label, row in zip(data["rows"], values)
    ]
    return Grid(
        [str(c) for c in data["columns"]],
        rows,
        str(data.get("row_axis", "")),
        str(data.get("column_axis", "")),
        style="heat" if with_text else "heat fine",
        legend=(number(-top), "0", number(top)) if top else None,
        notes=[*described(data), *missing(v for row in values for v in row)],
    )


def orders(data: Mapping[str, Any]) -> Grid:
    """{tokens, heads: {name: [order of tokens, most attended first | null, per seed]}}: one column per pattern seen.

    Seeds whose heads all rank the tokens alike share a column, headed by their number, most frequent first.
    """
    tokens = [str(t) for t in data["tokens"]]
    heads = {str(name): list(per_seed) for name, per_seed in data["heads"].items()}
    seeds = {len(per_seed) for per_seed in heads.values()}
    if len(seeds) > 1:
        sizes = ", ".join(f"{name} {len(o)}" for name, o in heads.items())
        raise ValueError(f"heads have different numbers of seeds ({sizes}); give one order per seed to each head")
    patterns: dict[tuple, int] = {}
    for joint in zip(*heads.values()):
        key = tuple(None if order is None else tuple(str(t) for t in order) for order in joint)
        patterns[key] = patterns.get(key, 0) + 1
    place = {token: i for i, token in enumerate(tokens)}
    ranked = sorted(patterns, key=lambda p: (-patterns[p], [[-1] if o is None else [place[t] for t in o] for o in p]))
    room = min(ORDER_LIMIT, CELL_LIMIT // max(1, len(heads) * len(tokens)))
    shown, hidden = ranked[:room], ranked[room:]
    rows = [
        Row("most" if rank == 0 else "least" if rank == len(tokens) - 1 else "", cells, name if rank == 0 else "")
        for h, name in enumerate(heads)
        for rank in range(len(tokens))
        for cells in [[_order_cell(p[h], rank, place) for p in shown]]
    ]
    notes = []
    if hidden:
        notes.append(f"{plural(len(hidden), 'rarer pattern')} ({sum(patterns[p] for p in hidden):,} seeds) not drawn.")
    broken = sum(n for p, n in patterns.items() if None in p)
    if broken:
        notes.append(f"{plural(broken, 'seed')} without an order (diverged): shown as nan.")
    total = plural(next(iter(seeds), 0), "seed")
    return Grid(
        [f"{patterns[p]}" for p in shown],
        rows,
        "seeds",
        f"one column per pattern of orders; {total} in all",
        style="orders",
        notes=notes,
    )


def phase(data: Mapping[str, Any]) -> list[Grid]:
    """{rows, columns, row_axis?, column_axis?, facets?, learned, expressible}: one grid per facet.

    `learned[facet][row][column]` is [k, n] or null and `expressible[facet][row][column]` is "possible", "impossible" or
    "unknown"; without `facets` the first level is left out.
    """
    facets = [str(f) for f in data.get("facets") or []]
    learned, expressible = (
        (data["learned"], data["expressible"]) if facets else ([data["learned"]], [data["expressible"]])
    )
    grids = []
    for name, counts, can in zip(facets or [""], learned, expressible, strict=True):
        rows = [
            Row(str(label), [_phase_cell(count, able) for count, able in zip(row, able_row, strict=True)])
            for label, row, able_row in zip(data["rows"], counts, can, strict=True)
        ]
        axes = str(data.get("row_axis", "")), str(data.get("column_axis", ""))
        grids.append(Grid([str(c) for c in data["columns"]], rows, *axes, title=name, style="phase"))
    return grids


def words(data: Mapping[str, Any]) -> Grid:
    """{rows, columns, cells[row][column], row_axis?, column_axis?}: "impossible", "possible", "learned" or any text."""
    rows = [
        Row(str(label), [Cell(_with_symbol(str(c)), mark=str(c) if str(c) in POSSIBLE else "") for c in row])
        for label, row in zip(data["rows"], data["cells"], strict=True)
    ]
    axes = str(data.get("row_axis", "")), str(data.get("column_axis", ""))
    return Grid([str(c) for c in data["columns"]], rows, *axes, style="words")


def trace(data: Mapping[str, Any]) -> tuple[list[str], list[Grid]]:
    """{input: tokens, true?: label, steps: [{name, labels, values, rows?}]}: the input and one small grid per step.

    `values` is a list beside `labels`, or, with `rows` naming them, a list of such lists. The largest of a row is
    framed; the column of the true label is underlined in every step that has it. Shades are relative to the step.
    """
    grids = []
    for step in data["steps"]:
        table = step["values"] if "rows" in step else [step["values"]]
        values = matrix({"rows": step.get("rows", [""]), "columns": step["labels"], "values": table})
        top = largest(v for row in values for v in row)
        rows = []
        for label, row in zip(step.get("rows", [""]), values):
            best = max((v for v in row if math.isfinite(v)), default=math.nan)
            mark = [v == best and len(row) > 1 and row.count(best) == 1 for v in row]
            true = [str(c) == str(data.get("true")) for c in step["labels"]]
            cells = [
                shaded(v, top, fixed(v, 2), " ".join(m for m, on in (("best", b), ("true", t)) if on))
                for v, b, t in zip(row, mark, true)
            ]
            rows.append(Row(str(label), cells))
        notes = missing(v for row in values for v in row)
        grids.append(
            Grid([str(c) for c in step["labels"]], rows, title=str(step["name"]), style="heat step", notes=notes)
        )
    return [str(token) for token in data["input"]], grids


def table(data: Mapping[str, Any], limit: int = 60_000) -> Grid:
    """{columns, rows[[...]]}: any values; rows past `limit` characters are counted, not drawn."""
    rows, used = [], 0
    for given in data["rows"]:
        cells = [_table_cell(item) for item in given]
        used += sum(len(cell.text) + 25 for cell in cells)
        if used > limit * 0.9:
            break
        rows.append(Row("", cells))
    total = len(data["rows"])
    notes = [f"The first {len(rows):,} of {total:,} rows are shown."] if len(rows) < total else []
    return Grid([str(c) for c in data["columns"]], rows, style="table", notes=notes)


def matrix(data: Mapping[str, Any]) -> list[list[float]]:
    """The values as floats; raises ValueError, with both sizes, when they do not fit rows and columns."""
    values = [[real(v) for v in row] for row in data["values"]]
    rows, columns = len(data["rows"]), len(data["columns"])
    if len(values) != rows or any(len(row) != columns for row in values):
        sizes = sorted({len(row) for row in values})
        raise ValueError(
            f"values are {len(values)} rows of {sizes} numbers, labels are {rows} rows by {columns} columns"
        )
    return values


def largest(values: Any) -> float:
    """The largest finite magnitude, 0 if there is none."""
    return max((abs(v) for v in values if math.isfinite(v)), default=0.0)


def missing(values: Any, shown: str = "hatched") -> list[str]:
    """A note that counts what is not a number and what is infinite, if anything is, and how it is `shown`."""
    seen = list(values)
    nan, inf = sum(math.isnan(v) for v in seen), sum(math.isinf(v) for v in seen)
    notes = [f"{plural(nan, 'value is', 'values are')} not a number ({shown})."] if nan else []
    return notes + ([f"{plural(inf, 'value is', 'values are')} infinite ({shown})."] if inf else [])


def described(data: Mapping[str, Any]) -> list[str]:
    """Gauge and unit, where they are given."""
    gauge = [f"Gauge: {data['gauge']}."] if data.get("gauge") else []
    return gauge + ([f"Unit: {data['unit']}."] if data.get("unit") else [])


def shaded(x: float, top: float, text: str, mark: str = "") -> Cell:
    """A cell whose shade is x / top; a non-finite x is marked instead."""
    if not math.isfinite(x):
        return Cell("nan" if math.isnan(x) else number(x), mark="nan")
    return Cell(text, round(x / top, 2) + 0.0 if top else 0.0, mark)


def _order_cell(order: tuple[str, ...] | None, rank: int, place: Mapping[str, int]) -> Cell:
    if order is None:
        return Cell("nan", mark="nan")
    token = order[rank]
    return Cell(token, round((place[token] + 1) / len(place), 2))


def _phase_cell(count: Sequence[float] | None, able: str) -> Cell:
    symbol = POSSIBLE.get(able, able)
    if count is None:
        return Cell(f"{symbol} –", mark="gap", title=f"{able}; not trained")
    k, n = count
    return Cell(f"{symbol} {value(k)}/{value(n)}", round(k / n, 2) if n else None, title=f"{able}; {k} of {n} learned")


def _table_cell(item: Any) -> Cell:
    if isinstance(item, int | float) and not isinstance(item, bool):
        return Cell(number(item), mark="num" if math.isfinite(item) else "nan")
    return Cell(value(item), mark="nan" if item is None else "")


def _with_symbol(word: str) -> str:
    return f"{POSSIBLE[word]} {word}" if word in POSSIBLE else word
