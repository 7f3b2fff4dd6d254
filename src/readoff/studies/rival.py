"""What a good critic does by hand: look for the smallest network that does a task, or for a proof that there is none.

    found = search(Pairs())            # walks a frontier of small one-layer networks, smallest first
    found[2].verdict, found[2].place   # 'possible', one head, d_head 1, with a constant logit vector

At every place of the frontier (`studies.places`):

    impossible             a certificate: threshold degree above the number of heads, or rank 1 without constant logits
    possible               the best of an ensemble, polished, with every margin certified: a witness
    found, not certified   right on every input in floating point, and too large or too close to certify: no witness
    not found              neither, in so many tries; that proves nothing

Places that contain one where a witness was found, and those that an impossibility covers, are not searched; what was
not certified covers nothing. `studies.heads_claim` turns the search into a claim.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from readoff.certificates.heads import HEADS_LEMMA
from readoff.certificates.rank1 import ASSUMES, build_rank1_certificate, check_rank1_certificate
from readoff.circuits.threshold import Obstruction, heads_obstruction
from readoff.core.canonical import content_id
from readoff.core.errors import BadValue
from readoff.networks.architecture import Architecture
from readoff.networks.network import Network
from readoff.store import Store
from readoff.studies.certify import certified_margin
from readoff.studies.places import ANY, Place, architecture_at, frontier, order_matters
from readoff.studies.polish import polished
from readoff.tasks.base import Task
from readoff.training.recipe import Recipe

MOST_LABELS = 16
MOST_INPUTS = 100_000
"""No degree certificate is looked for beyond so many outputs or inputs."""
SEEDS, STEPS = 32, 3000
BEST = 3
"""How many of an ensemble are polished and certified."""
Verdict = Literal["possible", "impossible", "found, not certified", "not found"]


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found at one place. `margin` encloses the witness's smallest margin; `reason` says it in words.

    `certificate` is the whole document of an impossibility: task, class, lemmas and the data for their checker.
    """

    place: Place
    verdict: Verdict
    reason: str
    tries: int = 0
    accuracy: float | None = None
    margin: tuple[float, float] | None = None
    network: Network | None = None
    certificate: Mapping[str, Any] | None = None


