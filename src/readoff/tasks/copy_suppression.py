"""A task in which the obvious prediction must be taken back when it already stands in the context.

Items are 0..n_items-1. A *key* token "s>t" (for every ordered pair s != t) says: expect s; if s has been seen already,
it will not come again, so expect t. The context holds one key and `n_seen` items in any order, and ends with "=":

    input  1 0>2 1 =     0 has not been seen     label 0
    input  1 0>2 0 =     0 has been seen         label 2     (a copy of the prediction stands there)

Why suppression is needed. Put a copy of s in the place of another item, and the right answer turns from s to t: what
solves the task lets that copy lower the logit of s below that of t. And this must hang on the prediction. Lowering the
logit of *every* item that has been seen does not help, because t may have been seen as well, and then t is right; which
item counts depends on the key. So no sum of per-token contributions has the right argmax, and no single head in one
layer (the claim skip/copy-suppression/not-additive certifies it), though two heads in one layer can. With two layers it
is easy: layer 0 writes the prediction at "=" (s more than t), and a head of layer 1 uses it as its query, finds the
copy of s, and lowers its logit.

>>> task = CopySuppression()
>>> task.domain_size(), task.key(0, 2), task.expected(task.key(0, 2))
(162, 4, (0, 2))

The mechanism is that of McDougall et al. (arXiv 2310.04625); the task is ours.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from readoff.core.domain import Domain
from readoff.core.errors import BadValue, need_whole
from readoff.tasks.base import Task


@dataclass(frozen=True)
class CopySuppression(Task):
    """`n_items` items, one key and `n_seen` items in the context. Uniform over everything."""

    n_items: int = 3
    n_seen: int = 2

    def __post_init__(self) -> None:
        need_whole(self, "n_items", "n_seen")
        if not 2 <= self.n_items <= 50 or not 1 <= self.n_seen <= 50:
            raise BadValue(f"CopySuppression({self.n_items}, {self.n_seen}): expected 2 to 50 items and 1 to 50 seen.")

    @property
    def name(self) -> str:
        return "copy-suppression"

    @property
    def n_ctx(self) -> int:
        return self.n_seen + 2

    @property
    def keys(self) -> tuple[tuple[int, int], ...]:
        """(s, t) of every key, in the order of their token numbers n_items, n_items + 1, ..."""
        return tuple(itertools.permutations(range(self.n_items), 2))

    def key(self, first: int, second: int) -> int:
        """The token number of the key "first>second"."""
        return self.n_items + self.keys.index((first, second))

    def expected(self, token: int) -> tuple[int, int]:
        """(s, t) of a key token."""
        return self.keys[token - self.n_items]

    @property
    def input_tokens(self) -> tuple[str, ...]:
        return (*map(str, range(self.n_items)), *(f"{s}>{t}" for s, t in self.keys), "=")

    @property
    def output_labels(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.n_items)))

    def domain_size(self) -> int:
        return len(self.keys) * (self.n_seen + 1) * self.n_items**self.n_seen

    def _enumerate(self) -> Domain:
        rows, labels = [], []
        for (s, t), place in itertools.product(self.keys, range(self.n_seen + 1)):
            for seen in itertools.product(range(self.n_items), repeat=self.n_seen):
                rows.append([*seen[:place], self.key(s, t), *seen[place:], self.d_vocab - 1])
                labels.append(t if s in seen else s)
        ones = np.ones(len(rows), np.int64)
        return Domain(np.array(rows, np.int32), np.array(labels, np.int64), ones, len(rows), ones)
