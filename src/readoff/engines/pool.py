"""Worker processes that take JSON jobs on stdin and answer on stdout; one per core.

    with Pool([sys.executable, "-m", "some.worker"], n=2) as pool:
        for answer in pool.run(jobs, program_of=lambda job: job["kind"]):
            ...

Jobs that share a compiled program are kept on the worker that has compiled it; a worker with nothing of its own takes a
program nobody has, and at the end helps with any. A worker that dies is replaced and its job tried once more. No
pickle: a line of JSON each way. Workers end when their stdin closes, so they never outlive the parent.
"""

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from readoff.core.errors import BadValue, ReadoffError


class WorkerError(ReadoffError):
    """A job failed in a worker; the message is the worker's."""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def accelerator() -> bool:
    """Whether JAX_PLATFORMS asks for something other than the processor; without it work is done on the processor."""
    return (os.environ.get("JAX_PLATFORMS") or "cpu").split(",")[0] != "cpu"


def processes() -> int:
    """How many workers: READOFF_PROCESSES, else one for an accelerator and one per core without."""
    wanted = os.environ.get("READOFF_PROCESSES")
    if not wanted:
        return 1 if accelerator() else cores()
    if not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= 4096):
        raise BadValue(
            f"READOFF_PROCESSES={wanted!r}: expected a whole number from 1 to 4096; unset it for the default."
        )
    return int(wanted)


class Pool:
    """`n` workers started on first need with `command + [worker number, *arguments]`."""

    def __init__(self, command: Sequence[str], arguments: Sequence[str], n: int) -> None:
        self._command, self._arguments, self.n = list(command), list(arguments), n
        self._workers: dict[int, subprocess.Popen[str]] = {}
        self._programs: dict[int, set[Hashable]] = {}
        self._answers: queue.Queue[tuple[int, subprocess.Popen[str], str]] = queue.Queue()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers, at once."""
        for worker in self._workers.values():
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
        self._workers.clear()
        self._programs.clear()

    def run(self, jobs: Sequence[dict[str, Any]], program_of: Callable[[dict[str, Any]], Hashable]) -> Iterator[dict]:
        """Answers as they come, each with its `job` number (its place in `jobs`); raises `WorkerError`."""
        waiting = dict(enumerate(jobs))
        busy: dict[int, int] = {}
        tried: dict[int, int] = {}
        try:
            while waiting or busy:
                for number in range(min(self.n, len(jobs))):
                    if number not in busy and waiting:
                        job = self._choose(number, waiting, program_of, busy)
                        busy[number] = job
                        tried[job] = tried.get(job, 0) + 1
                        self._send(number, {"job": job, **waiting.pop(job)}, program_of(jobs[job]))
                number, worker, line = self._answers.get()
                if worker is not self._workers.get(number) or number not in busy:
                    continue
                job = busy[number]
                if not line:
                    self._bury(number)
                    del busy[number]
                    if tried[job] > 1:
                        raise WorkerError(f"a worker process died twice on job {job} (killed, or out of memory).")
                    waiting[job] = jobs[job]
                    continue
                answer = json.loads(line)
                if "error" in answer:
                    raise WorkerError(answer["error"])
                if "done" in answer:
                    del busy[number]
                yield answer
        except BaseException:
            self.close()
            raise

    def _choose(self, number: int, waiting: dict, program_of: Callable, busy: dict[int, int]) -> int:
        mine = self._programs.get(number, set())
        others = set().union(*(p for w, p in self._programs.items() if w != number and w in busy))
        order = sorted(waiting)
        for wanted in (lambda p: p in mine, lambda p: p not in others):
            for job in order:
                if wanted(program_of(waiting[job])):
                    return job
        return order[-1]

    def _send(self, number: int, job: dict[str, Any], program: Hashable) -> None:
        if number not in self._workers or self._workers[number].poll() is not None:
            self._start(number)
        self._programs.setdefault(number, set()).add(program)
        with contextlib.suppress(BrokenPipeError):  # its death is noticed by the reader
            pipe = self._workers[number].stdin
            pipe.write(json.dumps(job) + "\n")  # type: ignore[union-attr]
            pipe.flush()  # type: ignore[union-attr]

    def _start(self, number: int) -> None:
        command = [*self._command, str(number), *self._arguments]
        worker = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._workers[number] = worker
        threading.Thread(target=self._listen, args=(number, worker), daemon=True).start()

    def _listen(self, number: int, worker: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in worker.stdout:  # type: ignore[union-attr]
                if line.endswith("\n"):  # a worker killed while writing leaves half a line
                    self._answers.put((number, worker, line))
        self._answers.put((number, worker, ""))

    def _bury(self, number: int) -> None:
        worker = self._workers.pop(number)
        self._programs.pop(number, None)
        worker.wait()
