"""The six verdicts, and the record of one.

    HOLDS         the claim reaches its bar and every control came out as declared
    FAILS         the claim is below its bar, or its predicate is false
    UNDECIDED     astride the bar, too close to call, or a control was
    VACUOUS       it would hold whatever the networks are: a must-fail control holds too
    UNCONTROLLED  it has no must-fail control, or a control is broken
    ERROR         the claim could not be evaluated; the reason names file and line

`to_json` is the claim object of `readoff check --json`; `record` adds what the report shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from readoff.claims.claim import Claim
from readoff.claims.evidence import Exhibit
from readoff.claims.known import Agrees
from readoff.claims.scope import Decision, EveryNetwork, Seeds

VerdictName = Literal["HOLDS", "FAILS", "UNDECIDED", "VACUOUS", "UNCONTROLLED", "ERROR"]
VERDICTS: tuple[VerdictName, ...] = ("HOLDS", "FAILS", "UNDECIDED", "VACUOUS", "UNCONTROLLED", "ERROR")
BAD: tuple[VerdictName, ...] = ("FAILS", "VACUOUS", "UNCONTROLLED", "ERROR")
SETTLED: tuple[VerdictName, ...] = ("HOLDS", "FAILS", "UNDECIDED", "VACUOUS", "UNCONTROLLED")

JSON_KEYS = (
    *("id", "verdict", "scope", "inputs", "networks", "value", "interval", "n", "power", "known", "agrees"),
    *("statement", "relation", "open", "controls", "networks_from", "assumes", "seconds", "reused", "reason"),
)


@dataclass(frozen=True)
class ControlResult:
    """How one control came out. What must hold may also come out as the claim itself did (`claims`)."""

    name: str
    expected: Literal["fail", "hold"]
    verdict: str
    reason: str = ""
    claims: str = "HOLDS"

    @property
    def as_expected(self) -> bool:
        return self.verdict == "FAILS" if self.expected == "fail" else self.verdict in ("HOLDS", self.claims)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "expected": self.expected, "as_expected": self.as_expected}


@dataclass(frozen=True)
class Verdict:
    """A claim, what came out, and why.

    `assumes`: lemmas that only this outcome rests on, beside the claim's own. `kept`: what a search found and a store
    should keep, a witness (a Network) or an impossibility certificate (plain data).
    """

    claim: Claim
    verdict: VerdictName
    reason: str
    decision: Decision
    inputs: str | None = None
    controls: tuple[ControlResult, ...] = ()
    agrees: Agrees | None = None
    networks_from: str | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    exhibits: Sequence[Exhibit] = ()
    answer: str | None = None
    failed_seeds: tuple[int, ...] = ()
    registered: str | None = None
    seconds: float = 0.0
    assumes: tuple[Any, ...] = ()
    kept: Any = None

    def with_seconds(self, seconds: float) -> "Verdict":
        return replace(self, seconds=seconds)

    def record(self) -> dict[str, Any]:
        """Everything that the ledger keeps, JSON-able; exhibits apart."""
        claim, scope, decision = self.claim, self.claim.scope, self.decision
        out: dict[str, Any] = {
            "id": claim.id,
            "verdict": self.verdict,
            "scope": type(scope).__name__,
            "inputs": self.inputs,
            "networks": decision.networks,
            "value": decision.value,
            "interval": list(decision.interval) if decision.interval else None,
            "n": decision.n,
            "power": decision.power,
            "known": claim.known.text if claim.known else None,
            "agrees": self.agrees,
            "statement": claim.statement,
            "relation": claim.relation,
            "open": claim.open,
            "controls": [c.to_json() | {"verdict": c.verdict, "reason": c.reason} for c in self.controls],
            "networks_from": self.networks_from,
            "assumes": [f"{lemma.name}: {lemma.text} ({lemma.source})" for lemma in (*claim.assumes, *self.assumes)],
            "seconds": round(self.seconds, 3),
            "reused": False,
            "reason": self.reason,
            "says": claim.says,
            "study": claim.study,
            "numbers": dict(self.numbers),
            "headline": claim.headline,
            "failed_seeds": list(self.failed_seeds),
            "registered": self.registered,
        }
        if claim.known:
            out |= {"known_source": claim.known.source, "known_number": claim.known.number}
        if claim.open:
            out |= {"alternatives": list(claim.alternatives), "answer": self.answer}
        if isinstance(scope, Seeds):
            out |= {"at_least": scope.at_least, "confidence": scope.confidence}
        if isinstance(scope, EveryNetwork):
            out["class"] = scope.cls
        return out


def to_json(record: Mapping[str, Any]) -> dict[str, Any]:
    """A ledger record as the claim object of `readoff check --json`: exactly its keys."""
    out = {key: record[key] for key in JSON_KEYS}
    out["controls"] = [{k: c[k] for k in ("name", "expected", "as_expected")} for c in record["controls"]]
    return out


def error_record(name: str, reason: str) -> dict[str, Any]:
    """The record of a claims file that could not be read: verdict ERROR under the file's name."""
    empty = dict.fromkeys(JSON_KEYS)
    filled = {"id": name, "verdict": "ERROR", "scope": None, "open": False, "controls": [], "assumes": []}
    return empty | filled | {"seconds": 0.0, "reused": False, "reason": reason, "says": "", "study": name}
