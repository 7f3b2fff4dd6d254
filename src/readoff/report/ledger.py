"""From the ledger to the report's input.

    with Store(".readoff") as store:
        page = render(from_store(store, statements))

Claims come in the order of the library's contents. The code of a claim is what was registered before its networks were
trained. Statements are rows as `readoff statements --json` prints them; what a claim means for its statement, its
*standing*, follows from its own verdict.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from readoff.claims.scope import EXPLORATION, JUDGED
from readoff.claims.standing import standing
from readoff.report.data import Record, ReportData
from readoff.store import Store
from readoff.store.verdicts import last_check, latest
from readoff.studies.contents import CONTENTS, place


def from_store(store: Store, statements: Sequence[Record] = ()) -> ReportData:
    """Everything current in the ledger as the input of a report; a checked claim without a verdict is an ERROR."""
    check = last_check(store) or {}
    code = _code(store)
    records = latest(store)
    stored = {record["id"] for record in records}
    for name in check.get("claims", ()):
        if name not in stored:
            reason = f"the last check stored no verdict; run `readoff check {name}` to see why"
            records.append({"id": name, "verdict": "ERROR", "reason": reason, "exhibits": []})
    records.sort(key=lambda record: (place(record["id"]), record["id"]))
    by_id = {str(s["id"]): s for s in statements}
    claims = [
        {
            "code": code.get(r["id"], ""),
            "standing": _standing(r, by_id),
            **{k: v for k, v in r.items() if k != "exhibits"},
        }
        for r in records
    ]
    exhibits = [{"claim_id": r["id"], **exhibit} for r in records for exhibit in r["exhibits"]]
    studies = {name: asdict(contents) for name, contents in CONTENTS.items()}
    return ReportData(claims, statements, exhibits, {**check, **_how(check), "studies": studies})


def _standing(record: Record, statements: Mapping[str, Record]) -> str:
    statement, relation = statements.get(str(record.get("statement"))), record.get("relation")
    if statement is None or relation is None or record.get("scope") is None:
        return ""
    return standing(relation, statement["quantifier"], statement["basis"], record["verdict"], record["scope"])


def _how(check: Record) -> Record:
    """How to rebuild the page: commands, seeds, versions."""
    if not check:
        return {}
    command = f"readoff check --profile {check['profile']}" if "profile" in check else "readoff check"
    seeds = {"exploration": f"{EXPLORATION:,} and up"}
    if "n_seeds" in check:
        seeds = {"judged": f"{JUDGED:,} to {JUDGED + check['n_seeds'] - 1:,}", **seeds}
    versions = {"python": check["python"]} if "python" in check else {}
    return {
        "rebuild": [command, "readoff report"],
        "seeds": seeds,
        "versions": {**versions, **check.get("versions", {})},
    }


def _code(store: Store) -> dict[str, str]:
    """The source of measure and judge of every claim, as registered last."""
    found: dict[str, str] = {}
    for row in store.rows("SELECT claim, text FROM claim_registered ORDER BY tick, hash"):
        text = json.loads(row["text"])
        sources = [text.get(part, {}).get("source", "") for part in ("measure", "judge")]
        found[row["claim"]] = "\n\n".join(source.strip() for source in sources if source)
    return found
