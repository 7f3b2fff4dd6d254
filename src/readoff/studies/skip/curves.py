"""What each head of a parity network says on k ones, read from the stored weights and enclosed.

In the witness head h = 1..K adds c_h k / (h + k) to half the difference of the logits "odd" and "even", and these add
up to the parity of k. The numbers here come from the network, whatever it is, by ball arithmetic; nothing is taken from
the construction's own formula.
"""

from dataclasses import replace

import numpy as np

from readoff.certificates.balls import enclose_logits
from readoff.certificates.count_tables import CountTables, tables_from_effective, tables_from_weights
from readoff.certificates.dyadic import dyadic
from readoff.claims import Enclosure, Exhibit
from readoff.networks.architecture import Architecture
from readoff.networks.network import Network
from readoff.tasks import Parity


def head_curves(network: Network) -> Enclosure:
    """[n_heads, K + 1]: half of (logit of odd - logit of even) that each head adds on k = 0..K ones, in nats, beyond
    what it adds on none (a constant may stand in the bias as well)."""
    bits = network.architecture.n_ctx - 1
    tables, k = _tables(network), np.arange(bits + 1)
    counts = np.stack([bits - k, k, np.ones_like(k)], axis=1)  # tokens 0, 1 and "="
    nothing = dyadic(np.zeros((1, tables.d_vocab_out)))
    low, high = [], []
    for score, value in zip(tables.raw_scores, tables.values):
        alone = replace(tables, raw_scores=(score,), values=(value,), base=nothing)
        lower, upper = enclose_logits(alone, counts)
        difference = Enclosure(lower[:, 1], upper[:, 1]) - Enclosure(lower[:, 0], upper[:, 0])
        half = (difference - difference[:1]) * 0.5
        low.append(half.lo)
        high.append(half.hi)
    return Enclosure(np.array(low), np.array(high))


def coefficients(curves: Enclosure) -> Enclosure:
    """[n_heads]: c_h, read off where one bit is on: (h + 1) times what head h says there."""
    return curves[:, 1] * np.arange(2, len(curves.lo) + 2)


def departure(curves: Enclosure) -> Enclosure:
    """The largest |curve - c_h k / (h + k)| over heads and k: how far the heads are from that form."""
    k, h = np.arange(curves.shape[1]), np.arange(1, len(curves.lo) + 1)[:, None]
    c = coefficients(curves)
    form = Enclosure(c.lo[:, None], c.hi[:, None]) * (k / (h + k))
    return abs(curves - form).max()


def added_up(network: Network) -> list[Exhibit]:
    """What each head says on k ones, and their sum, as a picture."""
    curves = head_curves(network)
    values = (curves.lo + curves.hi) / 2
    labels = [f"{k} ones" for k in range(values.shape[1])]
    steps = [
        {"name": "each head", "rows": [f"head {h}" for h in range(len(values))], "labels": labels,
         "values": values.tolist()},
        {"name": "sum: the parity of k", "labels": labels, "values": values.sum(axis=0).tolist()},
    ]  # fmt: skip
    caption = f"{network.origin}. Half the difference of the two logits that each head adds on k ones."
    data = {"input": ["k ones", "others zero", "="], "steps": steps}
    return [Exhibit("heads", "trace", "Parity, head by head", caption, data)]


def _tables(network: Network) -> CountTables:
    a, w = network.architecture, network.weights
    if isinstance(a, Architecture):
        read = Parity(a.n_ctx - 1).d_vocab - 1
        return tables_from_weights(w, d_head_scale=a.d_head, direct_path=a.direct_path, read_token=read)
    return tables_from_effective(w["scores"], w["V"], w["O"], w.get("b"))
