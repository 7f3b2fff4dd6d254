"""Networks whose heads were trained in different networks: each head as it was, with other partners.

    heads_mixed(ensemble)      head h of network m is head h of network m + h, embeddings and all

A head means nothing without the embeddings that it reads through and the unembedding that it writes for, so these come
with it: in the residual stream of the mixed network every borrowed head has a block to read from, which holds the
embeddings of its own network, and a block to write to, which its own network's unembedding reads. Head 0, the direct
path and the biases of the output stay those of network m. EQKE and EVOU of every head are then exactly what they were.
"""

from dataclasses import replace

import numpy as np

from readoff.core.errors import BadValue
from readoff.networks.architecture import Architecture
from readoff.networks.network import Ensemble

PER_HEAD = ("scores", "V", "O")


def heads_mixed(ensemble: Ensemble) -> Ensemble:
    """Head h of network m comes from network m + h (cyclically). `BadValue` for one network, or for several layers."""
    if len(ensemble) < 2:
        raise BadValue("heads can be mixed between seeds only where there are at least two networks.")
    architecture, w = ensemble.architecture, ensemble.weights
    alive = np.logical_and.reduce([np.roll(ensemble.alive, -h) for h in range(architecture.n_heads)])
    if not isinstance(architecture, Architecture):
        rolled = {name: _rolled(w[name]) if name in PER_HEAD else array for name, array in w.items()}
        return replace(ensemble, weights=rolled, alive=alive)
    if not architecture.one_attention_layer:
        raise BadValue("heads can be mixed between seeds in one attention layer without an MLP only.")
    n, m = architecture.n_heads, architecture.d_model
    # blocks of the residual stream: head 0 reads and writes the first; every other head has one for each
    reads = [0, *range(m, (2 * n - 1) * m, 2 * m)]
    writes = [0, *range(2 * m, 2 * n * m, 2 * m)]
    wide = replace(architecture, d_model=(2 * n - 1) * m, embedding="learned", unembedding="learned")
    out = {name: np.zeros((len(ensemble), *shape), w[name].dtype) for name, shape in wide.shapes().items()}
    for h in range(n):
        read, write = slice(reads[h], reads[h] + m), slice(writes[h], writes[h] + m)
        theirs = {name: np.roll(array, -h, axis=0) for name, array in w.items()}
        for name in ("embed.W_E", "pos_embed.W_pos"):
            if name in w:
                out[name][..., read] = theirs[name]
        out["unembed.W_U"][:, write] = theirs["unembed.W_U"]
        for letter in "QKV":
            out[f"blocks.0.attn.W_{letter}"][:, h, read] = theirs[f"blocks.0.attn.W_{letter}"][:, h]
            if architecture.biases:
                out[f"blocks.0.attn.b_{letter}"][:, h] = theirs[f"blocks.0.attn.b_{letter}"][:, h]
        out["blocks.0.attn.W_O"][:, h, :, write] = theirs["blocks.0.attn.W_O"][:, h]
    if architecture.biases:
        out["blocks.0.attn.b_O"][:, :m] = w["blocks.0.attn.b_O"]
        out["unembed.b_U"] = w["unembed.b_U"]
    return replace(ensemble, architecture=wide, weights=out, alive=alive)


def _rolled(array: np.ndarray) -> np.ndarray:
    return np.stack([np.roll(array[:, h], -h, axis=0) for h in range(array.shape[1])], axis=1)
