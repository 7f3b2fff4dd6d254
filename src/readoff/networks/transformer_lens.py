"""Networks from and for TransformerLens 3.x (`HookedTransformer`), without importing it.

Names and shapes are the same, so a state dict is read as it is:

    network = from_transformer_lens(model.state_dict(), cfg=model.cfg)
    network = from_transformer_lens("model.safetensors", normalization="none")    # a saved state dict, no cfg
    state, cfg = to_transformer_lens(network)
    model = HookedTransformer(HookedTransformerConfig(**cfg))
    model.load_state_dict({name: torch.tensor(array) for name, array in state.items()}, strict=False)

The weights do not say everything: the activation function, the mask's direction, and whether there is a LayerNorm
without parameters (LNPre, as in every folded pretrained model) are in `cfg`. Without one, whoever hands over the
weights must say that there is none, normalization="none"; an attention-only network is then taken to be causal, and
`origin` says so; an MLP needs cfg. A W_pos that is 0 everywhere is no positional embedding, and is read as none.
Buffers (attn.mask, attn.IGNORE) are skipped; whatever this package could not compute exactly alike is refused by name.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from readoff.core.errors import BadValue, Damaged
from readoff.networks.architecture import Architecture
from readoff.networks.files import read_tensors, write_tensors
from readoff.networks.network import Network

BUFFER = re.compile(r"blocks\.\d+\.attn\.(mask|IGNORE)")
HINTS = (
    (re.compile(r"\bln|layer_norm|norm"), "normalisation is not built; train with normalization_type=None"),
    (re.compile(r"W_gate"), "gated MLPs are not built"),
    (re.compile(r"\._W_[KV]|\._b_[KV]"), "grouped-query attention is not built"),
    (re.compile(r"rotary|rel_pos"), "only learned absolute positions are built"),
    (re.compile(r"\.(q|k|v|o|in|out)\.weight|_original_component"), "this is no HookedTransformer state dict"),
)
ALLOWED: dict[str, tuple[Any, ...]] = {
    "normalization_type": (None,),
    "positional_embedding_type": ("standard",),
    "attention_dir": ("causal", "bidirectional"),
    "use_attn_scale": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "use_local_attn": (False,),
    "use_qk_norm": (False,),
    "use_logn_attn": (False,),
    "use_attention_sinks": (False,),
    "clip_qkv": (None,),
    "parallel_attn_mlp": (False,),
    "gated_mlp": (False,),
    "num_experts": (None,),
    "post_embedding_ln": (False,),
    "use_normalization_before_and_after": (False,),
    "attn_scores_soft_cap": (-1.0, None),
    "output_logits_soft_cap": (-1.0, None),
}


def from_transformer_lens(
    source: Mapping[str, Any] | str | Path,
    cfg: Any = None,
    n_ctx: int | None = None,
    origin: str = "",
    normalization: Literal["none"] | None = None,
) -> Network:
    """A network from a state dict (name to array) or a .safetensors file of one.

    cfg            a HookedTransformerConfig or a dict of its fields; a file by `save_transformer_lens` holds its own
    n_ctx          needed only if there is neither W_pos nor cfg
    normalization  "none" states that there is no LayerNorm; needed where no cfg says so, since weights cannot show it

    BadValue: names, shapes or settings that this package does not compute; PyTorch's own files (pickles), with advice.
    Damaged: a .safetensors file that cannot be read.
    """
    if isinstance(source, str | Path):
        state, metadata = read_tensors(source)
        cfg = _header(metadata["cfg"], source) if cfg is None and "cfg" in metadata else cfg
        origin = origin or f"TransformerLens file {Path(source).name}"
    else:
        state = source
        origin = origin or "TransformerLens state dict"
    weights = {name: _array(name, value) for name, value in state.items() if not BUFFER.fullmatch(name)}
    settings = None if cfg is None else _settings(cfg)
    if normalization not in (None, "none"):
        raise BadValue(f"normalization {normalization!r} is not built; only networks without any can be read ('none').")
    architecture, note = _architecture(weights, settings, n_ctx)
    unknown = sorted(set(weights) - set(architecture.shapes()) - {"pos_embed.W_pos"})
    if unknown:
        raise BadValue(f"{', '.join(unknown[:5])}: {_hint(unknown[0])}")
    kept = {name: weights[name] for name in architecture.shapes() if name in weights}
    network = Network(architecture, kept, "imported", f"{origin}{note}")
    if normalization is None and "normalization_type" not in (settings or {}):
        raise BadValue(
            "the weights do not show whether there is a LayerNorm without parameters (LNPre, as in pretrained models "
            "whose LayerNorm was folded). Give cfg (model.cfg), or state that there is none: normalization='none' "
            "(`readoff import FILE --normalization none`)."
        )
    return network


def to_transformer_lens(network: Network) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(state dict without buffers, fields of a HookedTransformerConfig): the same logits in TransformerLens.

    Missing biases and positions become zeros. BadValue: an effective network, or one without the direct path.
    """
    a = network.architecture
    if not isinstance(a, Architecture):
        raise BadValue("the effective model has no embedding or residual stream; TransformerLens cannot hold it.")
    if not a.direct_path:
        raise BadValue(
            "TransformerLens always adds the direct path; this network was made without (direct_path=False)."
        )
    whole = Architecture(
        **{f: getattr(a, f) for f in ("d_vocab", "d_vocab_out", "n_ctx", "n_layers", "n_heads", "d_model", "d_head",
                                      "d_mlp", "act_fn", "causal")},
        positions=True,
    )  # fmt: skip
    dtype = network.weights["embed.W_E"].dtype
    state = {name: np.zeros(shape, dtype) for name, shape in whole.shapes().items()} | dict(network.weights)
    cfg = {
        "n_layers": a.n_layers,
        "d_model": a.d_model,
        "n_ctx": a.n_ctx,
        "d_head": a.d_head,
        "n_heads": a.n_heads,
        "d_vocab": a.d_vocab,
        "d_vocab_out": a.d_vocab_out,
        "attn_only": a.d_mlp == 0,
        "act_fn": a.act_fn,
        "normalization_type": None,
        "attention_dir": "causal" if a.causal else "bidirectional",
    }
    return state, cfg | ({"d_mlp": a.d_mlp} if a.d_mlp else {})


