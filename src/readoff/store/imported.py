"""Networks of other tools, kept beside the trained ones so that they can be read and checked by an id.

    identifier = add(Path(".readoff"), network, "their-model", task)      # 'their-model-3fa90c1d2e'
    load(Path(".readoff"), identifier).model                              # the Network again, in a claims file

    .readoff/imported/<id>.safetensors      weights, written by `readoff.networks.files`
    .readoff/imported/<id>.json             the record: sha256 of that file, and the task if one was named

The record comes last, so a network without one was not imported. A file that has changed since is named and not used.
"""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import readoff.tasks
from readoff.core.canonical import canonical_json
from readoff.core.errors import BadValue, Damaged, ReadoffError, UnknownName
from readoff.core.parse import parse
from readoff.networks.files import load as load_file
from readoff.networks.files import save as save_file
from readoff.networks.network import Ensemble, Network
from readoff.store.files import disk_error, sha256_of, write_whole
from readoff.tasks.base import Task

TASKS = {c.__name__: c for c in vars(readoff.tasks).values() if isinstance(c, type) and issubclass(c, Task)}


@dataclass(frozen=True, eq=False)
class Imported:
    """A network (or several, as an Ensemble) under an id, and the task it was said to be for."""

    id: str
    model: Network | Ensemble
    task: Task | None


def add(store: Path, model: Network | Ensemble, name: str, task: Task | None = None) -> str:
    """Keep a network; returns its id, made of the name and its weights. BadValue for tasks whose class is not shipped.

    The same name and weights give the same id, and replace what was there.
    """
    if task is not None and TASKS.get(type(task).__name__) is not type(task):
        raise BadValue(f"{type(task).__name__} is a task class of your own, which no file can name; use grid_task.")
    model = replace(model, provenance="imported")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "network"
    identifier = f"{slug[:40]}-{model.hash[:10]}"
    path = store / "imported" / f"{identifier}.safetensors"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, path) from error
    save_file(model, path)
    record = {"sha256": sha256_of(path), "task": task}
    write_whole(path.with_suffix(".json"), canonical_json(record).encode())
    return identifier


def identifiers(store: Path) -> list[str]:
    """The ids of all imported networks, sorted."""
    return sorted(path.stem for path in (store / "imported").glob("*.json"))


def load(store: str | Path, identifier: str) -> Imported:
    """An imported network by its id. UnknownName with the near one; Damaged if its files are not what they were."""
    known = identifiers(Path(store))
    if identifier not in known:
        raise UnknownName("imported network", identifier, known)
    path = Path(store) / "imported" / f"{identifier}.safetensors"
    try:
        record: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        task = None if record["task"] is None else parse(record["task"], TASKS, "task")
        digest = record["sha256"]
    except (OSError, ValueError, KeyError, TypeError, ReadoffError) as error:
        raise Damaged(f"{path.with_suffix('.json')} is damaged ({error}); import the network again.") from None
    if sha256_of(path) != digest:
        raise Damaged(f"{path} is missing or damaged; import the network again.")
    return Imported(identifier, load_file(path), task)
