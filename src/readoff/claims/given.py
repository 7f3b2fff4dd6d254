"""A model that somebody hands over: what it answers on every input of a task.

    answers = answers_of(Given(model, task))
    answers.tokens [n, n_ctx]   answers.labels [n]   answers.logits [n, d_vocab_out]   answers.margins [n]

The model is a network of ours or any callable from token numbers [n, n_ctx] to logits: [n, d_vocab_out], or
[n, n_ctx, d_vocab_out], of which the last position is read. Margins are enclosures: certified ones (balls) for
one-layer networks, else floating point with an allowance for the type (float16, bfloat16, float32, float64) in which
the logits came; integers are exact.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from readoff.circuits.behaviour import margins_of, network_logits
from readoff.circuits.paths import context_counts
from readoff.claims.enclosure import Enclosure, within
from readoff.claims.evidence import Inputs
from readoff.claims.subject import Given
from readoff.core.domain import Domain
from readoff.core.errors import BadValue, ReadoffError
from readoff.networks.adapter import Asked, asked
from readoff.networks.architecture import EffectiveArchitecture
from readoff.networks.network import Network
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task

SLACK = 32  # how many units in the last place a forward pass may be off
CERTIFIED_PAIRS = 100_000  # inputs x outputs


@dataclass(frozen=True, eq=False)
class Answers:
    """Everything a predicate may look at, one row per input. `inputs` is the strength of the margins.

    `error` [n]: how far each input's logits may be off; `clear` [n]: whether that leaves no doubt which is largest.
    """

    task: Task
    domain: Domain
    logits: np.ndarray
    margins: Enclosure
    inputs: Inputs
    error: np.ndarray

    @property
    def tokens(self) -> np.ndarray:
        return self.domain.tokens

    @property
    def labels(self) -> np.ndarray:
        return self.domain.labels

    @property
    def answers(self) -> np.ndarray:
        """int [n]: the output with the largest logit, the first one of equals."""
        return self.logits.argmax(axis=-1)

    @property
    def clear(self) -> np.ndarray:
        """bool [n]: the largest logit is that by more than rounding (or rounding plays no part)."""
        ordered = np.sort(self.logits, axis=-1)
        second = ordered[:, -2] if ordered.shape[1] > 1 else np.full(len(ordered), -np.inf)
        return (ordered[:, -1] - second > self.error) | (self.error == 0)


def answers_of(given: Given) -> Answers:
    """Run the model on every input (on one input per orbit where the architecture makes that enough)."""
    model, task = given.model, given.task
    domain = domain_for(model.architecture, task) if isinstance(model, Network) else task.domain()
    came = _asked(given, domain)
    logits = came.logits
    size = np.maximum(1.0, np.abs(np.nan_to_num(logits, nan=0.0, posinf=0.0, neginf=0.0)).max(axis=-1))
    error = SLACK * (came.unit if given.unit is None else given.unit) * size
    certified = certified_margins(model, domain.tokens, domain.labels) if isinstance(model, Network) else None
    if certified is not None:
        return Answers(task, domain, logits, certified, "CERTIFIED", error)
    found = margins_of(logits, domain.labels)
    return Answers(task, domain, logits, within(found, np.where(np.isinf(found), 0.0, error)), "ENUMERATED", error)


def logits_of(given: Given, domain: Domain) -> np.ndarray:
    """float64 [n, d_vocab_out]: the model's logits at the last position of every input of the domain."""
    return _asked(given, domain).logits


def _asked(given: Given, domain: Domain) -> Asked:
    model = given.model
    if not callable(model) and not isinstance(model, Network):
        raise BadValue(f"expected a Network or a callable from tokens to logits, got a {type(model).__name__}.")
    if not isinstance(model, Network):
        return asked(model, given.task, domain)
    if model.architecture.one_attention_layer:
        return Asked(network_logits(model, domain.tokens), 2.0**-52)
    return _deep(model, domain.tokens)


def looked_up(given: Given, change: Callable[[np.ndarray], np.ndarray]) -> Given:
    """A model that answers from a table: the given model's logits on the whole domain, changed."""
    domain = given.task.domain()
    came = _asked(given, domain)
    logits = change(came.logits)
    row = {tokens.tobytes(): i for i, tokens in enumerate(domain.tokens.astype(np.int64))}

    def model(tokens: np.ndarray) -> np.ndarray:
        return logits[[row[tokens.tobytes()] for tokens in np.ascontiguousarray(tokens, dtype=np.int64)]]

    return replace(given, model=model, unit=came.unit if given.unit is None else given.unit)


def exchanged(given: Given) -> Given:
    """The same answers, but given to other inputs (in one fixed random order)."""
    return looked_up(given, lambda logits: logits[np.random.default_rng(0).permutation(len(logits))])


def _deep(model: Network, tokens: np.ndarray) -> Asked:
    import jax.numpy as jnp

    from readoff.networks.forward import forward

    weights = {name: jnp.asarray(value) for name, value in model.weights.items()}
    found = np.asarray(forward(model.architecture, weights, jnp.asarray(tokens))[0][:, -1])
    return Asked(found.astype(np.float64), float(np.finfo(found.dtype).eps))


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
