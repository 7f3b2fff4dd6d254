"""Figures made of cells, worked out by hand on small data, and on empty and broken data."""

import math

import pytest

from readoff.report import cells


def test_a_heatmap_is_shaded_by_its_largest_magnitude():
    grid = cells.heatmap({"rows": ["a", "b"], "columns": ["x"], "values": [[-4], [2]], "gauge": "raw", "unit": "nats"})
    assert [(row.label, row.cells[0].text, row.cells[0].shade) for row in grid.rows] == [
        ("a", "−4.00", -1.0),
        ("b", "2.00", 0.5),
    ]
    assert grid.legend == ("−4", "0", "4")
    assert list(grid.notes) == ["Gauge: raw.", "Unit: nats."]


def test_what_is_not_finite_is_marked_counted_and_not_shaded():
    values = [[None, math.inf], ["-inf", 1.0]]
    grid = cells.heatmap({"rows": ["a", "b"], "columns": ["x", "y"], "values": values})
    marks = [[(c.text, c.shade, c.mark) for c in row.cells] for row in grid.rows]
    assert marks == [[("nan", None, "nan"), ("∞", None, "nan")], [("−∞", None, "nan"), ("1.00", 1.0, "")]]
    assert list(grid.notes) == ["1 value is not a number (hatched).", "2 values are infinite (hatched)."]


def test_values_are_written_up_to_sixteen_by_sixteen():
    def first(n):
        labels = [str(i) for i in range(n)]
        return cells.heatmap({"rows": labels, "columns": labels, "values": [[1.0] * n] * n}).rows[0].cells[0].text

    assert (first(16), first(17)) == ("1.00", "")


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"values are 1 rows of \[2\] numbers, labels are 1 rows by 3 columns"):
        cells.heatmap({"rows": ["a"], "columns": ["x", "y", "z"], "values": [[1, 2]]})


def test_equal_orders_share_a_column_headed_by_their_number():
    data = {"tokens": ["1", "2"], "heads": {"A": [["2", "1"], ["1", "2"], ["2", "1"], None], "B": [["1", "2"]] * 4}}
    grid = cells.orders(data)
    assert list(grid.columns) == ["2", "1", "1"]
    assert [[c.text for c in row.cells] for row in grid.rows] == [
        ["2", "nan", "1"],
        ["1", "nan", "2"],
        ["1", "1", "1"],
        ["2", "2", "2"],
    ]
    assert [row.group for row in grid.rows] == ["A", "", "B", ""]
    assert grid.rows[0].cells[0].shade == 1.0
    assert list(grid.notes) == ["1 seed without an order (diverged): shown as nan."]


def test_rare_patterns_beyond_the_limit_are_counted():
    tokens = [str(i) for i in range(200)]
    one_first = [[t, *(s for s in tokens if s != t)] for t in tokens]
    grid = cells.orders({"tokens": tokens, "heads": {"A": one_first}})
    assert len(grid.columns) == cells.CELL_LIMIT // 200 == 8
    assert list(grid.notes) == ["192 rarer patterns (192 seeds) not drawn."]


def test_heads_need_the_same_seeds():
    with pytest.raises(ValueError, match="A 1, B 2"):
        cells.orders({"tokens": ["1"], "heads": {"A": [["1"]], "B": [["1"], ["1"]]}})


def test_phase_shows_expressible_beside_learned():
    data = {"rows": [1], "columns": [1, 2], "learned": [[[0, 8], None]], "expressible": [["impossible", "possible"]]}
    (grid,) = cells.phase(data)
    assert [(c.text, c.shade) for c in grid.rows[0].cells] == [("✗ 0/8", 0.0), ("● –", None)]
    faceted = {**data, "facets": ["p", "q"], "learned": [data["learned"]] * 2, "expressible": [data["expressible"]] * 2}
    assert [grid.title for grid in cells.phase(faceted)] == ["p", "q"]


def test_phase_with_no_network_in_a_cell_is_not_divided_by_zero():
    data = {"rows": [1], "columns": [1], "learned": [[[0, 0]]], "expressible": [["unknown"]]}
    assert cells.phase(data)[0].rows[0].cells[0].text == "? 0/0"


def test_phase_of_unequal_sizes_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        cells.phase({"rows": [1, 2], "columns": [1], "learned": [[[1, 1]]], "expressible": [["possible"]]})


def test_a_grid_of_words_has_symbols_beside_its_colours():
    grid = cells.words({"rows": ["r"], "columns": ["c", "d"], "cells": [["impossible", "UNDECIDED"]]})
    assert [c.text for c in grid.rows[0].cells] == ["✗ impossible", "UNDECIDED"]


def test_a_trace_marks_the_largest_and_only_if_it_is_alone():
    data = {
        "input": [7, 0],
        "steps": [
            {"name": "logits", "labels": ["a", "b"], "values": [1.0, 2.0]},
            {"name": "tie", "labels": ["a", "b"], "values": [2.0, 2.0]},
            {"name": "heads", "labels": ["a"], "rows": ["h0", "h1"], "values": [[1], [None]]},
        ],
    }
    tokens, grids = cells.trace(data)
    assert tokens == ["7", "0"]
    assert [[c.mark for row in g.rows for c in row.cells] for g in grids] == [["", "best"], ["", ""], ["", "nan"]]


def test_a_table_takes_anything_and_counts_what_does_not_fit():
    grid = cells.table({"columns": ["a", "b"], "rows": [["x", 1.5], [None, math.inf]]})
    assert [[c.text for c in row.cells] for row in grid.rows] == [["x", "1.5"], ["not a number", "∞"]]
    cut = cells.table({"columns": ["a"], "rows": [["x" * 75]] * 100}, limit=1000)
    assert len(cut.rows) == 9
    assert list(cut.notes) == ["The first 9 of 100 rows are shown."]


@pytest.mark.parametrize("draw", [cells.heatmap, cells.words, cells.table])
def test_nothing_is_drawn_as_nothing(draw):
    grid = draw({"rows": [], "columns": [], "values": [], "cells": []})
    assert (list(grid.rows), list(grid.columns)) == ([], [])
