"""`readoff claims` and `readoff statements`: what can be checked, and what it is about."""

import json as json_module
import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

import readoff.studies
from readoff.claims.claim import Claim
from readoff.claims.select import claims_of_package, select
from readoff.claims.standing import Standing, overall, standing
from readoff.claims.statement import Statement, load_statements
from readoff.cli import output
from readoff.core.errors import UnknownName
from readoff.store import Store
from readoff.store.verdicts import latest

Selectors = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[SELECTOR ...]")]


def claims(selectors: Selectors = (), /, json: bool = False) -> int:
    """List claims: what each one says, and how far it reaches.

    Args:
        selectors: studies, claim ids, prefixes, globs or files; none means all shipped claims.
        json: print JSON although stdout is a terminal.
    """
    found = select(selectors, library_claims()).claims
    rows = [
        {
            "id": claim.id,
            "says": claim.says,
            "scope": type(claim.scope).__name__,
            "statement": claim.statement,
            "relation": claim.relation,
            "open": claim.open,
            "must_fail": [control.name for control in claim.must_fail],
            "must_hold": [control.name for control in claim.must_hold],
            "known": claim.known.text if claim.known else None,
        }
        for claim in found
    ]
    if json or not sys.stdout.isatty():
        output.print_json(rows)
    else:
        cells = [
            (r["id"], r["scope"], f"{r['relation']} {r['statement']}" if r["relation"] else "", r["says"]) for r in rows
        ]
        output.print_table(("claim", "scope", "about the statement", "says"), cells)
    return 0


def statements(selectors: Selectors = (), /, json: bool = False, store: Path = Path(".readoff")) -> int:
    """List what sources say, in our own words, and how each statement stands by the last verdicts.

    Args:
        selectors: ids or prefixes of statements; none means all.
        json: print JSON although stdout is a terminal.
        store: folder of the ledger with the verdicts.
    """
    inventory = shipped_statements()
    chosen = [s for s in inventory.values() if not selectors or any(_matches(s.id, w) for w in selectors)]
    for wanted in selectors:
        if not any(_matches(s.id, wanted) for s in chosen):
            raise UnknownName("statement", wanted, inventory)
    records = []
    if (store / "ledger.sqlite").exists():
        with Store(store) as opened:
            records = latest(opened)
    rows = [statement_row(s, records) for s in chosen]
    if json or not sys.stdout.isatty():
        output.print_json(rows)
    else:
        cells = [(r["id"], f"{r['speaker']} {r['stance']}", r["says"], r["standing"]) for r in rows]
        output.print_table(("statement", "who", "says", "standing"), cells)
    return 0


def library_claims() -> list[Claim]:
    """Every claim of the shipped studies."""
    return claims_of_package(readoff.studies)


def shipped_statements() -> dict[str, Statement]:
    """The inventory that ships with the studies, by id."""
    return load_statements(Path(readoff.studies.__path__[0]) / "statements")


def statement_row(statement: Statement, records: list[dict[str, Any]]) -> dict[str, Any]:
    """A statement as JSON, with its standing by the given verdict records."""
    own = {r["id"]: r["relation"] for r in records if r["statement"] == statement.id and r["relation"]}
    relations = {**statement.answers, **own}
    found: list[Standing] = [
        standing(relations[r["id"]], statement.quantifier, statement.basis, r["verdict"], r["scope"])
        for r in records
        if r["id"] in relations
    ]
    answered = sorted(r["id"] for r in records if r["id"] in relations)
    fields = ("id", "says", "speaker", "place", "stance", "quantifier", "basis", "not_testable")
    row = {name: getattr(statement, name) for name in fields}
    row |= {
        "claims": list(statement.claims),
        "answered_by": answered,
        "numbers": json_module.loads(json_module.dumps(dict(statement.numbers))),
    }
    return row | {"standing": overall(statement, found)}


def _matches(identifier: str, wanted: str) -> bool:
    return identifier == wanted or identifier.startswith(wanted.rstrip("/") + "/")
