"""What charts share: data as text, axes with ticks and names, reference lines.

    axis(alt.X("x:Q"), "step", [1, 10, 100], log=True)        one tick per power of ten
    marked(channel, {"x_names": ["1 x 1", "2 x 1"]})          places 0 and 1, by name
    rules({"rules": [{"axis": "y", "value": 2, "label": "two dimensions"}]})

Importing this module imports Altair.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from readoff.report.text import real

ORANGE = "#c05a00"
WIDTH, HEIGHT = 640, 250


def inline(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as one text: Altair would otherwise check every number against its schema, which takes seconds."""
    return alt.InlineData(values=json.dumps(rows), format=alt.JsonDataFormat(type="json"))


def axis(channel: Any, title: str | None, values: Sequence[float | None], log: bool, room: int = 0) -> Any:
    """The channel with its title and, on a log axis, one tick per power of ten where two or more fall inside.

    `room`: pixels to leave between the outermost values and the frame.
    """
    finite = [v for v in values if v is not None]
    if not log or not finite:
        return channel.title(worded(title)).scale(zero=False, **({"padding": room, "nice": False} if room else {}))
    low, high = math.floor(math.log10(min(finite))), math.ceil(math.log10(max(finite)))
    channel = channel.title(worded(title)).scale(type="log", nice=False, padding=room)
    if high - low < 2:
        return channel
    stride = 1 + (high - low) // 10
    powers = [float(f"1e{k}") for k in range(low, high + 1, stride) if min(finite) <= float(f"1e{k}") <= max(finite)]
    return channel.axis(values=powers, format="~g") if len(powers) > 1 else channel


def marked(channel: Any, data: Mapping[str, Any]) -> Any:
    """The channel with ticks where the data wants them, and half a place of room beside named places.

    `tickCount` says that all of them are wanted: Vega drops every other value of a list that is longer than its count.
    """
    names, at = [str(name) for name in data.get("x_names") or ()], [real(t) for t in data.get("x_ticks") or ()]
    if names:
        places = {"values": list(range(len(names))), "tickCount": len(names), "labelExpr": named(names)}
        ticks = alt.Axis(**places, grid=False, labelOverlap=False)
        return channel.axis(ticks).scale(domain=[-0.5, len(names) - 0.5], nice=False, zero=False)
    return channel.axis(values=at, tickCount=len(at), format="~g", labelOverlap=False) if at else channel


def named(names: Sequence[str]) -> str:
    """A Vega expression that turns place 0, 1, 2, ... into its name."""
    return "{" + ",".join(f"'{i}':{_quoted(n)}" for i, n in enumerate(names)) + "}[datum.value]"


def labels(names: Sequence[str], size: int) -> alt.Axis:
    """An axis of places 0, 1, 2, ... with their names, as many as cells of this size (pixels) leave room for."""
    stride, text = max(1, math.ceil(12 / size)), named(names)
    places = list(range(0, len(names), stride))
    return alt.Axis(labelExpr=text, values=places, tickCount=len(places), labelAngle=0, labelOverlap=False)


def _quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ") + "'"


def rules(data: Mapping[str, Any]) -> list[Any]:
    """Reference lines: `rules`: [{axis: "x" | "y", value, label}]."""
    return [
        layer
        for wanted in data.get("rules", ())
        for layer in rule(wanted["axis"], real(wanted["value"]), str(wanted["label"]))
    ]


def rule(axis: str, at: float, label: str) -> list[Any]:
    """A dashed line at a value of the x or y axis, and its label."""
    base = alt.Chart(inline([{"at": at, "label": label}]))
    line = base.mark_rule(color=ORANGE, strokeWidth=1.5, strokeDash=[6, 3])
    words = {"color": ORANGE, "fontSize": 11, "align": "left", "dx": 5}
    if axis == "x":
        note = base.mark_text(baseline="top", dy=3, **words).encode(x="at:Q", y=alt.value(0), text="label:N")
        return [line.encode(x="at:Q"), note]
    note = base.mark_text(baseline="bottom", dy=-3, **words).encode(x=alt.value(0), y="at:Q", text="label:N")
    return [line.encode(y="at:Q"), note]


def worded(given: Any) -> str | None:
    """An axis title; None where nothing was said. A bare list of characters keeps Altair from parsing it."""
    return str(given) if given else None


def sized(chart: Any) -> Any:
    """The chart in the report's size (pixels)."""
    return chart.properties(width=WIDTH, height=HEIGHT)
