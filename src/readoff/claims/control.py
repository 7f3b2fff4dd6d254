"""Controls: the same claim about a subject that has been spoilt, or that has been changed only in appearance.

A control is a named mutation Subject -> Subject.

    must fail   untrained, heads_from_different_seeds, permuted_labels, wrong_feature((1, 5)), corrupted_certificate
    must hold   gauge_shifted: other weights, the same function, so a claim that notices reads the gauge

If a claim HOLDS about untrained networks as well, it says nothing about training, and its verdict is VACUOUS. A
control of one's own is one line:

    no_second_head = on_networks("no second head", lambda ensemble: ensemble.replace(...))
    must_fail=[untrained, no_second_head]

Claims that name no controls get those of `default_controls`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from readoff.claims.gauge import gauge_changed
from readoff.claims.strangers import heads_mixed
from readoff.claims.subject import (
    Certified,
    Constructed,
    Given,
    Mutated,
    OnTask,
    Process,
    Subject,
    Sweep,
    Trained,
    recipes_of,
    with_ensemble,
)
from readoff.core.errors import BadValue
from readoff.networks.architecture import AnyArchitecture
from readoff.networks.network import Ensemble, Network
from readoff.tasks.grid import Grid

Expected = Literal["fail", "hold"]


@dataclass(frozen=True)
class Control:
    """A named mutation of a subject."""

    name: str
    mutate: Callable[[Subject], Subject]


def on_material(name: str, change: Callable[[Any], Any]) -> Control:
    """A control that changes the thing the measure receives (a Run, a Network, a task, a certificate)."""
    return Control(name, lambda subject: Mutated(subject, name, change))


def on_networks(name: str, change: Callable[[Ensemble], Ensemble]) -> Control:
    """A control that changes the networks, whatever they are wrapped in."""
    return on_material(name, lambda thing: with_ensemble(thing, change))


def on_task(name: str, **fields: Any) -> Control:
    """The same question about another task: `on_task("five signals", n_signal=5)`."""

    def mutate(subject: Subject) -> Subject:
        if isinstance(subject, OnTask):
            return OnTask(replace(subject.task, **fields))  # type: ignore[type-var]
        if isinstance(subject, Trained):
            return Trained(replace(subject.recipe, task=replace(subject.recipe.task, **fields)))
        raise BadValue(f"the control {name!r} changes a task; it cannot change a {type(subject).__name__}.")

    return Control(name, mutate)


def _untrained(subject: Subject) -> Subject:
    if isinstance(subject, Trained):
        return Trained(replace(subject.recipe, steps=0, stop_margin=None))
    if isinstance(subject, Sweep):
        return Sweep(tuple(replace(recipe, steps=0, stop_margin=None) for recipe in subject.recipes))
    raise BadValue(f"untrained networks are a control for Trained and Sweep, not for {type(subject).__name__}.")


untrained = Control("untrained", _untrained)
"""The same recipe with no steps: what the claim makes of random weights."""


heads_from_different_seeds = on_networks("heads from different seeds", heads_mixed)
"""Each head trained, but with other partners: what two heads have in common without having learnt together."""


def outputs_rolled(ensemble: Ensemble) -> Ensemble:
    """Every output takes the place of the next one (the unembedding's columns move by one)."""
    ends = ("unembed.W_U", "unembed.b_U", "O", "b")
    return ensemble.replace(**{k: np.roll(v, 1, axis=-1) for k, v in ensemble.weights.items() if k in ends})


def _labels_permuted(thing: Any) -> Any:
    if isinstance(thing, Given) and not isinstance(thing.model, Network | Ensemble):
        from readoff.claims.given import looked_up

        return looked_up(thing, lambda logits: np.roll(logits, 1, axis=-1))
    return with_ensemble(thing, outputs_rolled)


permuted_labels = on_material("permuted labels", _labels_permuted)
"""The same networks with their outputs renamed (each output moves one place)."""


def wrong_feature(*swaps: tuple[int, int]) -> Control:
    """Pairs of input tokens change places: what the claim reads off one token now belongs to another."""
    if not swaps:
        raise BadValue("wrong_feature needs pairs of tokens to swap, such as wrong_feature((1, 5), (2, 6)).")

    def change(ensemble: Ensemble) -> Ensemble:
        order = np.arange(ensemble.architecture.d_vocab)
        for a, b in swaps:
            order[[a, b]] = order[[b, a]]
        axes = {"embed.W_E": 1, "scores": 2, "V": 2}
        return ensemble.replace(
            **{k: np.take(v, order, axis=axes[k]) for k, v in ensemble.weights.items() if k in axes}
        )

    return on_networks("wrong feature: tokens " + ", ".join(f"{a}<->{b}" for a, b in swaps), change)


def weights_shuffled(ensemble: Ensemble) -> Ensemble:
    """The entries of every weight in a random order (one fixed order per weight)."""
    out = {}
    for number, (name, array) in enumerate(sorted(ensemble.weights.items())):
        flat = array.reshape(len(array), -1)
        out[name] = flat[:, np.random.default_rng(number).permutation(flat.shape[1])].reshape(array.shape)
    return ensemble.replace(**out)


shuffled_weights = on_networks("shuffled weights", weights_shuffled)
"""The same numbers in other places: what the claim makes of weights of the same sizes without their order."""


gauge_shifted = on_networks("gauge shifted", gauge_changed)
"""Must hold: other weights, the same function, in every gauge that the architecture has (`claims.gauge`)."""


def _answers_exchanged(thing: Any) -> Any:
    from readoff.claims.given import exchanged

    return exchanged(thing)


answers_exchanged = on_material("answers exchanged between inputs", _answers_exchanged)
"""A given model's answers, handed to other inputs."""


def corrupted(*fields: str) -> tuple[Control, Control]:
    """Two controls: a checker must refuse its certificate with all numbers in these fields negated, and with all zero.

    Without fields: all of the certificate's. The format number `schema` and words are left alone, so that what is
    refused is the mathematics. Where a field only says what the certificate is about, name the fields that argue.
    """
    named = f" in {', '.join(fields)}" if fields else ""
    changes = (("negated", lambda x: -x), ("zeroed", lambda x: 0 * x))
    return tuple(  # type: ignore[return-value]
        on_material(f"corrupted certificate: {word}{named}", partial(_corrupted, change=change, fields=fields))
        for word, change in changes
    )


def _corrupted(certificate: Any, change: Callable[[Any], Any], fields: Sequence[str]) -> Any:
    def leaves(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: v if k == "schema" else leaves(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(leaves(v) for v in value)
        return value if isinstance(value, str | bool) or value is None else change(value)

    if not fields:
        return leaves(certificate)
    return {k: leaves(v) if k in fields else v for k, v in certificate.items()}


corrupted_certificate = corrupted()
"""The two controls of a certificate that names none."""


def _merged(task: Any) -> Grid:
    domain = task.domain()
    labels = np.where(domain.labels == 1, 0, domain.labels)
    rows = tuple(map(tuple, domain.tokens.tolist()))
    weights = tuple(domain.weights.tolist())
    return Grid(task.name, task.input_tokens, task.output_labels, rows, tuple(labels.tolist()), weights)


outputs_merged = on_material("first two outputs merged", _merged)
"""The same inputs, but the second output counts as the first. For claims about a task."""


def default_controls(subject: Subject) -> tuple[Control, ...]:
    """The must-fail controls of a claim that names none."""
    match subject:
        case Trained() | Sweep():
            return (untrained,)
        case Constructed():
            return (shuffled_weights,)
        case Given():
            return (answers_exchanged,)
        case OnTask():
            return (outputs_merged,)
        case Certified():
            return corrupted_certificate
        case Process() | Mutated():
            return ()


def default_invariances(subject: Subject) -> tuple[Control, ...]:
    """The must-hold controls of a claim that names none: a change of gauge, wherever there are networks with heads."""
    match subject:
        case Trained() | Sweep():
            kinds = [getattr(recipe, "architecture", None) for recipe in recipes_of(subject)]
            return (gauge_shifted,) if all(isinstance(kind, AnyArchitecture) for kind in kinds) else ()
        case Constructed():
            return (gauge_shifted,)
        case Given(model):
            return (gauge_shifted,) if isinstance(model, Network) else ()
        case _:
            return ()
