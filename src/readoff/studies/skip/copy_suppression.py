"""Copy suppression in a toy that needs a prediction taken back: what a second-layer head does with what came before.

The words, made measurable for a two-layer network with one head a layer, on the contexts in which the predicted item s
stands next to another one:

    attends to the copy     layer 1, at "=", looks at s more than twice as much as at another item
    lowers it               what it writes there lowers the logit of s (centred over outputs)
    asks with the prediction without layer 0's output at "=" (mean-ablated) it no longer looks at s that much
    repairs                  without it, layer 1 writes more on the logit of s: so much of what the ablation costs
                             directly is given back (more than all, if it exceeds what layer 0 itself wrote)

The last two are one thing seen from two sides: take the prediction away and its suppressor lets go. A toy can
illustrate a mechanism and can not show that it is common.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from readoff.circuits.behaviour import margins_of
from readoff.claims import (
    Exhibit,
    Measured,
    Seeds,
    Trained,
    claim,
    enumerated,
    on_networks,
    untrained,
)
from readoff.core.edits import Edit
from readoff.statistics.binomial import power
from readoff.studies.pairs.arms import JUDGED, explored
from readoff.studies.skip.recipes import SUPPRESSION, TWO_LAYERS

PATTERN = "blocks.1.attn.hook_pattern"
WRITES = ("blocks.0.hook_attn_out", "blocks.1.hook_attn_out")


@lru_cache(maxsize=1)
def roles() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of every input: predicted item [n]; where its copies stand [n, position]; where other items stand; which inputs
    hold both [n]."""
    tokens = SUPPRESSION.domain().tokens
    is_key = (tokens >= SUPPRESSION.n_items) & (tokens < SUPPRESSION.d_vocab - 1)
    predicted = np.array([SUPPRESSION.expected(t)[0] for t in tokens[is_key]])
    copies = tokens == predicted[:, None]
    others = (tokens < SUPPRESSION.n_items) & ~copies
    return predicted, copies, others, copies.any(axis=1) & others.any(axis=1)


def suppression(run: Any) -> Measured:
    """Attention to copies and others, what layer 1 writes on s, the same without the prediction; and the margins.

    direct      logit of s that layer 0 writes at "=" beyond the mean over inputs that replaces it: what ablation costs
    given_back  how much more layer 1 writes on s once that is ablated (nats, centred over outputs, as above)
    """
    import jax
    import jax.numpy as jnp

    from readoff.networks.forward import forward

    architecture, domain = run.recipe.architecture, SUPPRESSION.domain()
    tokens = jnp.asarray(domain.tokens)
    weights = {k: jnp.asarray(v, jnp.float64) for k, v in run.ensemble.weights.items()}
    plain = jax.jit(jax.vmap(lambda w: forward(architecture, w, tokens, record=(PATTERN, *WRITES))))
    logits, seen = plain(weights)
    means = seen[WRITES[0]][:, :, -1].mean(axis=1)

    def without(w: Any, mean: Any) -> Any:
        return forward(
            architecture, w, tokens, edits=(Edit(WRITES[0], mean, position=-1),), record=(PATTERN, WRITES[1])
        )[1]

    ablated = jax.jit(jax.vmap(without))(weights, means)
    predicted, copies, others, both = roles()

    def looks(pattern: Any, at: np.ndarray) -> np.ndarray:
        per_place = (np.asarray(pattern)[:, :, 0, -1] * at).sum(axis=-1) / np.maximum(at.sum(axis=-1), 1)
        return per_place[:, both].mean(axis=1)

    unembed = _centred_over_outputs(np.asarray(weights["unembed.W_U"]))

    def on_predicted(written: Any) -> np.ndarray:
        """[model]: the logit that an output at "=" [model, n, d_model] adds to s, on average over such contexts."""
        return np.einsum("mnd,mdn->mn", np.asarray(written)[:, both], unembed[..., predicted[both]]).mean(axis=1)

    before, after = on_predicted(seen[WRITES[1]][:, :, -1]), on_predicted(ablated[WRITES[1]][:, :, -1])
    return enumerated(
        least_margin=margins_of(np.asarray(logits)[:, :, -1], domain.labels).min(axis=1),
        to_copy=looks(seen[PATTERN], copies),
        to_other=looks(seen[PATTERN], others),
        to_copy_without_prediction=looks(ablated[PATTERN], copies),
        to_other_without_prediction=looks(ablated[PATTERN], others),
        written_on_copy=before,
        direct=on_predicted(seen[WRITES[0]][:, :, -1] - means[:, None]),
        given_back=after - before,
    )


