"""Training the main pair model: readoff against a plain TransformerLens loop, and against a torch.func ensemble.

    ./run bench train_pairs [--torch-python PYTHON] [--repeats 5] [--seconds 4]

One layer, 2 heads, d_head 5, d_model 16, no positions, the exact loss over 280 weighted orbits (readoff) or a batch of
280 (PyTorch), AdamW, float32. Every comparison runs both sides in turn and gives the ratio of medians in model-steps
per second:

    one seed        width 1, one process, one thread          against the loop with one thread
    one process     width 16, one process, one thread         against the loop with one thread
    all cores       a process per core, width 16 each         against the loop with all threads, and a loop per core
    ensemble        as one process                            against torch.func, 16 networks, one thread
"""

import argparse
import os
import subprocess
import sys
import time

from common import answer, interleave, medians, report, torch_side

ARITHMETIC = {
    "readoff": "tables 2 x (12x16x5x2 + 12x5x10 + 5x16x10), orbits 2 x 11 x 12 x 280; times 3 with the gradient",
    "loop": "QKV 280x5x16x30, scores and z 280x2x5x5x10, O 280x5x10x16, unembed 280x5x16x10; times 3",
}


def multiply_adds() -> tuple[int, int]:
    """Multiply-adds per model-step (forward and both products of the backward pass)."""
    ours = 2 * (12 * 16 * 5 * 2 + 12 * 5 * 10 + 5 * 16 * 10) + 2 * 11 * 12 * 280
    theirs = 280 * 5 * 16 * 30 + 280 * 2 * 5 * 5 * 10 + 280 * 5 * 10 * 16 + 280 * 5 * 16 * 10
    return 3 * ours, 3 * theirs


def serve(core: int, width: int) -> None:
    """A readoff process: reads numbers of seconds from stdin, prints model-steps per second for each."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax

    from readoff.core.configure import configure
    from readoff.networks.architecture import architecture_for
    from readoff.tasks.pairs import Pairs
    from readoff.training.program import Program
    from readoff.training.recipe import Recipe

    configure()
    recipe = Recipe(Pairs(), architecture_for(Pairs()))
    program = Program.of(recipe)
    state = program.start(recipe, list(range(width)))
    began = time.perf_counter()
    jax.block_until_ready(program.advance(state, 1).parameters)
    print(time.perf_counter() - began, flush=True)
    for line in sys.stdin:
        steps, began, current = 0, time.perf_counter(), state
        while time.perf_counter() - began < float(line):
            current = program.advance(current, 200)
            jax.block_until_ready(current.parameters)
            steps += 200
        print(width * steps / (time.perf_counter() - began), flush=True)


class Server:
    """One `serve` process, kept warm so that compile time stays apart."""

    def __init__(self, core: int, width: int) -> None:
        command = [sys.executable, __file__, "--serve", str(core), str(width)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.compile_s = float(self.process.stdout.readline())  # type: ignore[union-attr]

    def ask(self, seconds: float) -> None:
        self.process.stdin.write(f"{seconds}\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]

    def tell(self) -> float:
        return float(self.process.stdout.readline())  # type: ignore[union-attr]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--torch-python", default=sys.executable)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--serve", nargs=2, type=int)
    given = parser.parse_args()
    if given.serve:
        serve(*given.serve)
        return
    cores = len(os.sched_getaffinity(0))
    single, wide = Server(0, 1), [Server(core, 16) for core in range(cores)]

    def ours(servers: list[Server]):
        def run() -> float:
            for server in servers:
                server.ask(given.seconds)
            return sum(server.tell() for server in servers)

        return run

    def theirs(kind: str, threads: int, processes: int = 1, *more: str):
        def run() -> float:
            pinned = [core if threads == 1 else None for core in range(processes)]
            arguments = [kind, str(given.seconds), str(threads), *more]
            running = [torch_side(given.torch_python, "loop_transformer_lens.py", arguments, c) for c in pinned]
            return sum(answer(process) for process in running)

        return run

    sides = {
        "readoff, one seed": ours([single]),
        "readoff, one process": ours(wide[:1]),
        "readoff, all cores": ours(wide),
        "loop, one thread": theirs("loop", 1),
        "loop, all threads": theirs("loop", cores),
        "loop, a process per core": theirs("loop", 1, cores),
        "torch.func ensemble of 16, one thread": theirs("ensemble", 1, 1, "16"),
    }
    rate = medians(interleave(sides, given.repeats))
    for name, value in rate.items():
        print(f"{name:40s} {value:12,.0f} model-steps/s")
    ratios = {
        "one seed / loop, one thread": rate["readoff, one seed"] / rate["loop, one thread"],
        "one process / loop, one thread": rate["readoff, one process"] / rate["loop, one thread"],
        "all cores / loop, all threads": rate["readoff, all cores"] / rate["loop, all threads"],
        "all cores / loop, a process per core": rate["readoff, all cores"] / rate["loop, a process per core"],
        "one process / torch.func ensemble": rate["readoff, one process"]
        / rate["torch.func ensemble of 16, one thread"],
    }
    for name, value in ratios.items():
        print(f"{name:40s} {value:12.1f} x")
    adds = multiply_adds()
    print(f"multiply-adds per model-step: readoff {adds[0]:,}, loop {adds[1]:,} ({adds[1] / adds[0]:.1f} x)")
    compiled = {"width 1": round(single.compile_s, 2), "width 16": round(wide[0].compile_s, 2)}
    report("train_pairs", rates=rate, ratios=ratios, compile_s=compiled, multiply_adds=adds)


if __name__ == "__main__":
    main()
