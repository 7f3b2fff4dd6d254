"""The source's 4 x 10 table through three dimensions, with a constant logit vector.

The table has rank 4. But attention sums to one, so a row that is added to all signal rows can be taken from the bias
again: what must be held is the table minus its mean row, whose four rows add up to zero and so have rank 3.

    logits = sum_t a_t row_t = mean + sum_t a_t (row_t - mean)      if the a_t of the signal tokens sum to one
"""

from fractions import Fraction

import numpy as np

from readoff.core.errors import BadValue
from readoff.networks.architecture import effective_for
from readoff.networks.network import Network
from readoff.tasks.pairs import Pairs

BELOW = 40.0  # nats between signal tokens and all others


def table_in_rank_3(task: Pairs) -> Network:
    """One head of d_head n_signal - 1: 3 on doubles, 2 on mixed pairs, minus the mean row, which is the bias.

    Entries are multiples of 1/4 for four signal tokens and so exact in float32. BadValue: another number of them.
    """
    if task.n_signal != 4 or task.n_per_input != 2:
        raise BadValue("this construction is for pairs of four signal tokens.")
    rows = [[Fraction((0, 2, 3)[pair.count(t)]) for pair in task.classes] for t in task.signal_tokens]
    mean = [sum(column) / len(rows) for column in zip(*rows)]
    rest = np.array([[float(x - m) for x, m in zip(row, mean)] for row in rows], np.float32)
    architecture = effective_for(task, n_heads=1, d_head=task.n_signal - 1, biases=True)
    scores = np.full((1, task.d_vocab), -BELOW, np.float32)
    values = np.zeros((1, task.d_vocab, task.n_signal - 1), np.float32)
    signals = list(task.signal_tokens)
    scores[0, signals] = 0.0
    values[0, signals[:-1]] = np.eye(task.n_signal - 1)
    values[0, signals[-1]] = -1.0  # the last row is minus the sum of the others
    weights = {"scores": scores, "V": values, "O": rest[None, :-1], "b": np.array([float(m) for m in mean], np.float32)}
    return Network(architecture, weights, provenance="constructed", origin=f"{task.name}: the table minus its mean row")
