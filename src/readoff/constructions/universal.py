"""One layer with enough heads computes any function of a multiset: M heads of d_head 1 for M multisets.

Head j has attention weights e_j (one a token, r_j for the read-off) and the value 1 / e on every token, so on a
multiset with counts n it says (n + 1) / (e_j . n + r_j): a number that is no fixed combination of the others. With
weights for which the exact M x M matrix of these numbers is invertible (`certificates.multiset_rank`), the readout of
any wanted logits is the solution of a linear system over the rationals.

>>> from readoff.tasks import Multiset
>>> task = Multiset(vocab=2, n=3, labels=(0, 1, 1, 0))
>>> universal_certificate(2, 3)["weights"][0], universal_network(task).architecture.n_heads
([4, 64, 64], 4)

Weights are powers of two, spread widely: then scores are multiples of log 2 and the matrix is well conditioned.
"""

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from readoff.certificates.multiset_rank import check_rank
from readoff.constructions.builder import Factors, build
from readoff.constructions.rational import coordinates, fractions
from readoff.core.errors import BadValue, Unreachable
from readoff.networks.architecture import effective_for
from readoff.networks.network import Network
from readoff.tasks.multiset import Multiset, n_multisets

LARGEST_POWER = 10
TRIES = 400


def universal_certificate(vocab: int, n: int) -> dict[str, Any]:
    """Weights of M heads whose exact matrix has rank M: the data that `check_rank` verifies."""
    weights = [list(row) for row in _weights(vocab, n)]
    return {"schema": 1, "vocab": vocab, "n": n, "weights": weights}


def universal_network(task: Multiset, scale: int = 8) -> Network:
    """An effective network with M heads of d_head 1 and no bias: logits `scale` on the label and 0 elsewhere."""
    heads = _weights(task.vocab, task.n)
    counts = _counts(task.vocab, task.n).tolist()
    matrix = fractions([[Fraction(task.n + 1, _dot(e, row)) for e in heads] for row in counts])
    wanted = [[scale * (y == label) for y in range(task.d_vocab_out)] for label in task.labels]
    readout = coordinates(matrix, fractions(wanted))
    assert readout is not None, "the matrix has full rank"
    architecture = effective_for(task, n_heads=len(heads), d_head=1, biases=False)
    values = [Factors([[Fraction(1, w)] for w in e], [row]) for e, row in zip(heads, readout.tolist())]
    scores = [[math.log(w) for w in e] for e in heads]
    built = build(architecture, scores, values, origin=f"{task.name}: any function, {len(heads)} heads of d_head 1")
    return built.network


@cache
def _weights(vocab: int, n: int) -> tuple[tuple[int, ...], ...]:
    """The best conditioned of some random choices of powers of two that has full exact rank."""
    size = n_multisets(vocab, n)
    if size > 60:
        raise BadValue(f"{n} tokens out of {vocab} make {size:,} multisets; witnesses are written for up to 60.")
    counts = np.insert(_counts(vocab, n), vocab, 1, axis=1)
    best: tuple[float, list[list[int]]] | None = None
    for seed in range(TRIES):
        powers = np.random.default_rng(seed).integers(0, LARGEST_POWER + 1, (len(counts), vocab + 1))
        condition = float(np.linalg.cond((n + 1) / (counts @ (2.0**powers.T))))
        if best is None or condition < best[0]:
            best = condition, (2**powers).tolist()
    assert best is not None
    reasons = check_rank({"schema": 1, "vocab": vocab, "n": n, "weights": best[1]}, vocab, n)
    if reasons:
        raise Unreachable(f"no spanning weights in {TRIES} tries: {reasons[0]}")
    return tuple(map(tuple, best[1]))


def _counts(vocab: int, n: int) -> np.ndarray:
    """int64 [multiset, token]: how often each token stands in each multiset, in the order of the task's labels."""
    return np.array([np.bincount(row, minlength=vocab) for row in Multiset.named_apart(vocab, n).multisets])


def _dot(weights: tuple[int, ...], counts: tuple[int, ...]) -> int:
    return sum(a * b for a, b in zip(weights, counts)) + weights[-1]
