"""Where a rival may be: the frontier of small architectures, from small to large, and what stands at each place.

    frontier((1, 2), (1, 2))        one head, d_head 1, without constant logits; with; d_head 2; ...; two heads; ...

A place names a class of networks: layers, heads, d_head, positional embeddings or not, and whether a constant logit
vector is available (biases and a direct path, or neither). Where all inputs end in one token, either of the two adds
the same vector to the logits of every input, so they are one axis and not two. Any d_model, no MLP, no normalisation.

Without positions a single layer sees a multiset. Where the answer depends on order (`order_matters`) no number of heads
helps, and places with positions must be searched as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from readoff.core.errors import BadValue
from readoff.networks.architecture import AnyArchitecture, Architecture, architecture_for, effective_for
from readoff.tasks.base import Task

CONSTANT = (
    '"With constant logits": biases and a direct path, of which either adds one fixed vector to the logits if all '
    'inputs end in the same token; "without": neither of them.'
)
ANY = 10**6
"""d_head of a place that stands for all of them."""


@dataclass(frozen=True, order=True)
class Place:
    """One class of the frontier. `constant`: a constant logit vector is available (biases and a direct path)."""

    n_layers: int = 1
    n_heads: int = 1
    d_head: int = 1
    positions: bool = False
    constant: bool = True

    def contains(self, other: "Place") -> bool:
        """Whether every network of `other` is one of these (a further layer or head may write nothing)."""
        return (
            self.n_layers >= other.n_layers
            and self.n_heads >= other.n_heads
            and self.d_head >= other.d_head
            and self.positions >= other.positions
            and self.constant >= other.constant
        )

    def __str__(self) -> str:
        layers = "" if self.n_layers == 1 else f"{self.n_layers} layers, "
        heads = f"{self.n_heads} head{'s' * (self.n_heads > 1)}"
        d_head = "any d_head" if self.d_head == ANY else f"d_head {self.d_head}"
        places = ", with positions" if self.positions else ""
        return f"{layers}{heads}, {d_head}{places}, {'with' if self.constant else 'without'} constant logits"

    @property
    def words(self) -> str:
        """The class in full: what a proof about this place is about."""
        layers = "one attention layer" if self.n_layers == 1 else f"{self.n_layers} attention layers"
        heads = f"{self.n_heads} head{'s' * (self.n_heads > 1)}{' each' * (self.n_layers > 1)}"
        d_head = "any d_head" if self.d_head == ANY else f"d_head {self.d_head}"
        positions = "with or without positional embeddings" if self.positions else "no positional embeddings"
        constant = "with or without biases and a direct path" if self.constant else "no biases and no direct path"
        return f"{layers} with {heads}, {d_head}; {positions}; {constant}; no MLP, no normalisation, any d_model"


def place_of(architecture: AnyArchitecture) -> Place | None:
    """The smallest place that an architecture belongs to; None for one with an MLP or normalisation, which has none.

    >>> str(place_of(Architecture(4, 3, 5, n_heads=2, d_head=1, biases=False, direct_path=False)))
    '2 heads, d_head 1, without constant logits'
    """
    a = architecture
    if not isinstance(a, Architecture):
        return Place(1, a.n_heads, a.d_head, False, a.biases)
    if a.d_mlp or a.normalization != "none":
        return None
    return Place(a.n_layers, a.n_heads, a.d_head, a.positions, a.biases or a.direct_path)


def frontier(
    heads: Iterable[int] = (1, 2, 3),
    d_heads: Iterable[int] = (1, 2, 3),
    layers: Iterable[int] = (1,),
    positions: Iterable[bool] = (False,),
) -> tuple[Place, ...]:
    """Places from small to large: layers, then heads, then d_head, then positions, then constant logits."""
    product = [(n, h, d) for n in layers for h in heads for d in d_heads]
    places = [Place(*sizes, p, c) for sizes in product for p in positions for c in (False, True)]
    if not places or min(min(p.n_layers, p.n_heads, p.d_head) for p in places) < 1:
        raise BadValue("a frontier needs numbers of heads, d_head and layers >= 1.")
    return tuple(sorted(set(places)))


def order_matters(task: Task) -> bool:
    """Whether two inputs that end alike and hold the same tokens in another order have different labels."""
    domain = task.domain()
    key = np.column_stack([np.sort(domain.tokens[:, :-1], axis=1), domain.tokens[:, -1]])
    return len(np.unique(np.column_stack([key, domain.labels]), axis=0)) > len(np.unique(key, axis=0))


def architecture_at(task: Task, place: Place) -> AnyArchitecture:
    """The architecture that is trained at a place: effective where one layer without positions is read at one token.

    There free score tables compute exactly what one-layer transformers of any d_model do. Elsewhere d_model has room
    for every token and every position.
    """
    ends = np.unique(task.domain().tokens[:, -1])
    if place.n_layers == 1 and len(ends) == 1 and not place.positions:
        return effective_for(task, n_heads=place.n_heads, d_head=place.d_head, biases=place.constant)
    return architecture_for(
        task,
        n_layers=place.n_layers,
        n_heads=place.n_heads,
        d_head=place.d_head,
        d_model=max(16, task.d_vocab + task.n_ctx * place.positions),
        positions=place.positions,
        biases=place.constant,
        direct_path=place.constant,
    )
