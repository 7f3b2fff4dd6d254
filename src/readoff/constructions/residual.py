"""Where things stand in the residual stream of a constructed network.

Reading side: every token's embedding holds its features, one coordinate for every independent column among the heads'
V columns and score columns (constants come free where there are biases, and are free in scores anyway). Writing side:
the rows of W_U span what the heads write. Both sides use the same d_model coordinates; they meet only in the direct
path, E[read] W_U, which is accounted for: by b_U, or (without biases) by the row of W_U at one coordinate where the
read token's embedding is not 0. So d_model must be at least the larger of two ranks, and that is also enough.
"""

from fractions import Fraction
from math import isqrt, sqrt

import numpy as np

from readoff.constructions.rational import coordinates, floats, fractions, independent_columns, zeros
from readoff.core.errors import BadValue, Unreachable
from readoff.networks.architecture import Architecture

Factored = list[tuple[np.ndarray, np.ndarray]]


def lay_out(
    architecture: Architecture, scores: np.ndarray, factors: Factored, base: np.ndarray, read_token: int
) -> dict[str, np.ndarray]:
    """Float64 weights of a one-layer network with the given exact tables. See `builder.build`."""
    attn = "blocks.0.attn."
    if not 0 <= read_token < architecture.d_vocab:
        raise BadValue(f"read_token is {read_token}; the vocabulary has tokens 0 to {architecture.d_vocab - 1}.")
    exact = {name: zeros(*shape) for name, shape in architecture.shapes().items()}
    embed, used = _embedding(architecture, scores, factors, base, read_token)
    exact["embed.W_E"] = embed
    ones = fractions([[1]] * len(embed))
    independent = len(independent_columns(np.hstack([embed[:, used], ones]))) > len(used)
    with_ones = np.hstack([embed[:, used], ones]) if independent else embed[:, used]

    root = isqrt(architecture.d_head)
    query = Fraction(root if root * root == architecture.d_head else sqrt(architecture.d_head))
    for h, (left, _) in enumerate(factors):
        k = left.shape[1]
        read = _solve(with_ones if architecture.biases else embed[:, used], left)
        exact[attn + "W_V"][h, used, :k] = read[: len(used)]
        if architecture.biases and independent:
            exact[attn + "b_V"][h, :k] = read[len(used)]
        if len(set(scores[h].tolist())) == 1:
            continue
        key = _solve(with_ones, scores[h][:, None])[:, 0]
        exact[attn + "W_K"][h, used, 0] = key[: len(used)]
        if architecture.biases:
            exact[attn + "b_K"][h, 0] = key[len(used)] if independent else Fraction(0)
            exact[attn + "b_Q"][h, 0] = query
        else:
            place = _nonzero(embed[read_token])
            exact[attn + "W_Q"][h, place, 0] = query / embed[read_token, place]

    unembed, writable = _unembedding(architecture, embed[read_token], factors, base)
    exact["unembed.W_U"] = unembed
    chosen = [writable[i] for i in independent_columns(unembed[writable].T)]
    for h, (_, right) in enumerate(factors):
        exact[attn + "W_O"][h, : len(right), chosen] = _solve(unembed[chosen].T, right.T)
    if architecture.biases:
        exact["unembed.b_U"] = base - (embed[read_token] @ unembed if architecture.direct_path else 0)
    return {name: floats(array) for name, array in exact.items()}


