"""What the claims about XOR, parity and multisets share: certified margins, a class of networks, small corruptions."""

from typing import Any

import numpy as np

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_effective, tables_from_weights
from readoff.certificates.threshold_degree import HEADS_LEMMA
from readoff.claims import Control, Enclosure, Lemma, Measured, certified, on_material
from readoff.networks.architecture import Architecture
from readoff.networks.network import Network
from readoff.tasks import Parity

CALCULATED = "independent calculation"
HEADS = Lemma(HEADS_LEMMA["name"], HEADS_LEMMA["text"], HEADS_LEMMA["source"])
LAYER = "one attention layer, {}, any d_head; no MLP, no normalisation; positions, biases and a direct path allowed"


def one_number_off(field: str) -> Control:
    """A certificate in which a single whole number, the first in `field`, is one too large."""

    def change(certificate: Any) -> Any:
        return {**certificate, field: _first_plus_one(certificate[field])}

    return on_material(f"{field}: one number off by one", change)


def _first_plus_one(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _first_plus_one(v) if i == 0 else v for i, (k, v) in enumerate(value.items())}
    if isinstance(value, list | tuple):
        return [_first_plus_one(value[0]), *value[1:]]
    return value + 1


def least_margin(network: Network, task: Any) -> tuple[float, float]:
    """Certified bounds of the smallest margin of a network without positions on a task with one read-off token."""
    domain, a, w = task.domain(orbits=True), network.architecture, network.weights
    if isinstance(a, Architecture):
        end = int(domain.tokens[0, -1])
        tables = tables_from_weights(w, d_head_scale=a.d_head, direct_path=a.direct_path, read_token=end)
    else:
        tables = tables_from_effective(w["scores"], w["V"], w["O"], w.get("b"))
    return certify_margins(tables, domain.counts(task.d_vocab), domain.labels).smallest_margin


def parity_margin(thing: Any) -> Measured:
    """Certified least margin on parity, of one network or of every network of a run; the number of heads."""
    if isinstance(thing, Network):
        task = Parity(thing.architecture.n_ctx - 1)
        return certified(least_margin=least_margin(thing, task), n_heads=thing.architecture.n_heads, bits=task.bits)
    found = [least_margin(thing.ensemble[i], thing.recipe.task) for i in range(len(thing.ensemble))]
    return certified(least_margin=Enclosure(np.array([f[0] for f in found]), np.array([f[1] for f in found])))
