"""Any small transformer at given token sequences, with balls.

For networks that are more than token counts: several layers, positions, an MLP. Each sequence is pushed through the
network in ball arithmetic, one matrix product after the other, and read at its last position:

    x = W_E[tokens] + W_pos
    each layer:  x += sum_h softmax(x W_Q (x W_K)^T / sqrt(d_head)) x W_V W_O  (+ biases)
                 x += act(x W_in + b_in) W_out + b_out
    logits = x[-1] W_U + b_U        without a direct path, the embedding of the last position is taken out of x first

Slower than `balls.py` (a quarter of a millisecond a sequence and small layer) and meant for domains of up to 100,000
inputs x outputs. A tie that does not show as exactly 0 stays "undecided".

>>> state = {"embed.W_E": np.eye(2), "unembed.W_U": np.array([[1.0, 0.0], [0.0, 3.0]])}
>>> certify_network(state, np.array([[0, 1], [1, 0]]), np.array([1, 1]), d_head_scale=1).lower.tolist()
[3.0, -1.0]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from flint import arb, arb_mat, ctx

from readoff.certificates.dyadic import dyadic
from readoff.certificates.margins import MarginCertificate, Targets, certify, check_labels, check_share, largest

LIMIT = 100_000
MAX_BITS = 4096


@dataclass(frozen=True)
class Shape:
    """What the stored arrays do not say: `d_head_scale` (scores are divided by its square root), whether the read
    position's own embedding reaches the unembedding, whether attention looks back only, the MLP's activation (exact
    GELU with erf), and what the arrays do say: the number of layers."""

    n_layers: int
    d_head_scale: int
    direct_path: bool
    causal: bool
    act_fn: Literal["relu", "gelu"]


def certify_network(
    state: Mapping[str, np.ndarray],
    tokens: np.ndarray,
    labels: np.ndarray,
    *,
    d_head_scale: int,
    direct_path: bool = True,
    causal: bool = True,
    act_fn: Literal["relu", "gelu"] = "relu",
    weights: Sequence[int] | np.ndarray | None = None,
    denominator: int | None = None,
    targets: Targets | None = None,
    bits: int = 64,
) -> MarginCertificate:
    """Enclose the margin at the last position of every token sequence.

    state    TransformerLens names: embed.W_E, pos_embed.W_pos [at least n_ctx, d_model], blocks.{l}.attn.*,
             blocks.{l}.mlp.W_in [d_model, d_mlp], .b_in, .W_out [d_mlp, d_model], .b_out, unembed.*; positions, any
             block's attention or MLP, and every bias may be absent
    tokens   int [n, n_ctx]; labels int [n]; weights, denominator, targets as in `balls.certify_margins`

    ValueError: names or shapes that do not fit (LayerNorm is not supported), tokens or labels out of range, or
    more than 100,000 inputs x outputs.
    """
    shape = Shape(_n_layers(state), int(d_head_scale), direct_path, causal, act_fn)
    rows = _check_tokens(state, tokens)
    d_vocab_out = np.shape(state["unembed.W_U"])[1]
    if len(rows) * d_vocab_out > LIMIT:
        raise ValueError(
            f"{len(rows):,} inputs x {d_vocab_out} outputs are more than {LIMIT:,}; certify a count network with "
            "readoff.certificates.float_bound, or fewer inputs."
        )
    y = check_labels(labels, len(rows), d_vocab_out)
    share = check_share(len(y), weights, denominator)
    parameters = {bits: _balls(state, bits)}

    def settle(i: int) -> tuple[arb, int]:
        used = bits
        while True:
            used = min(2 * used, MAX_BITS)
            if used not in parameters:
                parameters[used] = _balls(state, used)
            row = _logits(parameters[used], shape, rows[i], used)
            with ctx.workprec(used):
                margin = -largest(x - row[y[i]] for o, x in enumerate(row) if o != y[i])
            if margin > 0 or margin <= 0 or used == MAX_BITS:
                return margin, used

    logits = [_logits(parameters[bits], shape, row, bits) for row in rows]
    return certify(logits, y, bits=bits, share=share, targets=targets, settle=settle)


def _logits(w: dict[str, list[arb_mat]], shape: Shape, tokens: list[int], bits: int) -> list[arb]:
    """Balls [d_vocab_out] of the logits at the last position."""
    with ctx.workprec(bits):
        embed, position = w["embed.W_E"][0], w.get("pos_embed.W_pos", [None])[0]
        x = arb_mat([[embed[t, j] for j in range(embed.ncols())] for t in tokens])
        if position is not None:
            x = x + arb_mat([[position[t, j] for j in range(position.ncols())] for t in range(len(tokens))])
        own = _last(x)
        for layer in range(shape.n_layers):
            is_last = layer == shape.n_layers - 1
            x = _attend(w, shape, layer, x, only_last=is_last)
            x = _mlp(w, shape, layer, x)
        read = _last(x) if shape.direct_path else _last(x) - own
        return _plus_bias(read * w["unembed.W_U"][0], w.get("unembed.b_U"), 0).entries()


def _attend(w: dict[str, list[arb_mat]], shape: Shape, layer: int, x: arb_mat, only_last: bool) -> arb_mat:
    """The residual stream after the attention of a layer: all positions, or only the last as a single row."""
    name = f"blocks.{layer}.attn."
    n, offset = x.nrows(), x.nrows() - 1 if only_last else 0
    out = _last(x) if only_last else x
    query = out
    if name + "W_Q" not in w:
        return out
    root = arb(shape.d_head_scale).rsqrt()
    for h in range(len(w[name + "W_Q"])):
        q, k, v = (
            _plus_bias(y * w[name + "W_" + letter][h], w.get(name + "b_" + letter), h)
            for letter, y in (("Q", query), ("K", x), ("V", x))
        )
        scores = (q * k.transpose() * root).tolist()
        pattern = [_softmax(row[: offset + i + 1] if shape.causal else row, n) for i, row in enumerate(scores)]
        out = out + arb_mat(pattern) * v * w[name + "W_O"][h]
    return _plus_bias(out, w.get(name + "b_O"), 0)


def _softmax(scores: list[arb], n: int) -> list[arb]:
    """Softmax of the scores, filled up with zeros to length n."""
    top = max((s.mid() for s in scores), key=float)  # any number will do; near the top keeps the exponentials small
    e = [(s - top).exp() for s in scores]
    total = 1 / sum(e, arb(0))
    return [x * total for x in e] + [arb(0)] * (n - len(e))


def _mlp(w: dict[str, list[arb_mat]], shape: Shape, layer: int, x: arb_mat) -> arb_mat:
    name = f"blocks.{layer}.mlp."
    if name + "W_in" not in w:
        return x
    pre = _plus_bias(x * w[name + "W_in"][0], w.get(name + "b_in"), 0)
    act = _relu if shape.act_fn == "relu" else _gelu
    post = arb_mat(pre.nrows(), pre.ncols(), [act(z) for z in pre.entries()])
    return _plus_bias(x + post * w[name + "W_out"][0], w.get(name + "b_out"), 0)


def _relu(z: arb) -> arb:
    return z.max(arb(0))


def _gelu(z: arb) -> arb:
    return z * (1 + (z / arb(2).sqrt()).erf()) / 2


def _last(x: arb_mat) -> arb_mat:
    return arb_mat([x.tolist()[-1]])


def _plus_bias(x: arb_mat, bias: list[arb_mat] | None, head: int) -> arb_mat:
    return x if bias is None else x + arb_mat(x.nrows(), 1, [1] * x.nrows()) * bias[head]


def _balls(state: Mapping[str, np.ndarray], bits: int) -> dict[str, list[arb_mat]]:
    """Every array as a list of matrices: one a head, or a single one; a vector becomes one row."""
    balls = {}
    with ctx.workprec(bits):
        for name, array in state.items():
            per_head = np.asarray(array)
            if name[-3:] in ("b_Q", "b_K", "b_V"):
                per_head = per_head[:, None, :]
            elif per_head.ndim < 3:
                per_head = np.atleast_2d(per_head)[None]
            balls[name] = [dyadic(matrix, name).balls() for matrix in per_head]
    return balls


def _n_layers(state: Mapping[str, np.ndarray]) -> int:
    """The number of layers; ValueError for names or shapes that do not fit."""
    missing = [name for name in ("embed.W_E", "unembed.W_U") if name not in state]
    if missing:
        raise ValueError(f"the weights lack {', '.join(missing)}; expected TransformerLens names.")
    split = [name.split(".") for name in state]
    layers = {int(parts[1]) for parts in split if len(parts) == 4 and parts[0] == "blocks" and parts[1].isdigit()}
    if np.ndim(state["embed.W_E"]) != 2:
        raise ValueError(f"embed.W_E has shape {np.shape(state['embed.W_E'])}; expected [d_vocab, d_model].")
    d_vocab, d_model = np.shape(state["embed.W_E"])
    known: dict[str, tuple[int, ...]] = {"embed.W_E": (d_vocab, d_model), "pos_embed.W_pos": (-1, d_model)}
    known |= {"unembed.W_U": (d_model, -1), "unembed.b_U": (np.shape(state["unembed.W_U"])[-1],)}
    for layer in layers:
        attn, mlp = f"blocks.{layer}.attn.", f"blocks.{layer}.mlp."
        if any(name.startswith(attn) for name in state):
            n_heads, _, d_head = (*np.shape(state.get(attn + "W_Q", np.zeros((1, 1, 1)))), 1, 1, 1)[:3]
            known |= {attn + "W_" + x: (n_heads, d_model, d_head) for x in "QKV"}
            known |= {attn + "b_" + x: (n_heads, d_head) for x in "QKV"}
            known |= {attn + "W_O": (n_heads, d_head, d_model), attn + "b_O": (d_model,)}
            _require(state, *(attn + "W_" + x for x in "QKVO"))
        if any(name.startswith(mlp) for name in state):
            d_mlp = np.shape(state.get(mlp + "W_in", np.zeros((1, 1))))[-1]
            known |= {mlp + "W_in": (d_model, d_mlp), mlp + "b_in": (d_mlp,)}
            known |= {mlp + "W_out": (d_mlp, d_model), mlp + "b_out": (d_model,)}
            _require(state, mlp + "W_in", mlp + "W_out")
    for name, array in state.items():
        if name not in known:
            raise ValueError(f"{name} is not a weight this enclosure knows (LayerNorm is not supported).")
        given, expected = np.shape(array), known[name]
        if len(given) != len(expected) or any(e not in (-1, g) for g, e in zip(given, expected)):
            raise ValueError(f"{name} has shape {given}; expected {expected} beside the other weights (-1: any).")
    return max(layers, default=-1) + 1


def _require(state: Mapping[str, np.ndarray], *names: str) -> None:
    missing = [name for name in names if name not in state]
    if missing:
        raise ValueError(f"the weights lack {', '.join(missing)}; expected TransformerLens names.")


def _check_tokens(state: Mapping[str, np.ndarray], tokens: object) -> list[list[int]]:
    given = np.asarray(tokens)
    d_vocab = np.shape(state["embed.W_E"])[0]
    if given.ndim != 2 or given.size == 0 or given.dtype.kind not in "iu":
        raise ValueError(f"tokens are {given.dtype} of shape {given.shape}; expected integers [n, n_ctx].")
    if given.min() < 0 or given.max() >= d_vocab:
        raise ValueError(f"tokens run from {given.min()} to {given.max()}; the vocabulary is 0 to {d_vocab - 1}.")
    if "pos_embed.W_pos" in state and given.shape[1] > len(state["pos_embed.W_pos"]):
        raise ValueError(f"sequences of {given.shape[1]} tokens; W_pos has {len(state['pos_embed.W_pos'])} positions.")
    return given.tolist()
