"""After heads are ablated, let the rest speak for itself: the best readout of the kept heads under a norm bound.

Attention and the space of values are kept; the readout of each kept head and one constant vector are fitted anew:

    logits = b + sum over kept heads h of  (attention-averaged V_h) R_h,      minimise the population cross-entropy

An unbounded refit asks what *could* be read, an unfair question to put to a network that used finite weights. So the
EVOU tables of the kept heads together may be no larger than `bound_factor` times what they were:

    sum over kept heads of || EVOU_h ||_F^2   (logits centred, population mean out)   <=  bound^2        b is free

This norm depends neither on bases inside heads nor on constant rows. The problem is convex; it is solved by accelerated
projected gradients on all models at once, and every answer carries a bound on how far its loss is from the optimum.

Known for orientation: one order statistic of the pair task leaves accuracy 7/16 and 1.04 nats, whatever the readout; a
*soft* head passes more on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readoff.circuits.behaviour import accuracy, attention, margins_of, mean_attention
from readoff.circuits.effective import to_effective
from readoff.circuits.paths import tables_on
from readoff.circuits.spectra import singular_values
from readoff.core.domain import Domain
from readoff.core.errors import BadValue
from readoff.networks.network import Ensemble, Network


@dataclass(frozen=True, eq=False)
class Refit:
    """The refitted kept heads, on the population; arrays have the model axes of the network or ensemble.

    margins [..., n], accuracy, loss (nats); norm and bound (nats, Frobenius norm of the kept EVOU tables); `gap`: the
    loss is at most this far above the best one within the bound, once b is at rest (`slope`: its largest gradient).
    """

    margins: np.ndarray
    accuracy: np.ndarray
    loss: np.ndarray
    norm: np.ndarray
    bound: np.ndarray
    gap: np.ndarray
    slope: np.ndarray


def refit_readout(
    model: Network | Ensemble,
    keep: Sequence[int],
    domain: Domain,
    bound_factor: float = 1.0,
    tolerance: float = 1e-4,
    max_steps: int = 20_000,
) -> Refit:
    """Refit the readout of the heads in `keep` with all other heads removed. See the module docstring.

    Stops, model by model, once `gap` and `slope` are below `tolerance` (nats), or after `max_steps`.
    BadValue: no such head, a domain with distributions as targets, inputs that end in different tokens.
    """
    heads = sorted(set(keep))
    n_heads = model.architecture.n_heads
    if not heads or not 0 <= heads[0] <= heads[-1] < n_heads:
        raise BadValue(f"keep is {list(keep)}; expected some of the heads 0 to {n_heads - 1}.")
    if domain.targets is not None or not bound_factor > 0:
        raise BadValue("a refit needs labels (no distributions as targets) and a bound_factor > 0.")
    features, start = _features(model, heads, domain)
    bound = bound_factor * np.linalg.norm(start, axis=(1, 2))
    fitted, offset = _descend(features, start, bound, domain, tolerance, max_steps)
    loss, gap, slope = _optimality(features, fitted, offset, bound, domain)
    margins = margins_of(features @ fitted + offset, domain.labels)
    norm = np.linalg.norm(fitted, axis=(1, 2))
    lead = (len(model),) if isinstance(model, Ensemble) else ()
    found = (margins, accuracy(margins, domain.weights), loss, norm, bound, gap, slope)
    return Refit(*(x.reshape((*lead, *x.shape[1:])) for x in found))


def _features(model: Network | Ensemble, heads: list[int], domain: Domain) -> tuple[np.ndarray, np.ndarray]:
    """What the kept heads deliver on each input [model, n, k], in an orthonormal basis of token space without means,
    and the readout [model, k, d_out] in use. In this basis the norm of a readout is that of its EVOU table."""
    tables, counts = tables_on(model, domain)
    weights = to_effective(model, int(domain.tokens[0, -1])).weights
    values, readout = weights["V"][..., heads, :, :], weights["O"][..., heads, :, :]
    mean = mean_attention(tables, counts, domain.probabilities)[..., heads, None, :] @ values
    free = values - mean
    finite = np.isfinite(free).all(axis=(-2, -1), keepdims=True)
    left, size, right = np.linalg.svd(np.where(finite, free, 0.0), full_matrices=False)
    left = np.where(finite, left, np.nan)  # diverged models stay NaN
    left = left * (size > 1e-9 * size.max(axis=-1, keepdims=True))[..., None, :]
    features = (attention(tables, counts)[..., heads, :, :] @ left).swapaxes(-3, -2)
    used = size[..., None] * (right @ (readout - readout.mean(axis=-1, keepdims=True)))
    k = left.shape[-1] * len(heads)
    return features.reshape(-1, len(counts), k), used.reshape(-1, k, used.shape[-1])


def _optimality(
    features: np.ndarray, fitted: np.ndarray, offset: np.ndarray, bound: np.ndarray, domain: Domain
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss; the most it could fall within the bound by convexity; the largest gradient left in the offset."""
    loss, by_readout, by_offset = _gradients(features, fitted, offset, domain)
    gap = (by_readout * fitted).sum(axis=(1, 2)) + bound * np.linalg.norm(by_readout, axis=(1, 2))
    return loss, gap, np.abs(by_offset).max(axis=(1, 2))


