"""What is read: every (destination, context) whose logits carry loss, merged and exactly weighted.

One attention layer sees, at a read position, only its destination token and the multiset of visible tokens. So a task
becomes rows of

    destination [row]    counts [row, d_vocab]    targets [row, d_vocab_out]    weights [row]

With positional embeddings a token at a place is a token of its own: counts are over n_ctx * d_vocab "placed tokens".
For the pair task without positions: 280 rows, one destination. With loss elsewhere, rows of other positions join in.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from readoff.core.errors import BadValue
from readoff.networks.architecture import AnyArchitecture
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task


@dataclass(frozen=True, eq=False)
class Reads:
    """Rows as in the module docstring; `last [row]` says which rows are the task's own read position."""

    destination: np.ndarray
    counts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    last: np.ndarray

    def __len__(self) -> int:
        return len(self.destination)

    @property
    def one_destination(self) -> bool:
        """True if all rows read at the same destination; then `by_count` applies."""
        return bool((self.destination == self.destination[0]).all())

    @cached_property
    def hard_labels(self) -> np.ndarray:
        """int [row]: the target where it is one output, -1 where it is a distribution."""
        return np.where(self.targets.max(axis=1) == 1.0, self.targets.argmax(axis=1), -1)


@lru_cache(maxsize=16)
def reads_for(architecture: AnyArchitecture, task: Task) -> Reads:
    """The reads of a task for a one-layer attention network."""
    if not architecture.one_attention_layer:
        raise BadValue("reads describe one attention layer without MLP; use the direct forward for this architecture.")
    domain = domain_for(architecture, task)
    n_out, vocabulary = task.d_vocab_out, task.d_vocab
    last_targets = (
        np.eye(n_out)[domain.labels] if domain.targets is None else domain.targets / domain.target_denominator
    )
    blocks = []
    places = range(task.n_ctx) if task.loss_elsewhere else [task.n_ctx - 1]
    for place in places:
        is_last = place == task.n_ctx - 1
        visible = domain.tokens[:, : place + 1]
        if architecture.positions:
            placed = visible + vocabulary * np.arange(place + 1)
            width, destination = vocabulary * task.n_ctx, placed[:, -1]
        else:
            placed, width, destination = visible, vocabulary, visible[:, -1]
        counts = np.zeros((len(visible), width), np.int64)
        np.add.at(counts, (np.arange(len(visible))[:, None], placed), 1)
        targets = last_targets if is_last else np.full((len(visible), n_out), 1.0 / n_out)
        share = domain.probabilities / len(places)
        blocks.append((destination, counts, targets, share, np.full(len(visible), is_last)))
    destination, counts, targets, weights, last = (np.concatenate(part) for part in zip(*blocks, strict=True))
    key = np.concatenate([destination[:, None], last[:, None], counts, targets], axis=1)
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    merged = np.zeros(len(first))
    np.add.at(merged, inverse.reshape(-1), weights)
    return Reads(destination[first], counts[first], targets[first], merged, last[first])
