"""Kill -9 at any moment: what the ledger says is true, and writing goes on where it stopped."""

import signal
import subprocess
import sys
import time

import pytest

from readoff.store import Store, verdicts

WRITER = """
import sys
from readoff.store import Store, verdicts, write_whole
with Store(sys.argv[1]) as store:
    start = len(store.runs())
    print("open", flush=True)
    for number in range(start, start + 100_000):
        chunk = f"{number:x}"
        digest = write_whole(store.chunk_path(chunk), b"weights " * 5000 + chunk.encode())
        store.add_chunk(f"recipe{number}", "{}", chunk, store.chunk_path(chunk), digest, [0, 1], ["a", "b"], {})
        record = {"id": f"t/{number}", "verdict": "HOLDS", "controls": [
            {"name": "c", "expected": "fail", "verdict": "FAILS", "as_expected": True}]}
        exhibit = {"id": "e", "kind": "table", "title": "", "caption": "", "data": {"number": number}}
        verdicts.save(store, f"key{number}", record, [exhibit])
"""


def write_and_kill(folder, seconds):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)
    assert writer.stdout is not None and writer.stdout.readline() == b"open\n"
    time.sleep(seconds)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()


def loops(folder, pauses):
    before = 0
    for kills, pause in enumerate(pauses, 1):
        write_and_kill(folder, pause)
        with Store(folder) as store:
            runs = store.runs()
            assert len(runs) >= before, "nothing that was recorded is lost"
            before = len(runs)
            assert [len(store.chunks(run.recipe_id)) for run in runs] == [1] * len(runs)
            assert store.warnings == [], "a row never points at a file that is not whole"
            found = verdicts.latest(store)
            assert len(runs) - kills <= len(found) <= len(runs), "a kill costs at most the verdict in flight"
            assert all(len(r["exhibits"]) == 1 and len(r["controls"]) == 1 for r in found), (
                "verdicts are whole or absent"
            )
            assert list((folder / "chunks").glob(".*.tmp")) == []
    assert before > 0


def test_a_few_kills(tmp_path):
    loops(tmp_path / "s", [0.05, 0.11, 0.2, 0.003])


@pytest.mark.slow
def test_fifty_kills(tmp_path):
    loops(tmp_path / "s", [0.001 + 0.0041 * i for i in range(50)])
