"""Measures of what each head says on every input, and of what happens when a part of it is taken away.

A head's *contribution* is its attention-weighted output beyond its population mean, logits centred (gauge MEAN_FREE).
It *raises* a class on an input if that contribution is positive. Shared by the claims in `trained` and `explained`.
"""

import itertools
from typing import Any

import numpy as np

from readoff.circuits.attribution import worked_example
from readoff.circuits.behaviour import accuracy, margins
from readoff.circuits.gauges import centre_outputs, contributions
from readoff.circuits.spectra import singular_values
from readoff.claims import Exhibit, Measured, enumerated
from readoff.interventions.edits import AblateHead, RemoveEntries, apply
from readoff.interventions.refit import refit_readout
from readoff.studies.pairs.measures import (
    CONTAINS,
    SIGNALS,
    TASK,
    cosine_with_table,
    domain_loss,
    free_tables,
    head_rule,
    population,
    signal_scores,
    tables,
)

EXAMPLE = (7, 4, 10, 3, 0)


def least_margins(networks: Any) -> np.ndarray:
    """[model]: least margin over the domain."""
    domain, counts = population()
    return margins(tables(networks), counts, domain.labels).min(axis=-1)


def said(networks: Any) -> np.ndarray:
    """[model, head, input, class]: contributions over the 280 orbits."""
    domain, counts = population()
    return contributions(tables(networks), counts, domain.probabilities)


def rule_against_chance(run: Any) -> Measured:
    """Share of the 2 x 4 x 10 entries whose sign follows the rule: with the head's own order, and over all orders."""
    written = free_tables(run.ensemble).values[..., SIGNALS, :]
    scores = signal_scores(run.ensemble)

    def agreement(order: np.ndarray) -> np.ndarray:
        return (np.sign(written) == np.where(head_rule(order), 1, -1)).mean(axis=(-1, -2, -3))

    ranks = [np.broadcast_to(np.array(p, float), scores.shape) for p in itertools.permutations(range(len(SIGNALS)))]
    every = np.stack([agreement(r) for r in ranks])
    return enumerated(
        agreement=agreement(scores),
        any_order=every.mean(axis=0),
        rank_of_own=(every > agreement(scores)).mean(axis=0),
        least_margin=least_margins(run.ensemble),
    )


def shared_classes(run: Any) -> Measured:
    """On the source's example and on all inputs: is the true class the only one that both heads raise?"""
    domain, counts = population()
    least = said(run.ensemble).min(axis=1)
    both = least > 0
    right = np.arange(len(domain.labels)), domain.labels
    only = both[:, right[0], right[1]] & (both.sum(axis=-1) == 1)
    here = int(np.flatnonzero((counts == np.bincount(EXAMPLE, minlength=TASK.d_vocab)).all(axis=1))[0])
    return enumerated(
        only_shared_here=only[:, here],
        raised_by_both_here=both[:, here].sum(axis=-1),
        only_shared=only @ domain.probabilities,
        true_class_shared=both[:, right[0], right[1]] @ domain.probabilities,
        true_class_most_shared=(least.argmax(axis=-1) == domain.labels) @ domain.probabilities,
        least_margin=least_margins(run.ensemble),
    )


def without_a_head(run: Any) -> Measured:
    """Accuracy with one head replaced by its mean, the better and the worse of the two; no refit."""
    domain, counts = population()
    found = []
    for head in range(run.ensemble.architecture.n_heads):
        ablated = apply(AblateHead(head), tables(run.ensemble), counts, domain.probabilities)
        found.append(accuracy(margins(ablated, counts, domain.labels), domain.weights))
    return enumerated(best=np.max(found, axis=0), worst=np.min(found, axis=0), least_margin=least_margins(run.ensemble))


def refitted_head(run: Any) -> Measured:
    """Accuracy of head 0 alone after its readout is refitted within its own norm (a lower bound on what it passes)."""
    domain, _ = population()
    kept = refit_readout(run.ensemble, [0], domain, tolerance=1e-2, max_steps=600)
    return enumerated(refitted=kept.accuracy, refit_loss=kept.loss, least_margin=least_margins(run.ensemble))


def hardened(ensemble: Any) -> Any:
    """The same networks with attention a hundred times sharper: every head sees one token, an order statistic."""
    names = ("blocks.0.attn.W_Q", "blocks.0.attn.b_Q")
    return ensemble.replace(**{n: ensemble.weights[n] * 100 for n in names if n in ensemble.weights})


