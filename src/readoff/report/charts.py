"""Figures with axes, as Altair charts: loss curves, margins, scatters, histograms, and the heatmap picture.

The same chart serves a notebook (interactive, through Altair) and the report (static SVG, through `svg.drawn`):

    chart, notes = curves({"series": [{"name": "seed 0", "x": [1, 10], "y": [2.2, 0.1]}], "log_x": True})

Every function returns (chart, notes): the notes count what a picture cannot show, so that nothing is dropped unseen.
The chart is None where there is nothing to draw. Importing this module imports Altair, so figures do it when they draw.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np

from readoff.report.axes import ORANGE, axis, inline, labels, marked, rule, rules, sized, worded
from readoff.report.cells import described, matrix, missing
from readoff.report.text import number, plural, real
from readoff.report.thin import median_curve, thin_curve, thin_sorted

INK, MUTED, RULE, BLUE = "#1b1b1b", "#6b6b6b", "#d9d9d9", "#2166ac"
"""Stand-ins that the report replaces by its own colours, light or dark."""

SERIES = ("#2166ac", "#c05a00", "#5e3c99", "#1b7837", "#6b6b6b")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
COUNTS = alt.Axis(tickMinStep=1)
CURVE_LIMIT = 256
"""At most this many healthy and as many failed curves are drawn."""

NOTHING = "Nothing to show: no values."

Drawing = tuple[alt.TopLevelMixin | None, list[str]]


def themed(chart: Any, background: str = "transparent") -> Any:
    """The chart with the house's axes: no box, light grid, one font, no accessibility text per mark."""
    axis = {"labelColor": MUTED, "titleColor": INK, "domainColor": MUTED, "tickColor": MUTED, "gridColor": RULE}
    return (
        chart.configure(background=background, font=FONT, aria=False)
        .configure_view(stroke=None)
        .configure_axisX(labelFlush=False, tickCount=8)
        .configure_axis(labelFontSize=11, titleFontSize=12, titleFontWeight="normal", gridOpacity=0.6, **axis)
    )


def curves(data: Mapping[str, Any], points: int = 200) -> Drawing:
    """{series: [{name, x, y, failed?}], x_axis?, y_axis?, log_x?, log_y?, rules?}: all thin, their median thick.

    At most `points` points a curve. A failed seed is dashed, in the other colour, and ends in a cross.
    """
    log_x, log_y = bool(data.get("log_x")), bool(data.get("log_y"))
    read = [_curve(given, log_x, log_y) for given in data["series"]]
    alive, failed = [c for c in read if not c.failed], [c for c in read if c.failed]
    shown = [kept[i] for kept in (alive, failed) for i in thin_sorted(len(kept), CURVE_LIMIT, head=0)]
    lines = {bad: [p for c in shown if c.failed == bad for p in c.points(points)] for bad in (False, True)}
    x = axis(alt.X("x:Q"), data.get("x_axis"), [p["x"] for bad in lines for p in lines[bad]], log_x)
    y = axis(alt.Y("y:Q"), data.get("y_axis"), [p["y"] for bad in lines for p in lines[bad]], log_y)
    ends = [p for c in shown if c.failed for p in [q for q in c.points(points) if q["y"] is not None][-1:]]
    if not lines[False] and not lines[True]:
        return None, [*_curve_notes(read, len(shown), points), NOTHING]
    faint = max(0.12, min(0.4, 26 / max(1, len(alive))))
    layers = [
        _lines(lines[False], x, y, strokeWidth=0.8, strokeOpacity=round(faint, 2), color=BLUE),
        _lines(lines[True], x, y, strokeWidth=1.2, strokeOpacity=0.9, color=ORANGE, strokeDash=[4, 3]),
        alt.Chart(inline(ends))
        .mark_point(shape="cross", angle=45, size=60, color=ORANGE, filled=True)
        .encode(x=x, y=y),
    ]
    if len(alive) > 1:
        middle = _Curve("median", *median_curve([(c.xs, c.ys) for c in alive]))
        layers.append(_lines(middle.points(points), x, y, strokeWidth=2.2, color=INK))
    return sized(alt.layer(*layers, *rules(data))), _curve_notes(read, len(shown), points)


