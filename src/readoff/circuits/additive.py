"""Additive skip-trigram models: every context token adds its own vector of logits, and that is all.

    logit_y(x) = sum over the tokens t of x of  f(t, destination, y)         bigrams: t is the destination itself

A network with one head is such a model as far as decisions go (`one_head_model`): its logits, times a positive number
that depends on the input, are additive, so the argmax is the same everywhere and only the confidence differs. For any
one-layer network `additive_fit` gives the closest additive model in logits; `additive_decisions` asks about the argmax.

>>> from readoff.networks.architecture import EffectiveArchitecture
>>> tiny = EffectiveArchitecture(d_vocab=2, d_vocab_out=2, n_ctx=3, n_heads=1, d_head=1, biases=True)
>>> weights = {"scores": np.log([[0.5, 1.0]]), "V": np.array([[[0.0], [1.0]]]), "O": np.array([[[0.0, 2.0]]])}
>>> network = Network(tiny, {**weights, "b": np.array([1.0, 0.0])})
>>> one_head_model(network, 0).contributions.round(9).tolist()      # e_t (v_t + b): token 1 adds 1 (0 + 1, 2 + 0)
[[0.5, 0.0], [1.0, 2.0]]

Contributions are per destination; with positional embeddings a token is a token at a place.
"""

from dataclasses import dataclass

import numpy as np

from readoff.circuits.behaviour import network_logits
from readoff.circuits.paths import context_counts, count_tables, one_layer
from readoff.core.domain import Domain
from readoff.core.errors import BadValue
from readoff.networks.architecture import AnyArchitecture
from readoff.networks.network import Ensemble, Network

TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class AdditiveModel:
    """`contributions` [token, d_vocab_out] (nats, up to scale) for contexts that end in `destination`."""

    destination: int
    contributions: np.ndarray

    def logits(self, counts: np.ndarray) -> np.ndarray:
        """float64 [n, d_vocab_out] for token counts [n, token], the destination included."""
        return counts @ self.contributions


@dataclass(frozen=True, eq=False)
class Conversion:
    """A one-head network beside its additive model, on every input of a domain.

    agrees [n]       the same largest logits (outputs within 1e-9 of the top, relative to the largest value, are tied)
    temperature [n]  what the network's logits are multiplied by; > 0
    error            largest |temperature * logit - additive logit|, relative to the largest additive logit
    """

    models: tuple[AdditiveModel, ...]
    agrees: np.ndarray
    temperature: np.ndarray
    error: float


@dataclass(frozen=True, eq=False)
class AdditiveFit:
    """How close an additive model comes in logits: arrays with the model axes of the network(s).

    r_squared  explained share of the variance of the logits (centred over outputs, around each destination's mean);
               NaN where the logits do not vary
    distance   root mean square of what is left, in nats
    """

    r_squared: np.ndarray
    distance: np.ndarray


def one_head_model(network: Network, destination: int = 0) -> AdditiveModel:
    """The additive model with the same argmax as a one-head network at this destination.

    BadValue: more than one head (then there is none in general), more than one layer, an MLP.
    """
    return AdditiveModel(destination, _weighted(network, destination)[1])


def convert(network: Network, domain: Domain) -> Conversion:
    """Compare a one-head network with its additive model on every input of the domain."""
    counts = context_counts(network.architecture, domain.tokens)
    logits = network_logits(network, domain.tokens)
    added, temperature, scale = np.empty_like(logits), np.empty(len(counts)), np.empty(len(counts))
    models = []
    for end in np.unique(domain.tokens[:, -1]).tolist():
        rows = domain.tokens[:, -1] == end
        weight, contributions = _weighted(network, end)
        models.append(AdditiveModel(end, contributions))
        added[rows] = models[-1].logits(counts[rows])
        temperature[rows] = counts[rows] @ weight
        scale[rows] = temperature[rows] * np.abs(contributions / np.maximum(weight, 1e-300)[:, None]).max()
    error = np.abs(temperature[:, None] * logits - added).max() / max(np.abs(added).max(), 1e-300)
    near = TOLERANCE * scale[:, None]
    agrees = (_top(temperature[:, None] * logits, near) == _top(added, near)).all(axis=1) & (temperature > 0)
    return Conversion(tuple(models), agrees, temperature, float(error))


def additive_fit(model: Network | Ensemble, domain: Domain) -> AdditiveFit:
    """Weighted least squares over additive models, one for each destination."""
    architecture = model.architecture
    one_layer(architecture)
    counts = context_counts(architecture, domain.tokens)
    return fit_logits(network_logits(model, domain.tokens), counts, domain)


def fit_logits(logits: np.ndarray, counts: np.ndarray, domain: Domain) -> AdditiveFit:
    """`additive_fit` for logits [..., n, d_vocab_out] from anywhere; counts [n, token]."""
    if logits.shape[-2] != len(domain) or len(counts) != len(domain):
        raise BadValue(f"logits {list(logits.shape)} and counts {list(counts.shape)} do not fit {len(domain)} inputs.")
    centred = logits - logits.mean(axis=-1, keepdims=True)
    root = np.sqrt(domain.probabilities)[:, None]
    left = total = np.zeros(logits.shape[:-2])
    for end in np.unique(domain.tokens[:, -1]):
        rows = np.flatnonzero(domain.tokens[:, -1] == end)
        weighted = root[rows] * centred[..., rows, :]
        basis = _basis(root[rows] * counts[rows])
        rest = weighted - basis @ (basis.T @ weighted)
        constant = root[rows] / np.linalg.norm(root[rows])
        varied = weighted - constant @ (constant.T @ weighted)
        left, total = left + (rest**2).sum(axis=(-2, -1)), total + (varied**2).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = np.where(total > 1e-24, 1 - left / total, np.nan)
    return AdditiveFit(explained, np.sqrt(left / logits.shape[-1]))


def _weighted(network: Network, destination: int) -> tuple[np.ndarray, np.ndarray]:
    """e [token], relative to the largest, and e_t (v_t + b) [token, d_vocab_out]."""
    _one_head(network.architecture)
    tables = count_tables(network.architecture, network.weights, destination)
    weight = np.exp(tables.scores[0] - tables.scores[0].max())
    return weight, weight[:, None] * (tables.values[0] + tables.base)


def _basis(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the columns of `matrix`."""
    left, size, _ = np.linalg.svd(matrix, full_matrices=False)
    return left[:, size > 1e-10 * size.max(initial=0.0)]


def _top(logits: np.ndarray, near: np.ndarray) -> np.ndarray:
    """bool [n, d_vocab_out]: outputs within `near` [n, 1] of the largest."""
    return logits >= logits.max(axis=1, keepdims=True) - near


def _one_head(architecture: AnyArchitecture) -> None:
    one_layer(architecture)
    if architecture.n_heads != 1:
        raise BadValue(
            f"the theorem is about one head; this network has {architecture.n_heads}. Two heads can compute XOR, which "
            "no additive model can. Ask `additive_gap` whether this network's decisions happen to be additive."
        )
