"""How trained networks divide skip-trigrams between two heads, and whether they complete falsely.

A *clean split* is the construction's: one head completes every trigram, the other only takes completions back. The
measure is each head's *share*: what it adds to c(b) beyond the other completions, on average over the contexts with [0]
that end in b. In a clean split one head has (nearly) all of it for every b. Trained networks find the same cancellation
(opposite values, equal scores) but let either head be the one that looks at [0].
"""

from typing import Any

import numpy as np

from readoff.circuits.behaviour import network_logits
from readoff.circuits.gauges import head_outputs
from readoff.circuits.paths import context_counts, count_tables
from readoff.claims import Exhibit, Measured, Seeds, Trained, claim, enumerated, on_networks, untrained
from readoff.constructions.skip_trigrams import two_heads_cancel
from readoff.studies.pairs.arms import explored
from readoff.studies.skip.recipes import SPLIT, TRIGRAMS

CLEAN = 0.9
"""A head that has at least this share of every completion has split cleanly from the other."""


def shares(ensemble: Any) -> np.ndarray:
    """[model, trigram]: head 0's share of what the heads add to c(b) beyond the other completions, given [0].

    Above 1 or below 0 where one head works against the other.
    """
    domain = TRIGRAMS.domain(orbits=True)
    counts = context_counts(ensemble.architecture, domain.tokens)
    completions = [TRIGRAMS.completion(b) for b in TRIGRAMS.destinations]
    out = []
    for b in TRIGRAMS.destinations:
        rows = (domain.tokens[:, -1] == b) & (domain.labels >= 0)
        weights = domain.weights[rows] / domain.weights[rows].sum()
        written = head_outputs(count_tables(ensemble.architecture, ensemble.weights, b), counts[rows])
        mean = np.einsum("mhno,n->mho", written[..., completions], weights)
        own = mean[..., b - 1]
        added = own - (mean.sum(axis=-1) - own) / (TRIGRAMS.k - 1)
        out.append(added[:, 0] / added.sum(axis=1))
    return np.stack(out, axis=1)


def probabilities(ensemble: Any) -> tuple[np.ndarray, np.ndarray]:
    """[model, n, d_vocab] predictions on the whole domain, and the loss [model] in nats."""
    domain = TRIGRAMS.domain(orbits=True)
    logits = network_logits(ensemble, domain.tokens)
    logs = logits - logits.max(axis=-1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=-1, keepdims=True))
    assert domain.targets is not None
    each = -(logs * (domain.targets / domain.target_denominator)).sum(axis=-1)
    return np.exp(logs), each @ domain.probabilities


def division(run: Any) -> Measured:
    """Excess loss and how the trigrams are divided, for every network."""
    with np.errstate(divide="ignore", invalid="ignore"):
        of_first = shares(run.ensemble)
    first, finite = of_first > 0.5, np.isfinite(of_first).all(axis=1)  # shares that are no numbers show nothing
    _, loss = probabilities(run.ensemble)
    return enumerated(
        excess=loss - TRIGRAMS.entropy_floor,
        clean=(of_first > CLEAN).all(axis=1) | (of_first < 1 - CLEAN).all(axis=1) | ~finite,
        divided=first.any(axis=1) & ~first.all(axis=1) & finite,
        completed_by_head_0=first.sum(axis=1),
    )


def completions(run: Any) -> Measured:
    """Excess loss; with [0] the least chance of the completion that is due; without [0], in contexts where none is due,
    the largest chance of any completion, that of the last token or of another trigram."""
    domain = TRIGRAMS.domain(orbits=True)
    every = [TRIGRAMS.completion(b) for b in TRIGRAMS.destinations]
    chances, loss = probabilities(run.ensemble)
    due = np.array([TRIGRAMS.completion(b) for b in domain.tokens[:, -1]])
    named = chances[:, np.arange(len(domain)), due]
    return enumerated(
        excess=loss - TRIGRAMS.entropy_floor,
        least_when_due=named[:, domain.labels >= 0].min(axis=1),
        most_when_not=chances[:, domain.labels < 0][..., every].max(axis=(1, 2)),
    )


def _by_hand(ensemble: Any) -> Any:
    clean = two_heads_cancel(TRIGRAMS)
    return ensemble.replace(**{k: np.repeat(v[None], len(ensemble), axis=0) for k, v in clean.weights.items()})


split_by_hand = on_networks("the two-head construction in every seed's place", _by_hand)
"""A clean split that solves the task: what trained networks are said not to be."""


def _one_head_only(ensemble: Any) -> Any:
    out = ensemble.weights["blocks.0.attn.W_O"].copy()
    out[:, 1] = 0
    return ensemble.replace(**{"blocks.0.attn.W_O": out})


one_head_only = on_networks("one head silenced", _one_head_only)


def division_pictures(run: Any, n: Any) -> list[Exhibit]:
    """How many of the trigrams head 0 completes, over seeds, and the shares of the first seeds."""
    of_first = shares(run.ensemble)
    rows = [
        [f"seed {seed}", *[f"{x:.2f}" for x in row]]
        for seed, row in zip(run.ensemble.seeds[:16].tolist(), of_first[:16])
    ]
    columns = ["network", *[f"[0] ... [b{b}] -> c{b}" for b in TRIGRAMS.destinations]]
    caption = (
        "Head 0's share of the completing logit, given [0]; the rest is head 1's. In the hand-written split every "
        "entry of a row is near 1. Heads have no identity across seeds."
    )
    counted = {"values": (of_first > 0.5).sum(axis=1).tolist(), "x_axis": "trigrams completed mostly by head 0"}
    return [
        Exhibit("shares", "table", "Who completes which trigram", caption, {"columns": columns, "rows": rows}),
        Exhibit("divided", "histogram", "How the trigrams are divided", "Over all seeds.", counted),
    ]


def learned(n: Any) -> Any:
    """The task is solved: within 0.01 nats of the entropy floor."""
    return n["excess"] < 0.01


@claim(
    "skip/trained-split/not-clean",
    says="Most trained networks solve the task and do not split cleanly: no head of theirs does 90 % of the completing "
    "for every trigram.",
    about=Trained(SPLIT),
    scope=Seeds(at_least=explored(250, 256), confidence=0.95),
    measure=division,
    statement="skip/trained-split",
    relation="supports",
    must_fail=[untrained, split_by_hand],
    exhibit=division_pictures,
)
def not_clean(n):
    return learned(n) & ~n["clean"]


@claim(
    "skip/trained-split/divided",
    says="Most of them divide the skip-trigrams: each of the two heads does most of the completing for at least one of "
    "the three.",
    about=Trained(SPLIT),
    scope=Seeds(at_least=explored(199, 256), confidence=0.95),
    measure=division,
    statement="skip/trained-split",
    relation="supports",
    must_fail=[untrained, split_by_hand],
)
def divided(n):
    return learned(n) & n["divided"]


@claim(
    "skip/false-completions",
    says="Most trained networks come within 0.001 nats of the entropy floor on the whole domain, contexts without [0] "
    "included: there no completion, of the last token or of another, gets more than twice its share of 1 in 8, and "
    "with [0] the one that is due gets no less than 0.98.",
    about=Trained(SPLIT),
    scope=Seeds(at_least=explored(252, 256), confidence=0.95),
    measure=completions,
    must_fail=[untrained, one_head_only],
)
def false_completions(n):
    return (n["excess"] < 1e-3) & (n["most_when_not"] < 2 / TRIGRAMS.d_vocab) & (n["least_when_due"] > 0.98)
