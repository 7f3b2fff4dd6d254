"""Are stored networks still what was recorded about them? `readoff verify` asks this of the zoo and of the store.

    found = recheck(run, hashes, certify=4)
    found.ok, found.solved_before, found.solved_now       True, 61, 61

Three things are looked at: the weights have the recorded hashes; enumerating every input in float64 gives the same
networks right on all of them as the last measurement in training; and for a few networks a certificate about the
real-number function of the stored weights says the same as the enumeration.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from readoff.circuits.behaviour import margins_of, network_logits
from readoff.claims.given import certified_margins, logits_of
from readoff.claims.subject import Given
from readoff.core.domain import Domain
from readoff.networks.network import Ensemble
from readoff.networks.symmetry import domain_for
from readoff.tasks.base import Task
from readoff.training.outcome import outcome
from readoff.training.run import Run

AT_ONCE = 64  # networks whose logits are held in memory


@dataclass(frozen=True)
class Recheck:
    """`solved_*` are None where no input has a single right answer. Tuples hold seeds."""

    n: int
    other_weights: tuple[int, ...]
    solved_before: int | None
    solved_now: int | None
    differ: tuple[int, ...]
    certified: int
    contradicted: tuple[int, ...]

    @property
    def ok(self) -> bool:
        return not (self.other_weights or self.differ or self.contradicted)


def recheck(run: Run, hashes: Mapping[int, str], certify: int = 4) -> Recheck:
    """Look at a run again; `hashes` are the recorded ones by seed, `certify` is how many networks are certified."""
    ensemble, task = run.ensemble, run.recipe.task
    seeds = [int(seed) for seed in ensemble.seeds]
    other = tuple(seed for i, seed in enumerate(seeds) if ensemble[i].hash != hashes[seed])
    before = outcome(run)
    if not before.judged:
        return Recheck(len(seeds), other, None, None, (), 0, ())
    now = smallest_margins(ensemble, task) > 0
    differ = tuple(seed for seed, was, is_ in zip(seeds, before.solved, now) if was != is_)
    certified, contradicted = 0, []
    for i in [i for i in range(len(seeds)) if ensemble.alive[i]][:certify]:
        says = _certified(ensemble, i, task)
        certified += says is not None
        if says is not None and says != now[i]:
            contradicted.append(seeds[i])
    return Recheck(len(seeds), other, int(before.solved.sum()), int(now.sum()), differ, certified, tuple(contradicted))


def smallest_margins(ensemble: Ensemble, task: Task) -> np.ndarray:
    """float64 [model]: the smallest margin over the inputs that have one right answer; NaN if any margin is."""
    domain = domain_for(ensemble.architecture, task)
    rows = _judged(domain)
    tokens, labels = domain.tokens[rows], domain.labels[rows]
    if not ensemble.architecture.one_attention_layer:
        given = [Given(ensemble[i], task) for i in range(len(ensemble))]
        return np.array([margins_of(logits_of(one, domain)[rows], labels).min() for one in given])
    parts = [np.arange(start, min(start + AT_ONCE, len(ensemble))) for start in range(0, len(ensemble), AT_ONCE)]
    return np.concatenate([margins_of(network_logits(ensemble.take(p), tokens), labels).min(axis=-1) for p in parts])


def _judged(domain: Domain) -> np.ndarray:
    """Rows with a single right answer."""
    if domain.targets is None:
        return np.arange(len(domain))
    return np.flatnonzero(domain.targets.max(axis=1) == domain.target_denominator)


def _certified(ensemble: Ensemble, place: int, task: Task) -> bool | None:
    """Whether every judged input is right, by certificate; None where certificates do not reach or cannot decide."""
    domain = domain_for(ensemble.architecture, task)
    rows = _judged(domain)
    margins = certified_margins(ensemble[place], domain.tokens[rows], domain.labels[rows])
    if margins is None:
        return None
    if (margins.lo > 0).all():
        return True
    return False if (margins.hi <= 0).any() else None
