"""Where the command line gets trained networks: the trainer with its store, and the zoo before it in a quick check.

    Trainer(store, bar)                      whatever is asked for, from the store or trained there and then
    ZooFirst(Zoo(), Trainer(store, bar))     what the zoo holds from the zoo, the rest as above

`Trainer` imports JAX only when a network is really missing, so a check whose verdicts are all stored starts at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from readoff.claims.subject import Run
from readoff.claims.zoo import Zoo
from readoff.store import Store, identity_of
from readoff.training.recipe import Recipe
from readoff.training.untrained import initial_hashes, needs_no_trainer


class Trainer:
    """Networks from the store; what is missing is trained there and then."""

    def __init__(self, store: Store | None, progress: Callable[[int, int], None] | None = None) -> None:
        self._store = store
        self._progress = progress  # told (model-steps done, model-steps in all)

    def identity(self, recipe: Any, seeds: Sequence[int]) -> str | None:
        if isinstance(recipe, Recipe) and needs_no_trainer(recipe):
            hashes = initial_hashes(recipe, tuple(seeds))
            return identity_of(list(hashes)) if self._store is not None else None
        return self._store.identity(recipe.id, seeds) if self._store is not None else None

    def obtain(self, recipes: Sequence[Any], seeds: Sequence[int]) -> Sequence[Run]:
        from readoff.core.configure import configure
        from readoff.training.autoencoder import AutoencoderRecipe, train_autoencoders
        from readoff.training.train import train

        configure()
        other = [r for r in recipes if isinstance(r, AutoencoderRecipe)]
        tasks = [r for r in recipes if r not in other]
        runs = train(tasks, list(seeds), self._store, self._progress) if tasks else []
        found: dict[str, Run] = {run.recipe.id: run for run in runs}
        if other:
            found |= {run.recipe.id: run for run in train_autoencoders(other, seeds, self._store)}
        return [found[recipe.id] for recipe in recipes]


class ZooFirst:
    """Recipes of which the zoo holds all seeds asked for come from it; everything else from the trainer."""

    def __init__(self, zoo: Zoo, trainer: Trainer) -> None:
        self._zoo, self._trainer = zoo, trainer

    def identity(self, recipe: Any, seeds: Sequence[int]) -> str | None:
        return self._zoo.identity(recipe, seeds) or self._trainer.identity(recipe, seeds)

    def obtain(self, recipes: Sequence[Any], seeds: Sequence[int]) -> Sequence[Run]:
        absent = [recipe for recipe in recipes if not self._zoo.holds(recipe, seeds)]
        trained = dict(zip([r.id for r in absent], self._trainer.obtain(absent, seeds) if absent else [], strict=True))
        return [trained[r.id] if r.id in trained else self._zoo.load(r, seeds) for r in recipes]


class Ready:
    """Networks that exist already, by recipe id: for tests and notebooks."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = {run.recipe.id: run for run in runs}

    def identity(self, recipe: Any, seeds: Sequence[int]) -> str | None:
        run = self._runs.get(recipe.id)
        return identity_of([run.ensemble[i].hash for i in range(len(run.ensemble))]) if run is not None else None

    def obtain(self, recipes: Sequence[Any], seeds: Sequence[int]) -> Sequence[Run]:
        return [self._runs[recipe.id] for recipe in recipes]
