"""Kill -9 at any moment, of the parent and of its workers: run again, and the networks are those of a quiet run."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from training_cases import TINY

from readoff.core.canonical import canonical_json
from readoff.store import Store
from readoff.training.train import load, train

RECIPE = replace(TINY, steps=6000, measures=20, block=2)
SEEDS = range(12)

SCRIPT = """
import sys
from readoff.store import Store
from readoff.training import Recipe
from readoff.training.train import train
with Store(sys.argv[1]) as store:
    train(Recipe.from_json(sys.argv[2]), range(int(sys.argv[3])), store)
"""


def start(folder: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, str(folder), canonical_json(RECIPE), str(len(SEEDS))]
    return subprocess.Popen(command, env={**os.environ, "READOFF_PROCESSES": "2"}, stderr=subprocess.PIPE)


def workers_of(process: subprocess.Popen) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    except OSError:
        return []


def kill(process: subprocess.Popen, with_workers: bool) -> None:
    """SIGKILL, to the parent first or to everything at once; orphaned workers end on their own."""
    for pid in [process.pid, *(workers_of(process) if with_workers else [])]:
        os.kill(pid, signal.SIGKILL)
    process.communicate()


def wait_for(process: subprocess.Popen, seen) -> bool:
    """Until `seen()`; False if the process ended by itself first."""
    while process.poll() is None:
        if seen():
            return True
        time.sleep(0.0005)
    return False


def whole(folder: Path) -> int:
    """Number of chunks the ledger has; every one of them must be whole."""
    with Store(folder) as store:
        chunks = store.chunks(RECIPE.id)
        assert store.warnings == [] and store._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return len(chunks)


def hashes_in(folder: Path) -> list[str]:
    with Store(folder) as store:
        ensemble = load(store, RECIPE, list(SEEDS)).ensemble
        return [ensemble[i].hash for i in range(len(ensemble))]


@pytest.fixture(scope="module")
def quiet() -> list[str]:
    """Hashes of an undisturbed run, in memory."""
    ensemble = train(RECIPE, SEEDS).ensemble
    return [ensemble[i].hash for i in range(len(ensemble))]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers through /proc")
def test_kill_9_half_way_and_run_again(quiet, tmp_path):
    """Killed when the first chunk file stands: its row may be missing, its networks are not lost or wrong."""
    folder = tmp_path / "s"
    process = start(folder)
    assert wait_for(process, lambda: list(folder.glob("chunks/[!.]*.safetensors"))), "it was too quick to be killed"
    kill(process, with_workers=True)
    assert whole(folder) < len(SEEDS) // 2
    process = start(folder)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors.decode()
    assert hashes_in(folder) == quiet and whole(folder) == len(SEEDS) // 2
    assert list(folder.glob("chunks/.*.tmp")) == [], "what the killed writers left is gone"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_kills_change_no_bit(quiet, tmp_path):
    """Every other kill at a random moment, the rest while a file is being written or its row is not there yet."""
    chance = random.Random(0)
    folder, stores, kills = tmp_path / "s0", 0, 0
    while kills < 50:
        process = start(folder)
        until = time.monotonic() + chance.uniform(0.2, 8)
        if chance.random() < 0.5:
            killed = wait_for(process, lambda t=until: time.monotonic() > t)
        else:
            have = set(folder.glob("chunks/*"))
            killed = wait_for(process, lambda f=folder, h=have: not set(f.glob("chunks/*")) <= h)
        if killed:
            kill(process, with_workers=chance.random() < 0.5)
            kills += 1
            whole(folder) if (folder / "ledger.sqlite").exists() else None
        else:
            assert process.returncode == 0, process.communicate()[1].decode()
            assert hashes_in(folder) == quiet
            stores += 1
            folder = tmp_path / f"s{stores}"
    process = start(folder)
    assert process.wait(300) == 0 and hashes_in(folder) == quiet
    assert stores >= 1
