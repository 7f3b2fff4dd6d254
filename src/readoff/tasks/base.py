"""What a network is asked to do: labelled tokens, labelled outputs, and a finite, exactly weighted domain.

A task is a frozen value. It knows how many inputs it has before it lists them, lists them with exact rational
weights, and draws samples. `read_positions` are the positions whose logits carry loss; most tasks read the last one.

>>> from readoff.tasks.pairs import Pairs
>>> Pairs().domain_size(), len(Pairs().domain(orbits=True))
(4704, 280)

Whether permuting the context leaves a network's answer alone depends on its architecture, not on the task: the
rule is in `readoff.networks.symmetry`.
"""

import hashlib
from abc import ABC, abstractmethod
from functools import lru_cache
from numbers import Integral

import numpy as np

from readoff.core.domain import DOMAIN_LIMIT, Domain, merge_orbits, refuse_large
from readoff.core.errors import BadValue
from readoff.core.exact import exact


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
        """int32 [n, n_ctx] inputs drawn independently from the domain's distribution (numpy PCG64, `seed`).

        BadValue: a seed or n that is no whole number >= 0. TooLarge: a domain that cannot be listed.
        """
        if not all(isinstance(number, Integral) and number >= 0 for number in (seed, n)):
            raise BadValue(f"sample(seed={seed!r}, n={n!r}): expected whole numbers >= 0.")
        domain = self.domain()
        rows = np.random.default_rng(seed).choice(len(domain), size=n, p=domain.probabilities)
        return domain.tokens[rows]

    def target(self, tokens: np.ndarray) -> int:
        """The label of one input of the domain; KeyError-free: an input outside the domain is refused by name."""
        domain, given = self.domain(), np.asarray(tokens)
        fits = given.shape == (self.n_ctx,)
        hits = np.flatnonzero((domain.tokens == given[None, :]).all(axis=1)) if fits else []
        if len(hits) == 0:
            raise BadValue(
                f"{given.tolist()} is not an input of {self.name}, whose inputs are {self.n_ctx} token numbers such as "
                f"{domain.tokens[0].tolist()}."
            )
        return int(domain.labels[hits[0]])


@lru_cache(maxsize=16)
def _enumerated(task: Task, orbits: bool) -> Domain:
    full = task._enumerate()
    return merge_orbits(full) if orbits else full


def is_shipped(task: Task) -> bool:
    """Whether the task's class is readoff's own, so that its fields say all there is to say."""
    return type(task).__module__.partition(".")[0] == __name__.partition(".")[0]


@lru_cache(maxsize=256)
def content(task: Task) -> str:
    """sha256 of what a task says: labels of tokens and outputs, every input with its label or targets, and weight.

    So two classes of one name are told apart, and an edited one from what it was. A domain that is too large to list is
    represented by the code of the class; BadValue if that has no exact description (see `core.exact`).
    """
    if task.domain_size() > DOMAIN_LIMIT:
        found = exact(task)
        if found.digest is None:
            raise BadValue(
                f"the task {task.name} is too large to list ({task.domain_size():,} inputs) and {found.problem}, so "
                "networks trained on it could not be told from others. Make it smaller, or keep such values out of it."
            )
        return found.digest
    domain = task.domain()
    digest = hashlib.sha256(repr((task.input_tokens, task.output_labels, task.n_ctx, task.loss_elsewhere)).encode())
    rest = () if domain.targets is None else (domain.targets, domain.target_denominator)
    for part in (domain.tokens, domain.labels, domain.weights, domain.denominator, *rest):
        array = np.asarray(part)
        digest.update(repr((array.dtype.str, array.shape)).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
