"""`readoff check`: from claims to verdicts, with everything kept in the store.

    readoff check                       all shipped claims, quick profile
    readoff check pairs/facts           one claim and its sub-claims
    readoff check my_claims.py          the claims of a file

The number of training steps never depends on the profile; `--profile full` takes more seeds and retrains what the quick
profile takes from the zoo.
"""

import contextlib
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import tyro

from readoff import __version__
from readoff.claims.claim import Claim
from readoff.claims.provider import Trainer, ZooFirst
from readoff.claims.runner import Checked, error_rate
from readoff.claims.runner import check as run_claims
from readoff.claims.select import select
from readoff.claims.verdict import error_record
from readoff.claims.zoo import Zoo
from readoff.cli import output
from readoff.cli.bar import Bar
from readoff.cli.listing import library_claims
from readoff.core.errors import BadValue
from readoff.store import Store
from readoff.store.verdicts import save_check

SEEDS = {"quick": 64, "full": 256}


def check(
    selectors: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[SELECTOR|FILE.py ...]")] = (),
    /,
    profile: Literal["quick", "full"] = "quick",
    seeds: int | None = None,
    json: bool = False,
    report: Path | None = None,
    strict: bool = False,
    store: Path = Path(".readoff"),
    fresh: bool = False,
) -> int:
    """Check claims and say what holds.

    Args:
        selectors: studies, claim ids, prefixes, globs, or Python files with claims; none means all shipped claims.
        profile: quick trains the main recipes and takes wide sweeps from the zoo; full trains everything, 256 seeds.
        seeds: networks per recipe (quick 64, full 256).
        json: print JSON although stdout is a terminal.
        report: where to write the report (one HTML file); default report.html in the store's folder.
        strict: exit 1 for UNDECIDED as well.
        store: folder of the ledger and of trained networks.
        fresh: judge again what has not changed.
    """
    n_seeds = SEEDS[profile] if seeds is None else seeds
    if n_seeds < 1:
        raise BadValue(f"--seeds {n_seeds}: at least one network is needed.")
    with contextlib.redirect_stdout(sys.stderr):  # what a claims file prints must not end up in the JSON
        own_only = bool(selectors) and all(s.endswith(".py") for s in selectors)
        selected = select(selectors, [] if own_only else library_claims())
        if not selected.claims:
            raise BadValue("nothing is selected: there are no claims to check.")
        with Store(store) as opened, Bar() as bar:
            zoo, trainer = Zoo(), Trainer(opened, bar)
            provider = ZooFirst(zoo, trainer) if profile == "quick" else trainer
            found = run_claims(selected.claims, provider, opened, n_seeds, output.Lines(), reuse=not fresh)
            broken = tuple(error_record(name, reason) for name, reason in selected.broken)
            checked = Checked(found.records + broken, found.seconds, n_seeds, found.interrupted)
            save_check(opened, _meta(checked, selected.claims, profile))
            notes = [*opened.warnings, *zoo.warnings, f"Error rate: {error_rate(selected.claims)}."]
            if report is not None or not own_only:
                from readoff.cli.report import write_report

                page = report or store / "report.html"
                write_report(opened, page)
                notes.append(f"Report: {page}")
    if json or not sys.stdout.isatty():
        output.print_json(output.check_object(checked, profile, output.device()))
        for note in notes:
            print(f"readoff: {note}", file=sys.stderr)
    else:
        output.print_verdicts(checked, notes)
    return checked.exit_code(strict)


def _meta(checked: Checked, claims: tuple[Claim, ...], profile: str) -> dict[str, object]:
    return {
        "readoff": __version__,
        "profile": profile,
        "seconds": round(checked.seconds, 3),
        "device": output.device(),
        "n_seeds": checked.n_seeds,
        "claims": [record["id"] for record in checked.records],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("jax", "numpy", "scipy", "optax", "python-flint")},
        "error_rate": error_rate(claims),
    }
