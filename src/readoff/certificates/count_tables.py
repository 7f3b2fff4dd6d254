"""A one-layer network without positions, read at its last token, as three exact tables.

Such a network sees its context only through token counts. With n_v the count of token v in the context (the read
token included),

    logit_o(n) = base_o + sum_h  sum_v n_v exp(s_hv) value_hvo / sum_v n_v exp(s_hv)

    s_hv     = (E[read] W_Q + b_Q) . (E[v] W_K + b_K) / sqrt(d_head)        how much head h looks at token v
    value_hv = (E[v] W_V + b_V) W_O W_U                                     what head h then writes
    base     = (E[read] if direct_path else 0, plus b_O) W_U + b_U          what is there anyway

All three are sums of products of stored floats, so they are dyadic rationals and are kept exactly. A score is kept as
`raw / sqrt(scale)` with an integer `scale`, in the gauge where each head's largest raw score is 0 (adding a constant
to all scores of a head changes no softmax).

>>> weights = {"embed.W_E": np.eye(2), "unembed.W_U": np.eye(2), "blocks.0.attn.W_Q": np.zeros((1, 2, 1)),
...            "blocks.0.attn.W_K": np.zeros((1, 2, 1)), "blocks.0.attn.W_V": np.array([[[0.0], [3.0]]]),
...            "blocks.0.attn.W_O": np.array([[[0.0, 1.0]]])}
>>> tables = tables_from_weights(weights, d_head_scale=1, direct_path=False, read_token=0)
>>> [[int(x) for x in row] for row in tables.values[0].fractions()]    # token 1 writes 3 on output 1
[[0, 0], [0, 3]]
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from readoff.certificates.dyadic import Dyadic, dyadic

REQUIRED = ("embed.W_E", "blocks.0.attn.W_Q", "blocks.0.attn.W_K", "blocks.0.attn.W_V", "blocks.0.attn.W_O",
            "unembed.W_U")  # fmt: skip
OPTIONAL = ("blocks.0.attn.b_Q", "blocks.0.attn.b_K", "blocks.0.attn.b_V", "blocks.0.attn.b_O", "unembed.b_U")


@dataclass(frozen=True)
class CountTables:
    """The exact tables of a token-count network.

    raw_scores  per head [1, d_vocab], largest entry 0; the score is raw / sqrt(scale)
    scale       positive integer under the square root
    values      per head [d_vocab, d_vocab_out]
    base        [1, d_vocab_out]
    """

    raw_scores: tuple[Dyadic, ...]
    scale: int
    values: tuple[Dyadic, ...]
    base: Dyadic

    @property
    def n_heads(self) -> int:
        return len(self.values)

    @property
    def d_vocab(self) -> int:
        return self.values[0].shape[0]

    @property
    def d_vocab_out(self) -> int:
        return self.base.shape[1]


def tables_from_weights(
    weights: Mapping[str, np.ndarray], *, d_head_scale: int, direct_path: bool, read_token: int
) -> CountTables:
    """The tables of a one-layer attention-only network without positions or LayerNorm.

    weights       TransformerLens names and shapes: embed.W_E [d_vocab, d_model], blocks.0.attn.W_Q/W_K/W_V
                  [n_heads, d_model, d_head], .W_O [n_heads, d_head, d_model], .b_Q/b_K/b_V [n_heads, d_head],
                  .b_O [d_model], unembed.W_U [d_model, d_vocab_out], unembed.b_U [d_vocab_out]. Absent biases are 0.
    d_head_scale  scores are divided by its square root: the architecture's d_head (a zero-padded axis may be longer)
    direct_path   whether the read token's own embedding reaches the unembedding
    read_token    the token at the position that is read

    ValueError: a name missing or unknown (the network is then not of this kind), shapes that do not fit, numbers that
    are not finite, a read_token outside the vocabulary.
    """
    _check_names(weights)
    w = {name: np.asarray(weights[name]) for name in weights}
    n_heads, d_model, d_head = _check_shapes(w)
    embed = dyadic(w["embed.W_E"], "embed.W_E")
    if not 0 <= read_token < embed.shape[0]:
        raise ValueError(f"read_token is {read_token}; the vocabulary has tokens 0 to {embed.shape[0] - 1}.")
    _check_scale(d_head_scale)
    unembed = dyadic(w["unembed.W_U"], "unembed.W_U")

    def per_head(letter: str, head: int) -> tuple[Dyadic, Dyadic]:
        matrix, bias = f"blocks.0.attn.W_{letter}", f"blocks.0.attn.b_{letter}"
        row = w[bias][head] if bias in w else np.zeros(d_head)
        return dyadic(w[matrix][head], matrix), dyadic(row[None], bias)

    raw_scores, values = [], []
    for h in range(n_heads):
        (w_q, b_q), (w_k, b_k), (w_v, b_v) = per_head("Q", h), per_head("K", h), per_head("V", h)
        query = embed.row(read_token) @ w_q + b_q
        keys = embed @ w_k + b_k.repeat(embed.shape[0])
        raw_scores.append((query @ keys.transpose()).less_its_largest())
        read = embed @ w_v + b_v.repeat(embed.shape[0])
        values.append(read @ (dyadic(w["blocks.0.attn.W_O"][h], "blocks.0.attn.W_O") @ unembed))

    residual = dyadic(np.asarray(w.get("blocks.0.attn.b_O", np.zeros(d_model)))[None], "blocks.0.attn.b_O")
    if direct_path:
        residual = residual + embed.row(read_token)
    base = residual @ unembed
    if "unembed.b_U" in w:
        base = base + dyadic(w["unembed.b_U"][None], "unembed.b_U")
    return CountTables(tuple(raw_scores), d_head_scale, tuple(values), base)


def tables_from_effective(
    scores: np.ndarray,
    V: np.ndarray,
    O: np.ndarray,  # noqa: E741
    b: np.ndarray | None = None,
) -> CountTables:
    """The tables of an effective model: free scores [n_heads, d_vocab] (already divided by whatever they are divided
    by), V [n_heads, d_vocab, d_head], O [n_heads, d_head, d_vocab_out], b [d_vocab_out] or None for 0.

    ValueError: shapes that do not fit, or numbers that are not finite (for a hard mask use exact rational attention,
    `readoff.certificates.exact`).
    """
    shapes = [np.shape(scores), np.shape(V), np.shape(O)] + ([] if b is None else [np.shape(b)])
    fits = [len(s) for s in shapes[:3]] == [2, 3, 3] and (
        shapes[0] == shapes[1][:2] and shapes[1][2] == shapes[2][1] and shapes[0][0] == shapes[2][0]
    )
    if not fits or (b is not None and shapes[3] != shapes[2][2:]):
        raise ValueError(
            f"scores, V, O{'' if b is None else ', b'} have shapes {shapes}; expected [n_heads, d_vocab], "
            "[n_heads, d_vocab, d_head], [n_heads, d_head, d_vocab_out] and b [d_vocab_out]."
        )
    heads = range(shapes[0][0])
    return CountTables(
        tuple(dyadic(scores[h][None], "scores").less_its_largest() for h in heads),
        1,
        tuple(dyadic(V[h], "V") @ dyadic(O[h], "O") for h in heads),
        dyadic((np.zeros(shapes[2][2]) if b is None else b)[None], "b"),
    )


def _check_names(weights: Mapping[str, np.ndarray]) -> None:
    missing = [name for name in REQUIRED if name not in weights]
    if missing:
        raise ValueError(f"the weights lack {', '.join(missing)}; expected TransformerLens names.")
    unknown = sorted(set(weights) - set(REQUIRED) - set(OPTIONAL))
    if unknown:
        raise ValueError(
            f"the weights hold {', '.join(unknown)}, so this is not a one-layer attention-only network without "
            "positions; use readoff.certificates.network for others."
        )


def _check_shapes(w: Mapping[str, np.ndarray]) -> tuple[int, int, int]:
    """Refuse shapes that do not fit each other; return n_heads, d_model, d_head."""
    w_q = w["blocks.0.attn.W_Q"]
    if w_q.ndim != 3 or w["embed.W_E"].ndim != 2 or w["unembed.W_U"].ndim != 2:
        raise ValueError("expected embed.W_E [d_vocab, d_model], W_Q [n_heads, d_model, d_head] and "
                         "unembed.W_U [d_model, d_vocab_out].")  # fmt: skip
    n_heads, d_model, d_head = w_q.shape
    into, out, bias = (n_heads, d_model, d_head), (n_heads, d_head, d_model), (n_heads, d_head)
    expected = {
        "embed.W_E": (w["embed.W_E"].shape[0], d_model),
        **{f"blocks.0.attn.W_{x}": into for x in "QKV"},
        "blocks.0.attn.W_O": out,
        **{f"blocks.0.attn.b_{x}": bias for x in "QKV"},
        "blocks.0.attn.b_O": (d_model,),
        "unembed.W_U": (d_model, w["unembed.W_U"].shape[1]),
        "unembed.b_U": (w["unembed.W_U"].shape[1],),
    }
    for name, array in w.items():
        if array.shape != expected[name]:
            raise ValueError(f"{name} has shape {array.shape}; expected {expected[name]} beside the other weights.")
    return n_heads, d_model, d_head


def _check_scale(scale: int) -> None:
    if not isinstance(scale, int | np.integer) or scale < 1:
        raise ValueError(f"d_head_scale is {scale!r}; expected a positive integer, the architecture's d_head.")
