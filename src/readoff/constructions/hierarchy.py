"""The hierarchy written down: heads that prefer signal tokens in an order and write by the order's own rule.

The rule (Greenspan and Wynroe, as Chan restates it): attending to a token, a head raises every pair that contains it,
except pairs with a token that stands higher in the head's order, and lowers all others. Two heads with opposite orders
then share the true class. Here each head writes +1 on what the rule raises and -1 on everything else.

    hierarchy(Pairs(), orders=((1, 4, 3, 2), (2, 3, 4, 1)), step=1.0)

`step` is the gap in nats between neighbours in an order: small steps are soft heads, large ones hard heads.
"""

from collections.abc import Sequence

import numpy as np

from readoff.core.errors import BadValue
from readoff.networks.architecture import effective_for
from readoff.networks.network import Network
from readoff.tasks.pairs import Pairs

BELOW = 40.0  # nats between the least liked signal token and every other token: no attention there


def hierarchy(task: Pairs, orders: Sequence[Sequence[int]], step: float) -> Network:
    """An effective network with one head per order (signal tokens, most attended first). BadValue: not an order."""
    signals = sorted(task.signal_tokens)
    if any(sorted(order) != signals for order in orders):
        raise BadValue(f"every order must list the signal tokens {signals} once; got {[list(o) for o in orders]}.")
    architecture = effective_for(task, n_heads=len(orders), d_head=len(signals), biases=True)
    scores = np.full((len(orders), task.d_vocab), -BELOW)
    rows = np.zeros((len(orders), task.d_vocab, len(signals)))
    writes = np.zeros((len(orders), len(signals), task.d_vocab_out))
    for head, order in enumerate(orders):
        for rank, token in enumerate(order):
            higher = set(order[:rank])
            scores[head, token] = step * (len(order) - 1 - rank)
            rows[head, token, rank] = 1.0
            writes[head, rank] = [1.0 if token in pair and not higher & set(pair) else -1.0 for pair in task.classes]
    weights = {"scores": scores, "V": rows, "O": writes, "b": np.zeros(task.d_vocab_out)}
    name = f"{task.name}: heads by the rule, orders {', '.join(''.join(map(str, o)) for o in orders)}, step {step:g}"
    stored = {k: v.astype(np.float32) for k, v in weights.items()}
    return Network(architecture, stored, provenance="constructed", origin=name)
