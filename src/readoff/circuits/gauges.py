"""Rewritings that change no answer, and how to fix them before two tables are compared.

    logits centred       adding one number to every output of an input changes no probability
    scores centred       adding one number to every score of a head changes no attention
    contributions        attention sums to one, so a constant row may move from every row of EVOU_h to the base (EU or
                         bias) or to another head; fixed by making a head's population-mean output zero
    basis inside a head  (W_V M, M^-1 W_O) and (W_Q N, W_K N^-T) are the same head for all invertible M, N

Only what survives all four is a fact about a network. Names of gauges, as they stand in tables:

>>> from readoff.circuits.paths import CountTables
>>> head = CountTables(np.array([[0.0, 2.0]]), np.array([[[1.0, 5.0], [3.0, 3.0]]]), np.array([0.0, 1.0]))
>>> centre_scores(head).scores.tolist(), centre_outputs(head).values.tolist()
([[-1.0, 1.0]], [[[-2.0, 2.0], [0.0, 0.0]]])
>>> move_constant_row(head, 0, np.array([1.0, 3.0])).base.tolist()      # the row that left the base is in the head now
[-1.0, -2.0]
"""

from collections.abc import Mapping, Sequence

import numpy as np

from readoff.circuits.behaviour import attention, mean_attention
from readoff.circuits.paths import RAW, CountTables
from readoff.core.errors import BadValue
from readoff.core.tables import LabelledTable

LOGITS_CENTRED = "logits centred over outputs"
SCORES_CENTRED = "scores centred over keys"
MEAN_FREE = "population mean in the base, logits centred over outputs"


def centre_outputs(tables: CountTables) -> CountTables:
    """Every row of the values and the base sums to zero over outputs."""
    return CountTables(tables.scores, _centred(tables.values), _centred(tables.base))


def centre_scores(tables: CountTables, tokens: Sequence[int] | None = None) -> CountTables:
    """Each head's scores have mean zero over all keys, or over the given `tokens`."""
    chosen = tables.scores if tokens is None else tables.scores[..., list(tokens)]
    return CountTables(tables.scores - chosen.mean(axis=-1, keepdims=True), tables.values, tables.base)


def move_constant_row(tables: CountTables, head: int, row: np.ndarray) -> CountTables:
    """Add `row` [..., d_out] to every row of one head's values and take it from the base: the same logits."""
    values = tables.values.copy()
    values[..., head, :, :] += row[..., None, :]
    return CountTables(tables.scores, values, tables.base - row)


def head_outputs(tables: CountTables, counts: np.ndarray) -> np.ndarray:
    """float64 [..., n_heads, n, d_out]: attention-weighted values of each head on each input, in the tables' gauge."""
    return attention(tables, counts) @ tables.values


def mean_free(tables: CountTables, counts: np.ndarray, probabilities: np.ndarray) -> CountTables:
    """Gauge MEAN_FREE: logits centred, and each head's population-mean output moved into the base."""
    centred = centre_outputs(tables)
    means = mean_attention(tables, counts, probabilities)[..., None, :] @ centred.values
    return CountTables(tables.scores, centred.values - means, centred.base + means.sum(axis=(-3, -2)))


def contributions(tables: CountTables, counts: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """float64 [..., n_heads, n, d_out]: what each head says on each input beyond its population mean (MEAN_FREE)."""
    return head_outputs(mean_free(tables, counts, probabilities), counts)


def centre_table(table: LabelledTable, axis: str) -> LabelledTable:
    """A labelled raw table centred over outputs (axis "output") or over keys (axis "key"), with its gauge renamed."""
    names = {"output": LOGITS_CENTRED, "key": SCORES_CENTRED}
    if axis not in names or table.gauge != RAW:
        raise BadValue(f"raw tables are centred over 'output' or 'key'; got gauge {table.gauge!r}, axis {axis!r}.")
    mean = table.values.mean(axis=table.dims.index(axis), keepdims=True)
    return LabelledTable(table.values - mean, table.axes, names[axis], table.unit)


def change_head_basis(
    weights: Mapping[str, np.ndarray],
    head: int,
    ov: np.ndarray | None = None,
    qk: np.ndarray | None = None,
    layer: int = 0,
) -> dict[str, np.ndarray]:
    """The same network with one head's inner bases changed by invertible `ov` and `qk` [d_head, d_head].

    W_V, b_V become W_V ov, b_V ov and W_O becomes ov^-1 W_O; W_Q, b_Q become W_Q qk, b_Q qk and W_K, b_K become
    W_K qk^-T, b_K qk^-T. Leading model axes are kept. numpy.linalg.LinAlgError if a change is singular.
    """
    out = {name: np.array(array) for name, array in weights.items()}
    attn = f"blocks.{layer}.attn."

    def multiply(letter: str, right: np.ndarray) -> None:
        matrix, bias = out[f"{attn}W_{letter}"], out.get(f"{attn}b_{letter}")
        matrix[..., head, :, :] = matrix[..., head, :, :] @ right
        if bias is not None:
            bias[..., head, :] = bias[..., head, :] @ right

    if ov is not None:
        multiply("V", ov)
        out[f"{attn}W_O"][..., head, :, :] = np.linalg.inv(ov) @ out[f"{attn}W_O"][..., head, :, :]
    if qk is not None:
        multiply("Q", qk)
        multiply("K", np.linalg.inv(qk).T)
    return out


def random_basis(rng: np.random.Generator, size: int) -> np.ndarray:
    """A random invertible matrix [size, size] with condition number at most 4 (float64)."""
    left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for _ in range(2))
    return left * rng.uniform(0.5, 2.0, size) @ right


def _centred(x: np.ndarray) -> np.ndarray:
    return x - x.mean(axis=-1, keepdims=True)
