"""The space of a network: what some of its sites hold at the last position, on every input of a domain.

    space_of(network, tokens, "blocks.0.attn.hook_z")                 what all heads pass on: [n, n_heads d_head]
    space_of(network, tokens, "blocks.0.attn.hook_z", heads=(0, 1))   a pair of heads
    space_of(network, tokens, "blocks.0.mlp.hook_post")               MLP neurons
    space_of(network, tokens, "blocks.0.hook_resid_post")             the residual stream

Sites are those of `networks.forward` (TransformerLens's names). The predicates of `circuits.superposition` take the
result. `exact_head_space` gives a head's output in fractions where its attention is uniform, for certificates.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from readoff.certificates.dyadic import dyadic
from readoff.circuits.behaviour import attention
from readoff.circuits.paths import context_counts, count_tables, head_values
from readoff.core.errors import BadValue
from readoff.networks.architecture import Architecture
from readoff.networks.network import Ensemble, Network

HEADS = "blocks.0.attn.hook_z"


def space_of(
    model: Network | Ensemble, tokens: np.ndarray, site: str = HEADS, heads: Sequence[int] | None = None
) -> np.ndarray:
    """float64 [n, D] ([model, n, D] of an ensemble): a site at the last position of inputs [n, n_ctx], its heads (all,
    or the ones named) side by side.

    UnknownName: no such site. BadValue: heads that are not there, a site without heads, or (for any site but the heads
    of the first layer) no 64-bit numbers: call `readoff.configure()` before.
    """
    if heads is not None and (not site.endswith(".hook_z") or not set(heads) <= set(range(model.architecture.n_heads))):
        raise BadValue(
            f"heads {list(heads)} of {site}: only ...attn.hook_z has heads, 0 to {model.architecture.n_heads - 1}."
        )
    seen = _first_heads(model, tokens) if site == HEADS else _recorded(model, tokens, site)
    lead = 1 if isinstance(model, Ensemble) else 0
    if heads is not None:
        seen = seen[..., list(heads), :]
    return seen.reshape(*seen.shape[: lead + 1], -1)


def _first_heads(model: Network | Ensemble, tokens: np.ndarray) -> np.ndarray:
    """[..., n, n_heads, d_head]: attention to each (placed) token times what the heads read there, whatever comes
    after the first attention."""
    a, w = model.architecture, {name: np.asarray(array, np.float64) for name, array in model.weights.items()}
    if isinstance(a, Architecture):
        a = replace(a, n_layers=1, d_mlp=0)
        x = w["embed.W_E"]
        if a.positions:
            x = w["pos_embed.W_pos"][..., :, None, :] + x[..., None, :, :]
            x = x.reshape(*x.shape[:-3], -1, x.shape[-1])
        values = head_values(w, x)
    else:
        values = w["V"]
    tokens = np.asarray(tokens)
    counts = context_counts(a, tokens)
    out = np.empty((*values.shape[:-3], len(tokens), values.shape[-3], values.shape[-1]))
    for end in np.unique(tokens[:, -1]).tolist():
        rows = np.flatnonzero(tokens[:, -1] == end)
        with np.errstate(invalid="ignore"):  # diverged models give NaN, quietly
            mixed = attention(count_tables(a, w, end), counts[rows]) @ values
        out[..., rows, :, :] = np.moveaxis(mixed, -3, -2)
    return out


def _recorded(model: Network | Ensemble, tokens: np.ndarray, site: str) -> np.ndarray:
    """[..., n, ...]: any site at the last position, from the plain forward."""
    import jax
    import jax.numpy as jnp

    from readoff.core.configure import is_configured
    from readoff.networks.forward import forward

    if not is_configured():
        raise BadValue("activations are read in 64-bit numbers; call readoff.configure() once before.")
    inputs = jnp.asarray(tokens)
    weights = {name: jnp.asarray(np.asarray(array, np.float64)) for name, array in model.weights.items()}

    def one(w: dict) -> jax.Array:
        return forward(model.architecture, w, inputs, record=(site,))[1][site][:, -1]

    return np.asarray(jax.jit(jax.vmap(one) if isinstance(model, Ensemble) else one)(weights), np.float64)


def exact_head_space(network: Network, tokens: Sequence[Sequence[int]], head: int = 0) -> list[list[Fraction]]:
    """[n][d_head]: what a head of the first layer passes on, as exact fractions of the stored weights.

    BadValue: a head that may not look at all places alike (W_Q and b_Q must be 0), or positions.
    """
    w, a = network.weights, network.architecture
    query = [w[name][head] for name in ("blocks.0.attn.W_Q", "blocks.0.attn.b_Q") if name in w]
    if not isinstance(a, Architecture) or a.positions or not query or any(np.any(array) for array in query):
        raise BadValue("the exact space needs a head with uniform attention (W_Q = 0, b_Q = 0) and no positions.")
    read = dyadic(w["embed.W_E"]) @ dyadic(w["blocks.0.attn.W_V"][head])
    if "blocks.0.attn.b_V" in w:
        read = read + dyadic(w["blocks.0.attn.b_V"][head][None]).repeat(a.d_vocab)
    rows = read.fractions()
    return [[sum(column, Fraction(0)) / len(row) for column in zip(*(rows[int(t)] for t in row))] for row in tokens]
