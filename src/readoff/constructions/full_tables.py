"""Weights for whole tables: what every query token attends to (EQKE), and what it says by itself (EU).

The residual stream then has three kinds of coordinates. Those of a rank factorisation E W_U = EU carry both an
embedding and an unembedding; the others carry features that heads read (and W_U is 0 there), or directions that heads
write (and E is 0 there), so that nothing else reaches the direct path:

              EU = P Q    features    written
    E      [   P            F            0     ]
    W_U    [   Q            0            R     ]^T

The number of coordinates is as small as it can be: E needs the rank of [P F], W_U that of [Q; R], and both together at
least the sum of these less the rank of EU. Scores are wanted up to a constant per query, values and EU as they are.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, sqrt

import numpy as np

from readoff.constructions.rational import (
    coordinates,
    factorised,
    floats,
    fractions,
    independent_columns,
    rank,
    zeros,
)
from readoff.core.errors import BadValue, Unreachable
from readoff.networks.architecture import Architecture

Factored = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class _Stream:
    """Exact W_E and W_U, and the coordinates that heads may read from and write to."""

    embed: np.ndarray
    unembed: np.ndarray

    @property
    def read(self) -> list[int]:
        return [c for c, column in enumerate(self.embed.T) if column.any()]

    @property
    def write(self) -> list[int]:
        return [c for c, row in enumerate(self.unembed) if row.any()]


def lay_out_full(
    architecture: Architecture, eqke: np.ndarray, factors: Factored, direct: np.ndarray
) -> dict[str, np.ndarray]:
    """Float64 weights with exact tables eqke [n_heads, d_vocab, d_vocab] and direct [d_vocab, d_vocab_out].

    Unreachable: a rank that does not fit d_head or d_model, or tables that need a direct path that is not there.
    """
    attn, biases = "blocks.0.attn.", architecture.biases
    exact = {name: zeros(*shape) for name, shape in architecture.shapes().items()}
    bias = direct[0] if biases else zeros(architecture.d_vocab_out)
    beyond = direct - bias
    if not architecture.direct_path and beyond.any():
        raise Unreachable(
            f"EU has rank {rank(beyond)} beyond what every token says, and this architecture has no direct path."
        )
    queries, keys = zip(*(_scores(table, h, architecture.d_head) for h, table in enumerate(eqke)))
    stream = _stream(architecture, beyond, factors, queries, keys)
    exact["embed.W_E"], exact["unembed.W_U"] = stream.embed, stream.unembed
    if biases:
        exact["unembed.b_U"] = bias

    ones = fractions([[1]] * architecture.d_vocab)
    features = stream.embed[:, stream.read]
    with_ones = np.hstack([features, ones])
    free = rank(with_ones) > rank(features)  # a constant is no feature yet
    chosen = [stream.write[i] for i in independent_columns(stream.unembed[stream.write].T)]
    root = isqrt(architecture.d_head)
    scale = Fraction(root if root * root == architecture.d_head else sqrt(architecture.d_head))
    for h, (left, right) in enumerate(factors):
        for letter, wanted, shift in (("V", left, biases), ("Q", queries[h] * scale, biases), ("K", keys[h], True)):
            basis = with_ones if shift and free else features
            kept = independent_columns(basis)
            found = coordinates(basis[:, kept], wanted)
            assert found is not None, "a wanted column is outside the span that was laid out for it"
            for place, row in zip(kept, found):
                if place < len(stream.read):
                    exact[attn + "W_" + letter][h, stream.read[place], : wanted.shape[1]] = row
                elif biases:  # without biases this is a constant over keys, which changes no attention
                    exact[attn + "b_" + letter][h, : wanted.shape[1]] = row
        out = coordinates(stream.unembed[chosen].T, right.T)
        assert out is not None, "a written direction is outside the rows that were laid out for it"
        exact[attn + "W_O"][h, : len(right), chosen] = out
    return {name: floats(array) for name, array in exact.items()}


def _scores(table: np.ndarray, head: int, d_head: int) -> tuple[np.ndarray, np.ndarray]:
    """(queries [d_vocab, k], keys [d_vocab, k]) with queries @ keys^T = table up to a constant per query."""
    differences = table - table[:, :1]
    queries, keys = factorised(differences)
    if len(keys) > d_head:
        raise Unreachable(
            f"EQKE of head {head} has rank {len(keys)} up to a constant per query; d_head is {d_head}. "
            f"Give d_head >= {len(keys)}."
        )
    return queries, keys.T


def _stream(architecture: Architecture, beyond: np.ndarray, factors: Factored, queries: tuple, keys: tuple) -> _Stream:
    d_model, d_vocab, d_out = architecture.d_model, architecture.d_vocab, architecture.d_vocab_out
    one_hot_in, one_hot_out = architecture.embedding == "one_hot", architecture.unembedding == "one_hot"
    direct = architecture.direct_path
    says, outs = factorised(beyond)
    if one_hot_in:
        says, outs = fractions(np.eye(d_vocab, dtype=int)), beyond
    if one_hot_out:
        says, outs = (says if one_hot_in else beyond), fractions(np.eye(d_out, dtype=int))
    if one_hot_in and one_hot_out and direct and (fractions(np.eye(d_vocab, d_out, dtype=int)) != beyond).any():
        raise BadValue("one-hot on both sides: EU is fixed (token i says output i), up to a bias; ask for that one.")
    read = _more(says, *_wanted(architecture, factors, queries, keys))
    written = np.vstack([right for _, right in factors])
    write = _more(outs.T, written.T, zeros(d_out, 0)).T
    read_at = says.shape[1] if direct else 0
    write_at = max(read_at + read.shape[1], len(outs)) if direct else 0
    need = max(says.shape[1], len(outs), read_at + read.shape[1], write_at + len(write))
    if need > d_model:
        raise Unreachable(
            f"the direct path takes {says.shape[1]} coordinates of the residual stream, features that heads read "
            f"{read.shape[1]} more and directions that they write {len(write)} more; d_model is {d_model}. "
            f"Give d_model >= {need}."
        )
    embed, unembed = zeros(d_vocab, d_model), zeros(d_model, d_out)
    embed[:, : says.shape[1]], unembed[: len(outs)] = says, outs
    if read.shape[1]:
        embed[:, read_at : read_at + read.shape[1]] = read
    if len(write):
        unembed[write_at : write_at + len(write)] = write
    return _Stream(embed, unembed)


def _wanted(
    architecture: Architecture, factors: Factored, queries: tuple, keys: tuple
) -> tuple[np.ndarray, np.ndarray]:
    """Features that must be there exactly, and those that may be shifted by a constant."""
    exactly = [left for left, _ in factors] + list(queries)
    if architecture.biases:
        return zeros(architecture.d_vocab, 0), np.hstack([*exactly, *keys])
    return np.hstack(exactly), np.hstack(list(keys))


def _more(there: np.ndarray, exactly: np.ndarray, shifted: np.ndarray) -> np.ndarray:
    """Columns that must join `there` to span `exactly`, and `shifted` up to constants."""
    ones = fractions([[1]] * len(there))
    columns = np.hstack([there, exactly, ones, shifted])
    constant = there.shape[1] + exactly.shape[1]
    return columns[:, [c for c in independent_columns(columns) if c >= there.shape[1] and c != constant]]
