"""Networks put together from the heads of different seeds: the natural control for "these two heads fit each other".

Heads of different networks live in different residual streams, so mixing happens in the effective model. A head's
constant row is gauge and must not travel: every head arrives with its own population mean taken out, and every model
keeps its own base in that gauge.

    mixed = mix_heads(ensemble, other_seeds(len(ensemble), n_heads=2).sources, domain)
"""

import numpy as np

from readoff.circuits.behaviour import mean_attention
from readoff.circuits.effective import to_effective
from readoff.circuits.paths import tables_on
from readoff.core.domain import Domain
from readoff.core.errors import BadValue
from readoff.networks.network import Ensemble


def mix_heads(ensemble: Ensemble, sources: np.ndarray, domain: Domain) -> Ensemble:
    """Effective networks whose head h is head h of model sources[m, h]; base and seed number are model m's own.

    `sources` int [model, n_heads]. A model is alive if it and all its sources are.
    """
    if sources.shape != (len(ensemble), ensemble.architecture.n_heads):
        raise BadValue(
            f"sources have shape {list(sources.shape)}; expected [model, n_heads] = "
            f"{[len(ensemble), ensemble.architecture.n_heads]}."
        )
    tables, counts = tables_on(ensemble, domain)
    effective = to_effective(ensemble, int(domain.tokens[0, -1]))
    share = mean_attention(tables, counts, domain.probabilities)
    means = np.einsum("mhv,mhvo->mho", share, tables.values)
    heads = np.arange(sources.shape[1])
    weights = {name: effective.weights[name][sources, heads] for name in ("scores", "V", "O")}
    weights["b"] = tables.base + means.sum(axis=1) - means[sources, heads].sum(axis=1)
    alive = ensemble.alive & ensemble.alive[sources].all(axis=1)
    return Ensemble(
        effective.architecture, weights, ensemble.seeds, "constructed", f"{ensemble.origin}, heads mixed".strip(), alive
    )
