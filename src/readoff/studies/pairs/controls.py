"""Controls of the pair study beyond the default ones."""

from dataclasses import replace
from typing import Any

from readoff.claims import Control, Trained, on_networks
from readoff.claims.subject import Sweep


def reversed_attention(ensemble: Any) -> Any:
    """Every score negated, values kept."""
    names = ("blocks.0.attn.W_Q", "blocks.0.attn.b_Q", "scores")
    return ensemble.replace(**{n: -ensemble.weights[n] for n in names if n in ensemble.weights})


attention_reversed = on_networks("attention reversed", reversed_attention)
"""Every score changes sign: what was attended to most is attended to least; values stay."""


def _hardened(ensemble: Any) -> Any:
    names = ("blocks.0.attn.W_Q", "blocks.0.attn.b_Q", "scores")
    return ensemble.replace(**{n: ensemble.weights[n] * 100 for n in names if n in ensemble.weights})


hardened = on_networks("attention made hard", _hardened)
"""Scores a hundred times larger: every head sees one token, an order statistic, and nothing more."""

sweep_reversed = Control("recipes in reverse order", lambda s: Sweep(tuple(reversed(s.recipes))))  # type: ignore
"""The same networks with the recipes' roles exchanged."""


def other_d_head(d_head: int) -> Control:
    """The same claim about networks of another d_head."""

    def mutate(subject: Any) -> Any:
        recipe = subject.recipe
        return Trained(replace(recipe, architecture=replace(recipe.architecture, d_head=d_head)))

    return Control(f"d_head {d_head}", mutate)
