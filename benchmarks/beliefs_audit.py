"""A million-row history, read and audited: seconds and memory, and the audit beside a plain loop over streams.

    ./run bench beliefs_audit

Target: under 3 s and 1 GB for 10,000 streams of 100 reports, from the CSV file to the verdict. Wall time is what
counts; processor time is printed beside it, because on a machine that is shared wall time measures the others. Both
sides of the ratio run here, in one process and on the same data: the loop computes movement, reduction, X and the
six bets with Python floats, as one would write it first, on every fiftieth stream, and is scaled up.
"""

import itertools
import math
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from readoff.beliefs.audit import audit
from readoff.beliefs.bets import AT_RISK, SIDES, STAKES, TESTS
from readoff.beliefs.forecasters import simulate
from readoff.beliefs.reading import read
from readoff.beliefs.streams import Histories

STREAMS, REPORTS, SHARE = 10_000, 100, 50


def write_table(path: Path) -> None:
    """A table as a platform exports it, one row per question and time."""
    reports, truth = simulate("steady", STREAMS, REPORTS, np.random.default_rng(0))
    with path.open("w") as file:
        file.write("question_id,time,probability,outcome\n")
        for k, row in enumerate(reports):
            answer = "yes" if truth[k] else "no"
            for t, p in enumerate(row):
                file.write(f"q{k},2024-{1 + t // 28:02d}-{1 + t % 28:02d}T{k % 24:02d}:00:00Z,{p:.6f},{answer}\n")


def loop(h: Histories, stride: int) -> float:
    """The same sums and bets, stream by stream and step by step."""
    money = 0.0
    for k in range(0, h.n_streams, stride):
        path = [*h.belief[h.starts[k] : h.starts[k + 1]].tolist(), float(h.outcome[k])]
        movement = sum((b - a) ** 2 for a, b in itertools.pairwise(path))
        excess = sum((1 - 2 * a) * (b - a) for a, b in itertools.pairwise(path))
        money += movement - excess
        for test in TESTS:
            for side in SIDES:
                for stake in STAKES[test]:
                    log, last = 0.0, 0.0
                    for a, b in itertools.pairwise(path):
                        weight = {"drift": 1.0, "movement": 1 - 2 * a, "momentum": last}[test] * side
                        worst = abs(weight) * (a if weight > 0 else 1 - a)
                        log += math.log(1 + min(stake, AT_RISK / max(worst, 1e-12)) * weight * (b - a))
                        if b != a:
                            last = math.copysign(1.0, b - a)
                    money += log
    return money


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "million.csv")
        write_table(path)
        audit(read(_small(Path(folder))).histories)  # load pandas and scipy before the clock starts
        began, cpu = time.perf_counter(), time.process_time()
        found = read(path)
        read_at = time.perf_counter()
        a = audit(found.histories, clustered_by=found.clustered_by)
        done, cpu = time.perf_counter(), time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{len(found.histories.belief):,} rows, {found.histories.n_streams:,} streams: verdict {a.verdict!r}")
    print(f"read {read_at - began:.2f} s, audit {done - read_at:.2f} s, in all {done - began:.2f} s (target 3)")
    print(f"processor time {cpu:.2f} s; memory {memory:.2f} GB (target 1)")
    began = time.perf_counter()
    loop(found.histories, SHARE)
    plain = (time.perf_counter() - began) * SHARE
    print(
        f"audit {done - read_at:.2f} s, plain loop {plain:.1f} s (scaled): {plain / (done - read_at):.0f} times faster"
    )


def _small(folder: Path) -> Path:
    small = folder / "small.csv"
    small.write_text(
        "question_id,time,probability,outcome\na,2024-01-01T00:00:00Z,0.3,yes\na,2024-01-02T00:00:00Z,0.5,yes\n"
    )
    return small


if __name__ == "__main__":
    main()
