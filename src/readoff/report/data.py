"""What a report is made of: one frozen value of plain JSON-able records.

    ReportData(
        claims=[{"id": "pairs/facts", "verdict": "HOLDS", "says": "The label entropy is 2.25 nats.", ...}],
        statements=[{"id": "chan/rank-4", "text": "...", "speaker": "...", "place": "...", "stance": "asserts", ...}],
        exhibits=[{"claim_id": "pairs/facts", "id": "labels", "kind": "table", "title": "...", "caption": "...",
                   "data": {"columns": [...], "rows": [...]}}],
        meta={"readoff": "0.1.0", "profile": "quick", "rebuild": ["./run check"], ...},
    )

A claim is the claim object of `readoff check --json` (id, verdict, scope, inputs, networks, value, interval, n, power,
known, agrees, statement, relation, open, controls, networks_from, assumes, seconds, reused, reason), plus, where the
ledger has them: `says`, `numbers` {name: value}, `known_source`, `standing`, `confidence`, `at_least`, `code`,
`failed_seeds` [seed | {seed, reason}], `anomalies` [text], `would_change` (text), `study` (defaults to the id up to the first slash).

A statement: id, text, speaker, place, stance, quantifier, same (same weights / same recipe / reconstruction), standing,
claims [ids], testable (default true) and, where false, reason.

Meta: readoff, profile, device, seconds, versions {package: version}, seeds {name: text}, rebuild [commands],
studies {id: {title, intro}}, error_rate (text). Everything is optional; what is absent is left out of the page or
counted as missing. The data of each exhibit kind is described in `readoff.report.figures`.
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

    def statement(self, identifier: str | None) -> Record | None:
        """The statement with this id, or None."""
        return next((s for s in self.statements if s["id"] == identifier), None)


def study_of(identifier: str) -> str:
    """The study a claim belongs to: its id up to the first slash.

    >>> study_of("pairs/facts/entropy")
    'pairs'
    """
    return identifier.split("/", 1)[0]
