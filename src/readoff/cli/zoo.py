"""Shipped and stored networks: are they whole, and do they come out the same when trained again?

readoff verify                      re-hash the zoo's and the store's files, re-check the same weights
readoff reproduce pairs/d-head-4    train a claim's shipped networks anew and compare the intervals
"""

import math
import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from readoff.claims.reproduce import Comparison, Estimate, compare, equal_weights
from readoff.claims.select import matching
from readoff.claims.subject import recipes_of
from readoff.claims.zoo import Entry, Zoo
from readoff.cli import output
from readoff.cli.bar import Bar
from readoff.cli.find import Found, find, known, run_of
from readoff.cli.listing import library_claims
from readoff.cli.outcomes import told_seeds
from readoff.core.errors import BadValue, Damaged, ReadoffError, UnknownName
from readoff.store import Store, imported

DEFAULT = Path(".readoff")
Ids = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[ID ...]", help_behavior_hint="")]
Wanted = Annotated[
    tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RECIPE|CLAIM ...]", help_behavior_hint="")
]


def verify(ids: Ids = (), /, certify: int = 4, store: Path = DEFAULT, json: bool = False) -> int:
    """Check shipped and stored networks: whole files, the same weights, the same answers on every input.

    Args:
        ids: of trained, imported or shipped networks, or their beginnings; none means all.
        certify: so many networks of each recipe are certified as well (balls), the rest enumerated in float64.
        store: folder of the ledger and of trained networks.
        json: print JSON although stdout is a terminal.
    """
    zoo = Zoo()
    there = [Found(entry.recipe.id, "zoo", entry.recipe, len(entry.seeds)) for entry in zoo.entries] + known(store)
    chosen = there
    if ids:
        wanted = {find(one, there).id for one in ids}
        chosen = [one for one in there if one.id in wanted]
    rows = [_verified(one, store, zoo, certify) for one in chosen]
    wrong = [row for row in rows if row["problems"]]
    broken = [warning for warning in zoo.warnings if "index" in warning]
    if json or not sys.stdout.isatty():
        output.print_json({"ok": not wrong and not broken, "problems": broken, "networks": rows})
        return int(bool(wrong or broken))
    cells = [
        (
            row["id"],
            row["source"],
            str(row["n"]),
            _count(row["solved_before"]),
            _count(row["solved_now"]),
            _count(row["certified"]),
            "; ".join(row["problems"]) or "ok",
        )
        for row in rows
    ]
    output.print_table(("id", "from", "networks", "solved then", "solved now", "certified", "found"), cells)
    for problem in broken:
        print(problem)
    print(f"{len(rows) - len(wrong)} of {len(rows)} as recorded.")
    return int(bool(wrong or broken))


def reproduce(
    wanted: Wanted = (),
    /,
    seeds: int | None = None,
    first_seed: int | None = None,
    store: Path = DEFAULT,
    json: bool = False,
) -> int:
    """Train shipped networks anew and compare: share that solves the task, margins, losses, each with its interval.

    Args:
        wanted: recipes of the zoo, or claims about them; none means the whole zoo.
        seeds: how many networks of each recipe (default: as many as are shipped).
        first_seed: number of the first one (default: the same seeds as the shipped ones).
        store: folder that keeps the new networks.
        json: print JSON although stdout is a terminal.
    """
    zoo = Zoo()
    entries = _entries(wanted, zoo)
    if seeds is not None and seeds < 1:
        raise BadValue(f"--seeds {seeds}: at least one network is needed.")
    from readoff.core.configure import configure
    from readoff.training.train import train

    configure()
    rows = []
    with Store(store) as opened, Bar() as bar:
        for entry in entries:
            shipped = zoo.load(entry.recipe)
            n = len(entry.seeds) if seeds is None else seeds
            same = entry.seeds[:n] if first_seed is None else range(first_seed, first_seed + n)
            if len(same) < n:
                raise BadValue(f"{entry.recipe.id} ships {len(same)} networks; for {n} others give --first-seed.")
            trained = train(entry.recipe, same, opened, bar)
            bits, both = equal_weights(shipped, trained)
            found = compare(shipped, trained)
            print(f"readoff: {entry.recipe.id} {_said(found)}", file=sys.stderr)
            rows.append(
                {
                    "id": entry.recipe.id,
                    "shipped": len(entry.seeds),
                    "trained": n,
                    "equal_weights": [bits, both],
                    "measures": [_comparison_json(one) for one in found],
                }
            )
    apart = any(measure["overlap"] is False for row in rows for measure in row["measures"])
    if json or not sys.stdout.isatty():
        output.print_json({"ok": not apart, "recipes": rows})
    else:
        _print_comparisons(rows)
    return int(apart)


