"""What a claim is about, described before it exists.

A subject is a small frozen description; the runner turns it into the thing that the measure receives:

    subject                          the measure receives
    Trained(recipe)                  a Run: .recipe, .ensemble (n networks, the judged seeds), .trace
    Sweep((recipe, recipe, ...))     a tuple of Runs, the same seeds in each
    Constructed(build, "name")       build(): one Network, written by hand or imported
    OnTask(task)                     the task
    Process(build, "name")           build(): any other finite object, such as a belief process or a search (a search
                                     that found a network says so: `witness`, `provenance`, and `in_words`)
    Process(build, "name", draws=n)  build(): n independent draws of one, which `Seeds` judges one by one
    Certified(build, check)          build(): a certificate (a dict), after check(certificate) had no complaints
    Given(model, task)               a Given: someone's network, or any callable from tokens to logits

Nothing is trained, built or loaded by writing a description. A control turns a subject into a mutated one (`Mutated`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from readoff.core.errors import BadValue, ReadoffError
from readoff.networks.network import Ensemble, Network, stack
from readoff.tasks.base import Task

Certificate = Mapping[str, Any]


class Recipe(Protocol):
    """What the claims need of a training recipe (`readoff.training.recipe.Recipe` is one)."""

    @property
    def id(self) -> str: ...


class Run(Protocol):
    """What the claims need of a training run (`readoff.training.train.Run` is one)."""

    @property
    def recipe(self) -> Any: ...
    @property
    def ensemble(self) -> Ensemble: ...
    @property
    def source(self) -> str: ...


@dataclass(frozen=True)
class Trained:
    """An ensemble trained by one recipe."""

    recipe: Any


@dataclass(frozen=True)
class Sweep:
    """Several recipes, the same seeds in each."""

    recipes: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipes", tuple(self.recipes))
        if not self.recipes:
            raise BadValue("a Sweep needs at least one recipe.")


@dataclass(frozen=True)
class Constructed:
    """One network that `build()` writes down or loads."""

    build: Callable[[], Network]
    name: str


@dataclass(frozen=True)
class OnTask:
    """A task itself: its domain, labels and weights."""

    task: Task


@dataclass(frozen=True)
class Process:
    """Any other finite object that `build()` makes; with `draws`, so many independent draws, counted like networks."""

    build: Callable[[], Any]
    name: str
    draws: int | None = None


@dataclass(frozen=True)
class Certified:
    """A certificate as data, and the finite checker that must have no complaint about it."""

    build: Callable[[], Certificate]
    check: Callable[[Certificate], Sequence[str]]
    name: str = "certificate"


@dataclass(frozen=True, eq=False)
class Given:
    """A network, or any callable from tokens [n, n_ctx] to logits [n, d_vocab_out], on a task.

    `unit` is the spacing of the numbers in which a callable answers, if its answers do not show that themselves.
    """

    model: Any
    task: Task
    unit: float | None = None


@dataclass(frozen=True)
class Mutated:
    """A subject whose material goes through `change` before it is measured."""

    base: "Subject"
    name: str
    change: Callable[[Any], Any]


Subject = Trained | Sweep | Constructed | OnTask | Process | Certified | Given | Mutated


class Complaint(ReadoffError):
    """A certificate's checker complained."""


class Impossible(ReadoffError):
    """Raised by a judge that holds a checked proof that nothing of a whole class does it: FAILS, for all of them.

    `document`: the certificate with its class, as plain data; `assumes`: the lemmas it rests on.
    """

    def __init__(self, reason: str, document: Mapping[str, Any], assumes: Sequence[Any]) -> None:
        super().__init__(reason)
        self.document = document
        self.assumes = tuple(assumes)


def recipes_of(subject: Subject) -> tuple[Any, ...]:
    """The recipes that must be trained before the subject exists."""
    match subject:
        case Trained(recipe):
            return (recipe,)
        case Sweep(recipes):
            return recipes
        case Mutated(base):
            return recipes_of(base)
        case _:
            return ()


def build(subject: Subject, runs: Mapping[str, Run], base: Callable[[Subject], Any] | None = None) -> Any:
    """The thing that the measure receives; a certificate is not checked yet. `runs` maps recipe ids to runs.

    `base` makes what a mutated subject changes (by default this function does).
    """
    match subject:
        case Trained(recipe):
            return runs[recipe.id]
        case Sweep(recipes):
            return tuple(runs[recipe.id] for recipe in recipes)
        case Constructed(maker) | Process(maker) | Certified(maker):
            return maker()
        case OnTask(task):
            return task
        case Given():
            return subject
        case Mutated(original, _, change):
            return change(build(original, runs) if base is None else base(original))


def checker_of(subject: Subject) -> Callable[[Certificate], Sequence[str]] | None:
    """The checker that must have no complaint before a certificate is measured."""
    match subject:
        case Certified(_, check):
            return check
        case Mutated(base):
            return checker_of(base)
        case _:
            return None


def refuse_complaints(check: Callable[[Certificate], Sequence[str]], certificate: Certificate) -> None:
    """Raise `Complaint` with the first complaint of a checker; a checker may also refuse by a ValueError."""
    try:
        complaints = list(check(certificate))
    except (ValueError, ArithmeticError) as error:
        complaints = [str(error) or type(error).__name__]
    if complaints:
        more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
        raise Complaint(f"the certificate is refused: {complaints[0]}{more}")


def n_networks(subject: Subject) -> str | None:
    """ "many" for an ensemble (or draws), "one" for a single network, None where there is no network."""
    match subject:
        case Trained() | Sweep():
            return "many"
        case Process(draws=int()):
            return "many"
        case Constructed() | Given():
            return "one"
        case Mutated(base):
            return n_networks(base)
        case _:
            return None


def sample_size(subject: Subject, n_seeds: int) -> int:
    """How many networks (or draws) are judged when `n_seeds` networks are trained."""
    match subject:
        case Process(draws=int(n)):
            return n
        case Mutated(base):
            return sample_size(base, n_seeds)
        case _:
            return n_seeds


def ensemble_of(thing: Any) -> Ensemble:
    """The ensemble in a Run, an Ensemble, a Network (an ensemble of one) or a Given network."""
    if isinstance(thing, Ensemble):
        return thing
    if isinstance(thing, Network):
        return stack([thing])
    if isinstance(thing, Given):
        return ensemble_of(thing.model)
    if hasattr(thing, "ensemble"):
        return thing.ensemble
    raise BadValue(f"expected networks (a Run, an Ensemble or a Network), got {type(thing).__name__}.")


def with_ensemble(thing: Any, change: Callable[[Ensemble], Ensemble]) -> Any:
    """The same thing with its networks changed; goes into the Runs of a Sweep."""
    if isinstance(thing, tuple):
        return tuple(with_ensemble(part, change) for part in thing)
    if isinstance(thing, Ensemble):
        return change(thing)
    if isinstance(thing, Network):
        return change(stack([thing]))[0]
    if isinstance(thing, Given):
        return replace(thing, model=with_ensemble(thing.model, change))
    if hasattr(thing, "ensemble"):
        return replace(thing, ensemble=change(thing.ensemble))
    raise BadValue(f"this control changes networks; it cannot change a {type(thing).__name__}.")


def alive_of(thing: Any, n: int) -> np.ndarray:
    """bool [n]: which networks trained without diverging (in every Run of a Sweep)."""
    if isinstance(thing, tuple):
        return np.logical_and.reduce([alive_of(part, n) for part in thing])
    if hasattr(thing, "ensemble"):
        return np.asarray(thing.ensemble.alive, dtype=bool)
    return np.ones(n, dtype=bool)
