"""What the benchmark scripts share: interleaved repeats, medians, one JSON line, and the other side's process."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent


def interleave(sides: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Call every side in turn, `repeats` times, so that drifts of the machine hit all of them alike."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            found[name].append(side())
    return found


def medians(found: dict[str, list[float]]) -> dict[str, float]:
    """The median of every side."""
    return {name: statistics.median(values) for name, values in found.items()}


def report(name: str, **numbers: object) -> None:
    """A table line for people is up to the script; this is the line for machines."""
    cpu = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    load = os.getloadavg()[0]
    print(json.dumps({"benchmark": name, "cpu": cpu, "cores": os.cpu_count(), "load": round(load, 2), **numbers}))


def torch_side(python: str, script: str, arguments: Sequence[str], core: int | None = None) -> subprocess.Popen:
    """Start the PyTorch side of a benchmark in its own interpreter and process."""
    environment = dict(os.environ)
    if core is not None:
        environment["READOFF_CORE"] = str(core)
    command = [python, str(HERE / script), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)


def answer(process: subprocess.Popen) -> float:
    """The number that a torch side prints last; a short lesson if there is none."""
    out, _ = process.communicate()
    try:
        return float(out.strip().splitlines()[-1])
    except (IndexError, ValueError):
        sys.exit(
            "the PyTorch side failed. Install it with: pip install torch==2.13.0 'transformer-lens<4' better-abc, "
            "and name that interpreter with --torch-python PATH."
        )


def clock(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
