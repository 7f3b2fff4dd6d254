"""Bottleneck autoencoders: n sparse features through m < n hidden dimensions and back through the same matrix.

    hidden = x W            x' = ReLU(hidden W^T + b)            W [n_features, n_hidden], b [n_features]

With features that are 0 or 1 and independently active with a given probability, the population is 2^n weighted inputs,
so losses and predicates are exact. This is the toy model of superposition (Elhage et al. 2022) with binary features.

>>> tiny = Autoencoder(n_features=2, n_hidden=1)
>>> weights = {"W": np.array([[1.0], [-1.0]]), "b": np.zeros(2)}
>>> reconstruct(weights, tiny.inputs()).tolist()           # antipodal: each is read back unless both are active
[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
>>> tiny.chances(0.25).round(4).tolist()
[0.5625, 0.1875, 0.1875, 0.0625]
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from readoff.core.errors import BadValue
from readoff.tasks.boolean import all_bits

MAX_FEATURES = 12


@dataclass(frozen=True)
class Autoencoder:
    """`n_features` in `n_hidden` < n_features dimensions. Stands where an architecture does in Network and Ensemble."""

    n_features: int = 5
    n_hidden: int = 2

    fixed = ()
    one_attention_layer = False
    biases = True

    def __post_init__(self) -> None:
        if not 1 <= self.n_hidden < self.n_features <= MAX_FEATURES:
            raise BadValue(
                f"Autoencoder({self.n_features}, {self.n_hidden}): expected 1 <= n_hidden < n_features <= "
                f"{MAX_FEATURES} (the population has 2^n_features inputs)."
            )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape, without the model axis."""
        return {"W": (self.n_features, self.n_hidden), "b": (self.n_features,)}

    def inputs(self) -> np.ndarray:
        """float64 [2^n_features, n_features]: every combination of active features."""
        return all_bits(self.n_features).astype(np.float64)

    def chances(self, activity: float) -> np.ndarray:
        """float64 [2^n_features]: probability of each input if features are active independently."""
        on = self.inputs().sum(axis=1)
        return activity**on * (1 - activity) ** (self.n_features - on)


def hidden(weights: Mapping[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """float64 [..., n, n_hidden] for inputs [n, n_features]; weights may carry model axes."""
    return inputs @ np.asarray(weights["W"], dtype=np.float64)


def reconstruct(weights: Mapping[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """float64 [..., n, n_features]."""
    read = hidden(weights, inputs) @ np.asarray(weights["W"], dtype=np.float64).swapaxes(-1, -2)
    return np.maximum(read + np.asarray(weights["b"], dtype=np.float64)[..., None, :], 0.0)
