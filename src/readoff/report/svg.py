"""Charts as small, static, deterministic SVG.

Vega writes a picture with thousands of characters nobody sees. `tidied` keeps the marks: it drops bookkeeping
attributes and empty groups, rounds to tenths of a pixel, writes polylines as relative steps, gives every id the
figure's prefix, and turns the stand-in colours into the page's own.

>>> relative("M0,10L1.04,12L2,9.96")
'M0,10l1,2l1-2'
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

from readoff.report.charts import BLUE, INK, MUTED, ORANGE, RULE, themed

NAMES = {INK: "ink", MUTED: "muted", RULE: "rule", BLUE: "blue", ORANGE: "orange"}
COLOURS = {colour: f"var(--{name},{colour})" for colour, name in NAMES.items()}
"""The page's colours, which follow its light or dark mode; outside a page the stand-ins themselves are used."""

NOISE = ("class", "role", "aria-hidden", "aria-roledescription", "aria-label", "pointer-events", "version")
GEOMETRY = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "r")
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+e-?\d+")
FEWEST = 6
"""A chart is not thinned below this many points a curve."""

INHERITED = (
    "fill",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "fill-opacity",
    "stroke-dasharray",
    "stroke-linecap",
    "font-family",
    "font-size",
    "text-anchor",
)
NAMESPACE = "{http://www.w3.org/2000/svg}"
POLYLINE = re.compile(r"(?:M[\d.,e-]+(?:(?:L[\d.,e-]+)+|Z)?)+")
REFERENCE = re.compile(r"url\(#([^)]*)\)")


def drawn(chart: Any, prefix: str, label: str) -> str:
    """The chart as SVG text for one page: ids start with `prefix`, `label` is what a screen reader says."""
    import vl_convert

    return tidied(vl_convert.vegalite_to_svg(themed(chart).to_dict()), prefix, label)


def fitted(
    draw: Callable[[int], tuple[Any, list[str]]], points: int, limit: int, prefix: str, label: str
) -> tuple[str, list[str]]:
    """The drawing with (nearly) the most points, up to `points`, whose SVG stays within `limit` bytes."""
    while True:
        chart, notes = draw(points)
        text = drawn(chart, prefix, label) if chart is not None else ""
        size = len(text.encode())
        if size <= limit or points <= FEWEST:
            return text, notes
        points = max(FEWEST, min(points - 1, int(0.95 * points * limit / size)))


def tidied(text: str, prefix: str, label: str) -> str:
    """The SVG with everything unseen removed. Raises xml.etree.ElementTree.ParseError on text that is no SVG."""
    root = ElementTree.fromstring(text)
    _clean(root, prefix)
    width, height = root.attrib.pop("width"), root.attrib.pop("height")
    root.attrib = {
        "xmlns": NAMESPACE[1:-1],
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "role": "img",
        "aria-label": label,
    }
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def relative(path: str) -> str:
    """A path of M, L and Z with absolute points, as M and l with relative ones in tenths of a pixel.

    A point that is alone is drawn as a line without length, which round caps make a dot.
    """
    out, here = [], (0, 0)
    for command, x, y in re.findall(r"([MLZ])(?:(-?[\d.e-]+),(-?[\d.e-]+))?", path):
        if command == "Z":
            out.append("h0")
            continue
        point = round(10 * float(x)), round(10 * float(y))
        if command == "M":
            out.append(f"M{_tenths(point[0])},{_tenths(point[1])}")
        elif point != here:
            dx, dy = _tenths(point[0] - here[0]), _tenths(point[1] - here[1])
            out.append(f"l{dx}{dy if dy.startswith('-') else ',' + dy}")
        here = point
    return "".join(out)


def _clean(element: ElementTree.Element, prefix: str) -> None:
    element.tag = element.tag.removeprefix(NAMESPACE)
    element.attrib = {name: _value(name, value, prefix) for name, value in element.attrib.items() if _seen(name, value)}
    for child in list(element):
        unseen = child.attrib.get("class") in ("background", "foreground") and "stroke" not in child.attrib
        unseen = unseen or child.attrib.get("opacity") == "0"
        _clean(child, prefix)
        if unseen or (child.tag == "g" and not len(child)):
            element.remove(child)
        elif child.tag == "g" and len(child) == 1 and not set(child.attrib) - {"transform"}:
            _lift(element, child)
    _hoist(element)


def _seen(name: str, value: str) -> bool:
    return name not in NOISE and (name, value) not in (("transform", "translate(0,0)"), ("opacity", "1"))


def _value(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return prefix + value
    if name == "font-family":
        return "inherit"
    if name == "d" and POLYLINE.fullmatch(value):
        return relative(value)
    if name in GEOMETRY:
        return NUMBER.sub(lambda found: f"{round(float(found[0]), 1):g}", value)
    return COLOURS.get(value, REFERENCE.sub(rf"url(#{prefix}\1)", value))


def _hoist(group: ElementTree.Element) -> None:
    """Write what all children of a group inherit alike once, on the group."""
    if group.tag != "g" or len(group) < 2:
        return
    for name in INHERITED:
        values = {child.attrib.get(name) for child in group}
        if len(values) == 1 and None not in values:
            group.attrib[name] = values.pop() or ""
            for child in group:
                del child.attrib[name]


def _lift(parent: ElementTree.Element, group: ElementTree.Element) -> None:
    """Put a group's only child in its place, unless both move it."""
    inner = group[0]
    if "transform" in group.attrib and "transform" in inner.attrib:
        return
    inner.attrib.update(group.attrib)
    index = list(parent).index(group)
    parent.remove(group)
    parent.insert(index, inner)


def _tenths(value: int) -> str:
    shown = f"{value / 10:g}"
    return shown.replace("0.", ".", 1) if shown.startswith(("0.", "-0.")) else shown
