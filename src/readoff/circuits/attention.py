"""Whom a head prefers: orders of tokens, how strong the preference is, and how two orders compare.

>>> scores = np.array([[3.0, 0.0, 1.0, 2.0], [0.0, 3.0, 2.0, 1.0]])      # two heads over tokens 0..3
>>> attention_order(scores, tokens=[0, 1, 2, 3]).tolist()
[[0, 3, 2, 1], [1, 2, 3, 0]]
>>> float(kendall_tau(scores[0], scores[1])), bool(exactly_reversed(scores[0], scores[1]))
(-1.0, True)
>>> spread(scores, tokens=[0, 1, 2, 3]).tolist()                            # nats between most and least liked
[3.0, 3.0]

Orders use scores, which a head's gauge (a constant added to all of them) leaves alone. Heads have no identity across
seeds either: `align_heads` names them by what they do.
"""

from collections.abc import Sequence

import numpy as np

from readoff.circuits.paths import CountTables
from readoff.core.errors import BadValue


def attention_order(scores: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """int [..., k]: the given tokens from most to least attended; equal scores keep the order of `tokens`."""
    chosen = np.asarray(list(tokens))
    return chosen[np.argsort(-scores[..., chosen], axis=-1, kind="stable")]


def spread(scores: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """[...]: largest minus smallest score over the given tokens, in nats; 0 is uniform attention among them."""
    chosen = scores[..., list(tokens)]
    return chosen.max(axis=-1) - chosen.min(axis=-1)


def kendall_tau(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[...]: Kendall's tau-b over the last axis; NaN where all of `a` or all of `b` are equal, or not finite."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape[-1] != b.shape[-1] or a.shape[-1] < 2:
        raise BadValue(f"a rank correlation needs two equally long lists of at least 2; got {a.shape}, {b.shape}.")
    signs_a, signs_b = _signs(a), _signs(b)
    with np.errstate(invalid="ignore"):
        return (signs_a * signs_b).sum(axis=-1) / np.sqrt((signs_a**2).sum(axis=-1) * (signs_b**2).sum(axis=-1))


def exactly_reversed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """bool [...]: every pair of entries is ordered oppositely in `a` and `b`; a tie anywhere is False."""
    return (_signs(np.asarray(a)) * _signs(np.asarray(b)) == -1).all(axis=-1)


def align_heads(features: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """int [..., n_heads]: for every model the head that plays each reference head's part.

    `features` [..., n_heads, k] describe heads in a fixed gauge (centred scores, contributions); `reference`
    [n_heads, k] is one model's. The choice of distinct heads maximises the sum of inner products.
    """
    from scipy.optimize import linear_sum_assignment

    if features.shape[-2:] != reference.shape:
        raise BadValue(f"heads are described by {list(features.shape[-2:])}, the reference by {list(reference.shape)}.")
    likeness = reference @ features.swapaxes(-1, -2)
    flat = np.nan_to_num(likeness.reshape(-1, *likeness.shape[-2:]))
    chosen = np.stack([linear_sum_assignment(one, maximize=True)[1] for one in flat])
    return chosen.reshape(likeness.shape[:-1])


def permute_heads(tables: CountTables, heads: np.ndarray) -> CountTables:
    """The same networks with head h renamed from heads[..., h] (as `align_heads` returns)."""
    heads = np.broadcast_to(heads, tables.scores.shape[:-1])
    return CountTables(
        np.take_along_axis(tables.scores, heads[..., None], axis=-2),
        np.take_along_axis(tables.values, heads[..., None, None], axis=-3),
        tables.base,
    )


def _signs(x: np.ndarray) -> np.ndarray:
    """[..., k (k - 1) / 2] signs of differences of all pairs."""
    i, j = np.triu_indices(x.shape[-1], 1)
    with np.errstate(invalid="ignore"):
        return np.sign(x[..., i] - x[..., j])
