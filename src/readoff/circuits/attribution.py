"""One input, number by number: which head looks where, what it writes there, and how that makes the answer.

Direct logit attribution is exact in a one-layer network: with attention A_hp of head h to position p,

    logits = base + sum_h sum_p A_hp value_h(token at p)

`worked_example` gives all of these as labelled tables. Raw values contain constants that could as well stand elsewhere,
so "head 1 raises class 8" has no meaning until that is fixed: given a domain, contributions are in the gauge MEAN_FREE
(a head's population-mean output is in the base); otherwise logits are centred only.

>>> from readoff.circuits.paths import CountTables
>>> one = CountTables(np.array([[0.0, 0.0]]), np.array([[[0.0, 0.0], [4.0, 0.0]]]), np.zeros(2))
>>> example = explain(one, counts_of_place=np.eye(2, dtype=int)[[1, 0]], places=("1", "0"), outputs=("x", "y"))
>>> example.by_position.at(head="0", position="1").values.tolist(), example.logits.values.tolist()
([1.0, -1.0], [1.0, -1.0])
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readoff.circuits.behaviour import attention
from readoff.circuits.gauges import LOGITS_CENTRED, MEAN_FREE, centre_outputs, mean_free
from readoff.circuits.paths import NATS, RAW, CountTables, context_counts, count_tables, tables_on
from readoff.core.domain import Domain
from readoff.core.errors import BadValue
from readoff.core.tables import LabelledTable
from readoff.networks.network import Network
from readoff.tasks.base import Task


@dataclass(frozen=True, eq=False)
class WorkedExample:
    """Everything that adds up to one input's logits; tables share the gauge of `logits`.

    attention [head, position]; by_position [head, position, output]; by_head [head, output]; base [output];
    logits [output] = base + sum of by_head. `predicted` is the output with the largest logit, `label` the right one.
    """

    tokens: tuple[str, ...]
    attention: LabelledTable
    by_position: LabelledTable
    by_head: LabelledTable
    base: LabelledTable
    logits: LabelledTable
    predicted: str
    label: str | None

    def raised(self, head: str, least: float = 0.0) -> tuple[str, ...]:
        """Outputs this head raises by more than `least` nats, in the example's gauge."""
        row = self.by_head.at(head=head)
        return tuple(o for o, x in zip(row.labels("output"), row.values) if x > least)

    def render(self, digits: int = 2) -> str:
        """Plain text, number by number."""
        answer = f"predicted {self.predicted}" + (f", right is {self.label}" if self.label is not None else "")
        parts = [f"input {' '.join(self.tokens)}: {answer}"]
        for title, table in (
            ("attention", self.attention),
            ("each head writes", self.by_head),
            ("base", self.base),
            ("logits", self.logits),
        ):
            parts.append(f"{title}: {table.render(digits)}")
        return "\n".join(parts)


def worked_example(network: Network, task: Task, tokens: Sequence[int], domain: Domain | None = None) -> WorkedExample:
    """The worked example of one input of `task` (token numbers [n_ctx]); gauge MEAN_FREE if a `domain` is given."""
    row = np.asarray(tokens)[None]
    if row.shape != (1, task.n_ctx):
        raise BadValue(f"an input of {task.name} has {task.n_ctx} tokens; got {list(tokens)}.")
    architecture = network.architecture
    context_counts(architecture, row)  # refuses tokens outside the vocabulary
    vocab = architecture.d_vocab
    ids = row[0] + (vocab * np.arange(task.n_ctx) if architecture.positions else 0)
    of_place = np.eye(vocab * (task.n_ctx if architecture.positions else 1), dtype=np.int64)[ids]
    tables = count_tables(architecture, network.weights, int(row[0, -1]))
    names = [task.input_tokens[t] for t in row[0]]
    places = tuple(f"{p}: {name}" if names.count(name) > 1 else name for p, name in enumerate(names))
    if domain is None:
        return explain(tables, of_place, places, task.output_labels, task.output_labels[task.target(row[0])])
    _, counts = tables_on(network, domain)
    free = mean_free(tables, counts, domain.probabilities)
    return explain(free, of_place, places, task.output_labels, task.output_labels[task.target(row[0])], MEAN_FREE)


def explain(
    tables: CountTables,
    counts_of_place: np.ndarray,
    places: tuple[str, ...],
    outputs: tuple[str, ...],
    label: str | None = None,
    gauge: str = RAW,
) -> WorkedExample:
    """The worked example of one network's tables on one input; `counts_of_place` [position, d_vocab] is one-hot.

    Raw tables are centred over outputs first; tables already in another gauge are used as they are.
    """
    if tables.leading:
        raise BadValue("a worked example is about one network; pick one first (tables[3]).")
    if gauge == RAW:
        tables, gauge = centre_outputs(tables), LOGITS_CENTRED
    total = counts_of_place.sum(axis=0)
    share = attention(tables, total[None])[:, 0, :] / np.maximum(total, 1)
    looks = share @ counts_of_place.T
    writes = looks[:, :, None] * (counts_of_place @ tables.values)
    logits = tables.base + writes.sum(axis=(0, 1))
    head = ("head", tuple(map(str, range(tables.n_heads))))
    place, output = ("position", places), ("output", outputs)
    return WorkedExample(
        places,
        LabelledTable(looks, (head, place), RAW, "share"),
        LabelledTable(writes, (head, place, output), gauge, NATS),
        LabelledTable(writes.sum(axis=1), (head, output), gauge, NATS),
        LabelledTable(tables.base, (output,), gauge, NATS),
        LabelledTable(logits, (output,), gauge, NATS),
        outputs[int(np.argmax(logits))],
        label,
    )
