"""One table of named cases for all forwards, and strategies that make more of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from scipy.special import erf

from readoff.core.domain import Domain
from readoff.networks.architecture import AnyArchitecture, EffectiveArchitecture, architecture_for, effective_for
from readoff.networks.forward import forward
from readoff.tasks import Pairs, grid_task
from readoff.tasks.base import Task


@grid_task(tokens=["a", "b", "c"], n_ctx=2, outputs=["first", "second", "neither"], weight=lambda a, b: 1 + a + 2 * b)
def larger(a, b):
    return "neither" if a == b else "first" if a > b else "second"


@grid_task(tokens=2, n_ctx=3, outputs=2, read_off=None)
def parity(a, b, c):
    return (a + b + c) % 2 if (a, b) != (1, 1) else None


@dataclass(frozen=True)
class Coin(Task):
    """Targets are distributions: after k ones in two tosses, the third is 1 with probability (1 + k) / 4."""

    n_ctx: int = 3

    @property
    def name(self) -> str:
        return "coin"

    @property
    def input_tokens(self) -> tuple[str, ...]:
        return ("=", "0", "1")

    @property
    def output_labels(self) -> tuple[str, ...]:
        return ("0", "1")

    def domain_size(self) -> int:
        return 4

    def _enumerate(self) -> Domain:
        tokens = np.array([[1, 1, 0], [1, 2, 0], [2, 1, 0], [2, 2, 0]], np.int32)
        ones = np.ones(4, np.int64)
        targets = np.array([[3, 1], [2, 2], [2, 2], [1, 3]])
        return Domain(tokens, np.array([0, -1, -1, 1]), ones, 4, ones, targets=targets, target_denominator=4)


QUICKLY = {"xla_backend_optimization_level": 0}  # compiler options for tests whose time is compiling
PAIRS = Pairs(n_signal=2, n_noise=2, n_ctx=4)
ELSEWHERE = Pairs(n_signal=2, n_noise=2, n_ctx=4, uniform_elsewhere=True)

CASES: dict[str, tuple[Task, AnyArchitecture]] = {
    "pairs": (PAIRS, architecture_for(PAIRS, d_model=5, d_head=2)),
    "no biases, no direct path": (PAIRS, architecture_for(PAIRS, d_model=5, d_head=1, biases=False, direct_path=False)),
    "one-hot": (PAIRS, architecture_for(PAIRS, d_model=8, d_head=3, embedding="one_hot", unembedding="one_hot")),
    "loss elsewhere": (ELSEWHERE, architecture_for(ELSEWHERE, d_model=5, d_head=2, n_heads=1)),
    "positions": (PAIRS, architecture_for(PAIRS, d_model=5, d_head=2, positions=True)),
    "positions, loss elsewhere": (ELSEWHERE, architecture_for(ELSEWHERE, d_model=3, d_head=2, positions=True)),
    "weighted grid": (larger, architecture_for(larger, d_model=4, d_head=2, n_heads=3)),
    "grid without read-off": (parity, architecture_for(parity, d_model=3, d_head=2)),
    "grid with positions": (parity, architecture_for(parity, d_model=3, d_head=2, positions=True, direct_path=False)),
    "distributions": (Coin(), architecture_for(Coin(), d_model=3, d_head=2)),
    "effective": (PAIRS, effective_for(PAIRS, d_head=2)),
    "effective without bias": (parity, effective_for(parity, d_head=1, n_heads=1, biases=False)),
}

tasks = st.one_of(
    st.builds(
        Pairs, n_signal=st.just(2), n_noise=st.integers(1, 2), n_ctx=st.integers(3, 4), uniform_elsewhere=st.booleans()
    ),
    st.sampled_from([larger, parity, Coin()]),
)


@st.composite
def one_layer_cases(draw) -> tuple[Task, AnyArchitecture]:
    """A task and any one-layer architecture for it."""
    task = draw(tasks)
    heads, d_head = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    if draw(st.integers(0, 4)) == 0:
        return task, effective_for(task, n_heads=heads, d_head=d_head, biases=draw(st.booleans()))
    fields = {name: draw(st.booleans()) for name in ("positions", "biases", "direct_path")}
    return task, architecture_for(task, n_heads=heads, d_head=d_head, d_model=draw(st.integers(1, 5)), **fields)


def random_weights(architecture: AnyArchitecture, seed: int, size: float = 1.0) -> dict[str, np.ndarray]:
    """float64 weights, normally distributed; tables of the effective model included."""
    generator = np.random.default_rng(seed)
    return {name: generator.standard_normal(shape) * size for name, shape in architecture.shapes().items()}


def run(architecture: AnyArchitecture, weights: dict[str, np.ndarray], tokens: object, **given) -> np.ndarray:
    """Logits [batch, position, out] of the direct forward, as numpy."""
    return np.asarray(run_with_sites(architecture, weights, tokens, **given)[0])


def run_with_sites(architecture: AnyArchitecture, weights: dict[str, np.ndarray], tokens: object, **given):
    """(logits, sites) of the direct forward."""
    arrays = {name: jnp.asarray(value) for name, value in weights.items()}
    return forward(architecture, arrays, jnp.asarray(tokens), **given)


def plain_logits(a: AnyArchitecture, w: Mapping[str, np.ndarray], tokens: np.ndarray) -> np.ndarray:
    """Logits [input, position, out], one input, position and head at a time, as the definition says it."""
    if isinstance(a, EffectiveArchitecture):
        return _plain_effective(a, w, tokens)

    def bias(name):
        return w.get(name, 0.0)

    out = []
    for row in tokens:
        start = [w["embed.W_E"][t] + (w["pos_embed.W_pos"][i] if a.positions else 0.0) for i, t in enumerate(row)]
        x = [v.copy() for v in start]
        for layer in range(a.n_layers):
            name = f"blocks.{layer}.attn."
            new = []
            for i in range(len(row)):
                total = x[i] + bias(name + "b_O")
                for h in range(a.n_heads):
                    q = x[i] @ w[name + "W_Q"][h] + (bias(name + "b_Q")[h] if a.biases else 0.0)
                    seen = range(i + 1) if a.causal else range(len(row))
                    keys = [x[j] @ w[name + "W_K"][h] + (bias(name + "b_K")[h] if a.biases else 0.0) for j in seen]
                    values = [x[j] @ w[name + "W_V"][h] + (bias(name + "b_V")[h] if a.biases else 0.0) for j in seen]
                    scores = [float(q @ k) / math.sqrt(a.d_head) for k in keys]
                    shares = [math.exp(s - max(scores)) for s in scores]
                    total = total + sum(p / sum(shares) * v for p, v in zip(shares, values)) @ w[name + "W_O"][h]
                new.append(total)
            x = new
            if a.d_mlp:
                name = f"blocks.{layer}.mlp."
                for i in range(len(row)):
                    pre = x[i] @ w[name + "W_in"] + bias(name + "b_in")
                    post = np.maximum(pre, 0) if a.act_fn == "relu" else pre * (1 + erf(pre / math.sqrt(2))) / 2
                    x[i] = x[i] + post @ w[name + "W_out"] + bias(name + "b_out")
        if not a.direct_path:
            x = [v - s for v, s in zip(x, start)]
        out.append([v @ w["unembed.W_U"] + bias("unembed.b_U") for v in x])
    return np.array(out)


def _plain_effective(a: EffectiveArchitecture, w: Mapping[str, np.ndarray], tokens: np.ndarray) -> np.ndarray:
    out = np.zeros((*tokens.shape, a.d_vocab_out))
    for row, found in zip(tokens, out):
        for i in range(len(row)):
            seen = row[: i + 1]
            for h in range(a.n_heads):
                shares = np.exp(w["scores"][h, seen] - w["scores"][h, seen].max())
                found[i] += shares / shares.sum() @ w["V"][h, seen] @ w["O"][h]
            found[i] += w["b"] if a.biases else 0.0
    return out
