"""Any function of a multiset: n tokens in any order, and a table that says what each multiset is called.

    Multiset(vocab=2, n=3, labels=(0, 1, 1, 0))      multisets 000 001 011 111, in that order

    input  1 0 1 =     the multiset 011     label "1"

The n tokens are independent and uniform; a read-off token "=" ends the input. Multisets are in the order of
`itertools.combinations_with_replacement`.

>>> Multiset.named_apart(vocab=2, n=3).multisets
((0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1))
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from readoff.core.domain import Domain
from readoff.core.errors import BadValue, need_whole
from readoff.tasks.base import Task


@dataclass(frozen=True)
class Multiset(Task):
    """`labels[i]` is the output number of the i-th multiset of `n` tokens out of `vocab`."""

    vocab: int
    n: int
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        need_whole(self, "vocab", "n", "labels")
        object.__setattr__(self, "labels", tuple(int(x) for x in self.labels))
        if not 2 <= self.vocab <= 100 or not 1 <= self.n <= 100:
            raise BadValue(f"Multiset(vocab={self.vocab}, n={self.n}): expected 2 to 100 tokens, n from 1 to 100.")
        if len(self.labels) != n_multisets(self.vocab, self.n):
            raise BadValue(
                f"{self.n} tokens out of {self.vocab} form {n_multisets(self.vocab, self.n)} multisets; got "
                f"{len(self.labels)} labels."
            )
        if min(self.labels) < 0 or len(set(self.labels)) < 2:
            raise BadValue("labels are output numbers >= 0, at least two different ones.")

    @staticmethod
    def named_apart(vocab: int, n: int) -> "Multiset":
        """Every multiset has an output of its own."""
        return Multiset(vocab, n, tuple(range(n_multisets(vocab, n))))

    @property
    def name(self) -> str:
        return f"multiset{self.vocab}x{self.n}"

    @property
    def n_ctx(self) -> int:
        return self.n + 1

    @property
    def multisets(self) -> tuple[tuple[int, ...], ...]:
        """All multisets as sorted tuples of token numbers, in the order of `labels`."""
        return tuple(itertools.combinations_with_replacement(range(self.vocab), self.n))

    @property
    def input_tokens(self) -> tuple[str, ...]:
        return (*map(str, range(self.vocab)), "=")

    @property
    def output_labels(self) -> tuple[str, ...]:
        return tuple(map(str, range(max(self.labels) + 1)))

    def domain_size(self) -> int:
        return self.vocab**self.n

    def _enumerate(self) -> Domain:
        context = np.indices((self.vocab,) * self.n).reshape(self.n, -1).T
        label = dict(zip(self.multisets, self.labels))
        labels = np.array([label[tuple(sorted(row))] for row in context.tolist()], dtype=np.int64)
        tokens = np.insert(context, self.n, self.vocab, axis=1).astype(np.int32)
        ones = np.ones(len(tokens), np.int64)
        return Domain(tokens, labels, ones, len(tokens), ones)


def n_multisets(vocab: int, n: int) -> int:
    """How many multisets of n tokens there are."""
    return math.comb(vocab + n - 1, n)
