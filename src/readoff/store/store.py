"""The store: what was trained and what was found, on disk.

    .readoff/
        ledger.sqlite               recipes, chunks, networks, verdicts (only the parent process writes it)
        chunks/<id>.safetensors     weights of a block of networks, one file per chunk

The order of writing is always file first, row last, so a row never points at a file that is not whole. A file whose
bytes no longer have the recorded sha256 is named in `warnings`, marked in the ledger, and never used again; its
networks count as absent, so that the next run trains them anew.

>>> store = Store(".readoff")                                                        # doctest: +SKIP
>>> digest = write_whole(store.chunk_path("4f0c-0"), data)                           # doctest: +SKIP
>>> store.add_chunk(recipe.id, text, "4f0c-0", path, digest, seeds, hashes, fingerprint)   # doctest: +SKIP

Chunk ids are made by the program, never from a user's words, and only hex digits and dashes are let through.
"""

import contextlib
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readoff.core.errors import BadValue
from readoff.store.files import StoreError, disk_error, sha256_of, sweep_aside
from readoff.store.schema import ledger_error, open_ledger

CHUNK_ID = re.compile(r"[0-9a-f]+(-[0-9a-f]+)*")


@dataclass(frozen=True)
class Chunk:
    """A block of networks in one verified file. `seeds[i]` and `hashes[i]` belong to place i of its model axis."""

    id: str
    recipe_id: str
    path: Path
    trace: Path | None
    seeds: tuple[int, ...]
    hashes: tuple[str, ...]
    fingerprint: Mapping[str, Any]


@dataclass(frozen=True)
class StoredRun:
    """What `readoff runs` lists: a recipe and how many networks of it are ready."""

    recipe_id: str
    recipe_json: str
    n_networks: int
    n_damaged: int


