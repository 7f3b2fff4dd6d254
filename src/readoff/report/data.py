"""What a report is made of: one frozen value of plain JSON-able records.

    ReportData(
        claims=[{"id": "pairs/facts", "verdict": "HOLDS", "says": "The label entropy is 2.25 nats.", ...}],
        statements=[{"id": "pairs/rank-3", "says": "...", "speaker": "...", "place": "...", "stance": "asserts", ...}],
        exhibits=[{"claim_id": "pairs/facts", "id": "labels", "kind": "table", "title": "...", "caption": "...",
                   "data": {"columns": [...], "rows": [...]}}],
        meta={"readoff": "0.1.0", "profile": "quick", "rebuild": ["./run check"], ...},
    )

A claim is a verdict record of the ledger (`readoff.claims.verdict`): the claim object of `readoff check --json` plus
says, study, numbers, known_source, failed_seeds, registered, at_least, confidence, class, alternatives, answer; and
its code, as text. A statement is a row of `readoff statements --json`.

Meta is what `readoff check` stored about its last run (readoff, profile, device, seconds, claims), plus versions
{package: version}, seeds {name: text}, rebuild [commands], studies {id: {title, intro}}.

Only ids are needed; what is absent is left out of the page or counted as missing. The data of each exhibit kind is
described in `readoff.report.figures`; `readoff.report.ledger` makes this value from a store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]

VERDICTS = ("HOLDS", "FAILS", "UNDECIDED", "VACUOUS", "UNCONTROLLED", "ERROR")
"""The six verdicts, in the order in which they are counted and sorted."""


@dataclass(frozen=True)
class ReportData:
    """The whole input of a report. Records keep the order in which they are given."""

    claims: Sequence[Record]
    statements: Sequence[Record] = ()
    exhibits: Sequence[Record] = ()
    meta: Record = field(default_factory=dict)


def study_of(identifier: str) -> str:
    """The study a claim belongs to: its id up to the first slash.

    >>> study_of("pairs/facts/entropy")
    'pairs'
    """
    return identifier.split("/", 1)[0]
