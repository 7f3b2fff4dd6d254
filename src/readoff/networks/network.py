"""One network, or an ensemble of them: architecture, weights, and where they came from.

`Network` and `Ensemble` differ by one leading `model` axis on every weight:

    Network.weights["blocks.0.attn.W_Q"]    [n_heads, d_model, d_head]
    Ensemble.weights["blocks.0.attn.W_Q"]   [model, n_heads, d_model, d_head]

`ensemble[3]` is the fourth network; `stack([a, b])` puts networks of one architecture together. Weights are numpy
arrays (float32 or float64) and are checked against the architecture when the value is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from readoff.core.canonical import weights_hash
from readoff.core.errors import BadValue, UnknownName
from readoff.networks.architecture import AnyArchitecture

Provenance = Literal["trained", "constructed", "imported"]


@dataclass(frozen=True, eq=False)
class Network:
    """One network. `origin` is a free text (recipe id and seed, construction's name, file)."""

    architecture: AnyArchitecture
    weights: Mapping[str, np.ndarray]
    provenance: Provenance = "constructed"
    origin: str = ""

    def __post_init__(self) -> None:
        check_shapes(self.architecture, self.weights, leading=())

    @cached_property
    def hash(self) -> str:
        """Identity of the weights: see `core.canonical.weights_hash`."""
        return weights_hash(self.weights)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks of one architecture. `seeds [model]`; `alive [model]` is False where training diverged."""

    architecture: AnyArchitecture
    weights: Mapping[str, np.ndarray]
    seeds: np.ndarray
    provenance: Provenance = "trained"
    origin: str = ""
    alive: np.ndarray = field(default_factory=lambda: np.ones(0, bool))

    def __post_init__(self) -> None:
        check_shapes(self.architecture, self.weights, leading=(len(self.seeds),))
        if len(self.alive) == 0:
            object.__setattr__(self, "alive", np.ones(len(self.seeds), bool))

    def __len__(self) -> int:
        return len(self.seeds)

    def __getitem__(self, index: int) -> Network:
        if not -len(self) <= index < len(self):
            raise BadValue(f"network {index} asked for, but the ensemble has {len(self)} (0 to {len(self) - 1}).")
        return Network(
            self.architecture,
            {k: v[index] for k, v in self.weights.items()},
            self.provenance,
            f"{self.origin} seed {int(self.seeds[index])}".strip(),
        )

    def take(self, index: np.ndarray) -> "Ensemble":
        """The networks at the given positions (or where a boolean mask holds), in that order."""
        return Ensemble(
            self.architecture,
            {k: v[index] for k, v in self.weights.items()},
            self.seeds[index],
            self.provenance,
            self.origin,
            self.alive[index],
        )

    def replace(self, **weights: np.ndarray) -> "Ensemble":
        """The same ensemble with some weights replaced (names with dots: pass `**{"embed.W_E": ...}`)."""
        return Ensemble(
            self.architecture, {**self.weights, **weights}, self.seeds, self.provenance, self.origin, self.alive
        )

    @cached_property
    def hash(self) -> str:
        """Identity of all the weights together."""
        return weights_hash(self.weights)


def stack(networks: Sequence[Network], origin: str = "") -> Ensemble:
    """Networks of one architecture as an ensemble; seeds are 0, 1, ..."""
    if not networks:
        raise BadValue("an ensemble needs at least one network.")
    first = networks[0].architecture
    if any(n.architecture != first for n in networks):
        raise BadValue("networks of different architectures cannot share an ensemble; stack those of one architecture.")
    weights = {name: np.stack([n.weights[name] for n in networks]) for name in first.shapes()}
    return Ensemble(first, weights, np.arange(len(networks)), networks[0].provenance, origin or networks[0].origin)


def check_shapes(architecture: AnyArchitecture, weights: Mapping[str, np.ndarray], leading: tuple[int, ...]) -> None:
    """Refuse missing, unknown, misshapen or non-float weights, naming the array."""
    shapes = architecture.shapes()
    for name in weights:
        if name not in shapes:
            raise UnknownName("weight of this architecture", name, shapes)
    for name, shape in shapes.items():
        if name not in weights:
            raise BadValue(f"the weight {name} {list(shape)} is missing.")
        given = weights[name]
        if tuple(given.shape) != (*leading, *shape):
            raise BadValue(
                f"{name} has shape {list(given.shape)}; expected {list((*leading, *shape))}"
                f"{' (model axis first)' if leading else ''}."
            )
        if given.dtype not in (np.float32, np.float64):
            raise BadValue(f"{name} is {given.dtype}; expected float32 or float64.")