def calibration(run: Any) -> Measured:
    """Loss before and after the entries against the rule are removed (a class raised that lacks the token)."""
    domain, counts = population()
    free = free_tables(run.ensemble)
    against = np.zeros(free.values.shape, bool)
    against[..., SIGNALS, :] = (free.values[..., SIGNALS, :] > 0) & ~head_rule(signal_scores(run.ensemble))
    against[..., SIGNALS, :] &= ~CONTAINS
    cut = apply(RemoveEntries(against), tables(run.ensemble), counts, domain.probabilities)
    return enumerated(
        loss=domain_loss(tables(run.ensemble)),
        loss_without=domain_loss(cut),
        n_entries=against.sum(axis=(-1, -2, -3)),
        least_margin=least_margins(run.ensemble),
    )


def errors(run: Any) -> Measured:
    """Correlation of the two heads' errors: what is left of each contribution beyond a multiple of the right answer."""
    domain, _ = population()
    weights = domain.probabilities[:, None]
    answer = np.eye(TASK.d_vocab_out)[domain.labels]
    answer = answer - answer.mean(axis=1, keepdims=True)
    answer = answer - (answer * weights).sum(axis=0)
    says = said(run.ensemble)
    along = (says * answer * weights).sum(axis=(-1, -2)) / (answer**2 * weights).sum()
    left = says - along[..., None, None] * answer
    size = np.sqrt((left**2 * weights).sum(axis=(-1, -2)))
    together = (left[:, 0] * left[:, 1] * weights).sum(axis=(-1, -2))
    total = np.linalg.norm(free_tables(run.ensemble).values, axis=(-1, -2))
    return enumerated(
        correlation=together / (size[:, 0] * size[:, 1]),
        evenness=size.min(axis=1) / size.max(axis=1),
        norm_evenness=total.min(axis=1) / total.max(axis=1),
        least_margin=least_margins(run.ensemble),
    )


def sum_against_table(run: Any) -> Measured:
    """Cosine with the source's table of the two heads' EVOU summed: own heads, and a head of the next network."""
    rows = tables(run.ensemble).values[..., SIGNALS, :]
    shuffled = rows[:, 0] + np.roll(rows[:, 1], -1, axis=0)
    return enumerated(
        own=cosine_with_table(rows.sum(axis=1)),
        shuffled=cosine_with_table(shuffled),
        least_margin=least_margins(run.ensemble),
    )


def whole_table(run: Any) -> Measured:
    """Does d_head bind? Last (5th) over first singular value of each head's whole EVOU, and noise beside signal rows.

    The gauge is fixed by centring over outputs and over all twelve tokens; the larger of the two heads counts.
    """
    values = centre_outputs(tables(run.ensemble)).values
    values = values - values.mean(axis=-2, keepdims=True)
    sizes = singular_values(values)
    norms = np.linalg.norm(values, axis=-1)
    noise = [t for t in range(TASK.d_vocab) if t not in SIGNALS and t != 0]
    return enumerated(
        last_direction=(sizes[..., run.ensemble.architecture.d_head - 1] / sizes[..., 0]).max(axis=1),
        three_directions=((sizes[..., :3] ** 2).sum(axis=-1) / (sizes**2).sum(axis=-1)).min(axis=1),
        noise_to_signal=(norms[..., noise].mean(axis=-1) / norms[..., SIGNALS].mean(axis=-1)).mean(axis=1),
        least_margin=least_margins(run.ensemble),
    )


def example_exhibits(run: Any, n: Any) -> list[Exhibit]:
    """The source's input through the first network that solves the task, number by number."""
    first = int(np.argmax(n["least_margin"].lo > 0))
    domain, _ = population()
    example = worked_example(run.ensemble[first], TASK, EXAMPLE, domain)
    steps = [
        {
            "name": f"head {head} attends",
            "labels": list(example.attention.labels("position")),
            "values": example.attention.at(head=head).values.tolist(),
        }
        for head in example.attention.labels("head")
    ]
    steps += [
        {
            "name": f"head {head} writes",
            "labels": list(example.by_head.labels("output")),
            "values": example.by_head.at(head=head).values.tolist(),
        }
        for head in example.by_head.labels("head")
    ]
    for name, table in (("base", example.base), ("logits", example.logits)):
        steps.append({"name": name, "labels": list(table.labels("output")), "values": table.values.tolist()})
    data = {"input": list(example.tokens), "label": example.label, "predicted": example.predicted, "steps": steps}
    caption = f"Seed {int(run.ensemble.seeds[first])}. Gauge: {example.logits.gauge}. Nats."
    return [Exhibit("worked-example", "trace", "The source's input, number by number", caption, data)]