def _embedding(
    architecture: Architecture, scores: np.ndarray, factors: Factored, base: np.ndarray, read_token: int
) -> tuple[np.ndarray, list[int]]:
    """Exact W_E [d_vocab, d_model], and the coordinates of the (independent) features that heads read."""
    d_vocab, d_model = architecture.d_vocab, architecture.d_model
    if architecture.embedding == "one_hot":
        return fractions(np.eye(d_vocab, d_model, dtype=np.int64)), list(range(d_vocab))
    ones = fractions([[1]] * d_vocab)
    values = np.hstack([left for left, _ in factors])
    if architecture.biases:
        columns = np.hstack([ones, values, scores.T])
        chosen = columns[:, [c for c in independent_columns(columns) if c > 0]]
    else:
        kept = values[:, independent_columns(values)]
        columns = np.hstack([kept, ones, scores.T])
        new = [c for c in independent_columns(columns) if c > kept.shape[1]]
        chosen = np.hstack([kept, columns[:, new]])
        varied = any(len(set(row)) > 1 for row in scores.tolist())
        if (varied or base.any()) and not chosen[read_token].any():
            if new:  # a score may be shifted freely
                chosen[:, -1] += 1
            else:
                chosen = np.hstack([chosen, fractions((np.arange(d_vocab) == read_token)[:, None].astype(int))])
    own_base = architecture.unembedding == "one_hot" and architecture.direct_path and not architecture.biases
    start = architecture.d_vocab_out if own_base else 0
    if start + chosen.shape[1] > d_model:
        if own_base:
            raise BadValue(
                f"with a one-hot unembedding, a direct path and no biases the builder needs d_model >= {start} outputs "
                f"+ {chosen.shape[1]} features; d_model is {d_model}."
            )
        raise Unreachable(
            f"values and scores need {chosen.shape[1]} independent features of a token; d_model is {d_model}. "
            f"Give d_model >= {chosen.shape[1]}."
        )
    embed = zeros(d_vocab, d_model)
    embed[:, start : start + chosen.shape[1]] = chosen
    if own_base:
        embed[read_token, :start] = base
    return embed, list(range(start, start + chosen.shape[1]))


def _unembedding(
    architecture: Architecture, read: np.ndarray, factors: Factored, base: np.ndarray
) -> tuple[np.ndarray, list[int]]:
    """Exact W_U [d_model, d_vocab_out], and its coordinates in the order in which heads should prefer to write.

    Without biases, E[read] W_U is the base if there is a direct path.
    """
    d_model, d_out = architecture.d_model, architecture.d_vocab_out
    forced = architecture.direct_path and not architecture.biases
    if architecture.unembedding == "one_hot":
        unembed = fractions(np.eye(d_model, d_out, dtype=np.int64))
        if forced and (read @ unembed != base).any():
            raise BadValue("one-hot on both sides: the read token's direct path is fixed, so this base needs biases.")
        return unembed, list(range(d_model))
    written = np.vstack([right for _, right in factors])
    rows = written[independent_columns(written.T)]
    pivot = _nonzero(read) if forced and read.any() else None
    if pivot is not None and len(rows) == d_model and base.any():
        part = coordinates(rows.T, base[:, None])
        if part is not None:  # the base is one of the directions written anyway: let its row replace one of them
            rows = np.delete(rows, _nonzero(part[:, 0]), axis=0)
    if len(rows) + (pivot is not None) > d_model:
        also = " and the read token's direct path one more" if pivot is not None else ""
        need = len(rows) + (pivot is not None)
        raise Unreachable(
            f"the heads write {len(rows)} independent output directions{also}; d_model is {d_model}. "
            f"Give d_model >= {need}."
        )
    free = sorted((c for c in range(d_model) if c != pivot), key=lambda c: read[c] != 0)
    unembed = zeros(d_model, d_out)
    unembed[free[: len(rows)]] = rows
    if pivot is not None:
        unembed[pivot] = (base - read @ unembed) / read[pivot]
    return unembed, free if pivot is None else [*free, pivot]


def _solve(basis: np.ndarray, target: np.ndarray) -> np.ndarray:
    found = coordinates(basis, target)
    if found is None:
        raise AssertionError("a wanted column is outside the span that was laid out for it")
    return found


def _nonzero(row: np.ndarray) -> int:
    """A place where the row is not 0, one with 1 or -1 if there is any."""
    places = [c for c, x in enumerate(row) if x != 0]
    return min(places, key=lambda c: abs(row[c]) != 1)
