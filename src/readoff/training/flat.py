"""All parameters of a network as one vector, and back.

Weights are laid out in the order of `architecture.shapes()`. One vector makes an optimiser step a handful of
elementwise operations whatever the architecture, and padding a matter of zeros.

    flat [model, parameter]    <->    {name: [model, *shape]}
"""

import math
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from readoff.networks.architecture import AnyArchitecture


def pad(architecture: AnyArchitecture, name: str, value: np.ndarray) -> np.ndarray:
    """Zeros appended to every axis but the first, up to the padded shape."""
    target = architecture.shapes()[name]
    return np.pad(value, [(0, 0), *((0, big - small) for big, small in zip(target, value.shape[1:], strict=True))])


def flatten(architecture: AnyArchitecture, weights: dict[str, np.ndarray], models: int) -> np.ndarray:
    """float32 [model, parameter]; weights that are absent are zero."""
    parts = [
        weights.get(name, np.zeros((models, *shape))).reshape(models, -1)
        for name, shape in architecture.shapes().items()
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def unflatten(architecture: AnyArchitecture, flat: Any) -> dict[str, Any]:
    """The inverse of `flatten`, for numpy and jax arrays, with or without a model axis."""
    out, at = {}, 0
    for name, shape in architecture.shapes().items():
        size = math.prod(shape)
        out[name] = flat[..., at : at + size].reshape(*flat.shape[:-1], *shape)
        at += size
    return out


def joined(architecture: AnyArchitecture, weights: Mapping[str, Array]) -> Array:
    """`flatten` inside compiled code: concatenation in layout order."""
    return jnp.concatenate([weights[name].reshape(len(weights[name]), -1) for name in architecture.shapes()], axis=1)
