"""From what somebody types to networks: ids, or the beginning of one, of trained, imported and shipped networks.

pairs-1L2H5d-df5a842ba7      an id, as `readoff runs` lists it
pairs-1L2H5d, df5a           its beginning, or the beginning of its hash, if only one network has it
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from readoff.claims.zoo import Zoo
from readoff.core.errors import BadValue, ReadoffError
from readoff.networks.network import Ensemble, Network
from readoff.store import Store, imported
from readoff.tasks.base import Task
from readoff.training.recipe import Recipe
from readoff.training.run import Run, load


@dataclass(frozen=True)
class Found:
    """Networks under one id. `recipe` is None for imported ones, and for tasks whose class is not shipped."""

    id: str
    source: Literal["trained", "imported", "zoo"]
    recipe: Recipe | None
    n_networks: int = 1
    n_damaged: int = 0


def known(store: Path, zoo: Zoo | None = None) -> list[Found]:
    """Everything that can be named: in the store, imported, and in the zoo unless the store has the same recipe."""
    found = []
    if (store / "ledger.sqlite").exists():
        with Store(store) as opened:
            found = [Found(r.recipe_id, "trained", _recipe(r.recipe_json), r.n_networks, r.n_damaged)
                     for r in opened.runs()]  # fmt: skip
    found += [Found(name, "imported", None) for name in imported.identifiers(store)]
    there = {one.id for one in found if one.n_networks}
    shipped = zoo.entries if zoo is not None else ()
    return found + [Found(e.recipe.id, "zoo", e.recipe, len(e.seeds)) for e in shipped if e.recipe.id not in there]


def find(wanted: str, among: Sequence[Found]) -> Found:
    """The one that is meant. BadValue with the near one, or with those it may be."""
    exact = [one for one in among if one.id == wanted]
    near = exact or [o for o in among if wanted and (o.id.startswith(wanted) or _hash(o).startswith(wanted))]
    near = [one for one in near if one.source != "zoo"] or near  # what `runs` lists goes before what is shipped
    if not near:
        if not among:
            raise BadValue(
                f"there are no networks here, so none is called {wanted!r}. `readoff train pairs` makes some."
            )
        starts = {one.id[: max(1, len(wanted))]: one.id for one in among}
        close = difflib.get_close_matches(wanted, starts, n=1, cutoff=0.5)
        hint = f" Did you mean {starts[close[0]]!r}?" if close else ""
        raise BadValue(f"no network is called {wanted!r}.{hint} `readoff runs --zoo` lists them.")
    if len({one.id for one in near}) > 1:
        listed = ", ".join(one.id for one in near[:8]) + (" ..." if len(near) > 8 else "")
        raise BadValue(f"{wanted!r} may mean {len(near)} ids: {listed}. Write more of the one that you mean.")
    return max(near, key=lambda one: one.n_networks)


def run_of(found: Found, store: Path, zoo: Zoo, seeds: Sequence[int] | None = None) -> Run:
    """The networks with their traces. BadValue for imported ones, and for seeds that are not there."""
    if found.source == "zoo":
        return zoo.load(found.recipe, seeds)
    recipe = _needed(found)
    with Store(store) as opened:
        there = sorted({seed for chunk in opened.chunks(recipe.id) for seed in chunk.seeds})
        wanted = there if seeds is None else list(seeds)
        if not wanted or not set(wanted) <= set(there):
            said = f"{there[0]} to {there[-1]}" if there else "none that is whole"
            damaged = "".join(f" {warning}" for warning in opened.warnings)
            raise BadValue(
                f"{found.id} has no network for seed {_first_missing(wanted, there)}; it has {said}.{damaged}"
            )
        return load(opened, recipe, wanted)


def network_of(found: Found, store: Path, zoo: Zoo, seed: int | None) -> tuple[Network, Task | None, int | None]:
    """One network, the task it is for, and its seed (the first one if none is asked for)."""
    if found.source != "imported":
        seed = _first_seed(found, store, zoo) if seed is None else seed
        run = run_of(found, store, zoo, [seed])
        return run.ensemble[0], run.recipe.task, seed
    one = imported.load(store, found.id)
    if isinstance(one.model, Ensemble):
        seeds = one.model.seeds.tolist()
        chosen = seeds[0] if seed is None else seed
        if chosen not in seeds:
            raise BadValue(f"{found.id} has no network for seed {chosen}; it has {seeds[0]} to {seeds[-1]}.")
        return one.model[seeds.index(chosen)], one.task, chosen
    if seed is not None:
        raise BadValue(f"{found.id} is a single network; leave out --seed.")
    return one.model, one.task, None


def _first_seed(found: Found, store: Path, zoo: Zoo) -> int:
    if found.source == "zoo":
        return min(entry.seeds[0] for entry in zoo.entries if entry.recipe.id == found.id)
    with Store(store) as opened:
        return min((seed for chunk in opened.chunks(found.id) for seed in chunk.seeds), default=0)


def _first_missing(wanted: Sequence[int], there: Sequence[int]) -> int:
    return next((seed for seed in wanted if seed not in there), 0)


def _needed(found: Found) -> Recipe:
    if found.source == "imported":
        raise BadValue(
            f"{found.id} was imported, so it has no recipe and no training; `readoff read` shows its tables."
        )
    if found.recipe is None:
        raise BadValue(
            f"{found.id} was trained on a task whose class is not shipped with readoff; load it in Python with "
            "readoff.training.run.load, or make the task with grid_task."
        )
    return found.recipe


def _recipe(text: str) -> Recipe | None:
    try:
        return Recipe.from_json(text)
    except ReadoffError:
        return None


def _hash(found: Found) -> str:
    return found.id.rsplit("-", 1)[-1]
