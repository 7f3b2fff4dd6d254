"""Pictures of the words by size: a table over n_heads x d_head, and linear recovery beside its bound at every size."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from readoff.circuits.superposition import MARGIN, PREDICATES, SPARSE
from readoff.claims import Exhibit
from readoff.studies.superposition.aligned import signal_counts

Sizes = Sequence[tuple[int, int]]
DRAWN = 32
"""Networks of each size in the chart."""


def word_table(sizes: Sizes, runs: Sequence[Any], n: Any, spaces: Callable[[Any], np.ndarray]) -> list[Exhibit]:
    """Every word over n_heads x d_head, with the bound on linear recovery; numbers `n` as `pairs.words_by_size` gives.

    Superposed stands there twice, as the strict word and with its sparsity left out, which alone can be met here.
    """
    features = signal_counts()
    rows, bounds = [], []
    for (heads, d_head), run in zip(sizes, runs, strict=True):
        name = f"{heads}x{d_head}"
        found = spaces(run)
        r_squared = np.asarray(n[f"r_squared_{name}"])
        told = np.asarray(n[f"threshold_{name}"]) >= MARGIN
        shares = [n[f"solved_{name}"], told, n[f"superposed_{name}"], *_holding(features, found)]
        bounds.append(features.capacity(heads * d_head))
        rows.append(
            [heads, d_head, heads * d_head, f"{bounds[-1]:.3f}", f"{np.median(r_squared):.3f}",
             *[f"{np.mean(share):.0%}" for share in shares]]
        )  # fmt: skip
    columns = [
        "heads", "d_head", "dimensions", "bound on R^2", "R^2 (median)", "solve the task",
        "a threshold for every token", "superposed, sparsity left out", *[word.__name__ for word in PREDICATES],
    ]  # fmt: skip
    caption = (
        f"Signal counts, read from what all heads pass on. Shares are over {len(r_squared)} networks a size. No "
        f"network is superposed in the strict sense: every count is active on more than {SPARSE:g} of the inputs. "
        "Where dimensions are fewer than counts nothing can be redundant or nonlinear."
    )
    return [
        Exhibit("words", "table", "Which word fits which size", caption, {"columns": columns, "rows": rows}),
        recovery_chart(sizes, n, bounds),
    ]


def recovery_chart(sizes: Sizes, n: Any, bounds: Sequence[float]) -> Exhibit:
    """R^2 of the first networks of every size, and the bound of each size."""
    names = [f"{heads}x{d_head}" for heads, d_head in sizes]
    values = [np.asarray(n[f"r_squared_{name}"])[:DRAWN] for name in names]
    data = {
        "x": [i for i, found in enumerate(values) for _ in found] + list(range(len(sizes))),
        "y": [float(x) for found in values for x in found] + list(bounds),
        "series": ["one network" for found in values for _ in found] + ["bound of the size"] * len(sizes),
        "x_axis": "heads x d_head",
        "y_axis": "R^2 of the signal counts",
        "x_names": [f"{heads} x {d_head}" for heads, d_head in sizes],
    }
    caption = (
        f"Read linearly from what all heads pass on, {len(values[0])} networks a size; the bound is min(D, 3) / 3 for "
        "D = heads x d_head dimensions."
    )
    return Exhibit("recovery", "scatter", "Linear recovery and its bound", caption, data)


def _holding(features: Any, spaces: np.ndarray) -> list[list[bool]]:
    """[word][model], in the order of `PREDICATES`; no for a constant space (a network that diverged)."""
    return [[predicate(features, z).holds for z in spaces] for predicate in PREDICATES]
