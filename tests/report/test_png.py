"""The PNG of a table, and the pixels of the picture inside the page."""

import base64
import struct
import zlib

import pytest

from readoff.core.errors import BadValue
from readoff.core.tables import LabelledTable
from readoff.report.png import heatmap_data, heatmap_png
from readoff.report.raster import raster

TABLE = LabelledTable(
    [[3.0, float("nan")], [0.0, -3.0]], (("token", ("1", "it's")), ("output", ("11", "22"))), "raw", "nats"
)


def pixels(png: bytes) -> tuple[list[list[int]], bytes, bytes]:
    """Palette indices, colours and alphas of a palette PNG, read chunk by chunk."""
    place, parts = 8, {}
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        name, body = png[place + 4 : place + 8], png[place + 8 : place + 8 + size]
        assert struct.unpack(">I", png[place + 8 + size : place + 12 + size])[0] == zlib.crc32(name + body)
        parts[name] = body
        place += 12 + size
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    raw = zlib.decompress(parts[b"IDAT"])
    rows = [list(raw[i * (width + 1) + 1 : (i + 1) * (width + 1)]) for i in range(height)]
    return rows, parts[b"PLTE"], parts[b"tRNS"]


def test_a_labelled_table_becomes_a_png():
    assert heatmap_data(TABLE)["values"] == [[3.0, None], [0.0, -3.0]]
    picture = heatmap_png(TABLE, title="EVOU")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) > (100, 100)
    assert picture == heatmap_png(TABLE, title="EVOU")


def test_a_table_of_three_axes_is_refused_with_advice():
    table = LabelledTable([[[1.0]]], (("head", ("0",)), ("token", ("1",)), ("output", ("11",))), "raw", "nats")
    with pytest.raises(BadValue, match=r'table\.at\(head="\.\.\."\)'):
        heatmap_png(table)


def test_an_empty_table_is_refused():
    with pytest.raises(BadValue, match="no rows or no columns"):
        heatmap_png({"rows": [], "columns": [], "values": []})


def test_pixels_are_blue_below_orange_above_clear_at_zero_and_grey_where_not_a_number():
    found = raster({"rows": ["a"], "columns": ["w", "x", "y", "z"], "values": [[-2.0, 0.0, 1.0, None]]})
    rows, colours, alphas = pixels(base64.b64decode(found.png))
    assert rows == [[1, 128, 192, 0]]
    assert [alphas[i] for i in rows[0]] == [255, 0, 129, 160]
    assert [tuple(colours[3 * i : 3 * i + 3]) for i in (1, 192, 0)] == [(33, 102, 172), (179, 80, 0), (128, 128, 128)]


def test_every_row_and_column_has_its_label():
    from readoff.report.axes import labels

    axis = labels([f"output {i}" for i in range(10)], 36).to_dict()
    assert axis["values"] == list(range(10)) and axis["tickCount"] == 10, "the house's axes have 8 ticks otherwise"
