"""Training the main pair model on an accelerator: widths, against a process per core and against torch.func there.

    JAX_PLATFORMS=cuda ./run bench train_accelerator

What is trained is what `train_pairs` trains, whole trainings from the start; every side answers in turn in one run, and
ratios are of medians in model-steps per second:

    accelerator, W    W networks in one program
    all cores         a process per core, width 16 each
    torch.func, W     W networks of TransformerLens in one torch.func ensemble on the same accelerator (--torch)

Then a study from end to end, `train` with files, ledger and compiling, on both, and what came out: shares of networks
that are right on every input, and the largest difference of a loss after the first 20 steps from the same weights.
"""

import argparse
import os
import sys
import tempfile
import time

import numpy as np

from common import HERE, Server, interleave, medians, report, together

WIDTHS = (16, 256, 1024, 4096)


def serve(width: int) -> None:
    """Reads numbers of seconds from stdin, prints model-steps per second of whole trainings for each."""
    import jax

    from readoff.core.configure import configure
    from readoff.networks.architecture import architecture_for
    from readoff.tasks.pairs import Pairs
    from readoff.training.program import Program
    from readoff.training.recipe import Recipe

    configure()
    recipe = Recipe(Pairs(), architecture_for(Pairs()), block=width)
    program = Program.of(recipe)
    state = program.start(recipe, list(range(width)))
    began = time.perf_counter()
    jax.block_until_ready(program.advance(state, 1).parameters)
    print(time.perf_counter() - began, flush=True)
    for line in sys.stdin:
        steps, began = 0, time.perf_counter()
        while time.perf_counter() - began < float(line):
            jax.block_until_ready(program.advance(state, recipe.steps).parameters)
            steps += recipe.steps
        print(width * steps / (time.perf_counter() - began), flush=True)


def study(width: int, seeds: int) -> None:
    """Train through `train` into a fresh store; prints seconds, share solved and the losses after 20 steps."""
    from readoff.core.configure import configure
    from readoff.networks.architecture import architecture_for
    from readoff.store import Store
    from readoff.tasks.pairs import Pairs
    from readoff.training.recipe import Recipe
    from readoff.training.train import train

    configure()
    task = Pairs()
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        began = time.perf_counter()
        run = train(Recipe(task, architecture_for(task), block=width), range(seeds), store)
        seconds = time.perf_counter() - began
        early = train(Recipe(task, architecture_for(task), block=width, steps=20), range(seeds), store)
    np.save(sys.stdout.buffer, np.array([seconds, (run.trace["margin"][:, -1] > 0).mean()]))
    np.save(sys.stdout.buffer, early.trace["loss"][:, -1].astype(np.float64))


def run_study(width: int, seeds: int, platform: str) -> tuple[float, float, np.ndarray]:
    """(seconds, share solved, losses) of a study in its own process on a platform."""
    import io
    import subprocess

    command = [sys.executable, __file__, "--study", str(width), str(seeds)]
    done = subprocess.run(
        command, env=dict(os.environ) | {"JAX_PLATFORMS": platform}, stdout=subprocess.PIPE, check=True
    )
    read = io.BytesIO(done.stdout)
    seconds, solved = np.load(read)
    return float(seconds), float(solved), np.load(read)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, default=4096)
    parser.add_argument("--torch", action="store_true", help="also torch.func, which needs transformer-lens")
    parser.add_argument("--serve", type=int)
    parser.add_argument("--study", nargs=2, type=int)
    given = parser.parse_args()
    if given.serve:
        return serve(given.serve)
    if given.study:
        return study(*given.study)
    platform = os.environ.get("JAX_PLATFORMS", "cuda")
    cores = len(os.sched_getaffinity(0))
    pairs = str(HERE / "train_pairs.py")
    servers = {f"accelerator, {w}": [Server([sys.executable, __file__, "--serve", str(w)])] for w in WIDTHS}
    servers["all cores"] = [Server([sys.executable, pairs, "--serve", str(c), "16"]) for c in range(cores)]
    if given.torch:
        lens = [sys.executable, str(HERE / "loop_transformer_lens.py"), "ensemble", "1"]
        servers[f"torch.func, {WIDTHS[2]}"] = [Server([*lens, str(WIDTHS[2]), platform])]
    compiled = {name: round(side[0].ready, 2) for name, side in servers.items()}
    rate = medians(interleave({name: together(s, given.seconds) for name, s in servers.items()}, given.repeats))
    for side in servers.values():
        for server in side:
            server.process.kill()
    for name, value in rate.items():
        print(f"{name:24s} {value:14,.0f} model-steps/s")
    widest = rate[f"accelerator, {WIDTHS[-1]}"]
    ratios = {name: round(widest / rate[name], 2) for name in rate if not name.startswith("accelerator")}
    for name, value in ratios.items():
        print(f"accelerator, {WIDTHS[-1]} / {name:20s} {value:10.1f} x")
    there, here = run_study(4096, given.seeds, platform), run_study(16, given.seeds, "cpu")
    apart = float(np.abs(there[2] - here[2]).max())
    print(f"a study of {given.seeds} networks: {there[0]:.1f} s there, {here[0]:.1f} s on {cores} cores")
    print(
        f"right on every input: {there[1]:.4f} there, {here[1]:.4f} here; losses after 20 steps differ by {apart:.1e}"
    )
    numbers = {"seconds": [there[0], here[0]], "solved": [there[1], here[1]], "loss_apart": apart}
    report("train_accelerator", cores_used=cores, rates=rate, ratios=ratios, ready_s=compiled, study=numbers)


if __name__ == "__main__":
    main()
