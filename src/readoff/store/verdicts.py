"""Claims and verdicts in the ledger.

A claim's hash is registered before the first network that it judges is trained; a verdict is stored under a key made of
everything it depends on (the claim's source, its subject's weights, its parameters, the program), so an equal key
means that nothing has changed and the verdict can be used again.

    register(store, [("9c1f...", "pairs/opposite-orders", text)])  # tick 1
    ...training...                                                 # tick 2, 3
    save(store, key, record, controls, exhibits)                   # tick 4
    load(store, key)["verdict"]                                    # 'HOLDS'

A record is the claim object of `readoff check --json` plus whatever else the report shows; exhibits are stored
beside it.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from readoff.store.store import Store

MEASURE_LIMIT = 1_000_000
FILES = "files"
"""The entry of a stored measure that names files; measured numbers have two words in their names (`evidence.pack`)."""

Record = dict[str, Any]


def register(store: Store, stated: Sequence[tuple[str, str, str]]) -> None:
    """Remember that these claims (hash, id, text) were stated; a claim keeps the tick of its first time."""
    known = {row["hash"] for row in store.rows("SELECT hash FROM claim_registered")}
    new = [claim for claim in stated if claim[0] not in known]
    if new:
        with store.transaction() as tick:
            for claim in new:
                store.execute("INSERT OR IGNORE INTO claim_registered VALUES (?, ?, ?, ?)", *claim, tick)


def registered(store: Store, claim_hash: str) -> int | None:
    """The tick at which a claim was first stated; None if it never was."""
    found = store.rows("SELECT tick FROM claim_registered WHERE hash = ?", claim_hash)
    return found[0]["tick"] if found else None


def save(store: Store, key: str, record: Mapping[str, Any], exhibits: Sequence[Mapping[str, Any]] = ()) -> None:
    """Store a verdict with its controls and exhibits, replacing an earlier one under the same key."""
    with store.transaction() as tick:
        for table in ("control", "exhibit"):
            store.execute(f"DELETE FROM {table} WHERE verdict = ?", key)
        store.execute(
            "INSERT OR REPLACE INTO verdict VALUES (?, ?, ?, ?, ?)",
            *(key, record["id"], record["verdict"], _text(record), tick),
        )
        for place, control in enumerate(record["controls"]):
            values = (control["name"], control["expected"], control.get("verdict", ""), control["as_expected"])
            store.execute("INSERT INTO control VALUES (?, ?, ?, ?, ?, ?)", key, place, *values)
        for place, exhibit in enumerate(exhibits):
            values = (exhibit["id"], exhibit["kind"], exhibit["title"], exhibit["caption"], _text(exhibit["data"]))
            store.execute("INSERT INTO exhibit VALUES (?, ?, ?, ?, ?, ?, ?)", key, place, *values)


def load(store: Store, key: str) -> Record | None:
    """The record stored under a key, or None (a damaged one is named in the store's warnings and counts as absent)."""
    found = store.rows("SELECT claim, record FROM verdict WHERE key = ?", key)
    return _record(store, found[0]) if found else None


def of_claim(store: Store, claim_id: str) -> list[Record]:
    """All records of a claim, the oldest first."""
    rows = store.rows("SELECT claim, record FROM verdict WHERE claim = ? ORDER BY tick, key", claim_id)
    return [record for row in rows if (record := _record(store, row)) is not None]


def touch(store: Store, keys: Sequence[str]) -> None:
    """Say that these stored verdicts are current: `latest` prefers them. Writes nothing if they are."""
    query = "SELECT key FROM verdict AS v WHERE tick = (SELECT MAX(tick) FROM verdict WHERE claim = v.claim)"
    current = {row["key"] for row in store.rows(query)} if keys else set()
    if set(keys) - current:
        with store.transaction() as tick:
            for key in keys:
                store.execute("UPDATE verdict SET tick = ? WHERE key = ?", tick, key)


def latest(store: Store) -> list[Record]:
    """The current record of every claim, with its `exhibits`, sorted by claim id."""
    query = "SELECT key, claim, record FROM verdict AS v \
        WHERE tick = (SELECT MAX(tick) FROM verdict WHERE claim = v.claim) ORDER BY claim, key"
    found: dict[str, Record] = {}
    for row in store.rows(query):
        record = _record(store, row)
        if record is None:
            continue
        exhibits = store.rows("SELECT * FROM exhibit WHERE verdict = ? ORDER BY place", row["key"])
        data = [_json(store, exhibit["data"], f"a picture of {row['claim']}") for exhibit in exhibits]
        record["exhibits"] = [
            {**{name: e[name] for name in ("id", "kind", "title", "caption")}, "data": values}
            for e, values in zip(exhibits, data, strict=True)
            if values is not None
        ]
        found[row["claim"]] = record
    return list(found.values())


def save_check(store: Store, meta: Mapping[str, Any]) -> None:
    """Remember what a whole `readoff check` was: profile, device, seconds, error rate."""
    with store.transaction() as tick:
        store.execute("INSERT INTO check_run VALUES (?, ?)", tick, _text(meta))


def last_check(store: Store) -> Record | None:
    """What `save_check` stored last, or None."""
    found = store.rows("SELECT json FROM check_run ORDER BY tick DESC LIMIT 1")
    return _json(store, found[0]["json"], "what the last check was") if found else None


def save_measure(store: Store, key: str, arrays: Mapping[str, np.ndarray], files: Mapping[str, str]) -> None:
    """Keep measured numbers for later claims, with the files (name, sha256) that they were read from.

    Large ones are not worth their place and are left out.
    """
    if sum(array.nbytes for array in arrays.values()) > MEASURE_LIMIT:
        return
    out = io.BytesIO()
    np.savez(out, **{FILES: np.array(_text(dict(files))), **arrays})  # type: ignore[arg-type]
    with store.transaction() as tick:
        store.execute("INSERT OR REPLACE INTO measure VALUES (?, ?, ?)", key, out.getvalue(), tick)


def load_measure(store: Store, key: str) -> tuple[dict[str, np.ndarray], dict[str, str]] | None:
    """Measured numbers stored under a key and the files that they were read from; None if absent or damaged."""
    found = store.rows("SELECT numbers FROM measure WHERE key = ?", key)
    if not found:
        return None
    try:
        with np.load(io.BytesIO(found[0]["numbers"]), allow_pickle=False) as arrays:
            numbers = {name: arrays[name] for name in arrays.files}
        return numbers, dict(json.loads(str(numbers.pop(FILES))))
    except (ValueError, TypeError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        store.warn("the ledger holds measured numbers that are damaged; they are measured again")
        return None


def _record(store: Store, row: Any) -> Record | None:
    found = _json(store, row["record"], f"the verdict on {row['claim']}")
    whole = isinstance(found, dict) and {"id", "verdict"} <= set(found)
    if found is not None and not whole:
        store.warn(f"the verdict on {row['claim']} in the ledger is damaged; it is not used")
    return found if whole else None


def _json(store: Store, text: Any, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        store.warn(f"{what} in the ledger is damaged; it is not used")
        return None


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)
