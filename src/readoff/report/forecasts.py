"""The audit of a history of forecasts as one HTML page: offline, without scripts, equal bytes for equal audits.

    write(audit, reading, Path("audit.html"))

Figures are Altair charts drawn to static SVG, as in the report of claims, and share its style sheet: the streams, what
each moved against what it learned, the thinning curve, the calibration, and the money of the bets over time, counted as
the verdict counts it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import altair as alt

from readoff import __version__
from readoff.beliefs import promises, words
from readoff.beliefs.as_json import notable, stream_json
from readoff.beliefs.audit import Audit
from readoff.beliefs.bets import BETS
from readoff.beliefs.money import money
from readoff.beliefs.reading import Reading
from readoff.report.charts import BLUE, INK, MUTED, ORANGE, SERIES
from readoff.report.svg import drawn
from readoff.report.thin import thin_curve, thin_sorted

SHOWN, POINTS = 12, 60
WIDTH, HEIGHT = 640, 240
FATES = {"came true": BLUE, "did not": ORANGE, "open": MUTED}
SIDE = {+1: "more", -1: "less"}


def write(a: Audit, reading: Reading, path: Path) -> int:
    """Write the page aside, then rename it into place; the number of bytes. OSError if that is not possible."""
    text = render(a, reading).encode()
    aside = path.with_name(path.name + ".part")
    aside.write_bytes(text)
    aside.replace(path)
    return len(text)


def render(a: Audit, reading: Reading) -> str:
    """The page as HTML text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"page": _asset("forecasts.html.j2")}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    streams = [stream_json(a, k) for k in notable(a, 60)]
    return environment.get_template("page").render(
        a=a,
        reading=reading,
        version=__version__,
        headline=words.headline(a),
        sentences=words.reading(a),
        columns=words.columns(a),
        rows=words.test_rows(a),
        figures=figures(a),
        streams=sorted(streams, key=lambda s: -abs(s["excess"]))[:30],
        bins=(words.BINS, words.bin_rows(a)),
        sizes=(words.SIZES, words.size_rows(a)),
        needed=promises.needed(a),
        count=words.count,
        style=_asset("page.css"),
    )


def figures(a: Audit) -> list[dict[str, str]]:
    """{id, title, caption, svg} of every picture that these data allow."""
    if not len(a.steps.now):
        return []
    drawings = [
        ("streams", "The streams with the largest |X|", _streams_caption(a), streams(a)),
        (
            "movement",
            "What each stream moved, and what it learned",
            "One point per stream. On the line a stream moved exactly as much as it reduced uncertainty. The points of "
            "a rational forecaster scatter around it with mean zero: a few far above, many a little below.",
            against(a),
        ),
        (
            "thinning",
            "The thinning curve",
            "Mean X per stream when only the first report in each interval of time is kept; bars are ± two standard "
            "errors over clusters (none without independent clusters). Noise falls towards 0; over-reaction stays.",
            thinning(a),
        ),
        ("calibration", "Calibration", _calibration_caption(a), calibration(a)),
        (
            "wealth",
            "The money of the bets",
            _money_caption(a),
            wealth(a),
        ),
    ]
    return [
        {"id": name, "title": title, "caption": caption, "svg": drawn(chart, f"{name}-", f"{title}. {caption}")}
        for name, title, caption, chart in drawings
        if chart is not None
    ]


def _money_caption(a: Audit) -> str:
    how = "split evenly over all streams, which is fair however they hang together"
    if a.setting.independent:
        how = "carried from cluster to cluster, which is fair if these are independent, as stated"
    return (
        f"A unit of money on each of six bets, {how}, had the data ended at each date; the last point is the evidence "
        f"in the table above. {promises.bound(a)} Truths are settled "
        "at the end of the calendar; money is drawn from 0.01 to 10^12."
    )


def _streams_caption(a: Audit) -> str:
    n = a.histories.n_streams
    shown = f"The {SHOWN} of {n:,} streams with the largest |X|." if n > SHOWN else "All streams."
    return f"{shown} Blue: came true; orange: did not; grey: open. The dot is the outcome."