def _verified(one: Found, store: Path, zoo: Zoo, certify: int) -> dict[str, Any]:
    from readoff.claims.recheck import recheck

    row: dict[str, Any] = {"id": one.id, "source": one.source, "n": one.n_networks, "problems": []}
    row |= dict.fromkeys(("solved_before", "solved_now", "certified"))
    try:
        if one.source == "imported":
            imported.load(store, one.id)
            return row
        hashes, damaged = _recorded(one, store, zoo)
        row["problems"] += damaged
        if one.recipe is None:
            return row | {"problems": [*row["problems"], "its task class is not shipped; files checked only"]}
        if hashes:
            found = recheck(run_of(one, store, zoo), hashes, certify)
            row |= {k: getattr(found, k) for k in ("n", "solved_before", "solved_now", "certified")}
            for text, seeds in (
                ("other weights than recorded", found.other_weights),
                ("solved then and now differ", found.differ),
                ("certificate contradicts", found.contradicted),
            ):
                row["problems"] += [f"{text}: {told_seeds(seeds)}"] if seeds else []
    except ReadoffError as error:
        row["problems"].append(str(error))
    return row


def _recorded(one: Found, store: Path, zoo: Zoo) -> tuple[dict[int, str], list[str]]:
    """Recorded weights hashes by seed, of whole files; and what is damaged."""
    if one.source == "zoo":
        entry = next(entry for entry in zoo.entries if entry.recipe.id == one.id)
        if not zoo.is_whole(entry):
            raise Damaged(f"{zoo.folder / entry.file} is missing or damaged")
        return dict(zip(entry.seeds, entry.hashes)), []
    with Store(store) as opened:
        hashes: dict[int, str] = {}
        for chunk in opened.chunks(one.id):
            for seed, digest in zip(chunk.seeds, chunk.hashes):
                hashes.setdefault(seed, digest)
        damaged = list(opened.warnings)
    if one.n_damaged:
        damaged.append(f"{one.n_damaged} networks in damaged files")
    return hashes, damaged


def _entries(wanted: tuple[str, ...], zoo: Zoo) -> list[Entry]:
    """The zoo's entries that are meant, by recipe id or by claim."""
    by_id = {entry.recipe.id: entry for entry in zoo.entries}
    if not by_id:
        raise BadValue("the zoo holds no networks yet, so there is nothing to reproduce." + "".join(zoo.warnings))
    chosen: dict[str, Entry] = {}
    for one in wanted or tuple(by_id):
        if "/" not in one:
            near = [name for name in by_id if name.startswith(one) or name.rsplit("-", 1)[-1].startswith(one)]
            if not near:
                raise UnknownName("recipe in the zoo", one, by_id)
            chosen |= {name: by_id[name] for name in near}
            continue
        recipes = {r.id for claim in matching(one, library_claims()) for r in recipes_of(claim.about)}
        if not recipes & set(by_id):
            raise BadValue(f"{one} rests on no shipped networks; `readoff check {one}` trains its own.")
        chosen |= {name: by_id[name] for name in by_id if name in recipes}
    return list(chosen.values())


def _comparison_json(one: Comparison) -> dict[str, Any]:
    def told(estimate: Estimate) -> dict[str, Any]:
        bounds = None if estimate.interval is None else [_finite(x) for x in estimate.interval]
        return {"value": _finite(estimate.value), "interval": bounds}

    return {"name": one.name, "shipped": told(one.shipped), "trained": told(one.trained), "overlap": one.overlap}


def _print_comparisons(rows: list[dict[str, Any]]) -> None:
    cells = []
    for row in rows:
        for place, measure in enumerate(row["measures"]):
            agrees = {True: "overlap", False: "APART", None: "too few networks"}[measure["overlap"]]
            shown = [_estimate(measure[key]) for key in ("shipped", "trained")]
            cells.append((row["id"] if place == 0 else "", measure["name"], *shown, agrees))
        bits, both = row["equal_weights"]
        cells.append(("", "equal weights", "", f"{bits} of {both}" if both else "other seeds", ""))
    output.print_table(("recipe", "measure", "shipped", "trained here", "intervals (99 %)"), cells)


def _estimate(told: dict[str, Any]) -> str:
    value, bounds = told["value"], told["interval"]
    shown = "-" if value is None else f"{value:.4g}"
    return shown if bounds is None else f"{shown} [{', '.join('-' if b is None else f'{b:.4g}' for b in bounds)}]"


def _said(found: list[Comparison]) -> str:
    apart = [one.name for one in found if one.overlap is False]
    return f"differs in {', '.join(apart)}" if apart else "comes out the same"


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
