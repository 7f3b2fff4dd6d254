"""From weights to tables: what a one-layer attention network is, once its matrices are multiplied out.

Read at its last token, such a network is a sum of paths. With one-hot counts n_t of the tokens in the context,

    logits(n) = base + sum over heads h of  sum_t a_ht value_ht,     a_ht = n_t exp(score_ht) / sum_u n_u exp(score_hu)

    score_ht = (x_read W_Q + b_Q) . (x_t W_K + b_K) / sqrt(d_head)
    value_ht = (x_t W_V + b_V) W_O W_U
    base     = (x_read if direct_path else 0) W_U + b_O W_U + b_U

`count_tables` gives these three, for one network or a whole ensemble (leading axes are kept). b_V is folded into the
values, which is exact because attention sums to one; b_O and b_U are in the base. With positional embeddings the
"token" t is a pair (position, token), numbered `position * d_vocab + token`, and counts are 0 or 1: `context_counts`.

`path_tables` gives one network's EU, EQKE, EQKP, EVOU, PVOU as labelled tables over all query tokens, split into the
mean of the positional embeddings (in E) and the rest (in P). Names: Gross et al., Compact Proofs (arXiv 2406.11779).

>>> from readoff.networks.architecture import EffectiveArchitecture
>>> tiny = EffectiveArchitecture(d_vocab=2, d_vocab_out=2, n_ctx=2, n_heads=1, d_head=1, biases=False)
>>> weights = {"scores": np.zeros((1, 2)), "V": np.array([[[0.0], [3.0]]]), "O": np.array([[[0.0, 1.0]]])}
>>> count_tables(tiny, weights).values[0].tolist()          # token 1 writes 3 on output 1
[[0.0, 0.0], [0.0, 3.0]]
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from readoff.core.domain import Domain
from readoff.core.errors import BadValue
from readoff.core.tables import LabelledTable
from readoff.networks.architecture import AnyArchitecture, EffectiveArchitecture
from readoff.networks.network import Ensemble, Network
from readoff.tasks.base import Task

RAW = "raw"
NATS = "nats"


@dataclass(frozen=True, eq=False)
class CountTables:
    """A one-layer network as numbers (float64). "Token" means (position, token) where there are positions.

    scores  [..., n_heads, d_vocab]  in nats, already divided by sqrt(d_head)
    values  [..., n_heads, d_vocab, d_vocab_out]  EVOU with b_V folded in
    base    [..., d_vocab_out]  direct path, b_O and b_U
    """

    scores: np.ndarray
    values: np.ndarray
    base: np.ndarray

    def __post_init__(self) -> None:
        lead, (heads, vocab) = self.scores.shape[:-2], self.scores.shape[-2:]
        outputs = self.base.shape[-1]
        if self.values.shape != (*lead, heads, vocab, outputs) or self.base.shape != (*lead, outputs):
            raise BadValue(
                f"scores {list(self.scores.shape)}, values {list(self.values.shape)} and base {list(self.base.shape)} "
                "do not fit; expected [..., n_heads, d_vocab], [..., n_heads, d_vocab, d_out] and [..., d_out]."
            )

    @property
    def leading(self) -> tuple[int, ...]:
        """Shape of the model axes; () for one network."""
        return self.base.shape[:-1]

    @property
    def n_heads(self) -> int:
        return self.scores.shape[-2]

    @property
    def d_vocab(self) -> int:
        return self.scores.shape[-1]

    @property
    def d_out(self) -> int:
        return self.base.shape[-1]

    def __getitem__(self, index: object) -> "CountTables":
        """Some of the models: a number, slice, mask or array of numbers along the first model axis."""
        if not self.leading:
            raise BadValue("these are the tables of one network; there is no model axis to index.")
        return CountTables(self.scores[index], self.values[index], self.base[index])  # type: ignore[index]


@dataclass(frozen=True, eq=False)
class PathTables:
    """One network's paths. Raw score = EQKE + EQKP; raw logits = EU + bias + attention-weighted (EVOU + PVOU)."""

    EU: LabelledTable
    EQKE: LabelledTable
    EQKP: LabelledTable
    EVOU: LabelledTable
    PVOU: LabelledTable
    bias: LabelledTable


