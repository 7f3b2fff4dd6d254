"""`readoff rival`: the smallest network that does a task, with a witness or a certificate at every place it walks.

readoff rival pairs                       a shipped task
readoff rival parity --bits 3 --heads 4   with the task's own flags
readoff rival my_task.py                  a task of your own
readoff rival pairs/rank-3-impossible     the task of a claim
"""

import json as json_module
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import tyro

from readoff.claims.claim import Claim
from readoff.claims.scope import EveryNetwork
from readoff.claims.select import matching
from readoff.claims.subject import Given, OnTask, recipes_of
from readoff.cli import output
from readoff.cli.bar import Bar
from readoff.cli.flags import TaskFlags, find_task, given
from readoff.cli.listing import library_claims
from readoff.core.errors import BadValue, UnknownName
from readoff.networks.files import save
from readoff.store import Store
from readoff.store.files import write_whole
from readoff.studies.rival import ANY, Finding, frontier, search
from readoff.tasks.base import Task

Wanted = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TASK|FILE.py|CLAIM")]


def rival(
    wanted: Wanted,
    /,
    heads: int = 3,
    d_head: int = 3,
    layers: int = 1,
    seeds: int = 32,
    steps: int = 3000,
    store: Path = Path(".readoff"),
    json: bool = False,
    task_fields: tyro.conf.OmitArgPrefixes[TaskFlags] = TaskFlags(),  # type: ignore[valid-type] # noqa: B008
) -> int:
    """Look for the smallest network that does a task: a witness, or a proof that there is none.

    Args:
        wanted: a shipped task, a Python file with one of your own, or a claim about one.
        heads: walk from one head up to so many.
        d_head: and from d_head 1 up to this.
        layers: and from one layer up to so many.
        seeds: networks trained at each place of the frontier.
        steps: training steps of each.
        store: folder where networks, witnesses and certificates are kept.
        json: print JSON although stdout is a terminal.
        task_fields: what the task is.
    """
    for name, value in (("--heads", heads), ("--d-head", d_head), ("--layers", layers), ("--seeds", seeds)):
        if not 1 <= value <= 1000:
            raise BadValue(f"{name} {value}: expected a number from 1 to 1000.")
    task = task_meant(wanted, given(task_fields))
    places = frontier(range(1, heads + 1), range(1, d_head + 1), range(1, layers + 1))
    as_json = json or not sys.stdout.isatty()
    with Store(store) as opened, Bar() as bar:
        found = search(task, places, seeds, steps, opened, tell=_tell, progress=bar)
        kept = [_keep(one, task, store / "rivals") for one in found]
    rows = [finding_json(one, file) for one, file in zip(found, kept, strict=True)]
    if as_json:
        output.print_json({"task": task.name, "places": len(places), "findings": rows})
    else:
        cells = [(str(f.place), f.verdict, _margin(f), f.reason, str(file or "")) for f, file in zip(found, kept)]
        output.print_table(("place", "verdict", "smallest margin", "evidence", "file"), cells)
        skipped = len(places) - len(found)
        if skipped > 0:
            print(f"{skipped} larger or smaller places follow from these.")
    return 0


def task_meant(wanted: str, fields: dict[str, Any]) -> Task:
    """The task of a name, a file, or a claim id."""
    if "/" in wanted and not wanted.partition(":")[0].endswith(".py"):
        if fields:
            raise BadValue("a claim says what its task is; leave the task's flags out.")
        return task_of_claim(matching(wanted, library_claims())[0])
    if wanted == "xor":
        wanted, fields = "parity", {"bits": 2, **fields}
    try:
        return find_task(wanted, fields)
    except UnknownName as error:
        raise UnknownName("task (or claim, as study/name)", wanted, [*_names(), "xor"]) from error


def task_of_claim(claim: Claim) -> Task:
    """The task that a claim is about. BadValue if it names none."""
    subjects = [claim.about]
    if isinstance(claim.scope, EveryNetwork):
        subjects += [s for s in (claim.scope.attack, claim.scope.relaxation) if s is not None]
    for subject in subjects:
        if isinstance(subject, OnTask | Given):
            return subject.task
        for recipe in recipes_of(subject):
            if isinstance(getattr(recipe, "task", None), Task):
                return recipe.task
    raise BadValue(f"{claim.id} names no task (it is about a {type(claim.about).__name__}); name the task itself.")


def finding_json(found: Finding, file: Path | None) -> dict[str, Any]:
    """A finding as JSON-able data."""
    return {
        **asdict(found.place),
        "d_head": None if found.place.d_head == ANY else found.place.d_head,
        "verdict": found.verdict,
        "margin": list(found.margin) if found.margin else None,
        "accuracy": found.accuracy,
        "tries": found.tries,
        "reason": found.reason,
        "file": str(file) if file else None,
    }


def _keep(found: Finding, task: Task, folder: Path) -> Path | None:
    """Save a witness or a certificate; returns its file."""
    if found.network is None and found.certificate is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    p = found.place
    name = f"{task.name}-{p.n_layers}L{p.n_heads}H" + ("" if p.d_head == ANY else f"{p.d_head}d")
    name += "" if p.constant else "-no-constant"
    if found.network is not None:
        path = folder / f"{name}.safetensors"
        save(found.network, path)
        return path
    path = folder / f"{name}-impossible.json"
    write_whole(path, json_module.dumps(found.certificate, sort_keys=True).encode())
    return path


def _tell(found: Finding) -> None:
    print(f"{found.place}: {found.verdict}", file=sys.stderr)


def _margin(found: Finding) -> str:
    return f"{found.margin[0]:.4g}" if found.margin else ""


def _names() -> list[str]:
    from readoff.cli.flags import shipped_tasks

    return list(shipped_tasks())
