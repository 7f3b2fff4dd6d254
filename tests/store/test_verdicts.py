"""Verdicts in the ledger: saved whole, found by key, the current one wins."""

import numpy as np
import pytest

from readoff.store import Store, verdicts


def record(verdict="HOLDS", identifier="pairs/facts"):
    controls = [{"name": "untrained", "expected": "fail", "as_expected": True, "verdict": "FAILS"}]
    return {"id": identifier, "verdict": verdict, "controls": controls, "value": 0.25}


EXHIBIT = {"id": "e", "kind": "table", "title": "T", "caption": "C", "data": {"rows": [[1, 2]]}}


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "s") as store:
        yield store


def test_save_and_load(store):
    verdicts.save(store, "k1", record(), [EXHIBIT])
    assert verdicts.load(store, "k1") == record()
    assert verdicts.load(store, "k2") is None
    (found,) = verdicts.latest(store)
    assert found["exhibits"] == [EXHIBIT]


def test_latest_follows_the_last_use(store):
    verdicts.save(store, "k1", record("HOLDS"))
    verdicts.save(store, "k2", record("FAILS"))
    assert [r["verdict"] for r in verdicts.latest(store)] == ["FAILS"]
    verdicts.touch(store, ["k1"])
    assert [r["verdict"] for r in verdicts.latest(store)] == ["HOLDS"]


def test_saving_again_replaces(store):
    verdicts.save(store, "k", record(), [EXHIBIT])
    verdicts.save(store, "k", record("UNDECIDED"), [])
    (found,) = verdicts.latest(store)
    assert found["verdict"] == "UNDECIDED" and found["exhibits"] == []


def test_a_failed_save_leaves_nothing(store):
    broken = {**EXHIBIT, "data": {"x": float("nan")}}
    with pytest.raises(ValueError):
        verdicts.save(store, "k", record(), [EXHIBIT, broken])
    assert verdicts.latest(store) == []


def test_last_check(store):
    assert verdicts.last_check(store) is None
    verdicts.save_check(store, {"profile": "quick"})
    verdicts.save_check(store, {"profile": "full"})
    assert verdicts.last_check(store) == {"profile": "full"}


def test_measures(store):
    numbers = {"tau": np.array([1.0, np.nan, -1.0]), "n": np.array(3)}
    verdicts.save_measure(store, "k", numbers, {"bar.json": "9c1f"})
    stored = verdicts.load_measure(store, "k")
    assert stored is not None and stored[1] == {"bar.json": "9c1f"} and set(stored[0]) == {"tau", "n"}
    found = stored[0]
    assert np.array_equal(found["tau"], numbers["tau"], equal_nan=True) and found["n"] == 3
    verdicts.save_measure(store, "big", {"x": np.zeros(200_000)}, {})
    assert verdicts.load_measure(store, "big") is None


@pytest.mark.parametrize("damage", ["'x'", "x'00ff'", "'[]'", "'{}'", "3"])
def test_a_damaged_verdict_is_named_and_counts_as_absent(store, damage):
    verdicts.save(store, "k", record(), [EXHIBIT])
    verdicts.save(store, "other", record(identifier="pairs/other"))
    with store.transaction():
        store.execute(f"UPDATE verdict SET record = {damage} WHERE key = 'k'")
    assert verdicts.load(store, "k") is None and verdicts.of_claim(store, "pairs/facts") == []
    assert [r["id"] for r in verdicts.latest(store)] == ["pairs/other"]
    assert len(store.warnings) == 1 and "pairs/facts" in store.warnings[0] and "damaged" in store.warnings[0]


def test_a_damaged_picture_costs_no_verdict(store):
    verdicts.save(store, "k", record(), [EXHIBIT, {**EXHIBIT, "id": "f"}])
    with store.transaction():
        store.execute("UPDATE exhibit SET data = 'x' WHERE id = 'e'")
    assert [e["id"] for r in verdicts.latest(store) for e in r["exhibits"]] == ["f"]
    assert "a picture of pairs/facts" in store.warnings[0]


@pytest.mark.parametrize("damage", ["x'00'", "'text'", "3", "x''"])
def test_damaged_measures_are_absent(store, damage):
    verdicts.save_measure(store, "k", {"a": np.ones(3)}, {})
    with store.transaction():
        store.execute(f"UPDATE measure SET numbers = {damage}")
    assert verdicts.load_measure(store, "k") is None and "measured again" in store.warnings[0]


def test_what_the_last_check_was_may_be_damaged(store):
    verdicts.save_check(store, {"profile": "quick"})
    with store.transaction():
        store.execute("UPDATE check_run SET json = '{'")
    assert verdicts.last_check(store) is None and store.warnings


def test_touching_what_is_current_writes_nothing(store):
    verdicts.save(store, "k1", record())
    before = store.rows("SELECT tick FROM clock")[0]["tick"]
    verdicts.touch(store, ["k1"])
    assert store.rows("SELECT tick FROM clock")[0]["tick"] == before
