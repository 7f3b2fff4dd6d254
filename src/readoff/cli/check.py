"""`readoff check`: from claims to verdicts, with everything kept in the store.

    readoff check                       all shipped claims, quick profile
    readoff check pairs/facts           one claim and its sub-claims
    readoff check my_claims.py          the claims of a file
    readoff check my_claims.py --explore

The number of training steps never depends on the profile; `--profile full` takes more seeds and retrains what the quick
profile takes from the zoo. `--explore` takes seeds 1,000,000 and up, on which a bar may be chosen; it keeps no verdict.
What was found is printed before the report is written, so that a full disk costs no result.
"""

import contextlib
import platform
import shlex
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import tyro

from readoff import __version__
from readoff.claims.provider import Trainer, ZooFirst
from readoff.claims.runner import Checked, error_rate
from readoff.claims.runner import check as run_claims
from readoff.claims.scope import MOST_SEEDS, exploration_seeds
from readoff.claims.select import select
from readoff.claims.verdict import error_record
from readoff.claims.zoo import Zoo
from readoff.cli import output
from readoff.cli.bar import Bar
from readoff.cli.listing import library_claims
from readoff.core.errors import BadValue, ReadoffError
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
    explore: bool = False,
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
        explore: on seeds 1000000 and up, to choose a bar; nothing is a verdict, and none is stored.
    """
    n_seeds = SEEDS[profile] if seeds is None else seeds
    if not 1 <= n_seeds <= MOST_SEEDS:
        raise BadValue(f"--seeds {n_seeds}: expected a number from 1 to {MOST_SEEDS:,}.")
    if explore and report is not None:
        raise BadValue("--explore keeps no verdicts, so there is nothing to report; leave out --report.")
    as_json = json or not sys.stdout.isatty()
    own_only = bool(selectors) and all(s.endswith(".py") for s in selectors)
    with contextlib.redirect_stdout(sys.stderr):  # what a claims file prints must not end up in the JSON
        selected = select(selectors, [] if own_only else library_claims())
    if not selected.claims:
        raise BadValue("nothing is selected: there are no claims to check.")
    with Store(store) as opened:
        with contextlib.redirect_stdout(sys.stderr), Bar() as bar:
            zoo, trainer = Zoo(), Trainer(opened, bar)
            provider = ZooFirst(zoo, trainer) if profile == "quick" else trainer
            chosen = exploration_seeds(n_seeds) if explore else None
            checked = run_claims(
                selected.claims, provider, opened, n_seeds, output.Lines(), reuse=not fresh, seeds=chosen
            )
        judged = {record["id"] for record in checked.records}
        rate = error_rate([claim for claim in selected.claims if claim.id in judged])
        broken = tuple(error_record(name, reason) for name, reason in selected.broken)
        checked = replace(checked, records=checked.records + broken)
        notes = [*opened.warnings, *zoo.warnings, f"Error rate: {rate}."]
        _show(checked, profile, notes, as_json)
        problems = [checked.problem] if checked.problem else []
        if not explore:
            meta = _meta(checked, rate, profile, _command(selectors, profile, seeds))
            page = report or store / "report.html"
            problems += _keep(opened, meta, page, as_json)
    for problem in dict.fromkeys(problems):
        print(f"readoff: {problem}", file=sys.stderr)
    return 2 if problems and not checked.interrupted else checked.exit_code(strict)


def _show(checked: Checked, profile: str, notes: list[str], as_json: bool) -> None:
    """Everything that was found, at once: what comes after may fail."""
    if not as_json:
        output.print_verdicts(checked, notes)
    else:
        output.print_json(output.check_object(checked, profile, output.device()))
        if checked.interrupted or checked.exploring:
            notes = [output.summary_line(checked), *notes]
        _say(notes, as_json)
    sys.stdout.flush()


def _say(lines: list[str], as_json: bool) -> None:
    for line in lines:
        print(f"readoff: {line}" if as_json else line, file=sys.stderr if as_json else sys.stdout)


def _keep(opened: Store, meta: dict[str, object], page: Path | None, as_json: bool) -> list[str]:
    """Remember the check and write the report; what went wrong, each as a sentence."""
    problems = []
    try:
        save_check(opened, meta)
    except ReadoffError as error:
        problems.append(str(error))
    if page is not None:
        from readoff.cli.report import write_report

        try:
            write_report(opened, page)
            _say([f"Report: {page}"], as_json)
        except ReadoffError as error:
            problems.append(str(error))
    return problems


def _command(selectors: tuple[str, ...], profile: str, seeds: int | None) -> str:
    """The command that was given, as it can be typed again."""
    words = ["readoff", "check", *selectors, "--profile", profile, *(() if seeds is None else ("--seeds", str(seeds)))]
    return shlex.join(words)


def _meta(checked: Checked, rate: str, profile: str, command: str) -> dict[str, object]:
    return {
        "readoff": __version__,
        "command": command,
        "profile": profile,
        "seconds": round(checked.seconds, 3),
        "device": output.device(),
        "n_seeds": checked.n_seeds,
        "claims": [record["id"] for record in checked.records],
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("jax", "numpy", "scipy", "optax", "python-flint")},
        "error_rate": rate,
    }
