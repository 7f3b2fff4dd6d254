"""Measures that the claims about trained pair networks share: Run -> one number per network.

Gauges. Writing ("raises", "writes more") is read in the gauge MEAN_FREE: logits centred over outputs, and each head's
population-mean output moved to the base, so that a constant added to every row of EVOU changes nothing. Attention is
read from scores of the four signal tokens. Everything is float64 numpy over the enumerated domain; `outcome` is
CERTIFIED by balls.

The *rule* (Chan's restatement): attending to token t, a head raises the pairs that contain t, except those with a
token that stands higher in the head's own order. For order 1 4 3 2 and token 4 that is 24, 34, 44 but not 14.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import CountTables as ExactTables
from readoff.certificates.count_tables import tables_from_effective, tables_from_weights
from readoff.circuits.attention import exactly_reversed, kendall_tau, spread
from readoff.circuits.behaviour import logits, loss_of, margins
from readoff.circuits.gauges import mean_free
from readoff.circuits.paths import CountTables, count_tables
from readoff.claims import Enclosure, Measured, certified, enumerated
from readoff.networks.architecture import Architecture
from readoff.networks.network import Ensemble, Network
from readoff.tasks.pairs import Pairs

TASK = Pairs()
SIGNALS = list(TASK.signal_tokens)
CONTAINS = np.array([[t in pair for pair in TASK.classes] for t in SIGNALS])
"""bool [signal, class]: the class contains the signal token."""
TABLE = np.array([[(0, 2, 3)[pair.count(t)] for pair in TASK.classes] for t in SIGNALS], dtype=float)
"""The source's 4 x 10 table: 3 on doubles, 2 on mixed pairs."""


@lru_cache(maxsize=8)
def population(task: Pairs = TASK) -> tuple[Any, np.ndarray]:
    """The task's orbits and their token counts [280, d_vocab]."""
    domain = task.domain(orbits=True)
    return domain, domain.counts(task.d_vocab)


def tables(networks: Ensemble | Network) -> CountTables:
    """Scores, EVOU and base of one network or many."""
    return count_tables(networks.architecture, networks.weights, 0)


def free_tables(networks: Ensemble | Network) -> CountTables:
    """The same in the gauge MEAN_FREE."""
    domain, counts = population()
    return mean_free(tables(networks), counts, domain.probabilities)


def signal_scores(networks: Ensemble, task: Pairs = TASK) -> np.ndarray:
    """[model, head, signal]: attention scores of the signal tokens, nats."""
    return tables(networks).scores[..., list(task.signal_tokens)]


def exact_tables(network: Network) -> ExactTables:
    """The stored weights as exact tables for the checkers."""
    a, w = network.architecture, network.weights
    if isinstance(a, Architecture):
        return tables_from_weights(w, d_head_scale=a.d_head, direct_path=a.direct_path, read_token=0)
    return tables_from_effective(w["scores"], w["V"], w["O"], w.get("b"))


def certificate(network: Network, task: Pairs = TASK) -> Any:
    """Margins, accuracy and loss of one network on every input, enclosed with balls."""
    domain, counts = population(task)
    return certify_margins(
        exact_tables(network), counts, domain.labels, weights=domain.weights, denominator=domain.denominator
    )


def outcome(run: Any) -> Measured:
    """Least margin, accuracy and loss of every network over the whole domain: CERTIFIED. Diverged networks: nothing."""
    alive = run.ensemble.alive
    found = [certificate(run.ensemble[i], run.recipe.task) if ok else None for i, ok in enumerate(alive)]

    def bounds(of: Any) -> Enclosure:
        pairs = [(-np.inf, np.inf) if c is None else of(c) for c in found]
        return Enclosure(np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]))

    return certified(
        least_margin=bounds(lambda c: (c.lower.min(), c.upper.min())),
        accuracy=bounds(lambda c: c.accuracy),
        loss=bounds(lambda c: c.loss),
    )


def solved(n: Any) -> Any:
    """The condition `given=`: accuracy 1 on every input, that is, every margin positive."""
    return n["least_margin"] > 0


def attention(run: Any) -> Measured:
    """Order and spread of the two heads' attention over the signal tokens, and whether the task is solved."""
    task = run.recipe.task
    scores = signal_scores(run.ensemble, task)
    domain, counts = population(task)
    return enumerated(
        tau=kendall_tau(scores[:, 0], scores[:, 1]),
        reversed=exactly_reversed(scores[:, 0], scores[:, 1]),
        spread=spread(scores, range(task.n_signal)).mean(axis=1),
        least_margin=margins(tables(run.ensemble), counts, domain.labels).min(axis=1),
    )


def head_rule(scores: np.ndarray) -> np.ndarray:
    """bool [..., signal, class]: the classes that the rule says a head raises when it attends to a signal token."""
    higher = scores[..., None, :] > scores[..., :, None]
    has_higher = (higher[..., :, :, None] & CONTAINS[None, :, :]).any(axis=-2)
    return CONTAINS & ~has_higher


def writing(run: Any) -> Measured:
    """Rank correlation, over signal tokens, of a head's attention with what it writes; averaged over the two heads.

    `raised`: mean of what the rule says it raises. `norm`: of the row, both in the gauge MEAN_FREE, where rows count
    from an average weighted by attention. `centred_norm`: of the row counted from the four rows' plain average.
    """
    scores = signal_scores(run.ensemble)
    written = free_tables(run.ensemble).values[..., SIGNALS, :]
    rule = head_rule(scores)
    raised = np.where(rule, written, 0).sum(axis=-1) / rule.sum(axis=-1)
    domain, counts = population()
    return enumerated(
        attention_with_raised=kendall_tau(scores, raised).mean(axis=-1),
        attention_with_norm=kendall_tau(scores, np.linalg.norm(written, axis=-1)).mean(axis=-1),
        attention_with_centred_norm=kendall_tau(scores, np.linalg.norm(fixed(written), axis=-1)).mean(axis=-1),
        least_margin=margins(tables(run.ensemble), counts, domain.labels).min(axis=1),
    )


def fixed(rows: np.ndarray) -> np.ndarray:
    """Signal rows [..., 4, 10] of EVOU with both gauges removed: centred over outputs and over the four tokens."""
    rows = rows - rows.mean(axis=-1, keepdims=True)
    return rows - rows.mean(axis=-2, keepdims=True)


def cosine_with_table(rows: np.ndarray) -> np.ndarray:
    """[...]: cosine of gauge-fixed signal rows [..., 4, 10] with the gauge-fixed source table."""
    a, b = fixed(rows), fixed(TABLE)
    return (a * b).sum(axis=(-1, -2)) / (np.linalg.norm(a, axis=(-1, -2)) * np.linalg.norm(b))


def domain_loss(t: CountTables) -> np.ndarray:
    """[...]: mean cross-entropy over the population, nats."""
    domain, counts = population()
    return loss_of(logits(t, counts), domain)
