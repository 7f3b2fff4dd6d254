"""Arrays whose axes have names and labels, so that two tables are only ever added when they speak of the same things.

>>> evou = LabelledTable([[3, 0], [0, 3]], (("token", ("1", "2")), ("output", ("11", "22"))), "raw", "nats")
>>> print(evou)
token x output [nats, gauge: raw]
    11    22
1 3.00  0.00
2 0.00  3.00
>>> evou.at(token="2", output="22")
3.0

Every table says its gauge: which of the rewritings that change no answer has been fixed, and how. Adding a table over
tokens to one over positions, or a raw one to a centred one, is refused and the refusal prints both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from readoff.core.errors import BadValue, UnknownName

if TYPE_CHECKING:
    import xarray

Axis = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """`values` (float64, read-only) over `axes` (name, labels), in a stated `gauge` and `unit`."""

    values: np.ndarray
    axes: tuple[Axis, ...]
    gauge: str
    unit: str

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        values.flags.writeable = False
        axes = tuple((name, tuple(labels)) for name, labels in self.axes)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "axes", axes)
        if values.shape != tuple(len(labels) for _, labels in axes):
            raise BadValue(f"a table of shape {list(values.shape)} was given the axes {describe(axes)}.")
        for name, labels in (*axes, ("axis names", self.dims)):
            if len(set(labels)) != len(labels):
                raise BadValue(f"{name}: labels must differ from each other; got {', '.join(labels)}.")

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes, in order."""
        return tuple(name for name, _ in self.axes)

    def labels(self, axis: str) -> tuple[str, ...]:
        """Labels of one axis."""
        return self.axes[self._place(axis)][1]

    def at(self, **labels: str) -> Any:
        """The part with the given labels (`at(head="0", token="4")`): a table, or a float once no axis is left."""
        index: list[Any] = [slice(None)] * len(self.axes)
        for name, label in labels.items():
            place = self._place(name)
            if label not in self.axes[place][1]:
                raise UnknownName(f"label of axis {name}", str(label), self.axes[place][1])
            index[place] = self.axes[place][1].index(label)
        part = self.values[tuple(index)]
        left = tuple(axis for axis in self.axes if axis[0] not in labels)
        return LabelledTable(part, left, self.gauge, self.unit) if left else float(part)

    def sum(self, axis: str) -> "LabelledTable":
        """The table summed over one axis."""
        place = self._place(axis)
        left = self.axes[:place] + self.axes[place + 1 :]
        return LabelledTable(self.values.sum(axis=place), left, self.gauge, self.unit)

    def __add__(self, other: "LabelledTable") -> "LabelledTable":
        return LabelledTable(self.values + self._same(other), self.axes, self.gauge, self.unit)

    def __sub__(self, other: "LabelledTable") -> "LabelledTable":
        return LabelledTable(self.values - self._same(other), self.axes, self.gauge, self.unit)

    def __mul__(self, factor: float) -> "LabelledTable":
        if not isinstance(factor, int | float | np.number):
            raise BadValue(f"a table can be multiplied by a number; got {_told(factor)}.")
        return LabelledTable(self.values * factor, self.axes, self.gauge, self.unit)

    __rmul__ = __mul__

    def to_xarray(self) -> "xarray.DataArray":
        """The same as an xarray.DataArray; gauge and unit become attributes. Imports xarray on first use."""
        import xarray

        coords = {name: list(labels) for name, labels in self.axes}
        return xarray.DataArray(self.values, coords, self.dims, attrs={"gauge": self.gauge, "unit": self.unit})

    def to_data(self) -> dict[str, Any]:
        """The same as JSON-able data: values (nested lists; None where not finite), axes, gauge, unit."""
        flat = [x if np.isfinite(x) else None for x in self.values.ravel().tolist()]
        return {
            "values": _nested(flat, self.values.shape),
            "axes": [{"name": name, "labels": list(labels)} for name, labels in self.axes],
            "gauge": self.gauge,
            "unit": self.unit,
        }

    def __str__(self) -> str:
        return self.render()

    def render(self, digits: int = 2) -> str:
        """Plain text: one grid for each choice of labels on all but the last two axes."""
        head = f"{' x '.join(self.dims)} [{self.unit}, gauge: {self.gauge}]"
        return "\n".join([head, *self._grids(digits)])

    def _grids(self, digits: int) -> Iterator[str]:
        if len(self.axes) > 2:
            name, labels = self.axes[0]
            for label in labels:
                yield f"{name} {label}"
                yield from self.at(**{name: label})._grids(digits)
            return
        rows = self.axes[0][1] if len(self.axes) == 2 else ("",)
        columns = self.labels(self.dims[-1])
        cells = [[f"{x:.{digits}f}" for x in row] for row in np.atleast_2d(self.values)]
        width = 1 + max([len(c) for row in cells for c in row] + [len(c) for c in columns], default=0)
        stub = max(map(len, rows))
        yield (" " * stub + " ".join(c.rjust(width) for c in columns))[: None if columns else 0]
        for label, row in zip(rows, cells):
            yield label.ljust(stub) + " ".join(c.rjust(width) for c in row)

    def _place(self, axis: str) -> int:
        if axis not in self.dims:
            raise UnknownName("axis", axis, self.dims)
        return self.dims.index(axis)

    def _same(self, other: object) -> np.ndarray:
        if not isinstance(other, LabelledTable):
            raise BadValue(f"a table can be added to a table only; got {_told(other)}.")
        mine = (self.axes, self.gauge, self.unit)
        if mine != (other.axes, other.gauge, other.unit):
            raise BadValue(f"these tables do not speak of the same things:\n  {_told(self)}\n  {_told(other)}")
        return other.values


def describe(axes: tuple[Axis, ...]) -> str:
    """Axes on one line: `token (1 2 3 4) x output (11 12 ...)`."""
    parts = []
    for name, labels in axes:
        shown = " ".join(labels[:12]) + (f" ... {len(labels)} in all" if len(labels) > 12 else "")
        parts.append(f"{name} ({shown})")
    return " x ".join(parts)


def _told(value: object) -> str:
    if isinstance(value, LabelledTable):
        return f"{describe(value.axes)} [{value.unit}, gauge: {value.gauge}]"
    return f"a {type(value).__name__}"


def _nested(flat: list, shape: tuple[int, ...]) -> Any:
    if not shape:
        return flat[0]
    size = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]
