"""A model that somebody hands over: what it answers on every input of a task.

    answers = answers_of(Given(model, task))
    answers.tokens [n, n_ctx]   answers.labels [n]   answers.logits [n, d_vocab_out]   answers.margins [n]

The model is a network of ours or any callable from token numbers [n, n_ctx] to logits: [n, d_vocab_out], or
[n, n_ctx, d_vocab_out], of which the last position is read. Margins are enclosures: certified ones (balls) for
one-layer networks, else floating point with an allowance for the precision in which the logits came.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from readoff.circuits.behaviour import margins_of, network_logits
from readoff.circuits.paths import context_counts
from readoff.claims.enclosure import Enclosure, within
from readoff.claims.evidence import Inputs
from readoff.claims.subject import Given
from readoff.core.domain import Domain
from readoff.core.errors import BadValue, ReadoffError
from readoff.networks.adapter import evaluate
from readoff.networks.architecture import EffectiveArchitecture
from readoff.networks.network import Network
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task

SLACK = 32  # how many units in the last place a forward pass may be off
CERTIFIED_PAIRS = 100_000  # inputs x outputs


@dataclass(frozen=True, eq=False)
class Answers:
    """Everything a predicate may look at, one row per input. `inputs` is the strength of the margins."""

    task: Task
    domain: Domain
    logits: np.ndarray
    margins: Enclosure
    inputs: Inputs

    @property
    def tokens(self) -> np.ndarray:
        return self.domain.tokens

    @property
    def labels(self) -> np.ndarray:
        return self.domain.labels

    @property
    def answers(self) -> np.ndarray:
        """int [n]: the output with the largest logit."""
        return self.logits.argmax(axis=-1)


def answers_of(given: Given) -> Answers:
    """Run the model on every input (on one input per orbit where the architecture makes that enough)."""
    model, task = given.model, given.task
    domain = domain_for(model.architecture, task) if isinstance(model, Network) else task.domain()
    logits = logits_of(given, domain)
    certified = certified_margins(model, domain.tokens, domain.labels) if isinstance(model, Network) else None
    if certified is not None:
        return Answers(task, domain, logits, certified, "CERTIFIED")
    found = margins_of(logits, domain.labels)
    found = np.where(np.isnan(found), -np.inf, found)  # a NaN is a wrong answer
    size = np.maximum(1.0, np.abs(np.nan_to_num(logits, nan=0.0, posinf=0.0, neginf=0.0)).max(axis=-1))
    error = np.where(np.isfinite(found), SLACK * precision_of(logits) * size, 0.0)
    return Answers(task, domain, logits, within(found, error), "ENUMERATED")


def logits_of(given: Given, domain: Domain) -> np.ndarray:
    """float64 [n, d_vocab_out]: the model's logits at the last position of every input of the domain."""
    model = given.model
    if not callable(model) and not isinstance(model, Network):
        raise BadValue(f"expected a Network or a callable from tokens to logits, got a {type(model).__name__}.")
    if not isinstance(model, Network):
        return evaluate(model, given.task, domain)
    if model.architecture.one_attention_layer:
        return network_logits(model, domain.tokens)
    return _deep(model, domain.tokens)


def precision_of(logits: np.ndarray) -> float:
    """The spacing of the numbers in which logits came: 2^-52 for doubles, 2^-23 for floats, 2^-7 for bfloat16.

    Read off the digits that are used. Multiples of 1/1024 are taken for exact, as written by hand: 0.
    """
    finite = logits[np.isfinite(logits)]
    if finite.size == 0 or np.all(finite * 1024 == np.round(finite * 1024)):
        return 0.0
    digits = (np.abs(np.frexp(finite)[0]) * 2.0**53).astype(np.int64)
    trailing = int(np.bitwise_or.reduce(digits) & -np.bitwise_or.reduce(digits)).bit_length() - 1
    return 2.0 ** (1 - (53 - trailing))


def looked_up(given: Given, change: Callable[[np.ndarray], np.ndarray]) -> Given:
    """A model that answers from a table: the given model's logits on the whole domain, changed."""
    domain = given.task.domain()
    logits = change(logits_of(given, domain))
    row = {tokens.tobytes(): i for i, tokens in enumerate(domain.tokens.astype(np.int64))}

    def model(tokens: np.ndarray) -> np.ndarray:
        return logits[[row[tokens.tobytes()] for tokens in np.ascontiguousarray(tokens, dtype=np.int64)]]

    return Given(model, given.task)


def exchanged(given: Given) -> Given:
    """The same answers, but given to other inputs (in one fixed random order)."""
    return looked_up(given, lambda logits: logits[np.random.default_rng(0).permutation(len(logits))])


def _deep(model: Network, tokens: np.ndarray) -> np.ndarray:
    import jax.numpy as jnp

    from readoff.networks.forward import forward

    weights = {name: jnp.asarray(value) for name, value in model.weights.items()}
    return np.asarray(forward(model.architecture, weights, jnp.asarray(tokens))[0][:, -1], dtype=np.float64)


def certified_margins(model: Network, tokens: np.ndarray, labels: np.ndarray) -> Enclosure | None:
    """Rigorous margins of a one-layer network without positions on inputs [n, n_ctx]; None where balls do not reach."""
    architecture = model.architecture
    small = len(tokens) * architecture.d_vocab_out <= CERTIFIED_PAIRS
    if not architecture.one_attention_layer or architecture.positions or not small or architecture.d_vocab_out < 2:
        return None
    from readoff.certificates.balls import certify_margins
    from readoff.certificates.count_tables import tables_from_effective, tables_from_weights

    counts = context_counts(architecture, tokens)
    lower, upper = np.empty(len(tokens)), np.empty(len(tokens))
    try:
        for end in np.unique(tokens[:, -1]):
            rows = np.flatnonzero(tokens[:, -1] == end)
            if isinstance(architecture, EffectiveArchitecture):
                tables = tables_from_effective(**model.weights)
            else:
                tables = tables_from_weights(
                    model.weights,
                    d_head_scale=architecture.d_head,
                    direct_path=architecture.direct_path,
                    read_token=int(end),
                )
            found = certify_margins(tables, counts[rows], labels[rows])
            lower[rows], upper[rows] = found.lower, found.upper
    except (ValueError, ReadoffError):  # weights that are not finite, or more than balls can do
        return None
    return Enclosure(lower, upper)
