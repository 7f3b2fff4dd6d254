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

COLOURS = {INK: "var(--ink)", MUTED: "var(--muted)", RULE: "var(--rule)", BLUE: "var(--blue)", ORANGE: "var(--orange)"}
NOISE = ("class", "role", "aria-hidden", "aria-roledescription", "aria-label", "pointer-events", "version")
GEOMETRY = ("d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "r")
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+e-?\d+")
NAMESPACE = "{http://www.w3.org/2000/svg}"
REFERENCE = re.compile(r"url\(#([^)]*)\)")


def drawn(chart: Any, prefix: str, label: str) -> str:
    """The chart as SVG text for one page: ids start with `prefix`, `label` is what a screen reader says."""
    import vl_convert

    return tidied(vl_convert.vegalite_to_svg(themed(chart).to_dict()), prefix, label)


def fitted(draw: Callable[[int], tuple[Any, list[str]]], points: int, limit: int, prefix: str, label: str) -> tuple[str, list[str]]:
    """The drawing with the most points whose SVG stays within `limit` characters, halving from `points`."""
    while True:
        chart, notes = draw(points)
        text = drawn(chart, prefix, label)
        if len(text.encode()) <= limit or points <= 8:
            return text, notes
        points //= 2


def tidied(text: str, prefix: str, label: str) -> str:
    """The SVG with everything unseen removed. Raises xml.etree.ElementTree.ParseError on text that is no SVG."""
    root = ElementTree.fromstring(text)
    _clean(root, prefix)
    width, height = root.attrib.pop("width"), root.attrib.pop("height")
    root.attrib = {"viewBox": f"0 0 {width} {height}", "width": width, "role": "img", "aria-label": label}
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def relative(path: str) -> str:
    """A path of M and L commands with absolute points, as M and l with relative ones in tenths of a pixel."""
    out, here = [], (0, 0)
    for command, x, y in re.findall(r"([ML])(-?[\d.e-]+),(-?[\d.e-]+)", path):
        point = round(10 * float(x)), round(10 * float(y))
        if command == "M":
            out.append(f"M{_tenths(point[0])},{_tenths(point[1])}")
        elif point != here:
            dx, dy = _tenths(point[0] - here[0]), _tenths(point[1] - here[1])
            out.append(f"l{dx}{dy if dy.startswith('-') else ',' + dy}")
        here = point
    return "".join(out)


def _clean(element: ElementTree.Element, prefix: str) -> None:
    for name in [name for name in element.attrib if name in NOISE]:
        del element.attrib[name]
    for name, value in element.attrib.items():
        if name == "id":
            value = prefix + value
        elif name == "d" and re.fullmatch(r"(?:[ML][^A-Za-z]+(?:e-\d+[^A-Za-z]*)*)+", value):
            value = relative(value)
        elif name in GEOMETRY:
            value = NUMBER.sub(lambda found: f"{round(float(found[0]), 1):g}", value)
        element.attrib[name] = COLOURS.get(value, REFERENCE.sub(rf"url(#{prefix}\1)", value))
    if "font-family" in element.attrib:
        element.attrib["font-family"] = "inherit"
    element.tag = element.tag.removeprefix(NAMESPACE)
    for child in list(element):
        _clean(child, prefix)
        tag = child.tag
        empty_path = tag == "path" and child.attrib.get("d", "") in ("", "M0,0h0v0h0Z")
        if empty_path or "display" in child.attrib or (tag == "g" and not len(child)):
            element.remove(child)
        elif tag == "g" and len(child) == 1 and not set(child.attrib) - {"transform"}:
            _lift(element, child)


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
