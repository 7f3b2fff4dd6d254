"""Labelled tables: arithmetic only between equals, selection by label, text that can be read."""

import json

import numpy as np
import pytest

from readoff.core.errors import BadValue, UnknownName
from readoff.core.tables import LabelledTable

AXES = (("token", ("1", "2")), ("output", ("11", "12", "22")))


def table(values=((3, 2, 0), (0, 2, 3)), axes=AXES, gauge="raw", unit="nats"):
    return LabelledTable(values, axes, gauge, unit)


def test_arithmetic_by_hand():
    twice = table() + table()
    assert twice.values.tolist() == [[6, 4, 0], [0, 4, 6]]
    assert (twice - table()).values.tolist() == table().values.tolist()
    assert (2 * table()).values.tolist() == twice.values.tolist()
    assert table().sum("token").values.tolist() == [3, 4, 3]


@pytest.mark.parametrize(
    "other",
    [
        table(axes=(("token", ("1", "3")), AXES[1])),
        table(axes=(("position", ("1", "2")), AXES[1])),
        table(gauge="centred"),
        table(unit="bits"),
    ],
)
def test_different_tables_are_refused_and_both_are_printed(other):
    with pytest.raises(BadValue) as caught:
        table() + other
    text = str(caught.value)
    for part in (table(), other):
        assert f"[{part.unit}, gauge: {part.gauge}]" in text
        assert f"{part.axes[0][0]} ({' '.join(part.axes[0][1])})" in text


def test_plain_arrays_and_products_of_tables_are_refused():
    with pytest.raises(BadValue, match="ndarray"):
        table() + np.zeros((2, 3))
    with pytest.raises(BadValue, match="number"):
        table() * table()


def test_shape_and_labels_are_checked():
    with pytest.raises(BadValue, match=r"\[2, 2\].*output"):
        table(values=np.zeros((2, 2)))
    with pytest.raises(BadValue, match="differ"):
        table(axes=(("token", ("1", "1")), AXES[1]))


def test_values_are_a_read_only_copy():
    source = np.ones((2, 3))
    made = table(source)
    source[0, 0] = 9
    assert made.values[0, 0] == 1
    with pytest.raises(ValueError):
        made.values[0, 0] = 2


def test_selection_by_label():
    assert table().at(token="2", output="22") == 3.0
    row = table().at(token="1")
    assert row.dims == ("output",) and row.values.tolist() == [3, 2, 0]
    with pytest.raises(UnknownName, match="'7'"):
        table().at(token="7")
    with pytest.raises(UnknownName, match="head"):
        table().at(head="0")


def test_text_and_data():
    text = str(table())
    assert text.splitlines()[0] == "token x output [nats, gauge: raw]"
    assert text.splitlines()[2].split() == ["1", "3.00", "2.00", "0.00"]
    deep = LabelledTable(np.zeros((2, 2, 1)), (("head", ("0", "1")), AXES[0], ("output", ("11",))), "raw", "nats")
    assert "head 1" in str(deep)
    data = table([[1, np.nan, 3], [4, 5, 6]]).to_data()
    assert json.loads(json.dumps(data, allow_nan=False))["values"] == [[1, None, 3], [4, 5, 6]]


def test_xarray_keeps_labels_and_gauge():
    array = table(gauge="centred").to_xarray()
    assert array.dims == ("token", "output") and float(array.sel(token="2", output="22")) == 3.0
    assert array.attrs == {"gauge": "centred", "unit": "nats"}
