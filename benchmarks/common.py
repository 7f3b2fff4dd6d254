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


class Server:
    """A process that prints a number when it is ready, then answers numbers of seconds on stdin with rates."""

    def __init__(self, command: Sequence[str], core: int | None = None) -> None:
        environment = dict(os.environ) | ({} if core is None else {"READOFF_CORE": str(core)})
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(list(command), text=True, env=environment, **pipes)  # type: ignore[call-overload]
        self.command = command
        self.ready = self.tell()

    def ask(self, seconds: float) -> None:
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()

    def tell(self) -> float:
        try:
            return float(self.process.stdout.readline())
        except ValueError:
            sys.exit(
                f"{' '.join(self.command)} failed. The PyTorch side needs torch==2.13.0, 'transformer-lens<4' and "
                "better-abc; name the interpreter that has them with --torch-python PATH."
            )


def together(servers: Sequence[Server], seconds: float) -> Callable[[], float]:
    """A side of `interleave`: all servers run at once, and their rates are added."""

    def run() -> float:
        for server in servers:
            server.ask(seconds)
        return sum(server.tell() for server in servers)

    return run


def clock(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
