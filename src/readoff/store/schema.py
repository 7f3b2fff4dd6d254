"""The ledger's tables, and how a ledger is opened.

One SQLite file in rollback-journal mode: a kill at any moment leaves either the state before or after a transaction,
and a ledger on read-only media can still be read (a write-ahead log could not). `user_version` carries the schema
number; a ledger of a newer version is refused, not guessed at.

Order is kept by a counter (`tick`), not by the clock on the wall: "the claim was registered before its networks
were trained" is `claim_registered.tick < chunk.tick`.
"""

import sqlite3
from pathlib import Path

from readoff.store.files import StoreError

VERSION = 1

TABLES = """
CREATE TABLE clock (tick INTEGER NOT NULL);
INSERT INTO clock VALUES (0);
CREATE TABLE recipe (id TEXT PRIMARY KEY, json TEXT NOT NULL, tick INTEGER NOT NULL);
CREATE TABLE chunk (
    id TEXT PRIMARY KEY, recipe TEXT NOT NULL REFERENCES recipe(id), file TEXT NOT NULL, sha256 TEXT NOT NULL,
    state TEXT NOT NULL, fingerprint TEXT NOT NULL, tick INTEGER NOT NULL);
CREATE TABLE network (
    chunk TEXT NOT NULL REFERENCES chunk(id), place INTEGER NOT NULL, recipe TEXT NOT NULL, seed INTEGER NOT NULL,
    hash TEXT NOT NULL, PRIMARY KEY (chunk, place));
CREATE INDEX network_recipe ON network (recipe, seed);
CREATE TABLE trace (
    chunk TEXT PRIMARY KEY REFERENCES chunk(id), file TEXT NOT NULL, sha256 TEXT NOT NULL, tick INTEGER NOT NULL);
CREATE TABLE claim_registered (hash TEXT PRIMARY KEY, claim TEXT NOT NULL, text TEXT NOT NULL, tick INTEGER NOT NULL);
CREATE TABLE verdict (
    key TEXT PRIMARY KEY, claim TEXT NOT NULL, verdict TEXT NOT NULL, record TEXT NOT NULL, tick INTEGER NOT NULL);
CREATE TABLE control (
    verdict TEXT NOT NULL REFERENCES verdict(key), place INTEGER NOT NULL, name TEXT NOT NULL,
    expected TEXT NOT NULL, got TEXT NOT NULL, as_expected INTEGER NOT NULL, PRIMARY KEY (verdict, place));
CREATE TABLE exhibit (
    verdict TEXT NOT NULL REFERENCES verdict(key), place INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    title TEXT NOT NULL, caption TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (verdict, place));
CREATE TABLE check_run (tick INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE measure (key TEXT PRIMARY KEY, numbers BLOB NOT NULL, tick INTEGER NOT NULL);
"""


def open_ledger(path: Path) -> sqlite3.Connection:
    """Open (or create) a ledger; raises `StoreError` with a sentence for every way in which that can go wrong."""
    try:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            version = _create(connection)
    except sqlite3.Error as error:
        raise ledger_error(error, path) from error
    if version != VERSION:
        connection.close()
        raise StoreError(
            f"{path} was written by another version of readoff (ledger schema {version}; this one reads {VERSION}). "
            "Update readoff, or use --store DIR for a new store."
        )
    return connection


def _create(connection: sqlite3.Connection) -> int:
    """Create the tables in one transaction, unless another process was faster; returns the version then found."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
            version = VERSION
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return version


def ledger_error(error: sqlite3.Error, path: Path) -> StoreError:
    """A SQLite error as a sentence that says what to do."""
    text = str(error)
    if "full" in text:
        return StoreError(f"the disk is full: {path} could not be written. Free some space, or use --store DIR.")
    if "readonly" in text or "unable to open" in text:
        return StoreError(f"{path} cannot be written (read-only). Use --store DIR with a folder you may write to.")
    if "locked" in text or "busy" in text:
        return StoreError(f"another readoff is writing to {path}; wait for it, or use --store DIR.")
    if "not a database" in text or "malformed" in text:
        return StoreError(f"{path} is damaged or not a ledger ({text}). Move it away, or use --store DIR.")
    return StoreError(f"{path} could not be used: {text}.")
