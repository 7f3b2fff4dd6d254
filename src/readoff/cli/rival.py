"""`readoff rival`: the smallest network that does a task, with a witness or a certificate at every place it walks.

readoff rival pairs                       a shipped task
readoff rival parity --bits 3 --heads 4   with the task's own flags
readoff rival my_task.py                  a task of your own
readoff rival pairs/rank-3-impossible     the task of a claim
readoff rival my_claims.py:mine/and       the task of a claim of your own
"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import tyro

from readoff.claims.claim import Claim
from readoff.claims.kept import keep
from readoff.claims.loading import load_module
from readoff.claims.scope import EveryNetwork
from readoff.claims.select import claims_in, matching
from readoff.claims.subject import Given, OnTask, recipes_of
from readoff.cli import output
from readoff.cli.bar import Bar
from readoff.cli.flags import TaskFlags, find_task, given
from readoff.cli.listing import library_claims
from readoff.cli.rival_claim import beside
from readoff.core.canonical import content_id
from readoff.core.errors import BadValue, UnknownName
from readoff.store import Store
from readoff.studies.places import ANY, CONSTANT, frontier, order_matters
from readoff.studies.rival import Finding, search
from readoff.tasks.base import Task

Wanted = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TASK|FILE.py[:NAME]|CLAIM")]


def rival(
    wanted: Wanted,
    /,
    heads: int = 3,
    d_head: int = 3,
    layers: int = 1,
    positions: bool = False,
    seeds: int = 32,
    steps: int = 3000,
    store: Path = Path(".readoff"),
    json: bool = False,
    task_fields: tyro.conf.OmitArgPrefixes[TaskFlags] = TaskFlags(),  # type: ignore[valid-type] # noqa: B008
) -> int:
    """Look for the smallest network that does a task: a witness, or a proof that there is none.

    Of a claim's task it also says whether what was found is smaller than what the claim is about.

    Args:
        wanted: a shipped task, a Python file with one of your own (or with a claim about one), or a claim.
        heads: walk from one head up to so many.
        d_head: and from d_head 1 up to this.
        layers: and from one layer up to so many.
        positions: with positional embeddings too; always so where the answer depends on the order of tokens.
        seeds: networks trained at each place of the frontier.
        steps: training steps of each.
        store: folder where networks, witnesses and certificates are kept.
        json: print JSON although stdout is a terminal.
        task_fields: what the task is.
    """
    for name, value in (("--heads", heads), ("--d-head", d_head), ("--layers", layers), ("--seeds", seeds)):
        if not 1 <= value <= 1000:
            raise BadValue(f"{name} {value}: expected a number from 1 to 1000.")
    task, claim = meant(wanted, given(task_fields))
    placed = (False, True) if positions or order_matters(task) else (False,)
    places = frontier(range(1, heads + 1), range(1, d_head + 1), range(1, layers + 1), placed)
    as_json = json or not sys.stdout.isatty()
    with Store(store) as opened, Bar() as bar:
        found = search(task, places, seeds, steps, opened, tell=_tell, progress=bar)
        kept = [_keep(one, task, store / "rivals") for one in found]
    rows = [finding_json(one, file) for one, file in zip(found, kept, strict=True)]
    beside_claim = beside(claim, found) if claim is not None else None
    if as_json:
        about = {"task": task.name, "places": len(places), "constant_logits": CONSTANT, "claim": beside_claim}
        output.print_json({**about, "findings": rows})
    else:
        cells = [(str(f.place), f.verdict, _margin(f), f.reason, str(file or "")) for f, file in zip(found, kept)]
        output.print_table(("place", "verdict", "smallest margin", "evidence", "file"), cells)
        skipped = len(places) - len(found)
        if skipped > 0:
            print(f"{skipped} larger or smaller places follow from these.")
        print(CONSTANT)
        if beside_claim is not None:
            print(beside_claim["line"])
    return 0


def task_meant(wanted: str, fields: dict[str, Any]) -> Task:
    """The task of a name, of a file (or a claim in it), or of a claim id."""
    return meant(wanted, fields)[0]


def meant(wanted: str, fields: dict[str, Any]) -> tuple[Task, Claim | None]:
    """The task that is meant, and the claim that it is the task of, if a claim was named."""
    path, _, name = wanted.partition(":")
    of_file = path.endswith(".py")
    if of_file and ("/" in name or not name):
        module, world = load_module(Path(path))
        world.stay()
        claims = claims_in([module])
        if name or (len(claims) == 1 and not _defines_task(Path(path))):
            _no_flags(fields)
            claim = _named(name or claims[0].id, claims)
            return task_of_claim(claim), claim
    elif "/" in wanted and not of_file:
        _no_flags(fields)
        claim = _named(wanted, library_claims())
        return task_of_claim(claim), claim
    if wanted == "xor":
        wanted, fields = "parity", {"bits": 2, **fields}
    try:
        return find_task(wanted, fields), None
    except UnknownName as error:
        if of_file:
            raise
        raise UnknownName("task (or claim, as study/name)", wanted, [*_names(), "xor"]) from error


def task_of_claim(claim: Claim) -> Task:
    """The task that a claim is about. BadValue if it names none."""
    subjects = [claim.about]
    if isinstance(claim.scope, EveryNetwork):
        subjects += [s for s in (claim.scope.attack, claim.scope.relaxation) if s is not None]
    for subject in subjects:
        task = getattr(getattr(subject, "build", None), "task", None)  # a question about a task
        if isinstance(task, Task):
            return task
        if isinstance(subject, OnTask | Given):
            return subject.task
        for recipe in recipes_of(subject):
            if isinstance(getattr(recipe, "task", None), Task):
                return recipe.task
    raise BadValue(f"{claim.id} names no task (it is about a {type(claim.about).__name__}); name the task itself.")


def finding_json(found: Finding, file: Path | None) -> dict[str, Any]:
    """A finding as JSON-able data. `class` and `assumes`: what an impossibility covers, and the lemmas it rests on."""
    document = found.certificate or {}
    return {
        **asdict(found.place),
        "d_head": None if found.place.d_head == ANY else found.place.d_head,
        "verdict": found.verdict,
        "margin": list(found.margin) if found.margin else None,
        "accuracy": found.accuracy,
        "tries": found.tries,
        "reason": found.reason,
        "class": found.place.words,
        "assumes": [f"{lemma['name']}: {lemma['text']} ({lemma['source']})" for lemma in document.get("assumes", [])],
        "file": str(file) if file else None,
    }


def _named(wanted: str, claims: list[Claim]) -> Claim:
    """The claim with this id; else the only one that continues it. BadValue lists several."""
    found = matching(wanted, claims)
    exact = [claim for claim in found if claim.id == wanted]
    if not exact and len(found) > 1:
        listed = ", ".join(claim.id for claim in found[:8]) + (" ..." if len(found) > 8 else "")
        raise BadValue(f"{wanted!r} is the beginning of {len(found)} claims: {listed}. Name one of them.")
    return (exact or found)[0]


def _no_flags(fields: dict[str, Any]) -> None:
    if fields:
        raise BadValue("a claim says what its task is; leave the task's flags out.")


def _defines_task(path: Path) -> bool:
    return any(isinstance(value, Task) for value in vars(load_module(path)[0]).values())


def _keep(found: Finding, task: Task, folder: Path) -> Path | None:
    """Save a witness or a certificate; returns its file. The name holds the task's hash, not only its name."""
    kept = found.network if found.network is not None else found.certificate
    if kept is None:
        return None
    p = found.place
    stem = f"{task.name}-{content_id(task, 8)}-{p.n_layers}L{p.n_heads}H" + ("" if p.d_head == ANY else f"{p.d_head}d")
    stem += ("-positions" if p.positions else "") + ("" if p.constant else "-no-constant")
    return keep(folder, stem, kept)


def _tell(found: Finding) -> None:
    print(f"{found.place}: {found.verdict}", file=sys.stderr)


def _margin(found: Finding) -> str:
    return f"{found.margin[0]:.4g}" if found.margin else ""


def _names() -> list[str]:
    from readoff.cli.flags import shipped_tasks

    return list(shipped_tasks())
