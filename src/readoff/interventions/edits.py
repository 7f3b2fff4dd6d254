"""Edits: values that say what is replaced in a network's tables. Applying one returns new tables.

    AblateHead(0)                      head 0 always says its population mean (says nothing about this input)
    AblateHead(0, how="zero")          head 0 writes 0, in whatever gauge its raw values happen to be
    RemoveEntries(mask)                where the mask holds, a head says no more than it does on average
    TruncateEVOU(0, rank=3)            head 0's table becomes its best approximation of rank 3 (see `truncation`)
    MixHeads(sources)                  head h of model m is taken from model sources[m, h]

>>> from readoff.circuits.paths import CountTables
>>> one = CountTables(np.zeros((1, 2)), np.array([[[4.0, 0.0], [0.0, 0.0]]]), np.zeros(2))
>>> apply(AblateHead(0), one, counts=np.eye(2, dtype=int), probabilities=np.array([0.5, 0.5])).base.tolist()
[2.0, 0.0]

Mean ablation, removal and mixing do not depend on the gauge; zero ablation and truncation do, and act on the tables as
they are given (centre them first). All work on many models at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from readoff.circuits.behaviour import mean_attention
from readoff.circuits.gauges import mean_free
from readoff.circuits.paths import CountTables
from readoff.core.errors import BadValue
from readoff.interventions.truncation import truncate


@dataclass(frozen=True)
class AblateHead:
    """One head is replaced by its population mean, or by zero."""

    head: int
    how: Literal["mean", "zero"] = "mean"


@dataclass(frozen=True, eq=False)
class RemoveEntries:
    """Entries of EVOU set to 0 in the gauge MEAN_FREE. `mask` bool [n_heads, d_vocab, d_out], or models before that."""

    mask: np.ndarray


@dataclass(frozen=True)
class TruncateEVOU:
    """One head's EVOU cut to `rank`. `drop`: rows [d_vocab] to lose first where singular values are equal."""

    head: int
    rank: int
    drop: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class MixHeads:
    """`sources` int [model, n_heads]: where each head comes from. Every model keeps its own base (gauge MEAN_FREE)."""

    sources: np.ndarray


Edit = AblateHead | RemoveEntries | TruncateEVOU | MixHeads


def apply(
    edits: Edit | Sequence[Edit], tables: CountTables, counts: np.ndarray, probabilities: np.ndarray
) -> CountTables:
    """The edited tables; `counts` [n, d_vocab] and `probabilities` [n] say what the population is."""
    for edit in [edits] if isinstance(edits, Edit) else edits:
        tables = _apply(edit, tables, counts, probabilities)
    return tables


def other_seeds(n_models: int, n_heads: int) -> MixHeads:
    """Every head from a different model: head h of model m comes from model m + h (cyclically); head 0 stays."""
    if n_models < n_heads:
        raise BadValue(f"{n_heads} heads from different models need at least {n_heads} models; there are {n_models}.")
    return MixHeads((np.arange(n_models)[:, None] + np.arange(n_heads)) % n_models)


def _apply(edit: Edit, tables: CountTables, counts: np.ndarray, probabilities: np.ndarray) -> CountTables:
    match edit:
        case AblateHead(head, how):
            values = _own_values(tables, head)
            base = tables.base
            if how == "mean":
                share = mean_attention(tables, counts, probabilities)[..., head, :]
                base = base + np.einsum("...v,...vo->...o", share, values[..., head, :, :])
            values[..., head, :, :] = 0.0
            return CountTables(tables.scores, values, base)
        case RemoveEntries(mask):
            free = mean_free(tables, counts, probabilities)
            if mask.dtype != bool or mask.shape[-3:] != free.values.shape[-3:]:
                raise BadValue(
                    f"the mask is {mask.dtype} {list(mask.shape)}; expected bool {list(free.values.shape[-3:])}, "
                    "with or without a model axis."
                )
            return CountTables(free.scores, np.where(mask, 0.0, free.values), free.base)
        case TruncateEVOU(head, rank, drop):
            values = _own_values(tables, head)
            values[..., head, :, :] = truncate(values[..., head, :, :], rank, np.array(drop) if drop else None)
            return CountTables(tables.scores, values, tables.base)
        case MixHeads(sources):
            if tables.leading != sources.shape[:1] or sources.shape[1:] != (tables.n_heads,):
                raise BadValue(
                    f"sources have shape {list(sources.shape)}; expected [model, n_heads] = "
                    f"{[*tables.leading, tables.n_heads]}."
                )
            free = mean_free(tables, counts, probabilities)
            heads = np.arange(tables.n_heads)
            return CountTables(free.scores[sources, heads], free.values[sources, heads], free.base)


def _own_values(tables: CountTables, head: int) -> np.ndarray:
    if not 0 <= head < tables.n_heads:
        raise BadValue(f"head {head} asked for; there are heads 0 to {tables.n_heads - 1}.")
    return tables.values.copy()
