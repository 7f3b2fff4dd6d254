"""`readoff train`: networks of one recipe for many seeds, kept in the store, with how they came out.

    readoff train pairs --d-head 1 --no-biases --seeds 64
    readoff train my_task.py --n-heads 1
    readoff train --recipe recipe.json --first-seed 1000000

What is in the store already is not trained again; running a command once more after an interruption goes on from there.
Seeds are trained in aligned blocks (see `training.recipe`), so some more than were asked for may be made, and are kept.
"""

import sys
import time
from pathlib import Path
from typing import Annotated

import tyro

from readoff.claims.scope import MOST_SEEDS
from readoff.cli import output
from readoff.cli.bar import Bar
from readoff.cli.flags import ArchitectureFlags, Asked, RecipeFlags, TaskFlags, given, recipe_of
from readoff.cli.outcomes import outcome_json, outcome_rows, recipe_line
from readoff.core.errors import BadValue
from readoff.store import Store
from readoff.training.recipe import Recipe, blocks_for
from readoff.training.untrained import needs_no_trainer


def train(
    task: Annotated[
        str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[TASK|FILE.py]", help_behavior_hint="")
    ] = None,
    /,
    seeds: int = 64,
    first_seed: int = 0,
    recipe: Annotated[Path | None, tyro.conf.arg(metavar="FILE.json", help_behavior_hint="")] = None,
    effective: bool = False,
    bitwise: bool = False,
    store: Path = Path(".readoff"),
    json: bool = False,
    task_fields: tyro.conf.OmitArgPrefixes[TaskFlags] = TaskFlags(),  # type: ignore[valid-type] # noqa: B008
    network: tyro.conf.OmitArgPrefixes[ArchitectureFlags] = ArchitectureFlags(),  # type: ignore[valid-type] # noqa: B008
    training: tyro.conf.OmitArgPrefixes[RecipeFlags] = RecipeFlags(),  # type: ignore[valid-type] # noqa: B008
) -> int:
    """Train networks on a task, one for each seed, and say how they came out.

    A process per core trains (READOFF_PROCESSES=N: so many). With JAX_PLATFORMS=cuda one process trains on the GPU,
    which wants thousands of networks side by side: --block 4096.

    Args:
        task: a shipped task (pairs, parity, ...), or a Python file with a task of your own (FILE.py or FILE.py:name).
        seeds: how many networks.
        first_seed: number of the first one; claims are judged on 8192 and up, so explore from 1000000.
        recipe: train this recipe, as `readoff show ID --json` prints it; other flags change it.
        effective: the effective model (free score tables, value and output factors) instead of a transformer.
        bitwise: each network alone in its own program, so that its bits do not depend on how many are trained.
        store: folder of the ledger and of trained networks.
        json: print JSON although stdout is a terminal.
        task_fields: what the task is.
        network: what the networks are made of.
        training: how they are trained.
    """
    if not 1 <= seeds <= MOST_SEEDS:
        raise BadValue(f"--seeds {seeds}: expected a number from 1 to {MOST_SEEDS:,}.")
    wanted = range(first_seed, first_seed + seeds)
    asked = Asked(task, recipe, effective, bitwise, given(task_fields), given(network), given(training))
    made = recipe_of(asked)
    with Store(store) as opened, Bar() as bar:
        from readoff.core.configure import configure
        from readoff.training.outcome import outcome
        from readoff.training.train import train as run_training

        configure()
        there = opened.identity(made.id, wanted) is not None
        began = time.perf_counter()
        run = run_training(made, wanted, opened, bar)
        seconds = time.perf_counter() - began
        for warning in opened.warnings:
            print(f"readoff: {warning}", file=sys.stderr)
    found = outcome(run)
    more = "" if there else _more(made, wanted)
    if more:
        print(f"readoff: {more}", file=sys.stderr)
    if json or not sys.stdout.isatty():
        head = {"id": made.id, "reused": there, "seconds": round(seconds, 3), "fingerprint": run.fingerprint}
        output.print_json(head | outcome_json(found))
        return 0
    how = (
        "unchanged, from the store" if there else f"{seconds:.1f} s, {seeds * made.steps / seconds:,.0f} model-steps/s"
    )
    rows = [
        ("recipe", made.id),
        ("trained by", f"{recipe_line(made)}, forward {run.fingerprint['forward']}"),
        ("networks", f"{seeds} (seeds {wanted[0]} to {wanted[-1]})"),
        *outcome_rows(found),
        ("time", how),
    ]
    output.print_table(("", ""), rows)
    print(f"`readoff show {made.id}` lists them; `readoff read {made.id} evou --seed {wanted[0]}` reads one.")
    return 0


def _more(made: Recipe, wanted: range) -> str:
    """What is stored beyond the seeds that were asked for, and why; "" if nothing is."""
    blocks = [range(first, first + made.block) for first in blocks_for(made, wanted)]
    stored = sum(map(len, blocks))
    if stored == len(wanted) or needs_no_trainer(made):
        return ""
    return (
        f"{len(wanted)} of {stored} networks are shown: seeds are trained in blocks of {made.block}, because the width "
        f"of a program changes last bits, and seeds {blocks[0][0]} to {blocks[-1][-1]} are stored. --bitwise trains "
        "each alone."
    )
