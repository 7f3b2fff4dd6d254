"""What `readoff read` shows of one network: its circuit tables by name, and the order in which heads attend.

    evou   [head, token, output]     what a head writes when it attends to a token
    pvou   [head, position, output]  the same for positions
    eu     [query, output]           the direct path
    eqke   [head, query, key]        how much a query token looks at a key token
    eqkp   [head, query, position]   the same for positions
    scores [head, key]               eqke for the token at which the task is read
    order                            the tokens of each head, most attended first

Tables are shown with logits centred over outputs and scores centred over keys, since that changes no answer; `raw` is
what the weights give. Nothing else is fixed: see the gauges in `readoff.circuits.gauges`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from readoff.circuits.attention import attention_order, spread
from readoff.circuits.gauges import centre_table
from readoff.circuits.paths import path_tables
from readoff.core.errors import BadValue, UnknownName
from readoff.core.tables import LabelledTable
from readoff.networks.network import Network
from readoff.tasks.base import Task

TableName = Literal["evou", "eqke", "eu", "eqkp", "pvou", "scores", "order"]


@dataclass(frozen=True)
class HeadOrder:
    """One head: tokens from most to least attended, their centred scores in the same order, and the spread, in nats."""

    head: str
    tokens: tuple[str, ...]
    scores: tuple[float, ...]
    spread: float

    def to_json(self) -> dict[str, object]:
        return {"head": self.head, "tokens": list(self.tokens), "scores": list(self.scores), "spread": self.spread}

    def __str__(self) -> str:
        scored = "  ".join(f"{token} ({score:+.2f})" for token, score in zip(self.tokens, self.scores))
        return f"head {self.head}: {scored}   spread {self.spread:.2f} nats"


def table(network: Network, task: Task | None, name: str, query: str | None = None, raw: bool = False) -> LabelledTable:
    """A table of the module docstring; `query` is the label of the token that reads (by default the task's)."""
    paths = path_tables(network, task)
    if name == "scores":
        found = paths.EQKE.at(query=_query(paths.EQKE, task, query))
    else:
        found = {"evou": paths.EVOU, "eqke": paths.EQKE, "eu": paths.EU, "eqkp": paths.EQKP, "pvou": paths.PVOU}[name]
        if query is not None and "query" not in found.dims:
            raise BadValue(
                f"the table {name} has no query tokens (its axes are {', '.join(found.dims)}); leave out --query."
            )
        found = found if query is None else found.at(query=_query(found, task, query))
    axis = next((axis for axis in ("output", "key") if axis in found.dims), None)
    return found if raw or axis is None else centre_table(found, axis)


def orders(network: Network, task: Task | None, query: str | None = None) -> list[HeadOrder]:
    """Each head's order of the task's signal tokens, or of all tokens but the one that reads."""
    scores = table(network, task, "scores", query, raw=True)
    labels = scores.labels("key")
    signals = getattr(task, "signal_tokens", None)
    read = {query} | ({task.input_tokens[end] for end in _ends(task)} if task is not None else set())
    tokens = list(signals) if signals is not None else [i for i, label in enumerate(labels) if label not in read]
    found = []
    for head in scores.labels("head"):
        row = scores.at(head=head).values
        order = attention_order(row, tokens)
        centred = row[order] - row[tokens].mean()
        named = tuple(labels[token] for token in order)
        found.append(HeadOrder(head, named, tuple(map(float, centred)), float(spread(row, tokens))))
    return found


def one_grid(found: LabelledTable) -> LabelledTable:
    """A table with rows and columns: a third axis is put below each other (head 0, token 3), a single one is a row."""
    if len(found.axes) == 1:
        return LabelledTable(found.values[None], (("", ("",)), *found.axes), found.gauge, found.unit)
    if len(found.axes) == 2:
        return found
    (first, outer), (second, inner), last = found.axes
    rows = tuple(f"{first} {a}, {second} {b}" for a in outer for b in inner)
    values = found.values.reshape(len(rows), -1)
    return LabelledTable(values, ((f"{first}, {second}", rows), last), found.gauge, found.unit)


def of_head(found: LabelledTable, head: str | None) -> LabelledTable:
    """The part of one head; the whole table if none is named."""
    if head is not None and "head" not in found.dims:
        raise BadValue(f"this table has no heads (its axes are {', '.join(found.dims)}); leave out --head.")
    return found if head is None else found.at(head=head)


def _query(eqke: LabelledTable, task: Task | None, query: str | None) -> str:
    """The label of the token that reads."""
    labels = eqke.labels("query")
    if query is not None:
        if query not in labels:
            raise UnknownName("query token", query, labels)
        return query
    if len(labels) == 1:
        return labels[0]
    if task is None:
        raise BadValue(f"without a task it is not known which token reads; name it: --query {labels[0]}.")
    ends = _ends(task)
    if len(ends) != 1:
        shown = ", ".join(labels[e] for e in ends[:8])
        raise BadValue(f"inputs of {task.name} end in several tokens ({shown}); name the one that reads: --query.")
    return labels[ends[0]]


def _ends(task: Task) -> list[int]:
    """The tokens in which inputs end."""
    return np.unique(task.domain().tokens[:, -1]).tolist()
