"""Train recipes on many seeds: what is in the store is used, what is missing is trained and stored.

    run = train(recipe, range(64), Store(".readoff"))
    run.ensemble            Ensemble of 64 networks, in the order of the seeds
    run.trace["loss"]       [model, step] at run.steps

Seeds are trained in aligned blocks (see `recipe`), one chunk file each, by a process per core, or by one process on the
accelerator that JAX_PLATFORMS names (JAX_PLATFORMS=cuda; it wants blocks of thousands). Only this process writes the
ledger, and a row comes after its file is whole. So a kill at any moment loses at most the blocks in flight, and running
again goes on from there. Without a store everything happens in this process and memory.
"""

import atexit
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, overload

from readoff.core.canonical import canonical_json, content_id
from readoff.core.errors import BadValue, ReadoffError
from readoff.engines.pool import Pool, processes
from readoff.store import Store
from readoff.tasks.base import is_shipped
from readoff.training.block import TRAINER, TrainedBlock, train_block
from readoff.training.chunk import encode
from readoff.training.program import program_shape
from readoff.training.recipe import Recipe, blocks_for
from readoff.training.run import Run as Run
from readoff.training.run import assemble
from readoff.training.run import load as load
from readoff.training.untrained import needs_no_trainer, untrained_run

Progress = Callable[[int, int], None]
"""Told (model-steps done, model-steps in all)."""


@dataclass(frozen=True)
class _Job:
    recipe: Recipe
    seeds: list[int]
    chunk: str


@overload
def train(
    recipe: Recipe, seeds: Iterable[int], store: Store | None = None, progress: Progress | None = None
) -> Run: ...
@overload
def train(
    recipe: Sequence[Recipe],
    seeds: Iterable[int],
    store: Store | None = None,
    progress: Progress | None = None,
    bitwise: bool = False,
) -> list[Run]: ...
def train(
    recipe: Recipe | Sequence[Recipe],
    seeds: Iterable[int],
    store: Store | None = None,
    progress: Progress | None = None,
    bitwise: bool = False,
) -> Run | list[Run]:
    """Networks of every recipe for every seed; see the module docstring. A list of recipes gives a list of runs.

    `bitwise`: each network alone in its program (recipes with block 1), so that its bits depend on no neighbour.
    """
    recipes = [recipe] if isinstance(recipe, Recipe) else list(recipe)
    if bitwise:
        recipes = [replace(r, block=1) for r in recipes]
    wanted = sorted(set(seeds))
    if not wanted or wanted[0] < 0 or wanted[-1] >= 2**32:
        raise BadValue(f"seeds must be whole numbers from 0 to 2^32 - 1, at least one; got {wanted[:3]}.")
    if store is not None:
        _fill(store, [r for r in recipes if not needs_no_trainer(r)], wanted, progress)
    runs = [_one(r, wanted, store, progress) for r in recipes]
    return runs[0] if isinstance(recipe, Recipe) else runs


def _one(recipe: Recipe, seeds: list[int], store: Store | None, progress: Progress | None) -> Run:
    if needs_no_trainer(recipe):
        return untrained_run(recipe, seeds)
    return load(store, recipe, seeds) if store is not None else _in_memory(recipe, seeds, progress)


def _fill(store: Store, recipes: Sequence[Recipe], seeds: list[int], progress: Progress | None) -> None:
    jobs = []
    for recipe in {r.id: r for r in recipes}.values():
        have = {seed for chunk in store.chunks(recipe.id) for seed in chunk.seeds}
        for first in blocks_for(recipe, [s for s in seeds if s not in have]):
            block = list(range(first, first + recipe.block))
            jobs.append(_Job(recipe, block, f"{recipe.digest(32)}-{first:x}-{TRAINER:x}"))
    if not jobs:
        return
    store.refuse_unwritable()  # before anything is trained that could not be kept
    total = sum(len(job.seeds) * job.recipe.steps for job in jobs)
    done = 0
    if progress is not None:
        progress(0, total)
    here = [job for job in jobs if not _readable(job.recipe)]
    for job in here:  # task classes that a worker could not rebuild from JSON
        _add(store, job, _store_block(store, job, train_block(job.recipe, job.seeds)))
        done += len(job.seeds) * job.recipe.steps
    elsewhere = [job for job in jobs if job not in here]
    if not elsewhere:
        return
    messages = [
        {
            "recipe": canonical_json(job.recipe),
            "seeds": job.seeds,
            "weights": str(store.chunk_path(job.chunk).resolve()),
            "trace": str(store.trace_path(job.chunk).resolve()),
        }
        for job in elsewhere
    ]
    programs = {job.recipe.id: content_id(program_shape(job.recipe)) for job in elsewhere}
    by_number = [programs[job.recipe.id] for job in elsewhere]
    numbered = [{**message, "program": program} for message, program in zip(messages, by_number)]
    for answer in _pool(str((store.path / "compiled").resolve())).run(numbered, lambda job: job["program"]):
        if "steps" in answer:
            done += answer["steps"]
            if progress is not None:
                progress(min(done, total), total)
        if "done" in answer:
            _add(store, elsewhere[answer["job"]], answer["done"])


def _readable(recipe: Recipe) -> bool:
    """Whether a worker, which knows readoff's own task classes only, can make the recipe again from JSON."""
    try:
        return is_shipped(recipe.task) and Recipe.from_json(canonical_json(recipe)) == recipe
    except ReadoffError:
        return False


def _store_block(store: Store, job: _Job, block: TrainedBlock) -> dict[str, Any]:
    from readoff.store.files import write_whole

    weights, trace = encode(block)
    return {
        "sha256": write_whole(store.chunk_path(job.chunk), weights),
        "trace_sha256": write_whole(store.trace_path(job.chunk), trace),
        "hashes": block.hashes(),
        "fingerprint": block.fingerprint,
    }


def _add(store: Store, job: _Job, done: dict[str, Any]) -> None:
    text = canonical_json(job.recipe)
    file = store.chunk_path(job.chunk)
    store.add_chunk(
        job.recipe.id, text, job.chunk, file, done["sha256"], job.seeds, done["hashes"], done["fingerprint"],
        done["trace_sha256"],
    )  # fmt: skip


@lru_cache(maxsize=4)
def _pool(cache: str) -> Pool:
    """Workers live until the program ends, so later recipes find their programs compiled."""
    pool = Pool([sys.executable, "-m", "readoff.training.worker"], [cache], processes())
    atexit.register(pool.close)
    return pool


def _in_memory(recipe: Recipe, seeds: list[int], progress: Progress | None) -> Run:
    blocks = blocks_for(recipe, seeds)
    total, done = len(blocks) * recipe.block * recipe.steps, 0

    def tell(n: int) -> None:
        nonlocal done
        done += n
        if progress is not None:
            progress(done, total)

    parts, found = [], {}
    for first in blocks:
        block = train_block(recipe, list(range(first, first + recipe.block)), tell)
        trace = {**block.trace, "alive": block.alive, "steps": block.steps}
        found |= {seed: (len(parts), place) for place, seed in enumerate(block.seeds)}
        parts.append((block.weights, trace, block.fingerprint))
    return assemble(recipe, parts, [found[seed] for seed in seeds], seeds)