def _gradients(
    features: np.ndarray, fitted: np.ndarray, offset: np.ndarray, domain: Domain
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss [model] and its gradients by readout [model, k, d_out] and offset [model, 1, d_out]."""
    logits = features @ fitted + offset
    logits -= logits.max(axis=-1, keepdims=True)
    chances = np.exp(logits)
    total = chances.sum(axis=-1, keepdims=True)
    rows = np.arange(len(domain))
    loss = (np.log(total[..., 0]) - logits[:, rows, domain.labels]) @ domain.probabilities
    errors = chances / total
    errors[:, rows, domain.labels] -= 1.0
    errors *= domain.probabilities[:, None]
    return loss, features.swapaxes(-1, -2) @ errors, errors.sum(axis=1, keepdims=True)


def _descend(
    features: np.ndarray, start: np.ndarray, bound: np.ndarray, domain: Domain, tolerance: float, max_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Accelerated projected gradients with restarts, on the models that are not there yet.

    Step lengths come from the softmax's Hessian, at most 1/2 the covariance of the features."""
    weighted = features * domain.probabilities[:, None]
    curvature = singular_values(features.swapaxes(-1, -2) @ weighted)[..., 0]
    step = (2.0 / np.maximum(curvature, 1e-300))[:, None, None]
    here, offset = start.copy(), np.zeros((len(start), 1, start.shape[-1]))
    ahead, offset_ahead, momentum = here.copy(), offset.copy(), np.ones(len(start))
    active = np.flatnonzero(np.isfinite(start).all(axis=(1, 2)) & np.isfinite(features).all(axis=(1, 2)))
    for done in range(max_steps):
        if done % 100 == 0:
            _, gap, slope = _optimality(features[active], here[active], offset[active], bound[active], domain)
            active = active[(gap > tolerance) | (slope > tolerance)]
            if len(active) == 0:
                break
            some, limit = features[active], bound[active][:, None, None]
        _, by_readout, by_offset = _gradients(some, ahead[active], offset_ahead[active], domain)
        moved = ahead[active] - step[active] * by_readout
        moved = moved * np.minimum(1.0, limit / np.maximum(np.linalg.norm(moved, axis=(1, 2), keepdims=True), 1e-300))
        moved_offset = offset_ahead[active] - 2.0 * by_offset
        onward = moved - here[active]
        back = ((ahead[active] - moved) * onward).sum(axis=(1, 2)) > 0
        grown = (1 + np.sqrt(1 + 4 * momentum[active] ** 2)) / 2
        push = np.where(back, 0.0, (momentum[active] - 1) / grown)[:, None, None]
        momentum[active] = np.where(back, 1.0, grown)
        ahead[active], offset_ahead[active] = (
            moved + push * onward,
            moved_offset + push * (moved_offset - offset[active]),
        )
        here[active], offset[active] = moved, moved_offset
    return here, offset
