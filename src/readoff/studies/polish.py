"""Polish an effective network that is nearly right: quasi-Newton steps on the exact loss in float64.

Training by many small steps finds the neighbourhood; L-BFGS goes to the bottom of it. Used by the rival finder, which
then certifies whatever comes out.
"""

import numpy as np

from readoff.circuits.paths import context_counts
from readoff.networks.architecture import EffectiveArchitecture
from readoff.networks.network import Network
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task

ITERATIONS = 2000


def polished(network: Network, task: Task, iterations: int = ITERATIONS) -> Network | None:
    """A network with a lower loss near this one; None for other architectures than the effective one."""
    architecture = network.architecture
    if not isinstance(architecture, EffectiveArchitecture):
        return None
    import jax
    import jax.numpy as jnp
    from scipy.optimize import minimize

    from readoff.networks.by_token import logits_by_token, token_tables

    domain = domain_for(architecture, task)
    counts = jnp.asarray(context_counts(architecture, domain.tokens))
    destination = jnp.zeros(len(domain), jnp.int32)
    labels, chances = jnp.asarray(domain.labels), jnp.asarray(domain.probabilities)
    shapes = architecture.shapes()
    sizes = [int(np.prod(shape)) for shape in shapes.values()]

    def weights_of(flat):
        parts = jnp.split(flat, np.cumsum(sizes)[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts)}

    @jax.jit
    @jax.value_and_grad
    def loss(flat):
        logits = logits_by_token(token_tables(architecture, weights_of(flat), (0,)), destination, counts)
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
