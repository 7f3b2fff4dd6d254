"""A large table as a small picture: one pixel a cell, sixteen kilobytes for 128 by 128, no library.

    picture = raster({"rows": names, "columns": names, "values": values})      # a 113 x 113 table
    picture.png        # base64 of a PNG; the page stretches its pixels without smoothing
    picture.across     # [("0", 0.4), ("16", 14.6), ...]: labels and where they stand, in per cent

The palette is the one of the small heatmaps, blue below zero, orange above and transparent at zero, so that one picture
serves light and dark pages; grey pixels are not numbers. The bytes are stored, not compressed: they are the same
with every zlib.
"""

import base64
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readoff.report.cells import described, largest, matrix, missing
from readoff.report.text import number

LOW, HIGH, GREY = (33, 102, 172), (179, 80, 0), (128, 128, 128)
SIDE = 200
"""Most rows or columns drawn; larger tables are averaged in blocks first."""

Ticks = list[tuple[str, float]]


@dataclass(frozen=True)
class Raster:
    """A stretched picture with ticks (label, per cent from the left or top) and the magnitude of full colour."""

    png: str
    width: int
    height: int
    across: Ticks
    down: Ticks
    row_axis: str
    column_axis: str
    legend: tuple[str, str, str]
    notes: Sequence[str]


def raster(data: Mapping[str, Any]) -> Raster:
    """Draw {rows, columns, values, ...}. Raises ValueError when the values do not fit the labels."""
    exact = matrix(data)
    small, shrunk_notes = shrunk(data, SIDE)
    values = small["values"] if shrunk_notes else exact
    top = largest(v for row in values for v in row)
    pixel = max(1, min(8, 640 // len(small["columns"])))
    return Raster(
        base64.b64encode(_png([[_index(v, top) for v in row] for row in values])).decode(),
        pixel * len(small["columns"]),
        pixel * len(small["rows"]),
        _ticks(small["columns"], pixel, 28),
        _ticks(small["rows"], pixel, 18),
        str(data.get("row_axis", "")),
        str(data.get("column_axis", "")),
        (number(-top), "0", number(top)),
        [*described(data), *missing(v for row in exact for v in row), *shrunk_notes],
    )


def shrunk(data: Mapping[str, Any], side: int) -> tuple[Mapping[str, Any], list[str]]:
    """The table with at most `side` rows and columns, blocks replaced by their mean, and a note that says so.

    A block that holds anything not finite becomes not a number, so that nothing broken is averaged away.
    """
    values = matrix(data)
    rows, columns = [str(r) for r in data["rows"]], [str(c) for c in data["columns"]]
    down, across = math.ceil(len(rows) / side), math.ceil(len(columns) / side)
    if max(down, across) <= 1:
        return data, []
    blocks = [
        [
            _mean([v for row in values[i : i + down] for v in row[j : j + across]])
            for j in range(0, len(columns), across)
        ]
        for i in range(0, len(rows), down)
    ]
    small = {**data, "rows": rows[::down], "columns": columns[::across], "values": blocks}
    return small, [f"Each cell is the mean of {down} by {across} values; labels name the first of them."]


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan


def _index(x: float, top: float) -> int:
    """0 is not a number, 1 to 255 are -1 to 1, 128 is zero."""
    return 128 + round(127 * x / top) if math.isfinite(x) and top else 128 if math.isfinite(x) else 0


def _png(indices: list[list[int]]) -> bytes:
    shades = [(i - 128) / 127 for i in range(1, 256)]
    colours = [GREY] + [HIGH if s > 0 else LOW for s in shades]
    alphas = [160] + [round(255 * abs(s)) for s in shades]
    header = struct.pack(">IIBBBBB", len(indices[0]), len(indices), 8, 3, 0, 0, 0)
    lines = b"".join(b"\0" + bytes(row) for row in indices)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", bytes(c for colour in colours for c in colour)),
        (b"tRNS", bytes(alphas)),
        (b"IDAT", zlib.compress(lines, 0)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _ticks(labels: Sequence[Any], pixel: int, room: int) -> Ticks:
    stride = next(s for s in (1, 2, 5, 10, 20, 50, 100) if s * pixel >= room)
    return [(str(labels[i]), round(100 * (i + 0.5) / len(labels), 2)) for i in range(0, len(labels), stride)]
