"""Small count networks for the tests, and the plain float64 recomputation they are compared with."""

import itertools

import numpy as np


def random_weights(rng, n_heads=2, d_vocab=12, d_model=16, d_head=5, d_out=10, biases=True, dtype=np.float32):
    draw = lambda *shape: rng.normal(size=shape).astype(dtype)  # noqa: E731
    weights = {"embed.W_E": draw(d_vocab, d_model), "unembed.W_U": draw(d_model, d_out)}
    for x in "QKV":
        weights[f"blocks.0.attn.W_{x}"] = draw(n_heads, d_model, d_head)
        if biases:
            weights[f"blocks.0.attn.b_{x}"] = draw(n_heads, d_head)
    weights["blocks.0.attn.W_O"] = draw(n_heads, d_head, d_model)
    if biases:
        weights |= {"blocks.0.attn.b_O": draw(d_model), "unembed.b_U": draw(d_out)}
    return weights


def numpy_logits(weights, counts, *, d_head_scale, direct_path, read_token):
    """Logits [n, d_vocab_out] in float64, one head at a time."""
    w = {name: np.asarray(array, dtype=np.float64) for name, array in weights.items()}
    embed = w["embed.W_E"]
    n_heads, _, d_head = w["blocks.0.attn.W_Q"].shape
    residual = np.zeros((len(counts), embed.shape[1])) + w.get("blocks.0.attn.b_O", 0)
    if direct_path:
        residual = residual + embed[read_token]
    for h in range(n_heads):
        q, k, v = (
            embed @ w[f"blocks.0.attn.W_{x}"][h] + w.get(f"blocks.0.attn.b_{x}", np.zeros((n_heads, d_head)))[h]
            for x in "QKV"
        )
        scores = q[read_token] @ k.T / np.sqrt(d_head_scale)
        e = counts * np.exp(scores - scores.max())
        residual = residual + (e / e.sum(axis=1, keepdims=True)) @ v @ w["blocks.0.attn.W_O"][h]
    return residual @ w["unembed.W_U"] + w.get("unembed.b_U", 0)


def pair_domain(n_signal=4, n_noise=7):
    """Token counts [n, 1 + n_signal + n_noise], labels [n] and integer weights [n] of the pair task at length 5."""
    counts, labels, weights = [], [], []
    for label, (a, b) in enumerate(itertools.combinations_with_replacement(range(1, n_signal + 1), 2)):
        noise = range(n_signal + 1, n_signal + n_noise + 1)
        for i, j in itertools.combinations_with_replacement(noise, 2):
            row = np.bincount([0, a, b, i, j], minlength=1 + n_signal + n_noise)
            counts.append(row)
            labels.append(label)
            weights.append((2 - (a == b)) * (2 - (i == j)))
    return np.array(counts), np.array(labels), weights