def _centred_over_outputs(unembed: np.ndarray) -> np.ndarray:
    """[..., d_model, output] without the mean over outputs, which changes no probability."""
    return unembed - unembed.mean(axis=-1, keepdims=True)


def solved(n: Any) -> Any:
    """Right on every input."""
    return n["least_margin"] > 0


def _no_query(ensemble: Any) -> Any:
    names = ("blocks.1.attn.W_Q", "blocks.1.attn.b_Q")
    return ensemble.replace(**{n: np.zeros_like(ensemble.weights[n]) for n in names})


def _opposite(ensemble: Any) -> Any:
    return ensemble.replace(**{"blocks.1.attn.W_O": -ensemble.weights["blocks.1.attn.W_O"]})


no_query = on_networks("layer 1 asks nothing (W_Q = 0)", _no_query)
opposite_output = on_networks("layer 1 writes the opposite", _opposite)


def suppression_table(run: Any, n: Any) -> list[Exhibit]:
    """Medians over seeds."""

    def middle(name: str) -> str:
        return f"{np.median(n[name]):.3f}"

    rows = [
        ["attention to the copy of the prediction", middle("to_copy"), middle("to_copy_without_prediction")],
        ["attention to another item (each)", middle("to_other"), middle("to_other_without_prediction")],
        ["logit that layer 1 writes on the prediction (nats)", middle("written_on_copy"),
         f"{np.median(n['written_on_copy'] + n['given_back']):.3f}"],
        ["logit that layer 0 writes there, beyond its mean (nats)", middle("direct"), "0.000"],
    ]  # fmt: skip
    columns = ["at '=', median over seeds", "as trained", "prediction mean-ablated"]
    caption = f"Recipe {run.recipe.id}; contexts that hold a copy of the predicted item and another item."
    return [Exhibit("suppression", "table", "Copy suppression", caption, {"columns": columns, "rows": rows})]


@claim(
    "skip/copy-suppression/mechanism",
    says="Does the second-layer head suppress copies: look at the copy of the predicted item more than twice as much "
    "as at another item, and lower its logit?",
    about=Trained(TWO_LAYERS),
    scope=Seeds(at_least=explored(247, 256), confidence=0.95, given=solved),
    measure=suppression,
    statement="skip/copy-suppression",
    relation="illustrates",
    must_fail=[untrained, no_query, opposite_output],
    open=True,
    alternatives=("it suppresses", "it does not"),
    exhibit=suppression_table,
)
def mechanism(n):
    suppresses = (n["to_copy"] > 2 * n["to_other"]) & (n["written_on_copy"] < 0)
    return {"it suppresses": suppresses, "it does not": ~suppresses}


@claim(
    "skip/copy-suppression/self-repair",
    says="The suppressor asks with the prediction: with layer 0's output at the read-off mean-ablated, it looks less "
    "at the copy and more at the other item.",
    about=Trained(TWO_LAYERS),
    scope=Seeds(at_least=explored(235, 256), confidence=0.95, given=solved),
    measure=suppression,
    statement="skip/copy-suppression-mechanism",
    relation="illustrates",
    must_fail=[untrained, no_query],
)
def self_repair(n):
    less = n["to_copy_without_prediction"] < 0.95 * n["to_copy"]
    return less & (n["to_other_without_prediction"] > 1.05 * n["to_other"])