def search(
    task: Task,
    places: Sequence[Place] | None = None,
    seeds: int = SEEDS,
    steps: int = STEPS,
    store: Store | None = None,
    tell: Callable[[Finding], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """Walk the frontier (by default with positions too where order matters). Networks have exploration seeds.

    BadValue: a task without one right output for each input.
    """
    domain = task.domain()
    if domain.targets is not None or (domain.labels < 0).any():
        raise BadValue(f"{task.name} has distributions as targets; a rival needs one right output for every input.")
    found: list[Finding] = []
    for place in places or frontier(positions=(False, True) if order_matters(task) else (False,)):
        covered = [f for f in found if f.verdict == "possible" and place.contains(f.place)]
        ruled_out = [f for f in found if f.verdict == "impossible" and f.place.contains(place)]
        if covered or ruled_out:
            continue
        one = _impossible(task, place) or _train(task, place, seeds, steps, store, progress)
        found.append(one)
        if tell is not None:
            tell(one)
    return found


@lru_cache(maxsize=64)
def degree_obstruction(task: Task, n_heads: int, positions: bool) -> Obstruction | None:
    """`heads_obstruction` on the task; None where it has too many inputs or outputs to be asked."""
    if task.domain_size() > MOST_INPUTS or len(np.unique(task.domain().labels)) > MOST_LABELS:
        return None
    return heads_obstruction(task.domain(), n_heads, positions)


def degree_words(task: Task, place: Place) -> str:
    """What threshold degree has to say about a place that it does not rule out."""
    asked = degree_obstruction(task, place.n_heads, place.positions) if place.n_layers == 1 else None
    if place.n_layers != 1:
        return "certificates are about one layer"
    if asked is None or asked.skipped:
        return "threshold degree was not asked everywhere (too large), so nothing is ruled out"
    if asked.undecided:
        return f"threshold degree was left open by rounding for {asked.undecided} pair(s) of outputs"
    return f"polynomials of degree {place.n_heads} part every two outputs, so threshold degree rules nothing out"


def _impossible(task: Task, place: Place) -> Finding | None:
    """A certificate that covers the place, if one of the known kinds exists."""
    if place.n_layers != 1:
        return None
    for positions in (True,) if place.positions else (True, False):  # with positions covers networks without, too
        asked = degree_obstruction(task, place.n_heads, positions)
        if asked is not None and asked.certificate is not None:
            covers = replace(place, d_head=ANY, positions=positions, constant=True)
            return _ruled_out(
                task, covers, "readoff.certificates.heads", asked.certificate, [HEADS_LEMMA], _degree(task, asked)
            )
    labels = np.unique(task.domain().labels)
    if (place.n_heads, place.d_head, place.constant) == (1, 1, False) and len(labels) > 2:
        certificate = build_rank1_certificate()
        if not check_rank1_certificate(certificate):
            reason = f"rank 1: at most two outputs can ever win, and the task has {len(labels)} (certificate rank1)"
            covers = replace(place, positions=True)
            return _ruled_out(task, covers, "readoff.certificates.rank1", certificate, ASSUMES, reason)
    return None


def _degree(task: Task, asked: Obstruction) -> str:
    assert asked.certificate is not None
    used = asked.certificate
    one, other = (repr(task.output_labels[y]) for y in sorted(set(used["labels"])))
    placed = "placed tokens" if used["positions"] else "token counts"
    return (
        f"no polynomial of degree {used['n_heads']} in the {placed} parts {one} and {other} on {len(used['inputs'])} "
        f"inputs that end in {task.input_tokens[used['inputs'][0][-1]]!r} (certificate, checked in whole numbers)"
    )


def _ruled_out(
    task: Task, covers: Place, checker: str, certificate: Any, lemmas: Sequence[Any], reason: str
) -> Finding:
    document = {
        "task": task.name,
        "task_id": content_id(task, 16),
        "class": covers.words,
        "checker": checker,
        "assumes": [dict(lemma) for lemma in lemmas],
        "certificate": certificate,
    }
    return Finding(covers, "impossible", reason, certificate=document)


def _train(
    task: Task, place: Place, seeds: int, steps: int, store: Store | None, progress: Callable[[int, int], None] | None
) -> Finding:
    from readoff.claims.scope import exploration_seeds
    from readoff.core.configure import configure
    from readoff.training.train import train

    configure()
    architecture = architecture_at(task, place)
    init = "transformer_lens" if isinstance(architecture, Architecture) else "fan_in"
    recipe = Recipe(task, architecture, steps=steps, init=init, loss_dtype="float64", stop_margin=1.0)
    run = train(recipe, exploration_seeds(seeds), store, progress)
    margins = np.where(run.ensemble.alive, run.trace["margin"][:, -1], -np.inf)
    accuracy = float(run.trace["accuracy"][:, -1].max())
    floating: Network | None = None
    for index in np.argsort(-margins, kind="stable")[:BEST].tolist():
        right = margins[index] > 0
        network = run.ensemble[index] if right else polished(run.ensemble[index], task)
        if network is None:
            continue
        bounds = certified_margin(network, task)
        if bounds is not None and bounds[0] > 0:
            how = "" if right else ", polished"
            reason = f"seed {int(run.ensemble.seeds[index])} of {recipe.id}{how}: every margin is positive, certified"
            return Finding(place, "possible", reason, seeds, 1.0, bounds, network)
        if right and (bounds is None or bounds[1] > 0):
            floating = floating or network
    if floating is not None:
        reason = "right on every input in floating point; too large, or too close, to certify, so it covers nothing"
        return Finding(place, "found, not certified", reason, seeds, 1.0, None, floating)
    reason = (
        f"not found in {seeds} tries of {steps} steps; best accuracy {accuracy:.3f}; {degree_words(task, place)}. This "
        "proves nothing."
    )
    return Finding(place, "not found", reason, seeds, accuracy)
