"""Any one-layer network without positions, rewritten as the effective model: free scores, value and output factors.

The effective model computes the same logits at the read token and has no residual stream, so heads of different
networks can stand side by side in it (their embeddings could not):

    scores_h = (x_read W_Q + b_Q) . (x_t W_K + b_K) / sqrt(d_head)
    V_h = x_t W_V + b_V        O_h = W_O W_U        b = base

>>> from readoff.networks.architecture import Architecture
>>> deep = Architecture(d_vocab=3, d_vocab_out=2, n_ctx=2, d_head=4)
>>> effective_architecture(deep)
EffectiveArchitecture(d_vocab=3, d_vocab_out=2, n_ctx=2, n_heads=2, d_head=4, biases=True)
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from readoff.circuits.paths import count_tables, head_readout, head_values
from readoff.core.errors import BadValue
from readoff.networks.architecture import AnyArchitecture, EffectiveArchitecture
from readoff.networks.network import Ensemble, Network

Model = TypeVar("Model", bound=Network | Ensemble)


def effective_architecture(architecture: AnyArchitecture) -> EffectiveArchitecture:
    """The effective architecture that holds any network of `architecture` (with a bias, for the base)."""
    if architecture.positions:
        raise BadValue("the effective model has no positions; this architecture has positional embeddings.")
    return EffectiveArchitecture(
        architecture.d_vocab, architecture.d_vocab_out, architecture.n_ctx, architecture.n_heads, architecture.d_head
    )


def to_effective(model: Model, read_token: int = 0) -> Model:
    """The same network(s), float64, as effective ones; equal logits wherever inputs end in `read_token`."""
    architecture = effective_architecture(model.architecture)
    tables = count_tables(model.architecture, model.weights, read_token)
    w = {name: np.asarray(array, dtype=np.float64) for name, array in model.weights.items()}
    if isinstance(model.architecture, EffectiveArchitecture):
        values, readout = w["V"], w["O"]
    else:
        values, readout = head_values(w, w["embed.W_E"]), head_readout(w)
    weights = {"scores": tables.scores, "V": values, "O": readout, "b": tables.base}
    return replace(model, architecture=architecture, weights=weights)
