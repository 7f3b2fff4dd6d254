"""Other weights, the same function: every gauge that an architecture has, changed at once.

    basis inside a head      (V M, M^-1 O) and (Q N, K N^-T) are the same head; always there
    constant over keys       b_K, or the effective model's scores: every key gets the same on top
    constant row             added to what a head writes on every token, taken away again in the output bias

A claim that notices any of this speaks of how a network is written down, not of what it does. The changes are integers
and powers of two, so that weights which are small integers stay exact. Signs alternate over heads: what two heads have
opposite signs of has equal ones afterwards. Any number of layers; every network gets changes of its own.

>>> turn, back = basis(np.random.default_rng(0), (1, 2), 3)
>>> np.array_equal(turn @ back, np.broadcast_to(np.eye(3), (1, 2, 3, 3)))
True
"""

import numpy as np

from readoff.networks.architecture import Architecture, EffectiveArchitecture
from readoff.networks.network import Ensemble

Weights = dict[str, np.ndarray]


def gauge_changed(ensemble: Ensemble) -> Ensemble:
    """The same networks, float64, in another gauge; logits are equal up to rounding."""
    rng = np.random.default_rng(0)
    weights = {name: np.array(array, dtype=np.float64) for name, array in ensemble.weights.items()}
    if isinstance(ensemble.architecture, Architecture):
        for layer in range(ensemble.architecture.n_layers):
            _layer(weights, f"blocks.{layer}.attn.", rng)
    elif isinstance(ensemble.architecture, EffectiveArchitecture):
        _effective(weights, rng)
    return ensemble.replace(**weights)


def basis(rng: np.random.Generator, lead: tuple[int, int], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Random matrices [model, head, size, size] and their exact inverses: signs, powers of two, a permutation, shears.

    The sign of a head's first direction alternates over heads, and no matrix is the identity.
    """
    models, heads = lead
    turn = np.zeros((models, heads, size, size))
    back = np.zeros_like(turn)
    flipped = (np.arange(heads) + np.concatenate([[1], rng.integers(0, 2, models)])[:models, None]) % 2
    for m in range(models):
        for h in range(heads):
            scale = rng.choice([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0], size)
            scale[0] = rng.choice([0.5, 2.0]) * (1 - 2 * flipped[m, h])
            one, inverse = np.diag(scale), np.diag(1 / scale)
            order = rng.permutation(size)
            one, inverse = one[:, order], inverse[order]
            for _ in range(size if size > 1 else 0):
                i, j = rng.choice(size, 2, replace=False)
                by = rng.choice([-1.0, 1.0])
                one[:, j] += by * one[:, i]
                inverse[i] -= by * inverse[j]
            turn[m, h], back[m, h] = one, inverse
    return turn, back


def _layer(w: Weights, attn: str, rng: np.random.Generator) -> None:
    lead, size = w[attn + "W_V"].shape[:2], w[attn + "W_V"].shape[-1]
    turn, back = basis(rng, lead, size)
    other, other_back = basis(rng, lead, size)
    biased = attn + "b_V" in w
    for letter, by in (("V", turn), ("Q", other), ("K", np.swapaxes(other_back, -1, -2))):
        w[attn + "W_" + letter] = w[attn + "W_" + letter] @ by
        if biased:
            w[attn + "b_" + letter] = (w[attn + "b_" + letter][:, :, None, :] @ by)[:, :, 0]
    w[attn + "W_O"] = back @ w[attn + "W_O"]
    if biased:
        d_model = w[attn + "W_V"].shape[-2]
        w[attn + "b_K"] += _constants(rng, w[attn + "W_K"], size, d_model)
        row = _constants(rng, w[attn + "W_V"], size, d_model)
        w[attn + "b_V"] += row
        w[attn + "b_O"] -= np.einsum("mhd,mhdo->mo", row, w[attn + "W_O"])


def _effective(w: Weights, rng: np.random.Generator) -> None:
    lead, size = w["V"].shape[:2], w["V"].shape[-1]
    turn, back = basis(rng, lead, size)
    w["V"], w["O"] = w["V"] @ turn, back @ w["O"]
    w["scores"] += _constants(rng, w["scores"][..., None], 1, 1)
    if "b" in w:
        row = _constants(rng, w["V"], size, 1)
        w["V"] += row[:, :, None, :]
        w["b"] -= np.einsum("mhd,mhdo->mo", row, w["O"])


def _constants(rng: np.random.Generator, beside: np.ndarray, size: int, terms: int) -> np.ndarray:
    """[model, head, size]: dyadic numbers two to four times as large as anything that stands in `beside`, one sign a
    network, so that no two heads keep opposite means."""
    with np.errstate(invalid="ignore"):
        largest = np.nan_to_num(np.abs(beside).max(axis=(-2, -1)) * np.sqrt(terms), nan=1.0, posinf=1.0)
    power = 2.0 ** np.ceil(np.log2(np.clip(largest, 2.0**-10, 2.0**20)))
    sign = np.concatenate([[-1.0], rng.choice([-1.0, 1.0], len(beside))])[: len(beside), None, None]
    return sign * power[..., None] * rng.integers(8, 17, (*beside.shape[:2], size)) / 4
