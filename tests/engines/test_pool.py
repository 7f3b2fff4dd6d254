"""The pool: every job once, programs kept together, the dead replaced, failures told, nothing left behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from readoff.core.errors import BadValue
from readoff.engines.pool import Pool, WorkerError, accelerator, cores, processes

WORKER = str(Path(__file__).with_name("echo_worker.py"))


@pytest.fixture
def pool(tmp_path):
    with Pool([sys.executable, WORKER], [str(tmp_path)], n=2) as pool:
        yield pool


def answers(pool, jobs, program_of=lambda job: job.get("program")):
    return list(pool.run(jobs, program_of))


def gone(pid: int) -> bool:
    """True once a process has ended (it may need a moment to be collected)."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_every_job_is_answered_once(pool):
    found = answers(pool, [{"n": n} for n in range(20)])
    assert sorted(a["job"] for a in found) == list(range(20)) and all("done" in a for a in found)
    assert {a["done"]["worker"] for a in found} <= {0, 1}
    assert answers(pool, []) == []


def test_progress_lines_come_before_the_answer(pool):
    found = answers(pool, [{"steps": 7}])
    assert found[0] == {"job": 0, "steps": 7} and "done" in found[1]


def test_jobs_of_one_program_stay_on_the_worker_that_has_compiled_it(pool):
    """Job 0 waits until job 1 has begun, so both workers are used; after that programs a and b stay where they are."""
    jobs = [{"program": "a", "wait_for": "job1.*"}, {"program": "b", "wait_for": "job0.*"}]
    first = answers(pool, jobs, lambda job: job["program"])
    home = {jobs[a["job"]]["program"]: a["done"]["worker"] for a in first}
    assert len(set(home.values())) == 2
    again = [{"program": p, "wait_for": f"job{i ^ 1}.*"} for i, p in enumerate("ab")]
    for answer in answers(pool, again, lambda job: job["program"]):
        assert answer["done"]["worker"] == home[again[answer["job"]]["program"]]


def test_an_idle_worker_helps_at_the_end(pool):
    """One program, two jobs that each wait for the other to begin: with one worker this would never end."""
    found = answers(pool, [{"program": "a", "wait_for": "job1.*"}, {"program": "a", "wait_for": "job0.*"}])
    assert {a["done"]["worker"] for a in found} == {0, 1}


def test_a_worker_that_dies_is_replaced_and_its_job_tried_once_more(pool, tmp_path):
    found = answers(pool, [{"die": 1}, {}, {"half": True}])
    assert sorted(a["job"] for a in found) == [0, 1, 2]
    assert len(list(tmp_path.glob("job0.*"))) == 2 and len(list(tmp_path.glob("job1.*"))) == 1


def test_a_job_that_kills_two_workers_is_given_up_by_name(pool, tmp_path):
    with pytest.raises(WorkerError, match="died twice on job 0"):
        answers(pool, [{"die": 9}])
    assert len(list(tmp_path.glob("job0.*"))) == 2
    assert len(answers(pool, [{}])) == 1, "the pool can be used again"


def test_a_worker_killed_between_two_runs_is_replaced(pool):
    (first,) = answers(pool, [{}])
    os.kill(first["done"]["pid"], 9)
    assert gone_or_zombie(first["done"]["pid"])
    (second,) = answers(pool, [{}])
    assert second["done"]["pid"] != first["done"]["pid"]


def gone_or_zombie(pid: int) -> bool:
    for _ in range(200):
        if subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout[:1] in (
            "",
            "Z",
        ):
            return True
        time.sleep(0.05)
    return False


def test_a_failure_carries_the_workers_words(pool):
    with pytest.raises(WorkerError, match="no such task"):
        answers(pool, [{"error": "no such task"}])
    assert len(answers(pool, [{}, {}])) == 2


def test_stopping_half_way_ends_the_workers(pool, tmp_path):
    run = pool.run([{}, {"wait_for": "never"}], lambda job: None)
    pids = {next(run)["done"]["pid"]}
    run.close()
    pids |= {int(path.read_text()) for path in tmp_path.glob("job1.*")}
    assert all(gone(pid) for pid in pids)


def test_workers_end_when_their_parent_is_killed(tmp_path):
    """The parent starts a worker, says who it is, and is killed with -9: the worker's stdin closes and it ends."""
    script = f"""
import sys, time
from readoff.engines.pool import Pool
pool = Pool([sys.executable, {WORKER!r}], [{str(tmp_path)!r}], n=1)
(answer,) = pool.run([{{}}], lambda job: None)
print(answer["done"]["pid"], flush=True)
time.sleep(1000)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(worker)


def test_cores_is_what_this_process_may_use():
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("wanted", "n"), [("3", 3), ("", None), (None, None)])
def test_as_many_workers_as_are_asked_for(monkeypatch, wanted, n):
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.delenv("READOFF_PROCESSES", raising=False)
    if wanted is not None:
        monkeypatch.setenv("READOFF_PROCESSES", wanted)
    assert processes() == (n or cores())
    monkeypatch.setenv("JAX_PLATFORMS", "cuda,cpu")
    assert processes() == (n or 1) and accelerator()


@pytest.mark.parametrize("wanted", ["x", "0", "-1", "1.5", "²", "9999999"])
def test_no_number_of_workers_is_refused(monkeypatch, wanted):
    monkeypatch.setenv("READOFF_PROCESSES", wanted)
    with pytest.raises(BadValue, match="whole number from 1"):
        processes()
