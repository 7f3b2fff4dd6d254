"""A worker process: reads jobs from stdin, trains blocks, writes chunk files, answers on stdout. One JSON per line.

    {"job": 7, "recipe": "...", "seeds": [0, 1], "weights": PATH, "trace": PATH}
    {"job": 7, "steps": 1600}                                        progress, model-steps since the last line
    {"job": 7, "done": {"sha256": ..., "trace_sha256": ..., "hashes": [...], "fingerprint": {...}}}
    {"job": 7, "error": "..."}

It pins itself to one core before importing jax (unless it works on an accelerator), keeps compiled programs in a folder
on disk, and ends when its stdin closes, so it never outlives its parent. It never touches the ledger.
"""

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path


def main(core: int, cache: str) -> None:
    """Serve jobs until stdin closes."""
    _own_core(core)
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever libraries print goes to stderr
    from readoff.core.configure import configure
    from readoff.core.errors import ReadoffError

    configure(cache or None)
    for line in sys.stdin:
        job = json.loads(line)

        def progress(n: int, number: int = job["job"]) -> None:
            print(json.dumps({"job": number, "steps": n}), file=out)

        try:
            answer = {"done": _serve(job, progress)}
        except ReadoffError as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {"error": "out of memory; use a smaller block or a smaller task."}
        except Exception:
            answer = {"error": traceback.format_exc(limit=4)}
        print(json.dumps({"job": job["job"], **answer}), file=out)


def _serve(job: dict, progress: Callable[[int], None]) -> dict:
    from readoff.store.files import write_whole
    from readoff.training.block import train_block
    from readoff.training.chunk import encode
    from readoff.training.recipe import Recipe

    block = train_block(Recipe.from_json(job["recipe"]), job["seeds"], progress)
    weights, trace = encode(block)
    return {
        "sha256": write_whole(Path(job["weights"]), weights),
        "trace_sha256": write_whole(Path(job["trace"]), trace),
        "hashes": block.hashes(),
        "fingerprint": block.fingerprint,
    }


def _own_core(core: int) -> None:
    from readoff.engines.pool import accelerator

    if accelerator():
        return
    with contextlib.suppress(AttributeError, OSError):
        available = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {available[core % len(available)]})
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main(int(sys.argv[1]), sys.argv[2])
