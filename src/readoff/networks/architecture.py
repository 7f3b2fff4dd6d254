"""What a network is made of, as frozen values.

`Architecture` is a small transformer in TransformerLens's words; `EffectiveArchitecture` is the model people use
when they think about one attention layer read at one token: free attention scores per head and token, and free
value and output factors.

>>> Architecture(d_vocab=12, d_vocab_out=10, n_ctx=5).shapes()["blocks.0.attn.W_Q"]
(2, 16, 5)

Weights are a flat dict with TransformerLens's state-dict names (`embed.W_E`, `blocks.0.attn.W_Q`, ...) and
right multiplication: q = x @ W_Q + b_Q. "A constant logit vector is available" means b_U, b_O, b_V or a direct path;
`has_constant_logits` says so.
"""

from dataclasses import dataclass
from typing import Literal

from readoff.core.errors import BadValue, need_whole
from readoff.tasks.base import Task

LARGEST = 1_000_000_000
LARGEST_SIDE = 1_000_000
MOST_LAYERS = 1_000


@dataclass(frozen=True)
class Architecture:
    """A causal transformer. `d_mlp` 0 means attention only; `embedding`/`unembedding` "one_hot" is a fixed identity."""

    d_vocab: int
    d_vocab_out: int
    n_ctx: int
    n_layers: int = 1
    n_heads: int = 2
    d_model: int = 16
    d_head: int = 5
    d_mlp: int = 0
    act_fn: Literal["relu", "gelu"] = "relu"
    positions: bool = False
    biases: bool = True
    embedding: Literal["learned", "one_hot"] = "learned"
    unembedding: Literal["learned", "one_hot"] = "learned"
    direct_path: bool = True
    causal: bool = True
    normalization: Literal["none", "LN", "LNPre"] = "none"

    def __post_init__(self) -> None:
        for field in ("d_vocab", "d_vocab_out", "n_ctx", "n_layers", "n_heads", "d_model", "d_head"):
            _check_side(self, field, 1, MOST_LAYERS if field == "n_layers" else LARGEST_SIDE)
        _check_side(self, "d_mlp", 0)
        if self.normalization != "none":
            raise BadValue(f"normalization {self.normalization!r} is reserved but not built yet; use 'none'.")
        if self.embedding == "one_hot" and self.d_model < self.d_vocab:
            raise BadValue(f"one-hot embeddings need d_model >= d_vocab; got {self.d_model} < {self.d_vocab}.")
        if self.unembedding == "one_hot" and self.d_model < self.d_vocab_out:
            raise BadValue(
                f"a one-hot unembedding needs d_model >= d_vocab_out; got {self.d_model} < {self.d_vocab_out}."
            )
        if self.n_parameters > LARGEST:
            raise BadValue(f"this architecture has {self.n_parameters:,} parameters; the limit is {LARGEST:,}.")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape, without the model axis."""
        n, m, h = self.n_heads, self.d_model, self.d_head
        out: dict[str, tuple[int, ...]] = {"embed.W_E": (self.d_vocab, m)}
        if self.positions:
            out["pos_embed.W_pos"] = (self.n_ctx, m)
        for layer in range(self.n_layers):
            attn = f"blocks.{layer}.attn."
            out |= {attn + "W_Q": (n, m, h), attn + "W_K": (n, m, h), attn + "W_V": (n, m, h), attn + "W_O": (n, h, m)}
            if self.biases:
                out |= {attn + "b_Q": (n, h), attn + "b_K": (n, h), attn + "b_V": (n, h), attn + "b_O": (m,)}
            if self.d_mlp:
                mlp = f"blocks.{layer}.mlp."
                out |= {mlp + "W_in": (m, self.d_mlp), mlp + "W_out": (self.d_mlp, m)}
                if self.biases:
                    out |= {mlp + "b_in": (self.d_mlp,), mlp + "b_out": (m,)}
        out["unembed.W_U"] = (m, self.d_vocab_out)
        if self.biases:
            out["unembed.b_U"] = (self.d_vocab_out,)
        return out

    @property
    def fixed(self) -> tuple[str, ...]:
        """Names of the weights that are not trained."""
        return tuple(
            name
            for name, kind in (("embed.W_E", self.embedding), ("unembed.W_U", self.unembedding))
            if kind == "one_hot"
        )

    @property
    def n_parameters(self) -> int:
        """Number of stored numbers, trained or fixed."""
        return _count(self.shapes())

    @property
    def has_constant_logits(self) -> bool:
        """True if some constant logit vector can be added: through biases, or the read-off's own direct path."""
        return self.biases or self.direct_path

    @property
    def one_attention_layer(self) -> bool:
        """One layer, no MLP, no normalisation: logits are bias + sum of attention averages of per-token values."""
        return self.n_layers == 1 and self.d_mlp == 0


@dataclass(frozen=True)
class EffectiveArchitecture:
    """Free tables: scores [n_heads, d_vocab], V [n_heads, d_vocab, d_head], O [n_heads, d_head, d_vocab_out] and b.

    Logits are b + sum over heads of (attention-weighted mean of V) @ O; no direct path, no embedding, no positions.
    Scores stand for EQKE's row of the read-off, already divided by sqrt(d_head).
    """

    d_vocab: int
    d_vocab_out: int
    n_ctx: int
    n_heads: int = 2
    d_head: int = 5
    biases: bool = True

    def __post_init__(self) -> None:
        for field in ("d_vocab", "d_vocab_out", "n_ctx", "n_heads", "d_head"):
            _check_side(self, field, 1)
        if self.n_parameters > LARGEST:
            raise BadValue(f"this architecture has {self.n_parameters:,} parameters; the limit is {LARGEST:,}.")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight's name and shape, without the model axis."""
        out: dict[str, tuple[int, ...]] = {
            "scores": (self.n_heads, self.d_vocab),
            "V": (self.n_heads, self.d_vocab, self.d_head),
            "O": (self.n_heads, self.d_head, self.d_vocab_out),
        }
        return out | ({"b": (self.d_vocab_out,)} if self.biases else {})

    fixed = ()
    positions = False
    one_attention_layer = True
    direct_path = False

    @property
    def n_parameters(self) -> int:
        return _count(self.shapes())

    @property
    def has_constant_logits(self) -> bool:
        return self.biases


AnyArchitecture = Architecture | EffectiveArchitecture


def architecture_for(task: Task, **fields: object) -> Architecture:
    """An `Architecture` with the task's vocabulary sizes and n_ctx filled in."""
    return Architecture(task.d_vocab, task.d_vocab_out, task.n_ctx, **fields)  # type: ignore[arg-type]


def effective_for(task: Task, **fields: object) -> EffectiveArchitecture:
    """An `EffectiveArchitecture` with the task's vocabulary sizes and n_ctx filled in."""
    return EffectiveArchitecture(task.d_vocab, task.d_vocab_out, task.n_ctx, **fields)  # type: ignore[arg-type]


def _check_side(architecture: object, field: str, least: int, most: int = LARGEST_SIDE) -> None:
    need_whole(architecture, field)
    given = getattr(architecture, field)
    if not least <= given <= most:
        kind = type(architecture).__name__
        raise BadValue(f"{kind}.{field} is {given}; expected a whole number from {least} to {most:,}.")


def _count(shapes: dict[str, tuple[int, ...]]) -> int:
    total = 0
    for shape in shapes.values():
        size = 1
        for side in shape:
            size *= side
        total += size
    return total
