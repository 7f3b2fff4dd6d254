"""The zoo: shipped weights and traces, for sweeps that are too long to train in a quick check.

    zoo = Zoo()                            the one that ships with readoff
    zoo.holds(recipe, range(64))           whether all these networks are there and whole
    zoo.load(recipe, range(64))            a Run whose source is "zoo"

On disk: an `index.json`, and for each recipe one safetensors file of weights and of a few measures at a few steps:

    {"schema": 1, "entries": [{"recipe": {...}, "file": "pairs-1L2H5d-....safetensors", "sha256": ..., "seeds": [...],
                               "hashes": [...], "fingerprint": {...}}, ...]}

    weights/<name> [model, ...]    trace/<measure> [model, step]    steps [step]    alive [model]

A file whose bytes have not the recorded sha256 is named in `warnings` and never used; its recipe is then trained like
any other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

import readoff
from readoff.core.canonical import canonical_json
from readoff.core.errors import BadValue, Damaged, ReadoffError, TooLarge, UnknownName
from readoff.networks.network import Ensemble
from readoff.store.files import sha256_of, write_whole
from readoff.store.store import identity_of
from readoff.training.chunk import decode
from readoff.training.recipe import Recipe
from readoff.training.run import Run

SHIPPED = Path(readoff.__file__).parent / "zoo"
SCHEMA = 1
LARGEST = 20_000_000
"""Bytes of a zoo; what a repository can carry."""

MEASURES = ("loss", "accuracy", "margin")
POINTS = 12


@dataclass(frozen=True)
class Entry:
    """One recipe of the zoo; `hashes[i]` is the weights hash of the network with `seeds[i]`."""

    recipe: Recipe
    file: str
    sha256: str
    seeds: tuple[int, ...]
    hashes: tuple[str, ...]
    fingerprint: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "recipe": json.loads(canonical_json(self.recipe)),
            "file": self.file,
            "sha256": self.sha256,
            "seeds": list(self.seeds),
            "hashes": list(self.hashes),
            "fingerprint": dict(self.fingerprint),
        }


class Zoo:
    """The networks in a folder. Reading never fails: what is damaged is in `warnings`, and counts as absent."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = SHIPPED if folder is None else folder
        self.warnings: list[str] = []
        self._entries: dict[str, Entry] = {}
        self._whole: dict[str, bool] = {}
        try:
            self._entries = {entry.recipe.id: entry for entry in read_index(self.folder)}
        except ReadoffError as error:
            self.warnings.append(str(error))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything in the index, whole or not."""
        return tuple(self._entries.values())

    def holds(self, recipe: Any, seeds: Sequence[int]) -> bool:
        """True if the networks of all these seeds are there, in a file that is whole."""
        entry = self._entries.get(recipe.id)
        return entry is not None and set(seeds) <= set(entry.seeds) and self.is_whole(entry)

    def is_whole(self, entry: Entry) -> bool:
        """Whether an entry's file has the recorded bytes (looked at once)."""
        if entry.file not in self._whole:
            path = self.folder / entry.file
            self._whole[entry.file] = sha256_of(path) == entry.sha256
            if not self._whole[entry.file]:
                self.warnings.append(f"{path} is missing or damaged; its networks are not used.")
        return self._whole[entry.file]

    def identity(self, recipe: Any, seeds: Sequence[int]) -> str | None:
        """One hash for these networks, as `Store.identity` makes it; None if they are not there."""
        if not self.holds(recipe, seeds):
            return None
        entry = self._entries[recipe.id]
        by_seed = dict(zip(entry.seeds, entry.hashes))
        return identity_of([by_seed[seed] for seed in seeds])

    def load(self, recipe: Any, seeds: Sequence[int] | None = None) -> Run:
        """The networks as a Run, in the order of `seeds` (all by default). UnknownName, BadValue, Damaged."""
        if recipe.id not in self._entries:
            raise UnknownName("recipe in the zoo", recipe.id, self._entries)
        entry = self._entries[recipe.id]
        wanted = list(entry.seeds if seeds is None else seeds)
        missing = sorted(set(wanted) - set(entry.seeds))
        if missing:
            raise BadValue(f"the zoo has no network of {recipe.id} for seeds {missing[:5]}.")
        if not self.is_whole(entry):
            raise Damaged(f"{self.folder / entry.file} is missing or damaged; its networks are not used.")
        arrays = decode((self.folder / entry.file).read_bytes(), str(self.folder / entry.file))
        places = np.array([entry.seeds.index(seed) for seed in wanted])
        ensemble = Ensemble(
            entry.recipe.architecture,
            {name: arrays[f"weights/{name}"][places] for name in entry.recipe.architecture.shapes()},
            np.array(wanted),
            "trained",
            entry.recipe.id,
            arrays["alive"][places].astype(bool),
        )
        trace = {k.removeprefix("trace/"): v[places] for k, v in arrays.items() if k.startswith("trace/")}
        return Run(entry.recipe, ensemble, arrays["steps"], trace, dict(entry.fingerprint), "zoo")


