"""Measures of what each head says on every input, and of what happens when a part of it is taken away.

A head's *contribution* is its attention-weighted output beyond its population mean, logits centred (gauge MEAN_FREE).
It *raises* a class on an input if that contribution is positive.
"""

from typing import Any

import numpy as np

from readoff.circuits.attribution import worked_example
from readoff.circuits.behaviour import accuracy, margins
from readoff.circuits.gauges import centre_outputs, contributions
from readoff.circuits.spectra import singular_values
from readoff.claims import Exhibit, Measured, enumerated
from readoff.interventions.edits import AblateHead, apply
from readoff.interventions.refit import refit_readout
from readoff.studies.pairs.measures import (
    SIGNALS,
    TASK,
    cosine_with_table,
    free_tables,
    population,
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


def shared_classes(run: Any) -> Measured:
    """Which classes do both heads raise, and which do they raise most together (the largest smaller contribution)?

    `..._here`: on the source's example. The others are shares of the population.
    """
    domain, counts = population()
    least = said(run.ensemble).min(axis=1)
    most = least.argmax(axis=-1) == domain.labels
    both = least > 0
    here = int(np.flatnonzero((counts == np.bincount(EXAMPLE, minlength=TASK.d_vocab)).all(axis=1))[0])
    return enumerated(
        true_class_most_shared_here=most[:, here],
        true_class_shared_here=both[:, here, domain.labels[here]],
        raised_by_both_here=both[:, here].sum(axis=-1),
        true_class_most_shared=most @ domain.probabilities,
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
    outputs = [f"{y}: {pair}" for y, pair in enumerate(TASK.output_labels)]
    steps = [
        {"name": f"head {h} attends", "labels": list(example.attention.labels("position")), "values": values}
        for h, values in zip(example.attention.labels("head"), example.attention.values.tolist())
    ]
    steps += [
        {"name": f"head {h} writes", "labels": outputs, "values": values}
        for h, values in zip(example.by_head.labels("head"), example.by_head.values.tolist())
    ]
    for name, table in (("base", example.base), ("logits", example.logits)):
        steps.append({"name": name, "labels": outputs, "values": table.values.tolist()})
    true = outputs[TASK.target(np.array(EXAMPLE))]
    data = {"input": list(example.tokens), "true": true, "predicted": example.predicted, "steps": steps}
    caption = f"Seed {int(run.ensemble.seeds[first])}. Gauge: {example.logits.gauge}. Nats."
    return [Exhibit("worked-example", "trace", "The source's input, number by number", caption, data)]
