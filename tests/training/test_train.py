"""Training into a store: the same networks whatever was there before, who else was asked for, and who else writes."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from network_cases import Coin
from training_cases import TINY

from readoff.core.canonical import canonical_json
from readoff.core.errors import BadValue
from readoff.networks.architecture import architecture_for
from readoff.store import Store
from readoff.training import Recipe
from readoff.training.train import _pool, load, train

FAST = replace(TINY, steps=5, block=2)


def hashes(run) -> list[str]:
    return [run.ensemble[i].hash for i in range(len(run.ensemble))]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A store in which FAST has seeds 0 to 5, for tests that only look."""
    with Store(tmp_path_factory.mktemp("shared") / "s") as store:
        yield store, train(FAST, range(6), store)


def test_seeds_come_in_order_and_once():
    run = train(FAST, [3, 0, 3])
    assert run.ensemble.seeds.tolist() == [0, 3] and run.trace["loss"].shape == (2, len(run.steps))
    assert run.source == "trained" and run.ensemble.origin == FAST.id


@pytest.mark.parametrize("seeds", [[], [-1], [2**32]])
def test_impossible_seeds_are_refused(seeds):
    with pytest.raises(BadValue, match="seeds must be whole numbers"):
        train(FAST, seeds)


@pytest.mark.parametrize("block", [1, 2])
def test_hashes_do_not_depend_on_who_else_is_asked_for(block):
    recipe = replace(FAST, block=block)
    alone, among = train(recipe, [3]), train(recipe, [0, 3, 5, 900])
    assert hashes(alone) == [hashes(among)[1]] and len(set(hashes(among))) == 4


def test_a_list_of_recipes_gives_a_list_of_runs():
    runs = train([FAST, replace(FAST, lr=0.1)], range(2))
    assert [run.recipe.lr for run in runs] == [0.01, 0.1] and hashes(runs[0]) != hashes(runs[1])
    assert hashes(runs[0]) == hashes(train(FAST, range(2)))


def test_the_store_gives_back_what_was_trained(shared):
    store, run = shared
    again = load(store, FAST, [4, 1])
    assert hashes(again) == [hashes(run)[4], hashes(run)[1]] and again.ensemble.seeds.tolist() == [4, 1]
    assert {chunk.seeds for chunk in store.chunks(FAST.id)} == {(0, 1), (2, 3), (4, 5)}
    in_ledger = {seed: h for chunk in store.chunks(FAST.id) for seed, h in zip(chunk.seeds, chunk.hashes)}
    assert [in_ledger[seed] for seed in range(6)] == hashes(run)
    assert run.trace["loss"].shape == (6, len(run.steps)) and run.fingerprint["width"] == 2
    with pytest.raises(BadValue, match=r"no stored network for seeds \[77\]"):
        load(store, FAST, [0, 77])


def test_what_is_there_is_not_trained_again(shared):
    store, run = shared
    before = {chunk.id: chunk.path.stat().st_mtime_ns for chunk in store.chunks(FAST.id)}
    told = []
    assert hashes(train(FAST, range(6), store, lambda *p: told.append(p))) == hashes(run) and told == []
    assert before == {chunk.id: chunk.path.stat().st_mtime_ns for chunk in store.chunks(FAST.id)}


def test_processes_and_this_process_train_the_same_networks(shared):
    """Same width, same device: a worker process and memory give equal bits."""
    _, run = shared
    assert hashes(train(FAST, range(6))) == hashes(run)


def test_resuming_gives_the_networks_of_an_uninterrupted_run(shared, tmp_path):
    _, run = shared
    with Store(tmp_path / "s") as store:
        train(FAST, [2], store)
    with Store(tmp_path / "s") as store:
        resumed = train(FAST, range(6), store)
        assert hashes(resumed) == hashes(run) and len(store.chunks(FAST.id)) == 3
        for name, value in resumed.trace.items():
            assert (value == run.trace[name]).all(), name


@pytest.mark.parametrize("which", ["chunk_path", "trace_path"])
def test_damaged_files_are_named_and_trained_again(shared, tmp_path, which):
    _, run = shared
    with Store(tmp_path / "s") as store:
        train(FAST, range(4), store)
        path = getattr(store, which)(store.chunks(FAST.id)[1].id)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
        again = train(FAST, range(4), store)
        assert hashes(again) == hashes(run)[:4] and len(store.chunks(FAST.id)) == 2
        assert len(store.warnings) == 1 and path.name in store.warnings[0]


def test_progress_counts_model_steps_to_the_end(tmp_path):
    told: list[tuple[int, int]] = []
    with Store(tmp_path / "s") as store:
        train([FAST, replace(FAST, lr=0.1)], range(4), store, lambda *pair: told.append(pair))
    assert told[0] == (0, 2 * 4 * 5) and told[-1] == (40, 40)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_tasks_that_no_worker_can_rebuild_are_trained_here(tmp_path):
    recipe = Recipe(Coin(), architecture_for(Coin(), d_model=3, d_head=2), steps=5, block=2)
    with Store(tmp_path / "s") as store:
        assert hashes(train(recipe, range(3), store)) == hashes(train(recipe, range(3)))
        assert len(store.chunks(recipe.id)) == 2


def test_a_killed_worker_is_replaced_and_its_job_done_once_more(tmp_path):
    killed = []
    with Store(tmp_path / "s") as store:
        pool = _pool(str((store.path / "compiled").resolve()))

        def kill_one(done: int, total: int) -> None:
            if not killed and pool._workers:
                killed.append(next(iter(pool._workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        slow = replace(FAST, steps=20_000, measures=300)
        found = train(slow, range(6), store, kill_one)
        assert killed and killed[0] not in {worker.pid for worker in pool._workers.values()}
        assert hashes(found) == hashes(train(slow, range(6))) and len(store.chunks(slow.id)) == 3
        pool.close()


OTHER_PROCESS = """
import json, sys
from readoff.store import Store
from readoff.training import Recipe
from readoff.training.train import train
with Store(sys.argv[1]) as store:
    print("open", flush=True)
    sys.stdin.readline()
    run = train(Recipe.from_json(sys.argv[2]), range(int(sys.argv[3]), int(sys.argv[4])), store)
    print(json.dumps([run.ensemble[i].hash for i in range(len(run.ensemble))]))
"""


def test_two_processes_share_a_store(shared, tmp_path):
    """They ask for overlapping seeds at the same moment; both get the right networks, and the ledger stays whole."""
    _, run = shared
    environment = {**os.environ, "READOFF_PROCESSES": "1"}
    asked = [(0, 4), (2, 6)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "s"), canonical_json(FAST), str(a), str(b)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for a, b in asked
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "open\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process, (a, b) in zip(processes, asked):
        out, _ = process.communicate(timeout=240)
        assert process.returncode == 0 and json.loads(out) == hashes(run)[a:b]
    with Store(tmp_path / "s") as store:
        assert {chunk.seeds for chunk in store.chunks(FAST.id)} == {(0, 1), (2, 3), (4, 5)} and store.warnings == []
        assert hashes(load(store, FAST, list(range(6)))) == hashes(run)
        assert store._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert list(store.path.glob("chunks/.*.tmp")) == []


def test_seeds_far_apart_differ():
    run = train(replace(FAST, steps=0), [0, 2**32 - 1])
    assert not np.array_equal(run.ensemble[0].weights["embed.W_E"], run.ensemble[1].weights["embed.W_E"])
