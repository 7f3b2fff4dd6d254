"""Controls of the pair study beyond the default ones."""

from dataclasses import replace
from typing import Any

import numpy as np

from readoff.circuits.paths import CountTables
from readoff.claims import Control, Trained, on_material, on_networks
from readoff.claims.subject import Sweep
from readoff.constructions.hierarchy import hierarchy
from readoff.networks.architecture import effective_for
from readoff.networks.network import Ensemble
from readoff.studies.pairs.measures import CONTAINS, SIGNALS, tables
from readoff.studies.pairs.recipes import MAIN_DECAY, TASK

PER_HEAD = ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V")


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


def _levelled(ensemble: Any) -> Any:
    found = tables(ensemble)
    values = found.values.copy()
    for token, holds in zip(SIGNALS, CONTAINS):
        double = TASK.classes.index((token, token))
        mixed = [y for y in np.flatnonzero(holds) if y != double]
        values[..., token, double] = values[..., token, mixed].mean(axis=-1)
    return _with_tables(ensemble, replace(found, values=values))


def _with_tables(ensemble: Ensemble, wanted: CountTables) -> Ensemble:
    """Effective models, as many and with the same seeds, that have exactly these tables (d_head is the vocabulary)."""
    n, n_heads, d_vocab, _ = wanted.values.shape
    eye = np.broadcast_to(np.eye(d_vocab), (n, n_heads, d_vocab, d_vocab)).copy()
    weights = {"scores": wanted.scores, "V": eye, "O": wanted.values, "b": wanted.base}
    architecture = effective_for(TASK, n_heads=n_heads, d_head=d_vocab)
    return Ensemble(architecture, weights, ensemble.seeds, "constructed", "tables with doubles levelled")


doubles_levelled = on_networks("doubles written as mixed pairs are", _levelled)
"""For each signal token a head writes on the token's double what it writes on its mixed pairs on average."""


def _copied(ensemble: Any) -> Any:
    twice = {n: np.repeat(w[:, :1], w.shape[1], axis=1) for n, w in ensemble.weights.items() if _of_heads(n)}
    return ensemble.replace(**twice)


one_head_twice = on_networks("one head in both places", _copied)
"""Head 0 in head 1's place as well: two heads that divide nothing between them."""


def _weaker(ensemble: Any) -> Any:
    name = "blocks.0.attn.W_O"
    shares = np.ones(ensemble.weights[name].shape[1], ensemble.weights[name].dtype)
    shares[0] = 0.25
    return ensemble.replace(**{name: ensemble.weights[name] * shares[:, None, None]})


one_head_weaker = on_networks("one head at a quarter of its strength", _weaker)
"""The same networks with the work divided unevenly."""


def _by_rule(step: float) -> Any:
    def change(ensemble: Any) -> Ensemble:
        network = hierarchy(TASK, ((1, 4, 3, 2), (2, 3, 4, 1)), step)
        weights = {k: np.repeat(v[None], len(ensemble), axis=0) for k, v in network.weights.items()}
        return Ensemble(network.architecture, weights, ensemble.seeds, "constructed", network.origin)

    return change


follows_the_rule = on_networks("heads written by the rule", _by_rule(1.0))
"""Hand-written heads that follow the rule to the letter, in every network's place."""
follows_it_sharply = on_networks("heads written by the rule, attention sharp", _by_rule(10.0))
"""The same with sharp preferences, so that each head speaks of one token at a time."""

sweep_reversed = Control("recipes in reverse order", lambda s: Sweep(tuple(reversed(s.recipes))))  # type: ignore
"""The same networks with the recipes' roles exchanged."""
first_for_all = on_material("the first recipe in every place", lambda runs: (runs[0],) * len(runs))
"""Nothing to compare: the same networks in every role."""


def other_d_head(d_head: int) -> Control:
    """The same claim about networks of another d_head."""

    def mutate(subject: Any) -> Any:
        recipe = subject.recipe
        return Trained(replace(recipe, architecture=replace(recipe.architecture, d_head=d_head)))

    return Control(f"d_head {d_head}", mutate)


with_decay_instead = Control("with decay", lambda subject: Trained(MAIN_DECAY))
"""The main recipe with decay in the place of the one without."""
pairs_instead = Control("two signal tokens in an input", lambda subject: Sweep((MAIN_DECAY,)))
"""The main recipe in the place of one with another task."""


def _of_heads(name: str) -> bool:
    return name in ("scores", "V", "O") or name.rsplit(".", 1)[-1] in PER_HEAD
