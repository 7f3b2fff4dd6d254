"""Exhibits as figures: things with axes become SVG, things with cells become HTML tables.

An exhibit is {claim_id, id, kind, title, caption, data}. The kinds and their data:

| kind | data | drawn by |
|---|---|---|
| heatmap | {rows, columns, row_axis?, column_axis?, values[row][column], gauge?, unit?} | `cells.heatmap` or `raster` |
| curves | {series: [{name, x, y, failed?}], x_axis?, y_axis?, log_x?, log_y?, rules?} | `charts.curves` |
| orders | {tokens, heads: {name: [order of tokens per seed]}} | `cells.orders` |
| phase | {rows, columns, facets?, learned[facet][row][column] = [k, n], expressible} | `cells.phase` |
| margins | {margins, error_bound?, unit?} | `charts.margins` |
| trace | {input: tokens, true?: label, steps: [{name, labels, values, rows?}]} | `cells.trace` |
| table | {columns, rows} | `cells.table` |
| scatter | {x, y, series?, x_axis?, y_axis?, log_x?, log_y?, x_ticks?, x_names?, rules?} | `charts.scatter` |
| histogram | {values, x_axis?, y_axis?, bins?, rules?} | `charts.histogram` |
| grid | {rows, columns, cells: "impossible" / "possible" / "learned" / text} | `cells.words` |

`rules` are reference lines, [{axis: "x" | "y", value, label}]. Numbers may be null, "nan" or "inf".
An exhibit that cannot be drawn stays on the page with the reason and its data: a failure is data, too.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from readoff.report import cells
from readoff.report.raster import Raster, raster
from readoff.report.text import plural

FIGURE_LIMIT = 60_000
"""Most bytes of one figure."""

TABLE_CELLS = 1_000
"""A heatmap of more cells than this is a picture instead of a table."""


@dataclass(frozen=True)
class Figure:
    """What the template needs for one exhibit; exactly one of grids, svg, raster, broken carries the drawing."""

    anchor: str
    kind: str
    title: str
    caption: str
    notes: list[str] = field(default_factory=list)
    grids: list[cells.Grid] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    svg: str = ""
    raster: Raster | None = None
    keys: list[tuple[str, str]] = field(default_factory=list)
    broken: str = ""
    raw: str = ""


def figure(exhibit: Mapping[str, Any], anchor: str, limit: int = FIGURE_LIMIT) -> Figure:
    """Draw one exhibit within `limit` bytes. Never raises on bad data: the figure then says what is wrong."""
    kind, data = str(exhibit.get("kind")), exhibit.get("data")
    words = anchor, kind, str(exhibit.get("title") or exhibit.get("id") or kind), str(exhibit.get("caption") or "")
    draw = DRAWINGS.get(kind)
    try:
        if draw is None:
            raise ValueError(f"no exhibit is of kind {kind!r}; known: {', '.join(sorted(DRAWINGS))}")
        if not isinstance(data, Mapping):
            raise ValueError(f"the data is {type(data).__name__}, expected an object")
        found = draw(data, words, limit)
        count = sum(len(row.cells) for grid in found.grids for row in grid.rows)
        if kind != "table" and count > cells.CELL_LIMIT:
            raise ValueError(f"it has {count:,} cells, and {cells.CELL_LIMIT:,} fit into a figure")
        return found
    except Exception as error:  # whatever is wrong with one exhibit, the page is still written
        reason = f"it lacks the field {error}" if isinstance(error, KeyError) else str(error)
        raw = json.dumps(data, sort_keys=True, default=str)
        return Figure(*words, broken=reason, raw=raw[:2000] + (" …" if len(raw) > 2000 else ""))


def _grid(draw: Callable[[Any], Any]) -> Callable[..., Figure]:
    def drawing(data: Mapping[str, Any], words: tuple, limit: int) -> Figure:
        grids = draw(data)
        return Figure(*words, grids=grids if isinstance(grids, list) else [grids], keys=KEYS.get(words[1], []))

    return drawing


def _heatmap(data: Mapping[str, Any], words: tuple, limit: int) -> Figure:
    if len(data["rows"]) * len(data["columns"]) <= TABLE_CELLS:
        return Figure(*words, grids=[cells.heatmap(data)])
    return Figure(*words, raster=raster(data))


def _trace(data: Mapping[str, Any], words: tuple, limit: int) -> Figure:
    tokens, grids = cells.trace(data)
    keys = [("", "framed: the largest of its row"), ("", "shade: blue below zero, orange above, within a row")]
    if data.get("true") is not None:
        keys.append(("", f"underlined: the true class, {data['true']}"))
    return Figure(*words, tokens=tokens, grids=grids, keys=keys)


def _table(data: Mapping[str, Any], words: tuple, limit: int) -> Figure:
    return Figure(*words, grids=[cells.table(data, limit)])


def _chart(data: Mapping[str, Any], words: tuple, limit: int) -> Figure:
    from readoff.report import charts, svg

    anchor, kind, title, _ = words
    draw = getattr(charts, kind)
    points = {"scatter": 400, "histogram": 30}.get(kind, 200)
    if kind == "curves":  # about seven bytes a point: start near what fits
        points = max(svg.FEWEST, min(points, limit // (7 * max(1, len(data["series"])))))
    text, notes = svg.fitted(lambda p: draw(data, p), points, limit, f"{anchor}-", title)
    return Figure(*words, svg=text, notes=notes, keys=_curve_keys(data) if text and kind == "curves" else [])


def _curve_keys(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    failed = [str(s["name"]) for s in data["series"] if s.get("failed")]
    alive = len(data["series"]) - len(failed)
    keys = [("line", "one seed each")] if alive else []
    if alive > 1:
        keys.append(("thick", f"median of {plural(alive, 'seed')}"))
    if failed:
        names = ", ".join(failed[:8]) + (f" and {len(failed) - 8} more" if len(failed) > 8 else "")
        keys.append(("dashed", f"failed, {plural(len(failed), 'seed')} ({names}); × where its numbers end"))
    return keys


KEYS: dict[str, list[tuple[str, str]]] = {
    "phase": [
        ("", "● a witness exists"),
        ("", "✗ proved impossible"),
        ("", "? unknown"),
        ("", "k/n seeds learned it; the fuller the shade, the more"),
        ("", "– not trained"),
    ],
    "grid": [("", "✗ impossible"), ("", "● possible (witness)"), ("", "◆ learned"), ("", "? unknown")],
    "orders": [("", "shade: token number, light to dark"), ("", "top row of a head: the token it attends to most")],
}

DRAWINGS: dict[str, Callable[..., Figure]] = {
    "heatmap": _heatmap,
    "orders": _grid(cells.orders),
    "phase": _grid(cells.phase),
    "grid": _grid(cells.words),
    "trace": _trace,
    "table": _table,
    "curves": _chart,
    "margins": _chart,
    "scatter": _chart,
    "histogram": _chart,
}