def _calibration_caption(a: Audit) -> str:
    if a.calibrated is None:
        return ""
    return (
        f"Reports by level against the share that came true: {a.calibrated.reports:,} reports, each counting once. "
        "Bars are approximate 95 % intervals over clusters (none without independent clusters)."
    )


def streams(a: Audit) -> Any:
    """Small multiples: beliefs over time, one panel per stream."""
    h = a.histories
    lines, dots, order = [], [], []
    for k in sorted(notable(a, h.n_streams), key=lambda k: (-abs(a.excess[k]), k))[:SHOWN]:
        rows = slice(h.starts[k], h.starts[k + 1])
        x, y = (h.time[rows] * (1000 if h.dated else 1)).tolist(), h.belief[rows].tolist()
        name = f"{_short(str(h.names[k]))}   X = {a.excess[k]:+.3f}"
        order.append(name)
        fate = "open" if math.isnan(h.outcome[k]) else "came true" if h.outcome[k] > 0.5 else "did not"
        lines += [{"name": name, "x": x[i], "y": y[i], "fate": fate} for i in thin_curve(x, y, POINTS)]
        if fate != "open":
            dots.append({"name": name, "x": x[-1], "y": float(h.outcome[k]), "fate": fate})
    scale = alt.Scale(type="utc") if h.dated else alt.Scale(zero=False)
    across = alt.X("x:T" if h.dated else "x:Q", title=None, scale=scale, axis=alt.Axis(tickCount=3))
    colour = alt.Color("fate:N", scale=alt.Scale(domain=list(FATES), range=list(FATES.values())), legend=None)
    up = alt.Y("y:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(values=[0, 0.5, 1]))
    line = alt.Chart().mark_line(interpolate="step-after", strokeWidth=1.3).encode(x=across, y=up, color=colour)
    dot = alt.Chart().mark_point(filled=True, size=30).encode(x=across, y=up, color=colour)
    points = [{**row, "dot": False} for row in lines] + [{**row, "dot": True} for row in dots]
    panels = alt.layer(line.transform_filter("!datum.dot"), dot.transform_filter("datum.dot"), data=_data(points))
    facet = alt.Facet("name:N", title=None, sort=order, header=alt.Header(labelFontSize=10, labelColor=INK))
    return panels.properties(width=190, height=70).facet(facet=facet, columns=3)


def against(a: Audit) -> Any:
    """Movement against reduction, a point per stream."""
    used = [k for k in range(a.histories.n_streams) if a.steps.starts[k + 1] > a.steps.starts[k]]
    used = [used[i] for i in thin_sorted(len(used), 400, head=0)]
    points = [{"x": float(a.reduction[k]), "y": float(a.movement[k])} for k in used]
    low, high = min(p["x"] for p in points), max(max(p["x"], p["y"]) for p in points)
    line = [{"x": min(low, 0.0), "y": min(low, 0.0)}, {"x": high, "y": high}]
    x = alt.X("x:Q", title="reduction of uncertainty R")
    y = alt.Y("y:Q", title="movement M")
    return alt.layer(
        alt.Chart(_data(line)).mark_line(color=ORANGE, strokeDash=[6, 3], strokeWidth=1.5).encode(x=x, y=y),
        alt.Chart(_data(points)).mark_point(size=30, color=BLUE, strokeOpacity=0.7).encode(x=x, y=y),
    ).properties(width=WIDTH, height=HEIGHT)


def thinning(a: Audit) -> Any:
    """X against the sampling interval, with two standard errors."""
    rows = [{"x": _sampling(a, p.interval, p.every), "y": p.excess, "low": p.excess - 2 * p.se,
             "high": p.excess + 2 * p.se} for p in a.thinned]  # fmt: skip
    x = alt.X("x:N", sort=[r["x"] for r in rows], title="one report kept per", axis=alt.Axis(labelAngle=0))
    base = alt.Chart(_data([{k: v for k, v in r.items() if v == v} for r in rows])).encode(x=x)
    layers: list[Any] = [alt.Chart(_data([{"y": 0}])).mark_rule(color=ORANGE, strokeDash=[6, 3]).encode(y="y:Q")]
    if all(r["low"] == r["low"] for r in rows):
        layers.append(base.mark_rule(color=MUTED).encode(y=alt.Y("low:Q", title=""), y2="high:Q"))
    y = alt.Y("y:Q", title="mean X per stream")
    layers.append(base.mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE, size=30)).encode(y=y))
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _sampling(a: Audit, interval: float, every: int | None) -> str:
    """A sampling interval as an axis label, with the report count where reports come at equal distances."""
    text = words.duration(interval, a.histories.dated).removesuffix(" of time")
    return text if every is None else f"{text} (all)" if every == 1 else f"{text} (every {every})"


