"""Every exhibit kind on real, empty and broken data: drawn within its limit, or shown with the reason."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import report_sample

from readoff.claims.evidence import EXHIBIT_KINDS
from readoff.report import charts, figures, svg
from readoff.report.figures import FIGURE_LIMIT, figure
from readoff.report.raster import raster, shrunk

HOSTILE = report_sample.HOSTILE
EMPTY = {
    "heatmap": {"rows": [], "columns": [], "values": []},
    "curves": {"series": []},
    "orders": {"tokens": [], "heads": {}},
    "phase": {"rows": [], "columns": [], "learned": [], "expressible": []},
    "margins": {"margins": []},
    "trace": {"input": [], "steps": []},
    "table": {"columns": [], "rows": []},
    "scatter": {"x": [], "y": []},
    "histogram": {"values": []},
    "grid": {"rows": [], "columns": [], "cells": []},
}
BAD = [None, "nan", "inf", "-inf", 1.0, 2.0]
BROKEN = {
    "heatmap": {"rows": ["a"], "columns": list("bcdefg"), "values": [BAD]},
    "curves": {
        "series": [
            {"name": HOSTILE, "x": [1, 2, 3, 4, 5, 6], "y": BAD},
            {"name": "b", "x": BAD, "y": BAD, "failed": True},
        ],
        "log_y": True,
    },
    "orders": {"tokens": ["1"], "heads": {HOSTILE: [None]}},
    "phase": {"rows": [1], "columns": [1], "learned": [[None]], "expressible": [["unknown"]]},
    "margins": {"margins": BAD, "error_bound": 1.5},
    "trace": {"input": [HOSTILE], "steps": [{"name": HOSTILE, "labels": list("abcdef"), "values": BAD}]},
    "table": {"columns": [HOSTILE], "rows": [[v] for v in BAD]},
    "scatter": {"x": BAD, "y": [1, 1, 1, 1, 1, 1], "series": [HOSTILE, "b", "b", "b", HOSTILE, "b"], "x_axis": HOSTILE},
    "histogram": {"values": BAD, "rules": [{"axis": "x", "value": 1, "label": HOSTILE}]},
    "grid": {"rows": ["a"], "columns": ["b"], "cells": [[HOSTILE]]},
}


def drawn(kind, data, limit=FIGURE_LIMIT):
    return figure({"claim_id": "a/b", "id": "x", "kind": kind, "title": "T", "caption": "c", "data": data}, "f", limit)


def test_every_kind_of_the_claim_language_can_be_drawn():
    assert set(EXHIBIT_KINDS) <= set(figures.DRAWINGS)


@pytest.mark.parametrize("kind", sorted(figures.DRAWINGS))
def test_empty_data_is_an_empty_figure(kind):
    found = drawn(kind, EMPTY[kind])
    assert (found.broken, found.svg, found.raster) == ("", "", None)
    if kind in ("curves", "margins", "scatter", "histogram"):
        assert found.notes == [charts.NOTHING]


@pytest.mark.parametrize("kind", sorted(figures.DRAWINGS))
def test_not_a_number_is_drawn_and_said(kind):
    found = drawn(kind, BROKEN[kind])
    assert found.broken == ""
    said = " ".join([*found.notes, *(note for grid in found.grids for note in grid.notes)])
    if kind in ("heatmap", "curves", "margins", "trace", "scatter", "histogram"):
        assert "not a number" in said
    if found.svg:
        assert "NaN" not in found.svg
        ElementTree.fromstring(found.svg)


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("curves", {}, "it lacks the field 'series'"),
        ("heatmap", {"rows": ["a"], "columns": ["b"], "values": [["x"]]}, "could not convert string to float"),
        ("scatter", {"x": [1], "y": []}, "1 x, 0 y and 1 series names"),
        ("curves", {"series": [{"name": "s", "x": [1], "y": []}]}, "'s' has 1 x and 0 y"),
        ("pie", {}, "no exhibit is of kind 'pie'; known: curves, grid"),
        (
            "grid",
            {"rows": [0] * 50, "columns": [0] * 50, "cells": [[""] * 50] * 50},
            "it has 2,500 cells, and 1,700 fit",
        ),
        ("table", [1], "the data is list, expected an object"),
    ],
)
def test_what_cannot_be_drawn_says_why_and_keeps_its_data(kind, data, reason):
    found = drawn(kind, data)
    assert reason in found.broken
    assert found.raw


def test_failed_seeds_are_dashed_and_end_in_a_cross():
    data = {
        "series": [
            {"name": "seed 0", "x": [1, 2, 3], "y": [3.0, 2.0, 1.0]},
            {"name": "seed 1", "x": [1, 2, 3], "y": [3.0, 2.5, None], "failed": True},
        ]
    }
    found = drawn("curves", data)
    assert "stroke-dasharray" in found.svg
    assert found.keys[-1] == ("dashed", "failed, 1 seed (seed 1); × where its numbers end")
    assert found.notes == ["1 value is not a number or infinite: the curve has a gap there."]
    healthy = drawn("curves", {"series": data["series"][:1]})
    assert "stroke-dasharray" not in healthy.svg


def test_a_point_between_two_gaps_is_a_dot():
    found = drawn("curves", {"series": [{"name": "s", "x": [1, 2, 3, 4], "y": [None, 1, None, 2]}]})
    assert re.search(r'd="M[^"l]*h0M[^"l]*h0"', found.svg)


def test_a_log_axis_counts_what_it_cannot_show():
    found = drawn("curves", {"series": [{"name": "s", "x": [0, 1, 2], "y": [1, 0, -1]}], "log_x": True, "log_y": True})
    assert found.notes == ["3 points at or below 0 cannot be drawn on a log axis."]


def test_margins_are_counted_against_the_bound():
    _, notes = charts.margins({"margins": [0.5, 1e-14, -1.0], "error_bound": 1e-13})
    assert notes == ["Smallest margin −1 over 3 inputs.", "1 of 3 margins exceed the error bound 1e-13."]


@pytest.mark.parametrize("n_seeds", [64, 256, 600])
def test_many_long_curves_stay_within_the_limit(n_seeds):
    rng = np.random.default_rng(0)
    x = list(range(1, 1001))
    series = [{"name": f"seed {i}", "x": x, "y": rng.normal(size=1000).cumsum().tolist()} for i in range(n_seeds)]
    found = drawn("curves", {"series": series})
    assert found.broken == ""
    assert len(found.svg.encode()) <= FIGURE_LIMIT
    assert any("thinned" in note for note in found.notes)
    assert found.svg.count("<path d=") >= min(n_seeds, charts.CURVE_LIMIT)
    assert any("256 of 600 curves" in note for note in found.notes) == (n_seeds == 600)


def test_many_points_margins_and_bins_stay_within_the_limit():
    values = np.random.default_rng(0).normal(size=100_000).tolist()
    for kind, data in (
        ("margins", {"margins": values, "error_bound": 1e-9}),
        ("scatter", {"x": values[:5000], "y": values[:5000]}),
        ("histogram", {"values": values, "bins": 100}),
    ):
        assert len(drawn(kind, data).svg.encode()) <= FIGURE_LIMIT


def test_a_smaller_limit_gives_a_smaller_figure():
    data = report_sample.curves(np.random.default_rng(0))
    assert len(drawn("curves", data, 20_000).svg) <= 20_000


def test_ids_inside_a_figure_carry_its_prefix():
    chart, _ = charts.curves(report_sample.curves(np.random.default_rng(0), 3))
    text = svg.drawn(chart, "fig7-", "label")
    ids = re.findall(r'\bid="([^"]*)"', text) + re.findall(r"url\(#([^)]*)\)", text)
    assert all(i.startswith("fig7-") for i in ids)
    assert 'role="img"' in text
    assert 'aria-label="label"' in text


def test_tidying_prefixes_ids_rounds_geometry_and_keeps_opacity():
    raw = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"><defs><clipPath id="c"><rect width="1.26"/>'
        '</clipPath></defs><g class="x" clip-path="url(#c)" opacity="0.75"><path d="M0,10L1.04,12" stroke="#2166ac"/>'
        '<path class="foreground" d=""/></g></svg>'
    )
    assert svg.tidied(raw, "p-", "a & b") == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20" width="10" role="img" aria-label="a &amp; b">'
        '<defs><clipPath id="p-c">'
        '<rect width="1.3" /></clipPath></defs><g clip-path="url(#p-c)" opacity="0.75">'
        '<path d="M0,10l1,2" stroke="var(--blue,#2166ac)" /></g></svg>'
    )


def test_a_large_heatmap_is_a_picture_with_the_same_facts():
    values = np.arange(40 * 30, dtype=float).reshape(40, 30) - 600
    values[0, 0] = math.nan
    data = {"rows": list(range(40)), "columns": list(range(30)), "values": values.tolist(), "gauge": "raw"}
    found = drawn("heatmap", data).raster
    assert found is not None
    assert found.legend == ("−599", "0", "599")
    assert list(found.notes) == ["Gauge: raw.", "1 value is not a number (hatched)."]
    assert found.across[0] == ("0", round(100 / 60, 2))


def test_a_huge_heatmap_is_averaged_in_blocks_and_says_so():
    small, notes = shrunk({"rows": list("abcd"), "columns": list("xyz"), "values": [[1, 3, 5]] * 3 + [[None, 1, 1]]}, 2)
    assert (small["rows"], small["columns"]) == (["a", "c"], ["x", "z"])
    assert small["values"][0] == [2.0, 5.0]
    assert math.isnan(small["values"][1][0])
    assert notes == ["Each cell is the mean of 2 by 2 values; labels name the first of them."]
    side = [str(i) for i in range(450)]
    big = {"rows": side, "columns": side, "values": [[1.0] * 450] * 450}
    assert len(raster(big).png) <= FIGURE_LIMIT


def test_whole_numbers_have_a_bar_each_in_its_place():
    def bars_of(values):
        chart, _ = charts.histogram({"values": values})
        return json.loads((chart.data or chart.layer[0].data).values)

    bars = bars_of([0, 1, 1, 3, 3, 3])
    assert [(b["x"], b["x2"], b["y"]) for b in bars] == [(-0.5, 0.5, 1), (0.5, 1.5, 2), (1.5, 2.5, 0), (2.5, 3.5, 3)]
    assert len(bars_of([0, 0.5, 1])) == 30


def test_every_named_place_and_every_wanted_tick_is_marked():
    names = [f"{i} x 1" for i in range(12)]
    found = figure(
        {"id": "x", "kind": "scatter", "data": {"x": list(range(12)), "y": [1.0] * 12, "x_names": names}}, "f"
    )
    assert all(f">{name}<" in found.svg for name in names)
    ticks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.5]
    found = figure({"id": "x", "kind": "scatter", "data": {"x": ticks, "y": ticks, "x_ticks": ticks}}, "f")
    assert all(f">{tick:g}<" in found.svg for tick in ticks)
