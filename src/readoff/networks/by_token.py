"""The `by_token` forward: one attention layer, factored through the vocabulary.

A one-layer network is three small tables (Elhage et al.'s paths): attention scores of every visible token per
destination, values (EVOU) of every token, and base logits (EU plus biases) of the destination. Reading an input is a
softmax over the tokens present and a weighted mean of values:

    logits[row] = base[dest] + sum over heads of softmax(scores[head, dest] + log counts[row]) @ values[head]

The softmax subtracts the maximum over the tokens *present*, so score gaps of any size are safe, in values and
gradients. Valid for one layer without MLP; with positions, tokens are placed tokens (see `reads`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from readoff.networks.architecture import AnyArchitecture, Architecture


class TokenTables(NamedTuple):
    """scores [n_heads, dest, token], values [n_heads, d_vocab_out, token], base [dest, d_vocab_out]."""

    scores: Float[Array, "n_heads dest token"]
    values: Float[Array, "n_heads d_vocab_out token"]
    base: Float[Array, "dest d_vocab_out"]


def token_tables(
    architecture: AnyArchitecture, w: Mapping[str, Any], destinations: Sequence[int], scale: Any = None
) -> TokenTables:
    """Tables of one network for the given destinations; `scale` overrides 1/sqrt(d_head) (padded sweeps)."""
    if not isinstance(architecture, Architecture):
        scores = jnp.repeat(w["scores"][:, None], len(destinations), axis=1)
        values = jnp.einsum("nvh,nho->nov", w["V"], w["O"])
        base = w["b"] if architecture.biases else jnp.zeros(architecture.d_vocab_out, values.dtype)
        return TokenTables(scores, values, jnp.repeat(base[None], len(destinations), axis=0))
    a, attn = architecture, "blocks.0.attn."
    embedded = w["embed.W_E"]
    if a.positions:
        embedded = (w["pos_embed.W_pos"][:, None] + embedded[None]).reshape(-1, a.d_model)
    read = embedded[jnp.array(destinations)] if len(destinations) > 1 else embedded[destinations[0]][None]
    q = jnp.einsum("dm,nmh->ndh", read, w[attn + "W_Q"])
    if a.biases:
        q = q + w[attn + "b_Q"][:, None]
    q = q * (1 / math.sqrt(a.d_head) if scale is None else scale)
    toward = jnp.einsum("ndh,nmh->ndm", q, w[attn + "W_K"])
    scores = jnp.einsum("ndm,vm->ndv", toward, embedded)
    write = jnp.einsum("nhm,mo->nho", w[attn + "W_O"], w["unembed.W_U"])
    v = jnp.einsum("vm,nmh->nvh", embedded, w[attn + "W_V"])
    base = jnp.zeros((len(destinations), a.d_vocab_out), v.dtype)
    if a.biases:
        scores = scores + jnp.einsum("ndh,nh->nd", q, w[attn + "b_K"])[..., None]
        v = v + w[attn + "b_V"][:, None]
        base = base + w[attn + "b_O"] @ w["unembed.W_U"] + w["unembed.b_U"]
    if a.direct_path:
        base = base + read @ w["unembed.W_U"]
    return TokenTables(scores, jnp.einsum("nvh,nho->nov", v, write), base)


def logits_by_token(tables: TokenTables, destination: Array, counts: Array) -> Float[Array, "row d_vocab_out"]:
    """Logits of every read. `destination [row]` indexes the tables' destinations, `counts [row, token]`."""
    present = counts > 0
    scores = tables.scores[:, destination]
    scores = jnp.where(present, scores + jnp.log(jnp.where(present, counts, 1)).astype(scores.dtype), -jnp.inf)
    pattern = jax.nn.softmax(scores, axis=-1)
    return tables.base[destination] + jnp.einsum("nrv,nov->ro", pattern, tables.values)
