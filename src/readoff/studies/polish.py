"""Polish a network that is nearly right: quasi-Newton steps on the exact loss in float64.

Training by many small steps finds the neighbourhood; L-BFGS goes to the bottom of it. Used by the rival finder, which
then certifies whatever comes out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from readoff.circuits.paths import context_counts
from readoff.networks.architecture import AnyArchitecture, EffectiveArchitecture
from readoff.networks.network import Network
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task

ITERATIONS = 2000
MOST_ROWS = 5_000
"""Larger domains are polished only where the network is an effective one."""


def polished(network: Network, task: Task, iterations: int = ITERATIONS) -> Network | None:
    """A network with a lower loss near this one; None if it diverges, or has too many inputs for it."""
    import jax
    import jax.numpy as jnp
    from scipy.optimize import minimize

    architecture = network.architecture
    domain = domain_for(architecture, task)
    if not isinstance(architecture, EffectiveArchitecture) and len(domain) > MOST_ROWS:
        return None
    logits_of = _logits(architecture, domain.tokens)
    labels, chances = jnp.asarray(domain.labels), jnp.asarray(domain.probabilities)
    shapes = architecture.shapes()
    sizes = [int(np.prod(shape)) for shape in shapes.values()]

    def weights_of(flat):
        parts = jnp.split(flat, np.cumsum(sizes)[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts)}

    @jax.jit
    @jax.value_and_grad
    def loss(flat):
        logits = logits_of(weights_of(flat))
        each = jax.nn.logsumexp(logits, axis=-1) - logits[jnp.arange(len(labels)), labels]
        return (each * chances).sum()

    start = np.concatenate([np.asarray(network.weights[name], np.float64).ravel() for name in shapes])
    if not np.isfinite(start).all():
        return None

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        found, slope = loss(jnp.asarray(flat))
        return float(found), np.asarray(slope)

    found = minimize(
        value, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxfun": 2 * iterations}
    )
    weights = {name: np.array(part) for name, part in weights_of(jnp.asarray(found.x)).items()}
    if not all(np.isfinite(part).all() for part in weights.values()):
        return None
    return Network(architecture, weights, network.provenance, f"{network.origin}, polished")


def _logits(architecture: AnyArchitecture, tokens: np.ndarray) -> Callable[[dict[str, Any]], Any]:
    """Weights to logits [n, d_vocab_out] at the last position, as a JAX function."""
    import jax.numpy as jnp

    if isinstance(architecture, EffectiveArchitecture):
        from readoff.networks.by_token import logits_by_token, token_tables

        counts = jnp.asarray(context_counts(architecture, tokens))
        destination = jnp.zeros(len(tokens), jnp.int32)
        return lambda w: logits_by_token(token_tables(architecture, w, (0,)), destination, counts)
    from readoff.networks.forward import forward

    inputs = jnp.asarray(tokens)
    return lambda w: forward(architecture, w, inputs)[0][:, -1]
