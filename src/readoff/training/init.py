"""Initial weights, drawn with numpy so that they do not depend on device, ensemble width or jax version.

Each network has its own generator, seeded by (seed); weights are drawn in the order of `architecture.shapes()`.

    transformer_lens   N(0, 0.8 / sqrt(d_model)) for every W, biases 0 (TransformerLens's default)
    fan_in             N(0, 1 / sqrt(fan in))
    xavier             N(0, sqrt(2 / (fan in + fan out)))
    kaiming            N(0, sqrt(2 / fan in))
    normal             N(0, 1)

`init_scale` multiplies every W. One-hot embeddings are the identity: W_E in the first d_vocab residual dimensions,
W_U in the last d_vocab_out (the same ones if d_model is that small).
"""

import math

import numpy as np

from readoff.networks.architecture import Architecture
from readoff.training.recipe import Recipe


def initial_weights(recipe: Recipe, seeds: list[int]) -> dict[str, np.ndarray]:
    """float32 weights with a leading model axis."""
    drawn = [_one(recipe, seed) for seed in seeds]
    return {name: np.stack([w[name] for w in drawn]) for name in recipe.architecture.shapes()}


def _one(recipe: Recipe, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    out = {}
    for name, shape in recipe.architecture.shapes().items():
        values = generator.standard_normal(shape) * _deviation(recipe, name, shape)
        if name in recipe.architecture.fixed:
            values = np.eye(*shape, k=0 if name == "embed.W_E" else shape[1] - shape[0])
        elif _is_bias(name):
            values = np.zeros(shape)
        out[name] = values.astype(np.float32)
    return out


def _is_bias(name: str) -> bool:
    return name.split(".")[-1].startswith("b")


def _deviation(recipe: Recipe, name: str, shape: tuple[int, ...]) -> float:
    fan_in, fan_out = _fans(recipe, name, shape)
    kinds = {
        "transformer_lens": 0.8 / math.sqrt(recipe.architecture.d_model)
        if isinstance(recipe.architecture, Architecture)
        else 1 / math.sqrt(fan_in),
        "fan_in": 1 / math.sqrt(fan_in),
        "xavier": math.sqrt(2 / (fan_in + fan_out)),
        "kaiming": math.sqrt(2 / fan_in),
        "normal": 1.0,
    }
    return kinds[recipe.init] * recipe.init_scale


def _fans(recipe: Recipe, name: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan in, fan out) per head; a token lookup counts as fan in 1 for tables and d_model for W_E and W_pos."""
    short = name.split(".")[-1]
    if short in ("W_E", "W_pos"):
        return shape[-1], shape[-1]
    if short in ("scores", "b") or len(shape) < 2:
        return 1, 1
    if short == "V":
        return shape[-1], shape[-1]
    return shape[-2], shape[-1]