@claim(
    "skip/copy-suppression/self-repair/given-back",
    says="In most networks ablating the prediction is more than repaired. Where its item s stands next to another one, "
    "what layer 0 wrote raises the logit of s by itself, beyond the mean that replaces it; but once it is gone layer 1 "
    "takes less away, and gives back more than was lost, so the logit of s rises.",
    about=Trained(TWO_LAYERS),
    scope=Seeds(at_least=explored(207, 256), confidence=0.95),
    measure=suppression,
    statement="skip/copy-suppression-mechanism",
    relation="illustrates",
    must_fail=[untrained, no_query, opposite_output],
)
def given_back(n):
    return (n["direct"] > 0) & (n["given_back"] > n["direct"])


def diagonal(run: Any) -> Measured:
    """Weights of layer 1 read directly: items (of three) whose own logit they lower the most, and share of
    predictions whose unembedding, as a query, prefers its own item.

    Both tables are centred twice, since a constant row of what is written can as well stand in a bias, a constant
    column changes no probability, and a score that one key gets from every query is no preference.
    """
    w = {k: np.asarray(v, np.float64) for k, v in run.ensemble.weights.items()}
    items = np.arange(SUPPRESSION.n_items)
    embed, unembed = w["embed.W_E"][:, items], w["unembed.W_U"]
    attn = {x: w[f"blocks.1.attn.W_{x}"][:, 0] for x in "QKVO"}
    writes = _centred(embed @ attn["V"] @ attn["O"] @ unembed)
    asks = _centred(np.swapaxes(unembed, -1, -2) @ attn["Q"] @ np.swapaxes(embed @ attn["K"], -1, -2))
    return enumerated(
        most_negative_own=(writes.argmin(axis=-1) == items).sum(axis=-1),
        asks_for_own=(asks.argmax(axis=-1) == items).mean(axis=-1),
        logits_margin=margins_two_layers(run),
    )


def _centred(table: np.ndarray) -> np.ndarray:
    """[..., row, column] without its row and column means."""
    rows, columns = table.mean(axis=-1, keepdims=True), table.mean(axis=-2, keepdims=True)
    return table - rows - columns + table.mean(axis=(-2, -1), keepdims=True)


def margins_two_layers(run: Any) -> np.ndarray:
    """[model]: least margins from the trace (float32)."""
    return run.trace["margin"][:, -1].astype(np.float64)


@claim(
    "skip/copy-suppression/output-weights",
    says="Is suppression written in layer 1's OV circuit alone: is every item's own logit the one it lowers most (row "
    "and column means taken out)?",
    about=Trained(TWO_LAYERS),
    scope=Seeds(at_least=explored(232, 256), confidence=0.95, given=lambda n: n["logits_margin"] > 0),
    measure=diagonal,
    statement="skip/copy-suppression-mechanism",
    relation="illustrates",
    must_fail=[untrained, opposite_output],
    open=True,
    alternatives=("for every item", "not for every item"),
)
def own_logit_lowered(n):
    every = n["most_negative_own"] == SUPPRESSION.n_items
    return {"for every item": every, "not for every item": ~every}


ASKING, OF = 152, 256
"""Exploration networks whose queries mostly prefer their own item, and how many there were."""
EXPLORED_QUERIES = (
    f"{ASKING} of {OF} mostly do, and if that is the share, {JUDGED} networks show that it is above one half with "
    f"probability {power(JUDGED, 0.5, 0.95, ASKING / OF):.2f} only."
)


@claim(
    "skip/copy-suppression/query-weights",
    says="And the query in layer 1's QK circuit alone: does an item's unembedding, as a query, prefer that item (for "
    "at least two of the three)? On exploration seeds " + EXPLORED_QUERIES,
    about=Trained(TWO_LAYERS),
    scope=Seeds(at_least=0.5, confidence=0.95, given=lambda n: n["logits_margin"] > 0),
    measure=diagonal,
    statement="skip/copy-suppression-mechanism",
    relation="illustrates",
    must_fail=[untrained, no_query],
    open=True,
    alternatives=("mostly", "mostly not"),
)
def own_item_asked_for(n):
    return {"mostly": n["asks_for_own"] > 0.6, "mostly not": n["asks_for_own"] < 0.4}