def save_transformer_lens(network: Network, path: str | Path) -> None:
    """`to_transformer_lens` as one .safetensors file, cfg as JSON in its metadata under "cfg"."""
    state, cfg = to_transformer_lens(network)
    write_tensors(path, state, {"cfg": json.dumps(cfg, sort_keys=True)})


def _architecture(
    weights: Mapping[str, np.ndarray], settings: Mapping[str, Any] | None, n_ctx: int | None
) -> tuple[Architecture, str]:
    """The architecture that the shapes (and settings) describe, and what had to be assumed, as text."""
    missing = [n for n in ("embed.W_E", "blocks.0.attn.W_Q", "unembed.W_U") if n not in weights]
    if missing:
        raise BadValue(f"the state dict lacks {', '.join(missing)}. {_hint(next(iter(weights), ''))}")
    if weights["embed.W_E"].ndim != 2 or weights["blocks.0.attn.W_Q"].ndim != 3 or weights["unembed.W_U"].ndim != 2:
        raise BadValue("expected W_E [d_vocab, d_model], W_Q [n_heads, d_model, d_head], W_U [d_model, d_vocab_out].")
    (d_vocab, d_model), d_vocab_out = weights["embed.W_E"].shape, weights["unembed.W_U"].shape[1]
    n_heads, _, d_head = weights["blocks.0.attn.W_Q"].shape
    place = weights.get("pos_embed.W_pos")
    notes = []
    n_ctx = n_ctx or (settings or {}).get("n_ctx") or (None if place is None else len(place))
    if n_ctx is None:
        raise BadValue("without W_pos the weights do not say how long inputs are; give cfg or n_ctx.")
    positions = place is not None and bool(place.any())
    if place is not None and not positions:
        notes.append("W_pos is 0, read as no positions")
    d_mlp = weights["blocks.0.mlp.W_in"].shape[-1] if "blocks.0.mlp.W_in" in weights else 0
    if settings is None:
        if d_mlp:
            raise BadValue("the weights do not say which activation function the MLP has; give cfg (model.cfg).")
        notes.append("no cfg: taken to be causal; said to be without normalisation")
    settings = settings or {}
    act_fn = settings.get("act_fn", "relu") if d_mlp else "relu"
    if act_fn not in ("relu", "gelu"):
        raise BadValue(f"act_fn {act_fn!r} is not built; networks here have 'relu' or 'gelu' (exact, with erf).")
    scale = settings.get("attn_scale")
    if scale is not None and scale > 0 and not math.isclose(scale, math.sqrt(d_head), rel_tol=1e-12):
        raise BadValue(f"attn_scale is {scale}; here scores are divided by sqrt(d_head) = {math.sqrt(d_head):.6g}. "
                       "Multiply W_Q and b_Q by sqrt(d_head) / attn_scale and leave attn_scale out.")  # fmt: skip
    architecture = Architecture(
        d_vocab=d_vocab,
        d_vocab_out=d_vocab_out,
        n_ctx=int(n_ctx),
        n_layers=len({name.split(".")[1] for name in weights if name.startswith("blocks.")}),
        n_heads=n_heads,
        d_model=d_model,
        d_head=d_head,
        d_mlp=d_mlp,
        act_fn=act_fn,
        positions=positions,
        biases="unembed.b_U" in weights,
        causal=settings.get("attention_dir", "causal") == "causal",
    )
    return architecture, f" ({'; '.join(notes)})" if notes else ""