def count_tables(architecture: AnyArchitecture, weights: Mapping[str, np.ndarray], read_token: int = 0) -> CountTables:
    """The tables of the module docstring. Weights may carry leading model axes; `read_token` ends every input.

    BadValue: more than one layer or an MLP; a read token outside the vocabulary.
    """
    w = {name: np.asarray(array, dtype=np.float64) for name, array in weights.items()}
    if isinstance(architecture, EffectiveArchitecture):
        values = w["V"] @ w["O"]
        base = w["b"] if architecture.biases else np.zeros((*values.shape[:-3], architecture.d_vocab_out))
        return CountTables(w["scores"], values, base)
    one_layer(architecture)
    if not 0 <= read_token < architecture.d_vocab:
        raise BadValue(f"read_token is {read_token}; the vocabulary has tokens 0 to {architecture.d_vocab - 1}.")
    embed = w["embed.W_E"]
    read = embed[..., read_token, :]
    if architecture.positions:
        place = w["pos_embed.W_pos"]
        read = read + place[..., -1, :]
        both = place[..., :, None, :] + embed[..., None, :, :]
        embed = both.reshape(*both.shape[:-3], -1, both.shape[-1])
    with np.errstate(invalid="ignore", over="ignore"):  # diverged models give NaN, quietly
        scores = (_keys(w, embed) @ _queries(w, read[..., None, :]).swapaxes(-1, -2))[..., 0]
        values = head_values(w, embed) @ head_readout(w)
        base = _bias_logits(w) + (_rows(read, w["unembed.W_U"]) if architecture.direct_path else 0.0)
    return CountTables(scores / np.sqrt(architecture.d_head), values, base)


def context_counts(architecture: AnyArchitecture, tokens: np.ndarray) -> np.ndarray:
    """int64 [n, d_vocab]: how often each token stands in each input, the read token included.

    With positions: int64 [n, n_ctx * d_vocab], one 1 for every position.
    """
    tokens = np.asarray(tokens)
    n_tokens = architecture.d_vocab
    if tokens.ndim != 2 or tokens.min(initial=0) < 0 or tokens.max(initial=0) >= n_tokens:
        raise BadValue(f"expected token numbers [n, n_ctx] below {n_tokens}; got shape {list(tokens.shape)}.")
    if architecture.positions:
        if tokens.shape[1] != architecture.n_ctx:
            raise BadValue(f"inputs have {tokens.shape[1]} positions; the architecture has n_ctx {architecture.n_ctx}.")
        tokens = tokens + n_tokens * np.arange(architecture.n_ctx)
        n_tokens = n_tokens * architecture.n_ctx
    flat = (tokens + n_tokens * np.arange(len(tokens))[:, None]).ravel()
    return np.bincount(flat, minlength=len(tokens) * n_tokens).reshape(len(tokens), n_tokens)


def tables_on(model: Network | Ensemble, domain: Domain) -> tuple[CountTables, np.ndarray]:
    """Tables and counts for a domain whose inputs all end in one token (use `behaviour` where they do not)."""
    ends = np.unique(domain.tokens[:, -1])
    if len(ends) != 1:
        raise BadValue(f"inputs end in tokens {', '.join(map(str, ends))}; tables speak of one read token.")
    return (
        count_tables(model.architecture, model.weights, int(ends[0])),
        context_counts(model.architecture, domain.tokens),
    )


