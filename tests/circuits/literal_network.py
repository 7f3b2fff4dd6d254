"""A slow, literal re-computation of a small transformer, one input and one head at a time (an oracle, not a test)."""

import math

import numpy as np

from readoff.networks.architecture import EffectiveArchitecture


def literal_logits(architecture, weights, tokens):
    """Logits at the last position of one input, following the definition word by word."""
    w = {k: np.asarray(v, np.float64) for k, v in weights.items()}
    zero = lambda name, size: w.get(name, np.zeros(size))  # noqa: E731
    if isinstance(architecture, EffectiveArchitecture):
        out = zero("b", architecture.d_vocab_out).copy()
        for h in range(architecture.n_heads):
            a = softmax([w["scores"][h, t] for t in tokens])
            out += sum(p * (w["V"][h, t] @ w["O"][h]) for p, t in zip(a, tokens))
        return out
    x = [w["embed.W_E"][t] for t in tokens]
    if architecture.positions:
        x = [row + w["pos_embed.W_pos"][p] for p, row in enumerate(x)]
    d = architecture.d_head
    residual = x[-1].copy() if architecture.direct_path else np.zeros(architecture.d_model)
    for h in range(architecture.n_heads):
        part = {s: w[f"blocks.0.attn.W_{s}"][h] for s in "QKVO"}
        b = {s: zero(f"blocks.0.attn.b_{s}", (architecture.n_heads, d))[h] for s in "QKV"}
        q = x[-1] @ part["Q"] + b["Q"]
        a = softmax([q @ (row @ part["K"] + b["K"]) / math.sqrt(d) for row in x])
        z = sum(p * (row @ part["V"] + b["V"]) for p, row in zip(a, x))
        residual = residual + z @ part["O"]
    residual = residual + zero("blocks.0.attn.b_O", architecture.d_model)
    return residual @ w["unembed.W_U"] + zero("unembed.b_U", architecture.d_vocab_out)


def softmax(scores):
    top = max(scores)
    weight = [math.exp(s - top) for s in scores]
    return [x / sum(weight) for x in weight]


def random_weights(architecture, seed, models=(), scale=1.0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return {k: (scale * rng.standard_normal((*models, *s))).astype(dtype) for k, s in architecture.shapes().items()}