def _header(text: str, path: str | Path) -> dict[str, Any]:
    """The config in a file's header."""
    try:
        cfg = json.loads(text)
    except (ValueError, RecursionError):
        cfg = None
    if not isinstance(cfg, dict):
        raise Damaged(f"{path} has a cfg in its header that is no JSON object: {text[:60]!r}.")
    return cfg


def _settings(cfg: Any) -> dict[str, Any]:
    """The fields of a config, once everything that would change the computation has been refused."""
    fields = dict(cfg) if isinstance(cfg, Mapping) else cfg.to_dict() if hasattr(cfg, "to_dict") else dict(vars(cfg))
    for name, allowed in ALLOWED.items():
        if name in fields and fields[name] not in allowed:
            wanted = " or ".join(map(repr, allowed))
            raise BadValue(f"cfg.{name} is {fields[name]!r}; networks here are built with {wanted} only.")
    grouped = fields.get("n_key_value_heads")
    if grouped is not None and grouped != fields.get("n_heads"):
        raise BadValue(f"cfg.n_key_value_heads is {grouped}; grouped-query attention is not built.")
    return fields


def _array(name: str, value: Any) -> np.ndarray:
    """A float32 or float64 copy of an array or a CPU tensor."""
    try:
        array = np.array(value)
    except (TypeError, RuntimeError, ValueError) as error:
        raise BadValue(
            f"{name} is a {type(value).__name__} that numpy cannot read ({error}). Pass CPU tensors in float32, as in "
            "{k: v.float().cpu() for k, v in model.state_dict().items()}."
        ) from None
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype not in (np.float32, np.float64):
        raise BadValue(f"{name} is {array.dtype}; expected float32 or float64 weights.")
    return array


def _hint(name: str) -> str:
    for pattern, text in HINTS:
        if pattern.search(name):
            return text + "."
    return "expected the state dict of a HookedTransformer, with names like blocks.0.attn.W_Q."
