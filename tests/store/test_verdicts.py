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
    verdicts.save_measure(store, "k", numbers)
    found = verdicts.load_measure(store, "k")
    assert found is not None and np.array_equal(found["tau"], numbers["tau"], equal_nan=True) and found["n"] == 3
    verdicts.save_measure(store, "big", {"x": np.zeros(200_000)})
    assert verdicts.load_measure(store, "big") is None