def path_tables(network: Network, task: Task | None = None) -> PathTables:
    """One network's labelled paths, gauge "raw" (nothing fixed yet). `task` supplies labels; else tokens are numbers.

    EU [query, output]; EQKE [head, query, key]; EQKP [head, query, position]; EVOU [head, token, output];
    PVOU [head, position, output]; bias [output]. b_Q acts in EQKE and EQKP, b_K in EQKE, b_V in EVOU; the bias table is
    b_O W_U + b_U. With positions the query is x_read = E[query] + P[last]. The effective model has one query row.
    """
    architecture = network.architecture
    tokens = _names("tokens", task.input_tokens if task else None, architecture.d_vocab)
    outputs = ("output", _names("outputs", task.output_labels if task else None, architecture.d_vocab_out))
    heads = ("head", _numbers(architecture.n_heads))
    places = ("position", _numbers(architecture.n_ctx))
    w = {name: np.asarray(array, dtype=np.float64) for name, array in network.weights.items()}
    if isinstance(architecture, EffectiveArchitecture):
        tables = count_tables(architecture, w)
        query = ("query", ("read-off",))
        direct, scores, values = np.zeros((1, architecture.d_vocab_out)), tables.scores[:, None, :], tables.values
        bias = tables.base
        by_place = np.zeros((architecture.n_heads, 1, architecture.n_ctx))
        values_by_place = np.zeros((architecture.n_heads, architecture.n_ctx, architecture.d_vocab_out))
    else:
        one_layer(architecture)
        query = ("query", tokens)
        place = w["pos_embed.W_pos"] if architecture.positions else np.zeros((architecture.n_ctx, architecture.d_model))
        asked, mean = w["embed.W_E"] + place[-1], w["embed.W_E"] + place.mean(axis=0)
        rest = place - place.mean(axis=0)
        queries = _queries(w, asked) / np.sqrt(architecture.d_head)
        direct = asked @ w["unembed.W_U"] * architecture.direct_path
        scores = queries @ _keys(w, mean).swapaxes(-1, -2)
        by_place = queries @ (rest @ w["blocks.0.attn.W_K"]).swapaxes(-1, -2)
        values = head_values(w, mean) @ head_readout(w)
        values_by_place = rest @ w["blocks.0.attn.W_V"] @ head_readout(w)
        bias = _bias_logits(w)
    return PathTables(
        LabelledTable(direct, (query, outputs), RAW, NATS),
        LabelledTable(scores, (heads, query, ("key", tokens)), RAW, NATS),
        LabelledTable(by_place, (heads, query, places), RAW, NATS),
        LabelledTable(values, (heads, ("token", tokens), outputs), RAW, NATS),
        LabelledTable(values_by_place, (heads, places, outputs), RAW, NATS),
        LabelledTable(bias, (outputs,), RAW, NATS),
    )


def one_layer(architecture: AnyArchitecture) -> None:
    """Refuse networks that are not one attention layer."""
    if not architecture.one_attention_layer:
        raise BadValue(
            "only one attention layer without MLP multiplies out into path tables; this architecture has "
            f"{getattr(architecture, 'n_layers', 1)} layers and d_mlp {getattr(architecture, 'd_mlp', 0)}. "
            "Run the network itself instead (readoff.networks)."
        )


def head_values(w: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """[..., n_heads, k, d_head]: what each head reads from k residual vectors x [..., k, d_model], b_V included."""
    return _project(w, x, "V")


def head_readout(w: Mapping[str, np.ndarray]) -> np.ndarray:
    """[..., n_heads, d_head, d_vocab_out]: W_O W_U."""
    return w["blocks.0.attn.W_O"] @ w["unembed.W_U"][..., None, :, :]


def _queries(w: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    return _project(w, x, "Q")


def _keys(w: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    return _project(w, x, "K")


def _project(w: Mapping[str, np.ndarray], x: np.ndarray, letter: str) -> np.ndarray:
    out = x[..., None, :, :] @ w[f"blocks.0.attn.W_{letter}"]
    bias = w.get(f"blocks.0.attn.b_{letter}")
    return out if bias is None else out + bias[..., None, :]


def _bias_logits(w: Mapping[str, np.ndarray]) -> np.ndarray:
    unembed = w["unembed.W_U"]
    if "unembed.b_U" not in w:
        return np.zeros((*unembed.shape[:-2], unembed.shape[-1]))
    return _rows(w["blocks.0.attn.b_O"], unembed) + w["unembed.b_U"]


def _rows(vectors: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    return (vectors[..., None, :] @ matrices)[..., 0, :]


def _numbers(n: int) -> tuple[str, ...]:
    return tuple(map(str, range(n)))


def _names(what: str, given: tuple[str, ...] | None, n: int) -> tuple[str, ...]:
    if given is not None and len(given) != n:
        raise BadValue(f"the task has {len(given)} {what}, the network {n}; give the task this network was made for.")
    return given or _numbers(n)
