"""What networks do on every input: logits, margins, accuracy, loss and attention, in float64, many models at once.

The margin of an input is the label's logit minus the largest other one; it is right iff its margin is > 0, so a tie is
wrong. Accuracy adds up exact integer weights. Loss is in nats and keeps its digits when it is tiny.

>>> from readoff.circuits.paths import CountTables
>>> frequencies = CountTables(np.zeros((1, 2)), np.eye(2)[None], np.zeros(2))   # logit = share of each token
>>> found = margins(frequencies, counts=np.array([[1, 2], [2, 2]]), labels=np.array([1, 0]))
>>> found.round(3).tolist(), float(accuracy(found, weights=np.array([3, 1])))
([0.333, 0.0], 0.75)

All models share one product: counts [n, d_vocab] times the columns (exp(score) value, exp(score)) of every head of
every model, with models last so that all later steps run over contiguous memory. Exponentials are taken relative to the
largest score of the vocabulary. In float64 that costs a relative error of at most gap * 1.2e-16 and cannot underflow
while a head's scores lie within 600 nats; models beyond that take a slower path, relative to the largest score
*present in each input*.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.circuits.paths import CountTables, context_counts, count_tables
from readoff.core.domain import Domain
from readoff.core.errors import BadValue
from readoff.networks.network import Ensemble, Network

SAFE_RANGE = 600.0
BLOCK = 1 << 18  # numbers per intermediate array: stays in the cache


@dataclass(frozen=True, eq=False)
class Behaviour:
    """On a whole domain: margins [..., n] in nats, accuracy [...], loss [...] in nats (at the read position)."""

    margins: np.ndarray
    accuracy: np.ndarray
    loss: np.ndarray

    @property
    def min_margin(self) -> np.ndarray:
        """[...]: the smallest margin over the domain; NaN if any is."""
        return self.margins.min(axis=-1)


def behaviour(model: Network | Ensemble, domain: Domain) -> Behaviour:
    """Margins, accuracy and loss of a one-layer network or ensemble on a domain; inputs may end in different tokens."""
    lead = (len(model),) if isinstance(model, Ensemble) else ()
    margin, surprise = np.empty((2, *(lead or (1,)), len(domain)))
    for rows, tables, counts in _by_end(model, domain.tokens):
        for models, block in _blocks(tables, counts):
            where = np.ix_(models, rows)
            margin[where], surprise[where] = (found.T for found in _judged(block, domain, rows))
    margin, surprise = margin.reshape(*lead, -1), surprise.reshape(*lead, -1)
    return Behaviour(margin, accuracy(margin, domain.weights), surprise @ domain.probabilities)


def behaviour_of(logits: np.ndarray, domain: Domain) -> Behaviour:
    """The same from logits [..., n, d_out], wherever those came from (a deeper network, somebody's callable)."""
    margin, surprise = (np.moveaxis(found, 0, -1) for found in _judged(_inputs_first(logits), domain))
    return Behaviour(margin, accuracy(margin, domain.weights), surprise @ domain.probabilities)


def network_logits(model: Network | Ensemble, tokens: np.ndarray) -> np.ndarray:
    """float64 [..., n, d_vocab_out]: logits at the last position of inputs [n, n_ctx] of a one-layer network."""
    lead = (len(model),) if isinstance(model, Ensemble) else ()
    out = np.empty((*(lead or (1,)), len(tokens), model.architecture.d_vocab_out))
    for rows, tables, counts in _by_end(model, tokens):
        for models, block in _blocks(tables, counts):
            out[np.ix_(models, rows)] = block.transpose(2, 0, 1)
    return out.reshape(*lead, *out.shape[1:])


def logits(tables: CountTables, counts: np.ndarray) -> np.ndarray:
    """float64 [..., n, d_out]: logits of inputs given as counts [n, d_vocab]. Models with NaN weights give NaN."""
    flat, counts = _flat(tables), _checked(tables, counts)
    out = np.empty((len(flat.base), len(counts), flat.d_out))
    for models, block in _blocks(flat, counts):
        out[models] = block.transpose(2, 0, 1)
    return out.reshape(*tables.leading, len(counts), flat.d_out)


def margins(tables: CountTables, counts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 [..., n]: logit of the label minus the largest other logit, in nats."""
    flat, counts = _flat(tables), _checked(tables, counts)
    if flat.d_out < 2:
        raise BadValue("a margin needs at least two outputs; this network has one.")
    out = np.empty((len(flat.base), len(counts)))
    for models, block in _blocks(flat, counts):
        out[models] = _margin(_gaps(block, labels)).T
    return out.reshape(*tables.leading, len(counts))


def margins_of(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 [..., n]: margins from logits [..., n, d_out], wherever those came from."""
    return np.moveaxis(_margin(_gaps(_inputs_first(logits), labels)), 0, -1)


def accuracy(margins: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[...]: weighted share of margins > 0 (a tie and a NaN are wrong); `weights` [n] are the domain's integers."""
    return ((margins > 0) @ weights) / int(weights.sum())


def loss_of(logits: np.ndarray, domain: Domain) -> np.ndarray:
    """[...]: mean cross-entropy in nats of logits [..., n, d_out] against the domain's labels, or its targets."""
    return behaviour_of(logits, domain).loss


def attention(tables: CountTables, counts: np.ndarray) -> np.ndarray:
    """float64 [..., n_heads, n, d_vocab]: each head's attention to each token (its copies together); sums to one."""
    flat, counts = _flat(tables), _checked(tables, counts)
    out = np.empty((*flat.scores.shape[:2], *counts.shape))
    for models in _pieces(np.arange(len(out)), BLOCK // (flat.n_heads * counts.size)):
        out[models] = _attention(flat.scores[models], counts)
    return out.reshape(*tables.leading, *out.shape[1:])


def mean_attention(tables: CountTables, counts: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """float64 [..., n_heads, d_vocab]: attention to each token, averaged over the inputs with their probabilities."""
    flat, counts = _flat(tables), _checked(tables, counts)
    out = np.empty(flat.scores.shape)
    for models in _pieces(np.arange(len(out)), BLOCK // (flat.n_heads * counts.size)):
        out[models] = probabilities @ _attention(flat.scores[models], counts)
    return out.reshape(tables.scores.shape)


def _by_end(model: Network | Ensemble, tokens: np.ndarray) -> Iterator[tuple[np.ndarray, CountTables, np.ndarray]]:
    """(row numbers, tables with a model axis, counts) for each token that inputs end in."""
    counts = context_counts(model.architecture, tokens)
    for end in np.unique(tokens[:, -1]):
        rows = np.flatnonzero(tokens[:, -1] == end)
        tables = _flat(count_tables(model.architecture, model.weights, int(end)))
        yield rows, tables, _checked(tables, counts[rows])


def _inputs_first(logits: np.ndarray) -> np.ndarray:
    """[n, d_out, ...]: a view in the order that the functions below use."""
    return np.moveaxis(np.asarray(logits), (-2, -1), (0, 1))


def _judged(logits: np.ndarray, domain: Domain, rows: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
    """(margins, cross-entropies) [n, ...] of logits [n, d_out, ...] on some rows of the domain."""
    gaps = _gaps(logits, domain.labels[rows])
    with np.errstate(invalid="ignore", over="ignore"):
        if domain.targets is None:
            return _margin(gaps), _surprise(gaps)
        best = logits.max(axis=1)
        normaliser = np.log(np.exp(logits - best[:, None]).sum(axis=1)) + best
        expected = np.einsum("no...,no->n...", logits, domain.targets[rows] / domain.target_denominator)
        return _margin(gaps), normaliser - expected


def _gaps(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 [n, d_out, ...]: every logit minus the label's; -inf at the label itself."""
    rows = np.arange(len(labels))
    with np.errstate(invalid="ignore"):
        gaps = np.subtract(logits, logits[rows, labels][:, None], dtype=np.float64)
    gaps[rows, labels] = -np.inf
    return gaps


def _margin(gaps: np.ndarray) -> np.ndarray:
    return 0.0 - gaps.max(axis=1)


def _surprise(gaps: np.ndarray) -> np.ndarray:
    """-log softmax of the label: log(1 + sum of exp(gap)) over the other outputs."""
    lift = np.maximum(gaps.max(axis=1), 0.0)
    rest = np.exp(gaps - lift[:, None]).sum(axis=1)
    return lift + np.where(lift > 0, np.log(np.exp(-lift) + rest), np.log1p(rest))


def _blocks(flat: CountTables, counts: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(model numbers, logits [n, d_out, those models]) until all models are done."""
    used = np.flatnonzero(counts.any(axis=0))
    scores, values = flat.scores[..., used], flat.values[..., used, :]
    counts = np.ascontiguousarray(counts[:, used])
    with np.errstate(invalid="ignore"):
        safe = (scores.max(axis=-1) - scores.min(axis=-1) < SAFE_RANGE).all(axis=-1)
    per_model = max(1, len(counts) * flat.n_heads * (flat.d_out + 1))
    for models in _pieces(np.flatnonzero(safe), BLOCK // per_model):
        yield models, _fast(scores[models], values[models], flat.base[models], counts)
    for models in _pieces(np.flatnonzero(~safe), BLOCK // (per_model * len(used))):
        yield models, _slow(scores[models], values[models], flat.base[models], counts)


def _fast(scores: np.ndarray, values: np.ndarray, base: np.ndarray, counts: np.ndarray) -> np.ndarray:
    models, heads, vocab, outputs = values.shape
    weight = np.exp(scores - scores.max(axis=-1, keepdims=True))
    columns = np.empty((vocab, heads, outputs + 1, models))
    np.multiply(weight.transpose(2, 1, 0)[:, :, None, :], values.transpose(2, 1, 3, 0), out=columns[:, :, :-1])
    columns[:, :, -1] = weight.transpose(2, 1, 0)
    out = np.repeat(base.T[None], len(counts), axis=0)
    with np.errstate(invalid="ignore"):
        sums = (counts.astype(np.float64) @ columns.reshape(vocab, -1)).reshape(len(counts), heads, outputs + 1, models)
        for head in range(heads):
            out += sums[:, head, :-1] / sums[:, head, -1:]
    return out


def _slow(scores: np.ndarray, values: np.ndarray, base: np.ndarray, counts: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.einsum("mhnv,mhvo->nom", _attention(scores, counts), values) + base.T


def _attention(scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """[models, n_heads, n, d_vocab]; exponentials relative to the largest score present in each input."""
    with np.errstate(invalid="ignore"):
        present = np.where(counts > 0, scores[:, :, None, :], -np.inf)
        weight = counts * np.exp(present - present.max(axis=-1, keepdims=True))
        return weight / weight.sum(axis=-1, keepdims=True)


def _pieces(models: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(models), max(1, size)):
        yield models[start : start + max(1, size)]


def _flat(tables: CountTables) -> CountTables:
    shape = (-1,)
    return CountTables(
        tables.scores.reshape(*shape, *tables.scores.shape[-2:]),
        tables.values.reshape(*shape, *tables.values.shape[-3:]),
        tables.base.reshape(*shape, tables.base.shape[-1]),
    )


def _checked(tables: CountTables, counts: np.ndarray) -> np.ndarray:
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[1] != tables.d_vocab:
        raise BadValue(f"counts have shape {list(counts.shape)}; expected [n, d_vocab] with d_vocab {tables.d_vocab}.")
    if len(counts) and counts.sum(axis=1).min() < 1:
        raise BadValue("an input without any token has no attention; every row of counts needs a token.")
    return counts
