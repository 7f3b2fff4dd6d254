"""What a network is asked to do: labelled tokens, labelled outputs, and a finite, exactly weighted domain.

A task is a frozen value. It knows how many inputs it has before it lists them, lists them with exact rational
weights, and draws samples. `read_positions` are the positions whose logits carry loss; most tasks read the last one.

>>> from readoff.tasks.pairs import Pairs
>>> Pairs().domain_size(), len(Pairs().domain(orbits=True))
(4704, 280)

Whether permuting the context leaves a network's answer alone depends on its architecture, not on the task: the
rule is in `readoff.networks.symmetry`.
"""

from abc import ABC, abstractmethod
from functools import lru_cache

import numpy as np

from readoff.core.domain import DOMAIN_LIMIT, Domain, merge_orbits, refuse_large
from readoff.core.errors import BadValue


class Task(ABC):
    """A finite classification task on token sequences of length `n_ctx`, read at the last position."""

    n_ctx: int

    @property
    @abstractmethod
    def name(self) -> str:
        """A short name for tables and file names."""

    @property
    @abstractmethod
    def input_tokens(self) -> tuple[str, ...]:
        """Labels of the input vocabulary; their number is d_vocab."""

    @property
    @abstractmethod
    def output_labels(self) -> tuple[str, ...]:
        """Labels of the outputs; their number is d_vocab_out."""

    @abstractmethod
    def domain_size(self) -> int:
        """Number of inputs, known without listing them."""

    @abstractmethod
    def _enumerate(self) -> Domain:
        """All inputs, one row each."""

    @property
    def loss_elsewhere(self) -> bool:
        """True if positions other than the last carry loss too (towards a uniform output)."""
        return False

    @property
    def d_vocab(self) -> int:
        return len(self.input_tokens)

    @property
    def d_vocab_out(self) -> int:
        return len(self.output_labels)

    def domain(self, orbits: bool = False, limit: int = DOMAIN_LIMIT) -> Domain:
        """Every input with its exact weight; with `orbits`, one row per multiset of context tokens and target."""
        refuse_large(self.domain_size(), limit, f"task {self.name}")
        return _enumerated(self, orbits)

    def sample(self, seed: int, n: int) -> np.ndarray:
        """int32 [n, n_ctx] inputs drawn independently from the domain's distribution (numpy PCG64, `seed`)."""
        domain = self.domain()
        rows = np.random.default_rng(seed).choice(len(domain), size=n, p=domain.probabilities)
        return domain.tokens[rows]

    def target(self, tokens: np.ndarray) -> int:
        """The label of one input of the domain; KeyError-free: an input outside the domain is refused by name."""
        domain = self.domain()
        hits = np.flatnonzero((domain.tokens == np.asarray(tokens)[None, :]).all(axis=1))
        if len(hits) == 0:
            raise BadValue(f"{list(tokens)} is not an input of {self.name}; see its domain().")
        return int(domain.labels[hits[0]])


@lru_cache(maxsize=16)
def _enumerated(task: Task, orbits: bool) -> Domain:
    full = task._enumerate()
    return merge_orbits(full) if orbits else full
