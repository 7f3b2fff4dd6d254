"""A model that somebody hands over: what it answers on every input of a task.

    answers = answers_of(Given(model, task))
    answers.tokens [n, n_ctx]   answers.labels [n]   answers.logits [n, d_vocab_out]   answers.margins [n]

The model is a network of ours or any callable from token numbers [n, n_ctx] to logits: [n, d_vocab_out], or
[n, n_ctx, d_vocab_out], of which the last position is read. Margins are enclosures: certified ones (balls) for
one-layer networks, else floating point with an allowance for the precision in which the logits came.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.circuits.behaviour import margins_of, network_logits
from readoff.claims.enclosure import Enclosure, within
from readoff.claims.evidence import Inputs
from readoff.claims.subject import Given
from readoff.core.domain import Domain
from readoff.core.errors import BadValue, ReadoffError
from readoff.networks.architecture import EffectiveArchitecture
from readoff.networks.network import Network
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task

BATCH = 4096
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
    logits = logits_of(model, domain.tokens, task.d_vocab_out)
    certified = _certified_margins(model, domain) if isinstance(model, Network) else None
    if certified is not None:
        return Answers(task, domain, logits, certified, "CERTIFIED")
    precision = np.finfo(logits.dtype).eps if logits.dtype.kind == "f" else 0.0
    size = np.maximum(1.0, np.abs(np.nan_to_num(logits, nan=0.0, posinf=0.0, neginf=0.0)).max(axis=-1))
    found = margins_of(logits.astype(np.float64), domain.labels)
    found = np.where(np.isnan(found), -np.inf, found)  # a NaN is a wrong answer
    error = np.where(np.isfinite(found), 256 * precision * size, 0.0)
    return Answers(task, domain, logits, within(found, error), "ENUMERATED")


def logits_of(model: Any, tokens: np.ndarray, d_vocab_out: int) -> np.ndarray:
    """Logits [n, d_vocab_out] at the last position; says what came instead if they have another shape."""
    if isinstance(model, Network):
        if model.architecture.one_attention_layer:
            return network_logits(model, tokens)
        return _deep(model, tokens)
    if not callable(model):
        raise BadValue(f"expected a Network or a callable from tokens to logits, got a {type(model).__name__}.")
    parts = [_call(model, tokens[i : i + BATCH]) for i in range(0, len(tokens), BATCH)]
    for part, start in zip(parts, range(0, len(tokens), BATCH)):
        n = min(BATCH, len(tokens) - start)
        if part.ndim != 2 or part.shape != (n, d_vocab_out) or part.dtype.kind not in "fiu":
            raise BadValue(
                f"the model gave {part.dtype} of shape {list(part.shape)} for {n} inputs; expected logits of shape "
                f"[{n}, {d_vocab_out}] (or one such row per position): the task has {d_vocab_out} outputs."
            )
    return np.concatenate(parts)


def exchanged(given: Given) -> Given:
    """The same answers, but given to other inputs (in one fixed random order)."""
    domain = given.task.domain()
    logits = logits_of(given.model, domain.tokens, given.task.d_vocab_out)
    logits = logits[np.random.default_rng(0).permutation(len(domain))]
    row = {tokens.tobytes(): i for i, tokens in enumerate(np.ascontiguousarray(domain.tokens))}

    def model(tokens: np.ndarray) -> np.ndarray:
        wanted = np.ascontiguousarray(tokens.astype(domain.tokens.dtype))
        return logits[[row[tokens.tobytes()] for tokens in wanted]]

    return Given(model, given.task)


def _call(model: Callable[..., Any], tokens: np.ndarray) -> np.ndarray:
    found = model(_torch(tokens) if _is_torch(model) else tokens)
    if hasattr(found, "detach"):  # a PyTorch tensor, perhaps on another device
        found = found.detach().cpu()
        found = found.float() if str(found.dtype) == "torch.bfloat16" else found
    found = np.asarray(found)
    return found[:, -1] if found.ndim == 3 else found


def _is_torch(model: Any) -> bool:
    return any(base.__module__.startswith("torch.") for base in type(model).__mro__)


def _torch(tokens: np.ndarray) -> Any:
    import torch  # type: ignore[import-not-found]

    return torch.as_tensor(tokens, dtype=torch.long)


def _deep(model: Network, tokens: np.ndarray) -> np.ndarray:
    import jax.numpy as jnp

    from readoff.networks.forward import forward

    weights = {name: jnp.asarray(value) for name, value in model.weights.items()}
    return np.asarray(forward(model.architecture, weights, jnp.asarray(tokens))[0][:, -1])


def _certified_margins(model: Network, domain: Domain) -> Enclosure | None:
    """Rigorous margins of a one-layer network without positions; None where balls do not reach."""
    architecture = model.architecture
    small = len(domain) * architecture.d_vocab_out <= CERTIFIED_PAIRS
    if not architecture.one_attention_layer or architecture.positions or not small or architecture.d_vocab_out < 2:
        return None
    from readoff.certificates.balls import certify_margins
    from readoff.certificates.count_tables import tables_from_effective, tables_from_weights

    counts = domain.counts(architecture.d_vocab)
    lower, upper = np.empty(len(domain)), np.empty(len(domain))
    try:
        for end in np.unique(domain.tokens[:, -1]):
            rows = np.flatnonzero(domain.tokens[:, -1] == end)
            if isinstance(architecture, EffectiveArchitecture):
                tables = tables_from_effective(**model.weights)
            else:
                tables = tables_from_weights(
                    model.weights,
                    d_head_scale=architecture.d_head,
                    direct_path=architecture.direct_path,
                    read_token=int(end),
                )
            found = certify_margins(tables, counts[rows], domain.labels[rows])
            lower[rows], upper[rows] = found.lower, found.upper
    except (ValueError, ReadoffError):  # weights that are not finite, or more than balls can do
        return None
    return Enclosure(lower, upper)
