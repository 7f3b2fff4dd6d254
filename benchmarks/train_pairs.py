"""Training the main pair model: readoff against a plain TransformerLens loop, and against a torch.func ensemble.

    ./run bench train_pairs [--torch-python PYTHON] [--repeats 5] [--seconds 4]

One layer, 2 heads, d_head 5, d_model 16, no positions, the exact loss over 280 weighted orbits (readoff) or a batch of
280 (PyTorch), AdamW, float32. readoff trains its networks from the start for the recipe's 2,000 steps, again and
again, as a study does; a step of the loop costs the same at any time. Every comparison runs both sides in turn and
gives the ratio of medians in model-steps per second:

    one seed        width 1, one process, one thread          against the loop with one thread
    one process     width 16, one process, one thread         against the loop with one thread
    all cores       a process per core, width 16 each         against the loop with all threads, and a loop per core
    ensemble        as one process                            against torch.func, 16 networks, one thread
"""

import argparse
import os
import sys
import time

from common import HERE, Server, interleave, medians, report, together


def multiply_adds() -> tuple[int, int]:
    """Multiply-adds per model-step, three times the forward's (which is what is written out)."""
    # tables of two heads, then the two products over orbits; QKV, scores and z, W_O, W_U of 280 inputs
    ours = 2 * (12 * 16 * 5 * 2 + 12 * 5 * 10 + 5 * 16 * 10) + 2 * 11 * 12 * 280
    theirs = 280 * 5 * 16 * 30 + 280 * 2 * 5 * 5 * 10 + 280 * 5 * 10 * 16 + 280 * 5 * 16 * 10
    return 3 * ours, 3 * theirs


def serve(core: int, width: int) -> None:
    """A readoff process: reads numbers of seconds from stdin, prints model-steps per second for each."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})
    os.environ["JAX_PLATFORMS"] = "cpu"
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
        steps, began = 0, time.perf_counter()
        while time.perf_counter() - began < float(line):  # whole trainings from the start, in calls of 200 steps
            current = state
            for _ in range(0, recipe.steps, 200):
                current = program.advance(current, 200)
            jax.block_until_ready(current.parameters)
            steps += recipe.steps
        print(width * steps / (time.perf_counter() - began), flush=True)


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
    single = Server([sys.executable, __file__, "--serve", "0", "1"])
    wide = [Server([sys.executable, __file__, "--serve", str(core), "16"]) for core in range(cores)]
    torch = [given.torch_python, str(HERE / "loop_transformer_lens.py")]
    loops = [Server([*torch, "loop", "1"], core) for core in range(cores)]
    servers = {
        "readoff, one seed": [single],
        "readoff, one process": wide[:1],
        "readoff, all cores": wide,
        "loop, one thread": loops[:1],
        "loop, all threads": [Server([*torch, "loop", str(cores)])],
        "loop, a process per core": loops,
        "torch.func ensemble of 16, one thread": [Server([*torch, "ensemble", "1", "16"], 0)],
    }
    sides = {name: together(running, given.seconds) for name, running in servers.items()}
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
    compiled = {"width 1": round(single.ready, 2), "width 16": round(wide[0].ready, 2)}
    report("train_pairs", rates=rate, ratios=ratios, compile_s=compiled, multiply_adds=adds)


if __name__ == "__main__":
    main()
