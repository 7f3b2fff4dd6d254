"""A labelled table as a PNG picture, for `readoff read ID evou --png F`.

>>> heatmap_png({"rows": ["1"], "columns": ["11"], "values": [[3.0]]})[:4]
b'\\x89PNG'
"""

from collections.abc import Mapping
from typing import Any

from readoff.core.errors import BadValue
from readoff.core.tables import LabelledTable


def heatmap_png(table: LabelledTable | Mapping[str, Any], title: str = "", scale: float = 2.0) -> bytes:
    """PNG bytes of a heatmap, colours centred at 0; `scale` is pixels per point.

    `table` has two axes, or is {rows, columns, values[row][column], row_axis?, column_axis?, gauge?, unit?}. Raises
    BadValue for other tables, ValueError when values do not fit labels. Drawn by vl-convert, without network.
    """
    import vl_convert

    from readoff.report.charts import heatmap, themed

    data = heatmap_data(table) if isinstance(table, LabelledTable) else table
    chart, notes = heatmap(data)
    if chart is None:
        raise BadValue("an empty table has no picture; it has no rows or no columns.")
    if title or notes:
        words = {"text": title or " ", "subtitle": notes, "anchor": "start"}
        chart = chart.properties(title=words)
    return vl_convert.vegalite_to_png(themed(chart, "white").to_dict(), scale=scale)


def heatmap_data(table: LabelledTable) -> dict[str, Any]:
    """A table of two axes as the data of a heatmap exhibit (null where a value is not finite)."""
    if len(table.axes) != 2:
        raise BadValue(
            f"a picture has rows and columns; this table has the axes {', '.join(table.dims)}. "
            f'Choose one label of the others first, such as table.at({table.dims[0]}="...").'
        )
    (row_axis, rows), (column_axis, columns) = table.axes
    return {
        "rows": list(rows),
        "columns": list(columns),
        "row_axis": row_axis,
        "column_axis": column_axis,
        "values": table.to_data()["values"],
        "gauge": table.gauge,
        "unit": table.unit,
    }
