"""The smallest margin of any small network on a task, enclosed: the one number that a witness stands on.

    certified_margin(network, Pairs())      (0.25, 0.25)      every input is right, as the stored weights compute

One attention layer without positions is enclosed by its count tables, on orbits; everything else (positions, several
layers, an MLP) input by input, in ball arithmetic, up to 100,000 inputs x outputs. Beyond that there is no answer.
"""

import numpy as np

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_effective, tables_from_weights
from readoff.certificates.float_bound import certify_large
from readoff.certificates.network import LIMIT, certify_network
from readoff.circuits.paths import context_counts
from readoff.networks.architecture import Architecture
from readoff.networks.network import Network
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task


def certified_margin(network: Network, task: Task) -> tuple[float, float] | None:
    """(lo, hi), in nats, around the smallest margin over every input of the task; None where it is too large for that.

    ValueError: weights that are not finite, labels that are no outputs.
    """
    a, w = network.architecture, network.weights
    domain = domain_for(a, task)
    if isinstance(a, Architecture) and (not a.one_attention_layer or a.positions):
        if len(domain) * a.d_vocab_out > LIMIT:
            return None
        found = certify_network(
            w, domain.tokens, domain.labels, d_head_scale=a.d_head, direct_path=a.direct_path, causal=a.causal,
            act_fn=a.act_fn,
        )  # fmt: skip
        return found.smallest_margin
    bounds = []
    for end in np.unique(domain.tokens[:, -1]).tolist():
        rows = domain.tokens[:, -1] == end
        if isinstance(a, Architecture):
            tables = tables_from_weights(w, d_head_scale=a.d_head, direct_path=a.direct_path, read_token=end)
        else:
            tables = tables_from_effective(w["scores"], w["V"], w["O"], w.get("b"))
        counts, labels = context_counts(a, domain.tokens[rows]), domain.labels[rows]
        if len(counts) * a.d_vocab_out > LIMIT:
            bounds.append(certify_large(tables, counts, labels).certificate.smallest_margin)
        else:
            bounds.append(certify_margins(tables, counts, labels).smallest_margin)
    return min(lo for lo, _ in bounds), min(hi for _, hi in bounds)