@dataclass(frozen=True)
class _Curve:
    """One series that can be drawn; y is NaN where there is a gap. Counts what cannot be drawn."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    failed: bool = False
    not_numbers: int = 0
    not_positive: int = 0

    def points(self, limit: int) -> list[dict[str, Any]]:
        """Rows of data, thinned; None for a gap."""
        rows = [(self.xs[i], self.ys[i]) for i in thin_curve(self.xs, self.ys, limit)]
        return [{"name": self.name, "x": x, "y": y if math.isfinite(y) else None} for x, y in rows]


def _curve(given: Mapping[str, Any], log_x: bool, log_y: bool) -> _Curve:
    xs, ys = [real(v) for v in given["x"]], [real(v) for v in given["y"]]
    name = str(given["name"])
    if len(xs) != len(ys):
        raise ValueError(f"series {name!r} has {len(xs)} x and {len(ys)} y; give as many of each")
    not_numbers = sum(not math.isfinite(v) for v in [*xs, *ys])
    not_positive = sum((log_x and x <= 0) or (log_y and y <= 0) for x, y in zip(xs, ys))
    rows = [(x, y) for x, y in zip(xs, ys) if math.isfinite(x) and (x > 0 or not log_x)]
    heights = [y if y > 0 or not log_y else math.nan for _, y in rows]
    return _Curve(name, [x for x, _ in rows], heights, bool(given.get("failed")), not_numbers, not_positive)


def _curve_notes(read: Sequence[_Curve], shown: int, points: int) -> list[str]:
    notes = []
    nan, low = sum(c.not_numbers for c in read), sum(c.not_positive for c in read)
    if nan:
        notes.append(f"{plural(nan, 'value is', 'values are')} not a number or infinite: the curve has a gap there.")
    if low:
        notes.append(f"{plural(low, 'point')} at or below 0 cannot be drawn on a log axis.")
    if shown < len(read):
        notes.append(f"{shown:,} of {len(read):,} curves are drawn, evenly chosen; the median is of all.")
    longest = max((len(c.xs) for c in read), default=0)
    if longest > points:
        notes.append(f"Each curve is thinned to {points} of up to {longest:,} points; highs and lows are kept.")
    return notes


def margins(data: Mapping[str, Any], points: int = 200) -> Drawing:
    """{margins, error_bound?, unit?}: inputs with at most this margin, and the proved error bound as a line."""
    given = [real(v) for v in data["margins"]]
    values = sorted(v for v in given if math.isfinite(v))
    bound = data.get("error_bound")
    notes = missing(given, "not drawn")
    if not values:
        return None, [*notes, NOTHING]
    steps = [{"x": values[i], "y": i + 1} for i in thin_sorted(len(values), points)]
    x = axis(alt.X("x:Q"), f"margin ({data['unit']})" if data.get("unit") else "margin", values, False)
    layers: list[Any] = [
        alt.Chart(inline(steps))
        .mark_line(interpolate="step-after", strokeWidth=2, color=BLUE)
        .encode(x=x, y=alt.Y("y:Q", title="inputs with at most this margin", axis=COUNTS))
    ]
    notes.insert(0, f"Smallest margin {number(values[0])} over {plural(len(values), 'input')}.")
    if bound is not None:
        clear = sum(v > real(bound) for v in given)
        notes.insert(1, f"{clear:,} of {len(given):,} margins exceed the error bound {number(bound)}.")
        layers += rule("x", real(bound), f"error bound {number(bound)}")
    return sized(alt.layer(*layers)), notes


def scatter(data: Mapping[str, Any], points: int = 400) -> Drawing:
    """{x, y, series?: a name per point, x_axis?, y_axis?, log_x?, log_y?, x_ticks?, x_names?, rules?}.

    A colour and shape per series. `x_ticks`: where the axis is marked; `x_names`: places 0, 1, 2, ... have these names.
    """
    xs, ys = [real(v) for v in data["x"]], [real(v) for v in data["y"]]
    names = [str(s) for s in data.get("series") or [""] * len(xs)]
    if not len(xs) == len(ys) == len(names):
        raise ValueError(f"{len(xs)} x, {len(ys)} y and {len(names)} series names; give one of each per point")
    log_x, log_y = bool(data.get("log_x")), bool(data.get("log_y"))
    fine = [
        {"x": x, "y": y, "series": s}
        for x, y, s in zip(xs, ys, names)
        if math.isfinite(x) and math.isfinite(y) and (x > 0 or not log_x) and (y > 0 or not log_y)
    ]
    notes = missing([*xs, *ys], "not drawn")
    if len(fine) < len(xs):
        notes.append(f"{plural(len(xs) - len(fine), 'point')} of {len(xs):,} cannot be drawn.")
    if len(fine) > points:
        fine, total = [fine[i] for i in thin_sorted(len(fine), points, head=0)], len(fine)
        notes.append(f"{len(fine):,} of {total:,} points are drawn, evenly chosen.")
    if not fine:
        return None, [*notes, NOTHING]
    order = list(dict.fromkeys(names))
    encoding = {
        "x": marked(axis(alt.X("x:Q"), data.get("x_axis"), [p["x"] for p in fine], log_x, room=8), data),
        "y": axis(alt.Y("y:Q"), data.get("y_axis"), [p["y"] for p in fine], log_y, room=8),
    }
    if len(order) > 1:
        legend = alt.Legend(
            title=None, orient="top", labelColor=INK, labelFontSize=12, labelLimit=400, columnPadding=24
        )
        scales = [
            alt.Scale(domain=order, range=[options[i % len(options)] for i in range(len(order))])
            for options in (SERIES, SHAPES)
        ]
        encoding["color"] = alt.Color("series:N", scale=scales[0], legend=legend)
        encoding["shape"] = alt.Shape("series:N", scale=scales[1], legend=legend)
    marks = alt.Chart(inline(fine)).mark_point(size=36, strokeOpacity=0.75, color=BLUE).encode(**encoding)
    return sized(alt.layer(marks, *rules(data))), notes


def histogram(data: Mapping[str, Any], points: int = 30) -> Drawing:
    """{values, x_axis?, y_axis?, bins?, rules?}: counts in equal bins; a few whole numbers have a bar each."""
    given = [real(v) for v in data["values"]]
    values = [v for v in given if math.isfinite(v)]
    notes = missing(given, "not drawn")
    if not values:
        return None, [*notes, NOTHING]
    low, high = min(values), max(values)
    whole = "bins" not in data and high - low < points and all(v == round(v) for v in values)
    bins = np.arange(low - 0.5, high + 1) if whole else int(data.get("bins", min(points, 30)))
    counts, edges = np.histogram(values, bins=bins)
    bars = [{"x": float(a), "x2": float(b), "y": int(c)} for a, b, c in zip(edges, edges[1:], counts)]
    places = [float(v) for v in range(int(low), int(high) + 1)]
    ticks = alt.Axis(values=places, tickCount=min(12, len(places)), format="d") if whole else alt.Axis()
    chart = (
        alt.Chart(inline(bars))
        .mark_bar(color=BLUE, fillOpacity=0.8, binSpacing=1)
        .encode(
            x=alt.X("x:Q", bin="binned", title=worded(data.get("x_axis")), axis=ticks),
            x2="x2:Q",
            y=alt.Y("y:Q", title=worded(data.get("y_axis") or "count"), axis=COUNTS).scale(
                domainMax=1.08 * int(counts.max()), nice=False
            ),
        )
    )
    return sized(alt.layer(chart, *rules(data))), notes


def heatmap(data: Mapping[str, Any], with_text: bool | None = None) -> Drawing:
    """The cells of `cells.heatmap` as one picture, for large tables and for PNG files."""
    values = matrix(data)
    rows, columns = [str(r) for r in data["rows"]], [str(c) for c in data["columns"]]
    if not rows or not columns:
        return None, [NOTHING]
    size = max(4, min(36, 640 // max(1, len(columns), len(rows))))
    if with_text is None:
        with_text = max(len(rows), len(columns), 1) <= 16
    top = max((abs(v) for row in values for v in row if math.isfinite(v)), default=0.0) or 1.0
    cells = [
        {"r": i, "c": j, "v": v if math.isfinite(v) else None, "t": number(v, 3) if math.isfinite(v) else "nan"}
        for i, row in enumerate(values)
        for j, v in enumerate(row)
    ]
    base = alt.Chart(inline(cells)).encode(
        x=alt.X("c:O", title=worded(data.get("column_axis")), axis=labels(columns, size)),
        y=alt.Y("r:O", title=worded(data.get("row_axis")), axis=labels(rows, size)),
    )
    scale = alt.Scale(domain=[-top, 0, top], range=[BLUE, "#f7f7f7", ORANGE], interpolate="lab")
    unit = worded(data.get("unit")) or ""
    legend = alt.Legend(title=unit or None, gradientLength=120)
    layers = [base.mark_rect(invalid="show").encode(color=alt.Color("v:Q", scale=scale, legend=legend))]
    broken = alt.datum.v == None  # noqa: E711 - a Vega expression, not a comparison
    layers.append(base.transform_filter(broken).mark_rect(color="#bdbdbd"))
    if with_text:
        strong = f"datum.v != null && abs(datum.v) > {0.6 * top}"
        ink = alt.when(strong).then(alt.value("#ffffff")).otherwise(alt.value("#1b1b1b"))
        layers.append(base.mark_text(fontSize=10).encode(text="t:N", color=ink))
    chart = alt.layer(*layers).properties(width=max(1, size * len(columns)), height=max(1, size * len(rows)))
    return chart, [*described(data), *missing(v for row in values for v in row)]


def _lines(points: list[dict[str, Any]], x: alt.X, y: alt.Y, **mark: Any) -> alt.Chart:
    return alt.Chart(inline(points)).mark_line(strokeCap="round", **mark).encode(x=x, y=y, detail="name:N")
