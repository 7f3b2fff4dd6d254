"""A trained block as two safetensors files, and back: weights in one, measures in the other.

<chunk>.safetensors          one array per weight, [model, ...]
<chunk>.trace.safetensors    one array per measure, [model, step]; `steps` [step]; `alive` [model]
"""

from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from readoff.core.errors import Damaged

if TYPE_CHECKING:  # a reader of files needs no JAX
    from readoff.training.block import TrainedBlock


def encode(block: "TrainedBlock") -> tuple[bytes, bytes]:
    """(weights, trace) as safetensors bytes."""
    trace = {name: np.ascontiguousarray(values) for name, values in block.trace.items()}
    trace |= {"steps": block.steps.astype(np.int64), "alive": block.alive.astype(np.uint8)}
    return save(block.weights), save(trace)


def decode(data: bytes, name: str) -> dict[str, np.ndarray]:
    """Arrays of a file; `name` is used in the error if the bytes are no safetensors file."""
    try:
        return load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise Damaged(f"{name} is not a readable safetensors file ({error}); delete it and train again.") from None