class Store:
    """A folder with a ledger. Open it once in the parent process; `close()` or use it in a `with` block."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.warnings: list[str] = []
        ledger = self.path / "ledger.sqlite"
        try:
            if not ledger.exists():
                (self.path / "chunks").mkdir(parents=True, exist_ok=True)
                (self.path / ".gitignore").write_text("*\n")
        except OSError as error:
            raise disk_error(error, self.path) from error
        self._ledger = ledger
        self._connection = open_ledger(ledger)
        sweep_aside(self.path / "chunks")

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def chunk_path(self, chunk_id: str) -> Path:
        """Where a chunk's file lives. Refuses ids that are not hex digits and dashes."""
        if not CHUNK_ID.fullmatch(chunk_id) or len(chunk_id) > 100:
            raise BadValue(f"{chunk_id!r} is not a chunk id; expected hex digits and dashes, such as '4f0c91d2-0'.")
        return self.path / "chunks" / f"{chunk_id}.safetensors"

    def trace_path(self, chunk_id: str) -> Path:
        """Where a chunk's traces live."""
        return self.chunk_path(chunk_id).with_suffix(".trace.safetensors")

    def add_chunk(
        self,
        recipe_id: str,
        recipe_json: str,
        chunk_id: str,
        file: Path,
        sha256: str,
        seeds: Sequence[int],
        network_hashes: Sequence[str],
        fingerprint: Mapping[str, Any],
        trace_sha256: str | None = None,
    ) -> None:
        """Record a chunk whose file is already whole at `chunk_path(chunk_id)`. One transaction.

        `trace_sha256`: the same for the traces at `trace_path(chunk_id)`, if there are any.
        """
        if Path(file) != self.chunk_path(chunk_id):
            raise BadValue(f"chunk {chunk_id} belongs at {self.chunk_path(chunk_id)}, not at {file}.")
        if len(seeds) != len(network_hashes):
            raise BadValue(f"chunk {chunk_id}: {len(seeds)} seeds but {len(network_hashes)} hashes.")
        for path, digest in ((file, sha256), (self.trace_path(chunk_id), trace_sha256)):
            if digest is not None and sha256_of(path) != digest:
                raise StoreError(f"{path} does not hold the bytes that were to be recorded; the row is not written.")
        with self.transaction() as tick:
            self.execute("INSERT OR IGNORE INTO recipe VALUES (?, ?, ?)", recipe_id, recipe_json, tick)
            before = self.rows("SELECT tick FROM chunk WHERE id = ?", chunk_id)
            first = before[0]["tick"] if before else tick  # training a damaged chunk again does not make it younger
            self.execute("DELETE FROM trace WHERE chunk = ?", chunk_id)
            self.execute("DELETE FROM network WHERE chunk = ?", chunk_id)
            self.execute(
                "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, 'ready', ?, ?)",
                *(chunk_id, recipe_id, file.name, sha256, json.dumps(dict(fingerprint), sort_keys=True), first),
            )
            if trace_sha256 is not None:
                name = self.trace_path(chunk_id).name
                self.execute("INSERT INTO trace VALUES (?, ?, ?, ?)", chunk_id, name, trace_sha256, tick)
            for place, (seed, digest) in enumerate(zip(seeds, network_hashes)):
                self.execute(
                    "INSERT INTO network VALUES (?, ?, ?, ?, ?)", chunk_id, place, recipe_id, int(seed), digest
                )

    def chunks(self, recipe_id: str) -> list[Chunk]:
        """The chunks of a recipe whose files are whole, oldest first. Damaged files go to `warnings`."""
        good = []
        for row in self.rows("SELECT * FROM chunk WHERE recipe = ? AND state = 'ready' ORDER BY tick, id", recipe_id):
            files = [(self.chunk_path(row["id"]), row["sha256"])]
            for trace in self.rows("SELECT sha256 FROM trace WHERE chunk = ?", row["id"]):
                files.append((self.trace_path(row["id"]), trace["sha256"]))
            damaged = next((path for path, digest in files if sha256_of(path) != digest), None)
            if damaged is not None:
                self._mark_damaged(row["id"], damaged)
                continue
            try:
                fingerprint = dict(json.loads(row["fingerprint"]))
            except (ValueError, TypeError):
                self._mark_damaged(row["id"], self._ledger)
                continue
            networks = self.rows("SELECT seed, hash FROM network WHERE chunk = ? ORDER BY place", row["id"])
            good.append(
                Chunk(
                    row["id"],
                    recipe_id,
                    files[0][0],
                    files[1][0] if len(files) > 1 else None,
                    tuple(n["seed"] for n in networks),
                    tuple(n["hash"] for n in networks),
                    fingerprint,
                )
            )
        return good

    def identity(self, recipe_id: str, seeds: Sequence[int]) -> str | None:
        """One hash for the networks of these seeds, read from the ledger and whole files; None if one is missing."""
        found: dict[int, str] = {}
        for chunk in self.chunks(recipe_id):
            for seed, digest in zip(chunk.seeds, chunk.hashes):
                found.setdefault(seed, digest)
        if any(seed not in found for seed in seeds):
            return None
        return identity_of([found[seed] for seed in seeds])

    def trained_since(self, recipe_id: str, seeds: Sequence[int]) -> int | None:
        """The tick of the first chunk with one of these seeds, damaged or not; None if there never was one."""
        marks = ",".join("?" * len(seeds))
        query = f"SELECT MIN(chunk.tick) AS tick FROM chunk JOIN network ON chunk.id = network.chunk \
            WHERE network.recipe = ? AND network.seed IN ({marks})"
        return self.rows(query, recipe_id, *map(int, seeds))[0]["tick"]

    def runs(self) -> list[StoredRun]:
        """Every recipe in the ledger, in the order of its first chunk."""
        query = "SELECT recipe.id, recipe.json, \
            COUNT(CASE WHEN chunk.state = 'ready' THEN 1 END) AS ready, \
            COUNT(CASE WHEN chunk.state = 'damaged' THEN 1 END) AS damaged \
            FROM recipe LEFT JOIN network ON network.recipe = recipe.id LEFT JOIN chunk ON chunk.id = network.chunk \
            GROUP BY recipe.id ORDER BY recipe.tick, recipe.id"
        return [StoredRun(row["id"], row["json"], row["ready"], row["damaged"]) for row in self.rows(query)]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[int]:
        """A transaction, all or nothing; gives the next tick of the ledger's counter."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.execute("UPDATE clock SET tick = tick + 1")
                tick = self._connection.execute("SELECT tick FROM clock").fetchone()
                if tick is None or not isinstance(tick[0], int):
                    raise StoreError(
                        f"{self._ledger} is damaged (its counter is gone). Move it away, or use --store DIR."
                    )
                yield tick[0]
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise ledger_error(error, self._ledger) from error

    def execute(self, query: str, *arguments: object) -> None:
        """One statement inside `transaction()`."""
        self._connection.execute(query, arguments)

    def rows(self, query: str, *arguments: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        try:
            return self._connection.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise ledger_error(error, self._ledger) from error

    def refuse_unwritable(self) -> None:
        """Raise `StoreError` now if nothing could be stored later: a read-only or full disk, a lock."""
        with self.transaction():
            pass
        probe = self.path / "chunks" / f".probe.{os.getpid()}.tmp"
        try:
            probe.parent.mkdir(exist_ok=True)
            probe.write_bytes(bytes(4096))
            probe.unlink()
        except OSError as error:
            raise disk_error(error, self.path) from error

    def warn(self, text: str) -> None:
        """Say something about the store's state once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def _mark_damaged(self, chunk_id: str, path: Path) -> None:
        self.warn(f"{path} is missing or damaged; its networks are not used and will be trained again.")
        with contextlib.suppress(StoreError), self.transaction():
            self.execute("UPDATE chunk SET state = 'damaged' WHERE id = ?", chunk_id)


def identity_of(hashes: Sequence[str]) -> str:
    """One hash for a list of networks, given each one's weights hash in the order of the seeds."""
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()
