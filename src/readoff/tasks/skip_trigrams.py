"""Skip-trigrams with one source and many destinations: [0] ... [b] -> c(b).

Token 0 is the source, 1..k are destinations b, k+1..2k their completions c(b) = b + k, the rest (one token by default)
is noise. The context is drawn uniformly from all tokens; the last token is a destination. If the source stands anywhere
in the context the next token is c(b), otherwise it is uniform over all tokens:

    input  4 0 2 7 3     k = 3     target c(3) = 6
    input  4 1 2 7 3               target uniform: completing here would be a *false completion*

Every [0] licenses every later b, so the ground truth really is a set of k skip-trigrams, and the best possible
prediction is known exactly, inputs without the source included. "Zero loss" can only mean zero excess over the floor:

>>> task = SkipTrigrams(k=3, n_ctx=4)
>>> task.domain_size(), task.chance_without_source
(1536, Fraction(343, 512))
>>> round(task.entropy_floor, 6)                              # 343/512 log 8
1.393063

Source of the task: Anthropic, Circuits Updates, May and July 2023. Their text gives no sizes.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from readoff.core.domain import DOMAIN_LIMIT, Domain, refuse_large
from readoff.core.errors import BadValue, need_whole
from readoff.tasks.base import Task


@dataclass(frozen=True)
class SkipTrigrams(Task):
    """`k` skip-trigrams among n_ctx tokens, the last of which is a destination. See the module docstring."""

    k: int = 3
    n_ctx: int = 4
    n_noise: int = 1

    def __post_init__(self) -> None:
        need_whole(self, "k", "n_ctx", "n_noise")
        if self.k < 1 or self.n_ctx < 2 or self.n_noise < 0:
            raise BadValue(
                f"SkipTrigrams(k={self.k}, n_ctx={self.n_ctx}, n_noise={self.n_noise}): expected k >= 1 trigrams, "
                "n_ctx >= 2 (a context and a destination) and n_noise >= 0."
            )
        if self.k > 1_000 or self.n_ctx > 1_000:
            raise BadValue(f"k {self.k} and n_ctx {self.n_ctx} are limited to 1,000.")

    @property
    def name(self) -> str:
        return "skip-trigrams"

    @property
    def input_tokens(self) -> tuple[str, ...]:
        noise = tuple(f"n{i}" for i in range(1, self.n_noise + 1))
        numbers = range(1, self.k + 1)
        return ("0", *(f"b{i}" for i in numbers), *(f"c{i}" for i in numbers), *noise)

    @property
    def output_labels(self) -> tuple[str, ...]:
        return self.input_tokens

    @property
    def destinations(self) -> range:
        """Token numbers of the destinations b."""
        return range(1, self.k + 1)

    def completion(self, destination: int) -> int:
        """Token number of c(b)."""
        return destination + self.k

    def domain_size(self) -> int:
        return self.k * self.d_vocab ** (self.n_ctx - 1)

    @property
    def chance_without_source(self) -> Fraction:
        """The exact probability that no [0] stands in the context."""
        return Fraction(self.d_vocab - 1, self.d_vocab) ** (self.n_ctx - 1)

    @property
    def entropy_floor(self) -> float:
        """The least possible mean cross-entropy in nats: log d_vocab wherever there is no source."""
        return float(self.chance_without_source) * math.log(self.d_vocab)

    def _enumerate(self) -> Domain:
        context = np.indices((self.d_vocab,) * (self.n_ctx - 1)).reshape(self.n_ctx - 1, -1).T
        tokens = np.concatenate([np.insert(context, self.n_ctx - 1, b, axis=1) for b in self.destinations])
        return self._with_targets(tokens, np.ones(len(tokens), np.int64), orbits=False)

    def domain_alike(self, alike: Sequence[int], limit: int = DOMAIN_LIMIT) -> Domain:
        """The exact domain in orbits, for a network that cannot tell the tokens in `alike` apart (say so first!).

        They are all written as the first of them, which makes long contexts enumerable: a row is a multiset of the
        remaining tokens, its weight the number of inputs it stands for. Completions and noise are often alike.
        """
        same = sorted(set(alike))
        if not same or not self.k < same[0] <= same[-1] < self.d_vocab:
            raise BadValue(
                f"alike is {list(alike)}; expected completions or noise: {self.k + 1} to {self.d_vocab - 1}."
            )
        kept = [t for t in range(self.d_vocab) if t not in same[1:]]
        length = self.n_ctx - 1
        refuse_large(self.k * math.comb(length + len(kept) - 1, length), limit, f"task {self.name}, up to alike tokens")
        counts = np.array(list(_compositions(length, len(kept))), dtype=np.int64)
        place = kept.index(same[0])
        weights = np.array([_arrangements(row) * len(same) ** row[place] for row in counts.tolist()], dtype=np.int64)
        context = np.array([np.repeat(kept, row) for row in counts], dtype=np.int32).reshape(len(counts), length)
        tokens = np.concatenate([np.insert(context, length, b, axis=1) for b in self.destinations])
        return self._with_targets(tokens, np.tile(weights, self.k), orbits=True)

    def _with_targets(self, tokens: np.ndarray, weights: np.ndarray, orbits: bool) -> Domain:
        licensed = (tokens[:, :-1] == 0).any(axis=1)
        completion = tokens[:, -1].astype(np.int64) + self.k
        certain = np.eye(self.d_vocab, dtype=np.int64)[completion] * self.d_vocab
        targets = np.where(licensed[:, None], certain, 1)
        labels = np.where(licensed, completion, -1)
        return Domain(
            tokens.astype(np.int32),
            labels,
            weights,
            int(weights.sum()),
            weights.copy(),
            orbits,
            targets,
            self.d_vocab,
        )


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write `total` as an ordered sum of `parts` numbers >= 0."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def _arrangements(counts: Sequence[int]) -> int:
    """The number of sequences with these token counts."""
    ways = math.factorial(sum(counts))
    for count in counts:
        ways //= math.factorial(count)
    return ways
