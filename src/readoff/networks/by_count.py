"""The `by_count` forward: one layer, no positions, one destination; all networks and inputs in two matrix products.

Softmax over a multiset is a ratio of sums over the vocabulary. With e = exp(scores - max),

    numerator[o, x] = sum_v e_v values[o, v] counts[v, x]        denominator[x] = sum_v e_v counts[v, x]

so `[model * head * out, token] @ [token, row]` serves every network and every input at once. The gradient is written
out (it re-uses the same products), and nothing reduces over the last axis, which CPU code does slowly. A gap between
scores over `SAFE_GAP` would underflow for inputs that lack the largest token; then the same call goes through
`by_token`, which subtracts the maximum over the tokens present.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from readoff.networks.by_token import TokenTables, logits_by_token

SAFE_GAP = {"float32": 80.0, "float64": 650.0}


def gradients_by_count(
    scores: Float[Array, "model n_heads token"],
    values: Float[Array, "model n_heads out token"],
    base: Float[Array, "model out"],
    counts: np.ndarray,
    weighted_targets: Array,
    row_weights: Array,
) -> tuple[Array, Array, Array]:
    """Gradients of each model's weighted mean cross-entropy with respect to its scores, values and base.

    `counts` [row, token] is a constant; `weighted_targets` [out, row] or [model, out, row]; `row_weights` [row] or
    [model, 1, row] (rows drawn at random differ by model).
    """
    gaps = scores.max(-1) - scores.min(-1)
    gap = jnp.where(jnp.isfinite(gaps), gaps, 0).max()  # a network that diverged decides nothing for the others
    arguments = (scores, values, base, weighted_targets, row_weights)
    fast = lambda *a: _fast(counts, *a)  # noqa: E731
    safe = lambda *a: _safe(counts, *a)  # noqa: E731
    return jax.lax.cond(gap < SAFE_GAP[scores.dtype.name], fast, safe, *arguments)


def _fast(counts: np.ndarray, scores: Array, values: Array, base: Array, targets: Array, weights: Array):
    models, heads, tokens = scores.shape
    outs, rows = values.shape[2], len(counts)
    by_row = jnp.asarray(counts.T, scores.dtype)
    by_token = jnp.asarray(counts, scores.dtype)
    e = jnp.exp(scores - scores.max(-1, keepdims=True))
    weighed = e[:, :, None] * values
    inverse = 1 / (e.reshape(-1, tokens) @ by_row).reshape(models, heads, 1, rows)
    attended = (weighed.reshape(-1, tokens) @ by_row).reshape(models, heads, outs, rows) * inverse
    logits = base[..., None]
    for head in range(heads):
        logits = logits + attended[:, head]
    p = jnp.exp(logits - logits.max(1, keepdims=True))
    error = p * (weights / p.sum(1, keepdims=True)) - targets
    d_numerator = error[:, None] * inverse
    d_denominator = -(d_numerator[:, :, 0] * attended[:, :, 0])
    for out in range(1, outs):
        d_denominator = d_denominator - d_numerator[:, :, out] * attended[:, :, out]
    d_weighed = (d_numerator.reshape(-1, rows) @ by_token).reshape(models, heads, outs, tokens)
    d_e = (d_denominator.reshape(-1, rows) @ by_token).reshape(models, heads, tokens)
    d_base = (error.reshape(-1, rows) @ jnp.ones((rows, 1), scores.dtype)).reshape(models, outs)
    return ((d_weighed * values).sum(2) + d_e) * e, d_weighed * e[:, :, None], d_base


def _safe(counts: np.ndarray, scores: Array, values: Array, base: Array, targets: Array, weights: Array):
    rows = len(counts)
    destination = jnp.zeros(rows, jnp.int32)

    def loss(scores: Array, values: Array, base: Array) -> Array:
        tables = TokenTables(scores[:, :, None], values, base[:, None])
        logits = jax.vmap(lambda *t: logits_by_token(TokenTables(*t), destination, jnp.asarray(counts)))(*tables)
        log_p = jax.nn.log_softmax(logits.swapaxes(1, 2), axis=1)

        return -(log_p * targets).sum()

    return jax.grad(loss, argnums=(0, 1, 2))(scores, values, base)
