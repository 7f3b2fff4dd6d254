"""What the claims with certificates share: what a certificate must speak about, small corruptions, certified margins.

A checker in `certificates` takes plain data. Here the data are derived anew from the task that a sentence is about, so
a sound certificate about something else is refused:

    check = partial(rules_out, task=Xor(), n_heads=1)       # the checker of "no network with one head computes XOR"
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from readoff.certificates.heads import check_heads
from readoff.certificates.threshold_degree import check_degree, check_parity, parity_weights
from readoff.circuits.threshold import heads_obstruction
from readoff.claims import Control, Enclosure, Measured, certified, on_material
from readoff.networks.network import Network
from readoff.studies.certify import certified_margin
from readoff.tasks import Parity
from readoff.tasks.base import Task

CALCULATED = "independent calculation"
LAYER = "one attention layer, {}, any d_head; no MLP, no normalisation; positions, biases and a direct path allowed"
MOST_PARITY_BITS = 6
"""Up to so many bits the argument about all parities is spelled out as a certificate about the task."""


def obstruction(task: Task, n_heads: int) -> dict[str, Any]:
    """A certificate that no layer with so many heads does the task, with positions or without."""
    found = heads_obstruction(task.domain(), n_heads, positions=True).certificate
    assert found is not None
    return found


def rules_out(certificate: Any, task: Task, n_heads: int) -> list[str]:
    """Why a certificate does not show that no layer with so many heads does *this* task; positions allowed."""
    domain = task.domain()
    return check_heads(certificate, n_heads, True, domain.tokens.tolist(), domain.labels.tolist())


def has_polynomial(certificate: Any, task: Task) -> list[str]:
    """Why a certificate gives no polynomial in the placed tokens that has the right sign on every input of *this* task,
    which has two outputs. Columns are token t at place p, by place and then by token."""
    domain = task.domain()
    table = [[int(t == token) for t in row for token in range(task.d_vocab)] for row in domain.tokens.tolist()]
    if "polynomial" not in certificate:
        return ["the certificate has no polynomial."]
    if certificate.get("counts") != table or certificate.get("labels") != domain.labels.tolist():
        return [f"the inputs and labels are not those of {task.name}, all of them."]
    return check_degree(certificate)


def parity_for_all(certificate: Any) -> list[str]:
    """Why a certificate does not show that parity of K bits takes K heads: the argument for all K, and its instances
    for 2 to 6 bits, each against the inputs of the task."""
    reasons = check_parity(certificate)
    for bits in range(2, MOST_PARITY_BITS + 1) if not reasons else ():
        domain = Parity(bits).domain()  # its inputs are all bit strings in binary order, and end in "="
        signed = parity_weights(certificate, bits)
        instance = {
            "schema": 1,
            "n_heads": bits - 1,
            "positions": True,
            "inputs": domain.tokens.tolist(),
            "labels": [int(x < 0) for x in signed],
            "weights": [abs(x) for x in signed],
        }
        reasons += [f"{bits} bits: {reason}" for reason in rules_out(instance, Parity(bits), bits - 1)]
    return reasons


def one_number_off(field: str) -> Control:
    """A certificate in which a single whole number, the first in `field`, is one too large."""

    def change(certificate: Any) -> Any:
        return {**certificate, field: _first_plus_one(certificate[field])}

    return on_material(f"{field}: one number off by one", change)


def another(name: str, build: Callable[[], Any]) -> Control:
    """A sound certificate for another sentence in this one's place."""
    return on_material(f"a certificate for another sentence: {name}", lambda certificate: build())


def _first_plus_one(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _first_plus_one(v) if i == 0 else v for i, (k, v) in enumerate(value.items())}
    if isinstance(value, list | tuple):
        return [_first_plus_one(value[0]), *value[1:]]
    return value + 1


def least_margin(network: Network, task: Task) -> tuple[float, float]:
    """Certified bounds of the smallest margin of a network on a task, in nats."""
    bounds = certified_margin(network, task)
    assert bounds is not None, "the study's tasks are small enough"
    return bounds


def parity_margin(thing: Any) -> Measured:
    """Certified least margin on parity, of one network or of every network of a run (nothing known where one diverged);
    the number of heads."""
    if isinstance(thing, Network):
        task = Parity(thing.architecture.n_ctx - 1)
        return certified(least_margin=least_margin(thing, task), n_heads=thing.architecture.n_heads, bits=task.bits)
    alive = thing.ensemble.alive
    found = [
        least_margin(thing.ensemble[i], thing.recipe.task) if alive[i] else (-np.inf, np.inf) for i in range(len(alive))
    ]
    return certified(least_margin=Enclosure(np.array([f[0] for f in found]), np.array([f[1] for f in found])))
