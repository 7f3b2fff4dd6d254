"""From wanted tables to weights: write down what heads attend to and write, get a network that does exactly that.

    built = build(architecture, scores=[[0] * 12], values=[table], base=[0] * 10)      # table [12, 10]
    built.network, built.residual                                                       # 0.0: exact

Wanted are, for the read token's row and per head, scores [d_vocab] (nats, up to a constant per head), values (EVOU)
[d_vocab, d_vocab_out] or `Factors(V, O)` with EVOU = V O, and the base [d_vocab_out] (what stands there anyway). The
residual stream then carries one feature for every independent column of all V and scores; W_U's rows span what the
heads write; b_U (or, without biases, the read token's direct path) supplies the base.

Or whole tables: scores [n_heads, d_vocab, d_vocab], a row for every query (EQKE, up to a constant per row), and the
base [d_vocab, d_vocab_out], a row for every token that reads (EU and the output bias together); see `full_tables`. All
choices are made over the rationals, so ranks are facts: what does not fit is `Unreachable`, and the message names the
missing rank.

>>> from readoff.networks.architecture import EffectiveArchitecture
>>> tiny = EffectiveArchitecture(d_vocab=3, d_vocab_out=3, n_ctx=2, n_heads=1, d_head=1, biases=False)
>>> build(tiny, scores=[[0, 0, 0]], values=[[[0, 0, 0], [0, 1, 0], [0, 0, 1]]])
Traceback (most recent call last):
readoff.core.errors.Unreachable: EVOU of head 0 has rank 2; d_head is 1. Give d_head >= 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import numpy as np

from readoff.circuits.paths import one_layer
from readoff.constructions.full_tables import lay_out_full
from readoff.constructions.rational import Rows, factorised, floats, fractions, product, rank, zeros
from readoff.constructions.residual import lay_out
from readoff.core.errors import BadValue, Unreachable
from readoff.networks.architecture import AnyArchitecture, EffectiveArchitecture
from readoff.networks.network import Network


@dataclass(frozen=True, eq=False)
class Factors:
    """A head's values as a product: V [d_vocab, k], O [k, d_vocab_out]."""

    V: Rows
    O: Rows  # noqa: E741


@dataclass(frozen=True, eq=False)
class Built:
    """A constructed network and how far its tables are from the wanted ones.

    residual        largest error of EVOU and base, computed exactly from the stored weights (0.0 means equal)
    score_residual  largest error of the scores in nats, up to a constant per head and query
    """

    network: Network
    residual: float
    score_residual: float


def build(
    architecture: AnyArchitecture,
    scores: Rows,
    values: Sequence[Rows | Factors],
    base: Rows | None = None,
    *,
    read_token: int = 0,
    tolerance: float = 0.0,
    origin: str = "built from tables",
) -> Built:
    """A network of `architecture` with the wanted tables; float64 weights.

    Exact if the tables hold integers or floats and no quotient is needed that float64 lacks; otherwise the residual
    says how far off. With `tolerance` > 0 a table of too large a rank is replaced by its nearest one of rank d_head
    if no entry moves by more. Unreachable: a rank that does not fit. BadValue: shapes, numbers that are not finite,
    an architecture that is not one attention layer.
    """
    one_layer(architecture)
    score_table = fractions(scores, "scores")
    wanted_base = zeros(architecture.d_vocab_out) if base is None else fractions(base, "base")
    _refuse_shapes(architecture, score_table, wanted_base, len(values))
    full = score_table.ndim == 3 or wanted_base.ndim == 2
    if full:
        if isinstance(architecture, EffectiveArchitecture):
            raise BadValue("the effective model has one query row and one base; whole tables need an Architecture.")
        whole = (architecture.n_heads, architecture.d_vocab, architecture.d_vocab)
        score_table = np.broadcast_to(score_table if score_table.ndim == 3 else score_table[:, None], whole)
        wanted_base = np.broadcast_to(wanted_base, (architecture.d_vocab, architecture.d_vocab_out))
    factors = [_factor(v, h, architecture, tolerance) for h, v in enumerate(values)]
    wanted = [product(fractions(v.V), fractions(v.O)) if isinstance(v, Factors) else fractions(v) for v in values]
    if wanted_base.any() and not architecture.has_constant_logits:
        raise Unreachable(
            "the base is not 0, but this architecture has no constant logit vector. Give it biases, or a direct path "
            "for the read token."
        )
    if isinstance(architecture, EffectiveArchitecture):
        weights = _effective(architecture, score_table, factors, wanted_base)
    elif full:
        weights = lay_out_full(architecture, score_table, factors, wanted_base)
    else:
        weights = lay_out(architecture, score_table, factors, wanted_base, read_token)
    network = Network(architecture, weights, "constructed", origin)
    return Built(network, *_residuals(network, score_table, wanted, wanted_base, None if full else read_token))


def _refuse_shapes(architecture: AnyArchitecture, scores: np.ndarray, base: np.ndarray, n_values: int) -> None:
    heads, tokens, outputs = architecture.n_heads, architecture.d_vocab, architecture.d_vocab_out
    if scores.shape not in ((heads, tokens), (heads, tokens, tokens)) or n_values != heads:
        raise BadValue(
            f"scores have shape {list(scores.shape)} and {n_values} value tables were given; expected one value table "
            f"a head and scores [n_heads, d_vocab] = {[heads, tokens]}, or a row for every query, "
            f"{[heads, tokens, tokens]}."
        )
    if base.shape not in ((outputs,), (tokens, outputs)):
        raise BadValue(
            f"base has shape {list(base.shape)}; expected [d_vocab_out] = [{outputs}], or a row for every token that "
            f"reads, {[tokens, outputs]}."
        )


