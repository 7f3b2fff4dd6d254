"""The `direct` forward: any architecture, edits and recorded sites, as a pure function of one network's weights.

    logits, sites = forward(architecture, weights, tokens, record=("blocks.0.attn.hook_pattern",))

    tokens [batch, n_ctx] int    ->    logits [batch, n_ctx, d_vocab_out]

It is the plain reading of the architecture: residual stream, heads, MLP. The trainer uses faster forwards where they
are valid (`by_token`, `by_count`); all three agree in logits and gradients, which the tests hold. For an ensemble use
`jax.vmap` over the weights' model axis.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from readoff.core.edits import Edit
from readoff.core.errors import UnknownName
from readoff.networks.architecture import AnyArchitecture, Architecture

Weights = Mapping[str, Any]


def forward(
    architecture: AnyArchitecture,
    weights: Weights,
    tokens: Int[Array, "batch n_ctx"],
    edits: Sequence[Edit] = (),
    record: Sequence[str] = (),
    scale: Any = None,
) -> tuple[Float[Array, "batch n_ctx d_vocab_out"], dict[str, Array]]:
    """Logits at every position, and the recorded sites. `scale` overrides 1/sqrt(d_head) (padded sweeps)."""
    known = set(sites(architecture))
    for name in [*record, *(edit.site for edit in edits)]:
        if name not in known:
            raise UnknownName("site", name, known)
    seen: dict[str, Array] = {}

    def at(name: str, value: Array) -> Array:
        for edit in edits:
            if edit.site == name:
                value = _replaced(value, edit)
        if name in record:
            seen[name] = value
        return value

    if isinstance(architecture, Architecture):
        logits = _transformer(architecture, weights, tokens, at, scale)
    else:
        logits = _effective(architecture, weights, tokens, at)
    return logits, seen


def sites(architecture: AnyArchitecture) -> tuple[str, ...]:
    """Names of all sites this architecture has, in order of computation."""
    if not isinstance(architecture, Architecture):
        return ("blocks.0.attn.hook_attn_scores", "blocks.0.attn.hook_pattern", "blocks.0.attn.hook_z")
    out = ["hook_embed"] + (["hook_pos_embed"] if architecture.positions else [])
    for layer in range(architecture.n_layers):
        b = f"blocks.{layer}."
        out += [b + "hook_resid_pre"] + [b + "attn.hook_" + s for s in ("q", "k", "v", "attn_scores", "pattern", "z")]
        out += [b + "hook_attn_out"]
        if architecture.d_mlp:
            out += [b + "hook_resid_mid", b + "mlp.hook_pre", b + "mlp.hook_post", b + "hook_mlp_out"]
        out += [b + "hook_resid_post"]
    return tuple(out)


def _transformer(a: Architecture, w: Weights, tokens: Array, at: Any, scale: Any) -> Array:
    embedded = at("hook_embed", w["embed.W_E"][tokens])
    if a.positions:
        embedded = embedded + at("hook_pos_embed", w["pos_embed.W_pos"][: tokens.shape[1]])
    residual = embedded
    for layer in range(a.n_layers):
        b = f"blocks.{layer}."
        residual = at(b + "hook_resid_pre", residual)
        attended = at(b + "hook_attn_out", _attention(a, w, b + "attn.", residual, at, scale))
        residual = residual + attended
        if a.d_mlp:
            residual = at(b + "hook_resid_mid", residual)
            residual = residual + at(b + "hook_mlp_out", _mlp(a, w, b + "mlp.", residual, at))
        residual = at(b + "hook_resid_post", residual)
    if not a.direct_path:
        residual = residual - embedded
    logits = residual @ w["unembed.W_U"]
    return logits + w["unembed.b_U"] if a.biases else logits


def _attention(a: Architecture, w: Weights, name: str, residual: Array, at: Any, scale: Any) -> Array:
    def project(letter: str) -> Array:
        out = jnp.einsum("bpm,nmh->bpnh", residual, w[f"{name}W_{letter}"])
        return at(f"{name}hook_{letter.lower()}", out + w[f"{name}b_{letter}"] if a.biases else out)

    q, k, v = project("Q"), project("K"), project("V")
    scores = jnp.einsum("bqnh,bknh->bnqk", q, k) * (1 / math.sqrt(a.d_head) if scale is None else scale)
    if a.causal:
        length = scores.shape[-1]
        scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -jnp.inf)
    scores = at(f"{name}hook_attn_scores", scores)
    pattern = at(f"{name}hook_pattern", jax.nn.softmax(scores, axis=-1))
    z = at(f"{name}hook_z", jnp.einsum("bnqk,bknh->bqnh", pattern, v))
    out = jnp.einsum("bqnh,nhm->bqm", z, w[name + "W_O"])
    return out + w[name + "b_O"] if a.biases else out


def _mlp(a: Architecture, w: Weights, name: str, residual: Array, at: Any) -> Array:
    pre = residual @ w[name + "W_in"]
    pre = at(name + "hook_pre", pre + w[name + "b_in"] if a.biases else pre)
    act = jax.nn.relu(pre) if a.act_fn == "relu" else jax.nn.gelu(pre, approximate=False)
    out = at(name + "hook_post", act) @ w[name + "W_out"]
    return out + w[name + "b_out"] if a.biases else out


def _effective(a: Any, w: Weights, tokens: Array, at: Any) -> Array:
    """Every position reads with the same scores; the causal mask limits what it sees."""
    length = tokens.shape[1]
    scores = jnp.moveaxis(w["scores"][:, tokens], 0, 1)[:, :, None, :]
    scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -jnp.inf)
    scores = at("blocks.0.attn.hook_attn_scores", scores)
    pattern = at("blocks.0.attn.hook_pattern", jax.nn.softmax(scores, axis=-1))
    z = jnp.einsum("bnqk,nbkh->bqnh", pattern, w["V"][:, tokens])
    logits = jnp.einsum("bqnh,nho->bqo", at("blocks.0.attn.hook_z", z), w["O"])
    return logits + w["b"] if a.biases else logits


def _replaced(value: Array, edit: Edit) -> Array:
    """Sites with heads are [batch, pos, head, ...], attention scores and patterns [batch, head, query, key]."""
    by_head = edit.site.endswith(("scores", "pattern"))
    index: list[Any] = [slice(None)] * value.ndim
    if edit.head is not None:
        index[1 if by_head else 2] = edit.head
    if edit.position is not None:
        index[2 if by_head else 1] = edit.position
    return value.at[tuple(index)].set(jnp.asarray(edit.value, value.dtype))
