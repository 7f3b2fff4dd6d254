"""Accuracy of 1,000 networks, certifying one, and training 4,096 within 1 GB.

./run bench networks [--skip-memory]

accuracy     1,000 pair networks over the whole domain (280 orbits), float64       goal <= 100 ms
certify      one pair network, 280 inputs x 10 outputs, with balls                 goal <= 15 ms
memory       4,096 seeds of the main recipe through `train`: peak of all processes  goal <= 1 GB
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from common import clock, interleave, medians, report
from readoff.certificates.balls import certify_margins
from readoff.circuits.behaviour import behaviour
from readoff.networks.architecture import architecture_for
from readoff.networks.network import Ensemble
from readoff.studies.pairs.measures import exact_tables
from readoff.tasks.pairs import Pairs
from readoff.training.init import initial_weights
from readoff.training.recipe import Recipe


def tree_rss(pid: int) -> int:
    """Resident bytes of a process and its children, from /proc."""
    total, waiting = 0, [pid]
    while waiting:
        current = waiting.pop()
        try:
            total += int(Path(f"/proc/{current}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for task in Path(f"/proc/{current}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError):
            continue
    return total


def peak_memory(seeds: int, steps: int) -> tuple[int, float]:
    """(peak bytes of the tree, seconds) of training `seeds` networks in a fresh process and store."""
    code = (
        "from readoff.tasks import Pairs; from readoff.networks import architecture_for;"
        "from readoff.store import Store;"
        "from readoff.training.recipe import Recipe; from readoff.training.train import train; import sys;"
        f"train(Recipe(Pairs(), architecture_for(Pairs()), steps={steps}), range({seeds}), Store(sys.argv[1]))"
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", code, folder])
        peak, done = 0, threading.Event()
        while process.poll() is None:
            peak = max(peak, tree_rss(process.pid))
            done.wait(0.1)
        return peak, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--skip-memory", action="store_true")
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    task = Pairs()
    domain, recipe = task.domain(orbits=True), Recipe(task, architecture_for(task))
    weights = initial_weights(recipe, list(range(1000)))
    many = Ensemble(recipe.architecture, weights, np.arange(1000))
    counts, exact = domain.counts(task.d_vocab), exact_tables(many[0])
    sides = {
        "accuracy of 1,000": lambda: 1e3 * clock(lambda: behaviour(many, domain)),
        "certify one": lambda: 1e3 * clock(lambda: certify_margins(exact_tables(many[0]), counts, domain.labels)),
        "certify one, tables given": lambda: 1e3 * clock(lambda: certify_margins(exact, counts, domain.labels)),
    }
    found = medians(interleave(sides, given.repeats))
    for name, value in found.items():
        print(f"{name:32s} {value:8.1f} ms")
    numbers: dict[str, object] = {"ms": found}
    if not given.skip_memory:
        peak, seconds = peak_memory(4096, 200)
        print(f"training 4,096 seeds, 200 steps: peak {peak / 1e6:,.0f} MB in {seconds:.0f} s")
        numbers |= {"peak_mb": round(peak / 1e6), "seconds": round(seconds, 1)}
    report("networks", **numbers)


if __name__ == "__main__":
    main()
