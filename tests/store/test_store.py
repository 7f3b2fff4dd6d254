"""The store: whole files, verified chunks, refusals that teach."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from readoff.core.errors import BadValue
from readoff.store import Store, StoreError, identity_of, verdicts, write_whole
from readoff.store.files import disk_error
from readoff.store.schema import ledger_error

CHUNK = "4f0c91d2-0"


def filled(path: Path, seeds=(0, 1, 2), chunk=CHUNK, data=b"weights") -> Store:
    store = Store(path)
    digest = write_whole(store.chunk_path(chunk), data)
    hashes = [f"{chunk}/{seed}" for seed in seeds]
    store.add_chunk("r1", '{"kind":"Recipe"}', chunk, store.chunk_path(chunk), digest, seeds, hashes, {"jax": "0"})
    return store


def test_a_chunk_comes_back_with_its_seeds(tmp_path):
    filled(tmp_path / "s").close()
    with Store(tmp_path / "s") as store:
        (chunk,) = store.chunks("r1")
        assert (chunk.id, chunk.seeds, chunk.fingerprint) == (CHUNK, (0, 1, 2), {"jax": "0"})
        assert chunk.path.read_bytes() == b"weights" and chunk.trace is None
        assert store.chunks("r2") == [] and store.warnings == []
        assert [(r.recipe_id, r.n_networks, r.n_damaged) for r in store.runs()] == [("r1", 3, 0)]


def test_identity_needs_every_seed_and_keeps_their_order(tmp_path):
    store = filled(tmp_path / "s")
    assert store.identity("r1", [0, 1]) == identity_of([f"{CHUNK}/0", f"{CHUNK}/1"])
    assert store.identity("r1", [1, 0]) != store.identity("r1", [0, 1])
    assert store.identity("r1", [0, 1, 2, 3]) is None


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(b"weightz"), lambda p: p.write_bytes(b""), Path.unlink])
def test_a_damaged_file_is_named_and_never_used(tmp_path, damage):
    store = filled(tmp_path / "s")
    damage(store.chunk_path(CHUNK))
    assert store.chunks("r1") == [] and store.identity("r1", [0]) is None
    assert len(store.warnings) == 1 and f"{CHUNK}.safetensors" in store.warnings[0]
    write_whole(store.chunk_path(CHUNK), b"weights")
    assert store.chunks("r1") == [], "once marked, only a new add_chunk brings it back"
    assert [(r.n_networks, r.n_damaged) for r in store.runs()] == [(0, 3)]
    store = filled(tmp_path / "s", data=b"again")
    assert len(store.chunks("r1")) == 1


def test_a_row_never_points_at_other_bytes(tmp_path):
    store = Store(tmp_path / "s")
    path = store.chunk_path(CHUNK)
    write_whole(path, b"one")
    with pytest.raises(StoreError, match="row is not written"):
        store.add_chunk("r1", "{}", CHUNK, path, "0" * 64, [0], ["h"], {})
    with pytest.raises(BadValue, match="2 seeds but 1 hashes"):
        store.add_chunk("r1", "{}", CHUNK, path, "0" * 64, [0, 1], ["h"], {})
    with pytest.raises(BadValue, match="belongs at"):
        store.add_chunk("r1", "{}", CHUNK, tmp_path / "x", "0" * 64, [0], ["h"], {})
    assert store.runs() == []


def test_damaged_traces_count_as_damage(tmp_path):
    store = Store(tmp_path / "s")
    weights = write_whole(store.chunk_path(CHUNK), b"w")
    traces = write_whole(store.trace_path(CHUNK), b"t")
    store.add_chunk("r1", "{}", CHUNK, store.chunk_path(CHUNK), weights, [0], ["h"], {}, traces)
    (chunk,) = store.chunks("r1")
    assert chunk.trace is not None and chunk.trace.read_bytes() == b"t"
    store.trace_path(CHUNK).write_bytes(b"x")
    assert store.chunks("r1") == [] and "trace" in store.warnings[0]


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "a b", ".hidden", "pairs", "0" * 101])
def test_names_never_become_paths(tmp_path, name):
    with Store(tmp_path / "s") as store, pytest.raises(BadValue, match="not a chunk id"):
        store.chunk_path(name)


def test_ticks_order_registration_and_training(tmp_path):
    store = Store(tmp_path / "s")
    verdicts.register(store, [("hash1", "pairs/x", "text")])
    store.close()
    store = filled(tmp_path / "s")
    verdicts.register(store, [("hash1", "pairs/x", "text"), ("hash2", "pairs/x", "text, edited")])
    before, after = verdicts.registered(store, "hash1"), verdicts.registered(store, "hash2")
    trained = store.trained_since("r1", [2, 3])
    assert before is not None and after is not None and trained is not None and before < trained < after
    assert filled(tmp_path / "s", data=b"again").trained_since("r1", [2, 3]) == trained, "trained again is not younger"
    assert store.trained_since("r1", [7]) is None and verdicts.registered(store, "hash3") is None


def test_a_newer_ledger_is_refused(tmp_path):
    Store(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s" / "ledger.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"another version of readoff .*99.*Update readoff"):
        Store(tmp_path / "s")


def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database at all, " * 50)
    with pytest.raises(StoreError, match="not a ledger"):
        Store(tmp_path)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "s").write_text("x")
    with pytest.raises(StoreError):
        Store(tmp_path / "s")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes to read-only folders")
def test_read_only_store(tmp_path):
    store = filled(tmp_path / "s")
    store.close()
    for path in (tmp_path / "s" / "ledger.sqlite", tmp_path / "s" / "chunks", tmp_path / "s"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with Store(tmp_path / "s") as store:
            assert len(store.chunks("r1")) == 1
            with pytest.raises(StoreError, match="read-only"):
                verdicts.register(store, [("h", "c", "t")])
            with pytest.raises(StoreError, match="read-only"):
                write_whole(store.chunk_path("aa"), b"x")
    finally:
        for path in (tmp_path / "s", tmp_path / "s" / "chunks"):
            path.chmod(0o755)


def test_a_full_disk_is_a_sentence(tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    store = Store(tmp_path / "s")
    store._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="disk is full"):
        verdicts.register(store, [("h", "c", "t" * 1_000_000)])
    assert store.rows("SELECT * FROM claim_registered") == []


def test_what_killed_writers_left_is_swept(tmp_path):
    store = Store(tmp_path / "s")
    left = tmp_path / "s" / "chunks" / ".aa.safetensors.999999999.tmp"
    mine = tmp_path / "s" / "chunks" / f".aa.safetensors.{os.getpid()}.tmp"
    left.write_bytes(b"half")
    mine.write_bytes(b"half")
    store.close()
    Store(tmp_path / "s").close()
    assert not left.exists() and mine.exists()


def test_write_whole_leaves_the_old_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "f"
    write_whole(path, b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match="disk is full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("database or disk is full", "disk is full"),
        ("attempt to write a readonly database", "read-only"),
        ("unable to open database file", "read-only"),
        ("database is locked", "another readoff is writing"),
        ("file is not a database", "damaged or not a ledger"),
        ("database disk image is malformed", "damaged or not a ledger"),
        ("something new", "could not be used: something new"),
    ],
)
def test_every_fault_of_the_ledger_is_a_sentence(said, expected):
    assert expected in str(ledger_error(sqlite3.OperationalError(said), Path("ledger.sqlite")))


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "read-only"), (errno.EIO, "could not")],
)
def test_every_fault_of_the_disk_is_a_sentence(number, expected):
    assert expected in str(disk_error(OSError(number, "x"), Path("f")))


def test_a_second_writer_waits_and_then_says_so(tmp_path):
    one, two = Store(tmp_path / "s"), Store(tmp_path / "s")
    two._connection.execute("PRAGMA busy_timeout = 50")
    with one.transaction(), pytest.raises(StoreError, match="another readoff is writing"):
        verdicts.register(two, [("h", "c", "t")])
    verdicts.register(two, [("h", "c", "t")])
    assert verdicts.registered(one, "h") is not None


@pytest.mark.parametrize(
    "damage", ["UPDATE chunk SET fingerprint = 'x'", "UPDATE chunk SET fingerprint = 3", "UPDATE chunk SET sha256 = ''"]
)
def test_damaged_rows_of_chunks_count_as_damage(tmp_path, damage):
    store = filled(tmp_path / "s")
    with store.transaction():
        store.execute(damage)
    assert store.chunks("r1") == [] and len(store.warnings) == 1 and "trained again" in store.warnings[0]


def test_a_ledger_without_its_counter_is_named(tmp_path):
    store = filled(tmp_path / "s")
    with store.transaction():
        store.execute("DELETE FROM clock")
    with pytest.raises(StoreError, match="is damaged"), store.transaction():
        pass
    assert len(store.chunks("r1")) == 1, "what can be read is read"


def test_what_cannot_be_kept_is_refused_before_it_is_made(tmp_path, monkeypatch):
    store = filled(tmp_path / "s")
    store.refuse_unwritable()
    monkeypatch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(StoreError, match="disk is full"):
        store.refuse_unwritable()
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="read-only"):
        store.refuse_unwritable()


def test_nothing_is_trained_into_a_store_that_cannot_keep_it(tmp_path, monkeypatch):
    from readoff.networks.architecture import effective_for
    from readoff.tasks import Pairs
    from readoff.training import Recipe, train

    def unwritable(self):
        raise StoreError("read-only")

    monkeypatch.setattr(Store, "refuse_unwritable", unwritable)
    monkeypatch.setattr(train, "_pool", lambda *_: pytest.fail("a worker was started"))
    with pytest.raises(StoreError, match="read-only"):
        train.train(Recipe(Pairs(), effective_for(Pairs()), steps=5), range(3), Store(tmp_path / "s"))