def calibration(a: Audit) -> Any:
    """Share that came true against the forecast, with the diagonal; None without resolved streams."""
    if a.calibrated is None:
        return None
    rows = [{"x": b.forecast, "y": b.frequency, "low": b.interval.low, "high": b.interval.high, "weight": b.reports}
            for b in a.calibrated.bins]  # fmt: skip
    x = alt.X("x:Q", title="forecast", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("y:Q", title="share that came true", scale=alt.Scale(domain=[0, 1]))
    diagonal = alt.Chart(_data([{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
    layers: list[Any] = [diagonal.mark_line(color=ORANGE, strokeDash=[6, 3], strokeWidth=1.5).encode(x=x, y=y)]
    if all(r["low"] == r["low"] for r in rows):
        layers.append(alt.Chart(_data(rows)).mark_rule(color=MUTED).encode(x=x, y="low:Q", y2="high:Q"))
    kept = _data([{k: v for k, v in r.items() if v == v} for r in rows])
    size = alt.Size("weight:Q", legend=None, scale=alt.Scale(range=[15, 200]))
    layers.append(alt.Chart(kept).mark_point(filled=True, color=BLUE, fillOpacity=0.8).encode(x=x, y=y, size=size))
    return alt.layer(*layers).properties(width=360, height=320)


def wealth(a: Audit) -> Any:
    """Money over time of the six bets, on a log axis from 0.01 to 10^12, with the bar."""
    h, rows = a.histories, []
    times, logs = money(h, a.setting)
    x = (times * (1000 if h.dated else 1)).tolist()
    names = {bet: f"{bet[0]}, {SIDE[bet[1]]}" for bet in BETS}
    form = "~e" if max(value.max() for value in logs.values()) > math.log(1e5) else "~g"
    for bet, name in names.items():
        y = [math.exp(min(max(value, math.log(1e-2)), math.log(1e12))) for value in logs[bet]]
        rows += [{"name": name, "x": x[i], "y": y[i]} for i in range(len(x))]
    scale = alt.Scale(type="utc") if h.dated else alt.Scale(zero=False)
    x = alt.X("x:T" if h.dated else "x:Q", title=None if h.dated else "time", scale=scale)
    y = alt.Y("y:Q", title="money", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(format=form, tickCount=6))
    colours = alt.Scale(domain=list(names.values()), range=[colour for colour in SERIES[:3] for _ in SIDE])
    dashes = alt.Scale(domain=list(names.values()), range=[[1, 0], [5, 3]] * 3)
    legend = alt.Legend(title=None, orient="top", columns=3, labelColor=INK, symbolType="stroke", columnPadding=24)
    line = alt.Chart(_data(rows)).mark_line(strokeWidth=1.6).encode(
        x=x, y=y, color=alt.Color("name:N", scale=colours, legend=legend),
        strokeDash=alt.StrokeDash("name:N", scale=dashes, legend=legend))  # fmt: skip
    bar = (
        alt.Chart(_data([{"y": a.needed}])).mark_rule(color=ORANGE, strokeDash=[6, 3], strokeWidth=1.5).encode(y="y:Q")
    )
    return alt.layer(line, bar).properties(width=WIDTH, height=HEIGHT)


def _data(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as one text, which Altair does not check number by number."""
    return alt.InlineData(values=json.dumps(rows), format=alt.JsonDataFormat(type="json"))


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"


def _asset(name: str) -> str:
    return (resources.files("readoff.report") / "assets" / name).read_text(encoding="utf-8")