def read_index(folder: Path) -> list[Entry]:
    """The entries of a zoo; none if there is no index. Damaged if it cannot be read, named."""
    path = folder / "index.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read ({error}); nothing is taken from the zoo.") from None
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise BadValue(f"schema {data['schema']!r}, and this version reads {SCHEMA}")
        return [_entry(raw) for raw in data["entries"]]
    except (ReadoffError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise Damaged(f"{path} is damaged ({error}); nothing is taken from the zoo.") from None


def _entry(raw: Mapping[str, Any]) -> Entry:
    recipe = Recipe.from_json(json.dumps(raw["recipe"]))
    seeds, hashes = tuple(map(int, raw["seeds"])), tuple(map(str, raw["hashes"]))
    file = str(raw["file"])
    if len(seeds) != len(hashes) or len(set(seeds)) != len(seeds) or Path(file).name != file:
        raise BadValue(f"the entry of {recipe.id} does not fit together")
    return Entry(recipe, file, str(raw["sha256"]), seeds, hashes, dict(raw["fingerprint"]))


def pack(runs: Sequence[Run], folder: Path = SHIPPED, measures: Sequence[str] = MEASURES) -> int:
    """Put runs into a zoo, replacing entries of the same recipes; returns the zoo's size in bytes.

    Files come first, the index last. TooLarge if the zoo would pass its limit: nothing is written then.
    """
    entries = {entry.recipe.id: entry for entry in read_index(folder)}
    new = {run.recipe.id: (run, encode(run, measures)) for run in runs}
    kept = [folder / entry.file for name, entry in entries.items() if name not in new]
    size = sum(path.stat().st_size for path in kept) + sum(len(data) for _, data in new.values())
    if size > LARGEST:
        raise TooLarge(f"the zoo would have {size:,} bytes; the limit is {LARGEST:,}. Pack fewer recipes or seeds.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (run, data) in new.items():
        digest = write_whole(folder / f"{name}.safetensors", data)
        seeds = tuple(int(seed) for seed in run.ensemble.seeds)
        hashes = tuple(run.ensemble[i].hash for i in range(len(seeds)))
        entries[name] = Entry(run.recipe, f"{name}.safetensors", digest, seeds, hashes, run.fingerprint)
    lines = ",\n".join(json.dumps(entries[name].to_json(), sort_keys=True) for name in sorted(entries))
    write_whole(folder / "index.json", f'{{"schema": {SCHEMA}, "entries": [\n{lines}\n]}}\n'.encode())
    return size


def encode(run: Run, measures: Sequence[str] = MEASURES) -> bytes:
    """A run as the bytes of a zoo file: all its weights, and the named measures at no more than `POINTS` steps."""
    few = np.unique(np.linspace(0, len(run.steps) - 1, min(POINTS, len(run.steps))).round().astype(int))
    arrays = {f"weights/{name}": np.ascontiguousarray(value) for name, value in run.ensemble.weights.items()}
    arrays |= {f"trace/{name}": np.ascontiguousarray(run.trace[name][:, few]) for name in measures}
    arrays |= {"steps": np.asarray(run.steps)[few].astype(np.int64), "alive": run.ensemble.alive.astype(np.uint8)}
    return save(arrays)