def _factor(
    values: Rows | Factors, head: int, architecture: AnyArchitecture, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Exact V [d_vocab, k] and O [k, d_out] with k independent columns and rows."""
    shape = (architecture.d_vocab, architecture.d_vocab_out)
    if isinstance(values, Factors):
        left, right = fractions(values.V, f"V of head {head}"), fractions(values.O, f"O of head {head}")
        if left.ndim != 2 or right.ndim != 2 or (left.shape[0], right.shape[1]) != shape or left.shape[1] != len(right):
            raise BadValue(
                f"V {list(left.shape)} and O {list(right.shape)} of head {head} do not fit; expected "
                f"[{shape[0]}, k] and [k, {shape[1]}]."
            )
        if rank(left) == rank(right) == left.shape[1]:
            table, k = None, left.shape[1]
        else:
            table = product(left, right)
            k = rank(table)
    else:
        table = fractions(values, f"values of head {head}")
        left = right = table
        if table.shape != shape:
            raise BadValue(f"values of head {head} have shape {list(table.shape)}; expected {list(shape)}.")
        k = rank(table)
    if k > architecture.d_head:
        table = product(left, right) if table is None else table
        near = _nearest(table, architecture.d_head, tolerance)
        if near is None:
            raise Unreachable(_too_large(table, k, head, architecture.d_head))
        return near
    return (left, right) if table is None else factorised(table)


def _nearest(table: np.ndarray, k: int, tolerance: float) -> tuple[np.ndarray, np.ndarray] | None:
    """The best rank-k approximation if no entry moves by more than `tolerance`."""
    left, size, right = np.linalg.svd(floats(table), full_matrices=False)
    scaled = left[:, :k] * size[:k]
    if np.abs(scaled @ right[:k] - floats(table)).max() > tolerance:
        return None
    return fractions(scaled), fractions(right[:k])


def _too_large(table: np.ndarray, k: int, head: int, d_head: int) -> str:
    ones = fractions([[1]] * len(table))
    hint = ""
    if rank(np.hstack([table, ones])) == k:
        hint = f" (A constant row moved from it to the base, which changes no answer, would leave rank {k - 1}.)"
    return f"EVOU of head {head} has rank {k}; d_head is {d_head}. Give d_head >= {k}.{hint}"


def _effective(
    architecture: EffectiveArchitecture,
    scores: np.ndarray,
    factors: list[tuple[np.ndarray, np.ndarray]],
    base: np.ndarray,
) -> dict[str, np.ndarray]:
    weights = {name: np.zeros(shape) for name, shape in architecture.shapes().items()}
    weights["scores"][:] = floats(scores)
    for h, (left, right) in enumerate(factors):
        weights["V"][h, :, : left.shape[1]] = floats(left)
        weights["O"][h, : len(right)] = floats(right)
    if architecture.biases:
        weights["b"][:] = floats(base)
    return weights


def _residuals(
    network: Network, scores: np.ndarray, values: list[np.ndarray], base: np.ndarray, read_token: int | None
) -> tuple[float, float]:
    """Errors of the stored weights' tables, from products over the rationals; for one read token or for all."""
    architecture = network.architecture
    w = {name: fractions(array) for name, array in network.weights.items()}
    if isinstance(architecture, EffectiveArchitecture):
        found = [product(w["V"][h], w["O"][h]) for h in range(architecture.n_heads)]
        found_base = w["b"] if architecture.biases else zeros(architecture.d_vocab_out)
        found_scores = w["scores"]
    else:
        embed, unembed, attn = w["embed.W_E"], w["unembed.W_U"], "blocks.0.attn."
        bias = {x: w.get(f"{attn}b_{x}", zeros(architecture.n_heads, architecture.d_head)) for x in "QKV"}
        heads = range(architecture.n_heads)
        asking = embed if read_token is None else embed[read_token : read_token + 1]
        reads = [product(embed, w[f"{attn}W_V"][h]) + bias["V"][h] for h in heads]
        found = [product(reads[h], product(w[f"{attn}W_O"][h], unembed)) for h in heads]
        residual = w.get(f"{attn}b_O", zeros(architecture.d_model)) + asking * int(architecture.direct_path)
        found_base = product(residual, unembed) + w.get("unembed.b_U", zeros(architecture.d_vocab_out))
        root = Fraction(isqrt(architecture.d_head << 400), 1 << 200)
        queries = [product(asking, w[f"{attn}W_Q"][h]) + bias["Q"][h] for h in heads]
        keys = [product(embed, w[f"{attn}W_K"][h]) + bias["K"][h] for h in heads]
        found_scores = np.stack([product(q, k.T) / root for q, k in zip(queries, keys)])
        if read_token is not None:
            found_base, found_scores = found_base[0], found_scores[:, 0]
    errors = [abs(x) for one, other in zip([*found, found_base], [*values, base]) for x in (one - other).ravel()]
    off = (found_scores - scores).reshape(-1, architecture.d_vocab)
    return float(max(errors)), float(max((max(row) - min(row)) / 2 for row in off.tolist()))
