"""A finite, exactly weighted set of inputs.

`Domain` holds every input of a task once, with its probability as an integer over one common denominator, so that
sums over the domain are exact. If `orbits` is true, a row stands for all inputs that differ from it by a
permutation of the context, `multiplicity` of them, and carries their joint weight.

    tokens [n, n_ctx]   labels [n]   weights [n] (integers)   denominator

A domain whose target is a distribution has `targets [n, d_vocab_out]` (integers over `target_denominator`) too;
then `labels` holds the most likely output, and a row without a unique one has label -1.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from readoff.core.errors import BadValue, TooLarge

DOMAIN_LIMIT = 2_000_000


@dataclass(frozen=True, eq=False)
class Domain:
    """Inputs with exact weights. See the module docstring for the shapes."""

    tokens: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    denominator: int
    multiplicity: np.ndarray
    orbits: bool = False
    targets: np.ndarray | None = None
    target_denominator: int = 1

    def __post_init__(self) -> None:
        if int(self.weights.sum()) != self.denominator:
            raise BadValue(
                f"the weights of a domain must sum to one: got {int(self.weights.sum())}/{self.denominator}."
            )

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """float64 [n]; the correctly rounded quotients of the exact weights."""
        return self.weights / float(self.denominator)

    def weight(self, row: int) -> Fraction:
        """The exact probability of one row."""
        return Fraction(int(self.weights[row]), self.denominator)

    def counts(self, d_vocab: int) -> np.ndarray:
        """int64 [n, d_vocab]: how often each token stands in each input."""
        return np.stack([(self.tokens == token).sum(axis=1) for token in range(d_vocab)], axis=1)


def refuse_large(size: int, limit: int, what: str) -> None:
    """Raise `TooLarge` before anything is enumerated."""
    if size > limit:
        raise TooLarge(
            f"{what} has {size:,} inputs; the limit for exact enumeration is {limit:,}. Make the task smaller: fewer "
            "tokens, or a shorter context. (In Python, `limit=` raises the limit where memory allows.)"
        )


def merge_orbits(domain: Domain) -> Domain:
    """Group inputs whose contexts (all but the last token) are permutations of one another and share their target."""
    context = np.sort(domain.tokens[:, :-1], axis=1)
    key = np.concatenate([context, domain.tokens[:, -1:], domain.labels[:, None]], axis=1)
    if domain.targets is not None:
        key = np.concatenate([key, domain.targets], axis=1)
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    group = rank[inverse]
    keep = first[order]
    weights = np.zeros(len(keep), dtype=domain.weights.dtype)
    np.add.at(weights, group, domain.weights)
    multiplicity = np.zeros(len(keep), dtype=np.int64)
    np.add.at(multiplicity, group, domain.multiplicity)
    return Domain(
        domain.tokens[keep],
        domain.labels[keep],
        weights,
        domain.denominator,
        multiplicity,
        True,
        None if domain.targets is None else domain.targets[keep],
        domain.target_denominator,
    )
