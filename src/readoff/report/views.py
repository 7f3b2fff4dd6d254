"""Records as words: every string of the page that stands for one claim or one statement.

>>> view = claim_view({"id": "pairs/two-heads-learn", "verdict": "HOLDS", "scope": "Seeds", "value": 0.96875,
...                    "interval": [0.9, 1.0], "n": 64, "at_least": 0.9, "confidence": 0.95}, None)
>>> view.symbol, view.ours, view.beside, view.scope
('✓', '62 of 64', '0.9688 [0.9, 1]', 'Seeds ≥\\xa00.9 at 95\\xa0%')

A verdict is never colour alone: it has a word and a symbol. Templates only place what is written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readoff.report.data import VERDICTS, Record, study_of
from readoff.report.text import interval, number, real, value

SYMBOLS: dict[str, str] = dict(zip(VERDICTS, "✓✗?∅○!"))
AGREES = {"yes": "agrees", "no": "differs", "not comparable": "not comparable"}
FROM = {
    "trained": "trained",
    "zoo": "zoo",
    "constructed": "by hand",
    "imported": "imported",
}


@dataclass(frozen=True)
class Control:
    """One control: what it was expected to do and what it did."""

    name: str
    expected: str
    as_expected: bool

    verdict: str = ""
    reason: str = ""

    @property
    def outcome(self) -> str:
        """The outcome in words."""
        did = "as expected" if self.as_expected else "NOT as expected"
        found = f" ({self.verdict}{': ' if self.reason else ''}{self.reason})" if self.verdict else ""
        return f"must {self.expected}: {did}{found}"


@dataclass(frozen=True)
class StatementView:
    """One sentence of a source, in our words, and who says it."""

    id: str
    text: str
    who: str
    standing: str
    claims: Sequence[str]
    answered_by: Sequence[str]
    not_testable: str


@dataclass(frozen=True)
class ClaimView:
    """One claim and its verdict, ready to print."""

    id: str
    anchor: str
    study: str
    verdict: str
    symbol: str
    says: str
    statement: StatementView | None
    relation: str
    scope: str
    strength: Sequence[str]
    ours: str
    beside: str
    spread: str
    known: str
    known_source: str
    agrees: str
    controls: Sequence[Control]
    standing: str
    networks_from: str
    numbers: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    reason: str
    assumes: Sequence[str]
    code: str
    open: bool
    failed_seeds: Sequence[str]

    @property
    def controls_line(self) -> str:
        """How many controls did as expected."""
        good = sum(c.as_expected for c in self.controls)
        return f"{good} of {len(self.controls)}" if self.controls else "none"


def claim_view(claim: Record, statement: StatementView | None) -> ClaimView:
    """Put one verdict record into words. Only `id` is needed; the rest reads as absent."""
    verdict = str(claim.get("verdict") or "ERROR")
    ours, beside = _ours(claim)
    return ClaimView(
        id=str(claim["id"]),
        anchor=anchor("claim", str(claim["id"])),
        study=str(claim.get("study") or study_of(str(claim["id"]))),
        verdict=verdict,
        symbol=SYMBOLS.get(verdict, "!"),
        says=str(claim.get("says") or claim["id"]),
        statement=statement,
        relation=str(claim.get("relation") or ""),
        scope=scope_line(claim),
        strength=_strength(claim),
        ours=ours,
        beside=beside,
        spread=_spread(claim),
        known="" if claim.get("known") is None else value(claim["known"]),
        known_source=str(claim.get("known_source") or ""),
        agrees=" ".join(
            filter(None, (AGREES.get(str(claim.get("agrees")), str(claim.get("agrees") or "")), compared(claim)))
        ),
        controls=[_control(c) for c in claim.get("controls") or ()],
        standing=str(claim.get("standing") or ""),
        networks_from=FROM.get(str(claim.get("networks_from")), str(claim.get("networks_from") or "")),
        numbers=[(str(name), measured(given)) for name, given in (claim.get("numbers") or {}).items()],
        facts=_facts(claim),
        reason=str(claim.get("reason") or ""),
        assumes=[value(a) for a in claim.get("assumes") or ()],
        code=str(claim.get("code") or ""),
        open=bool(claim.get("open")),
        failed_seeds=[value(seed) for seed in claim.get("failed_seeds") or ()],
    )


def statement_view(statement: Record) -> StatementView:
    """Put one statement into words."""
    speaker, stance = statement.get("speaker") or "", statement.get("stance")
    parts = [
        f"{speaker} ({stance})" if stance else speaker,
        *(str(statement[k]) for k in ("place", "quantifier", "basis") if statement.get(k)),
    ]
    return StatementView(
        id=str(statement["id"]),
        text=str(statement.get("says") or statement["id"]),
        who=" · ".join(part for part in parts if part),
        standing=str(statement.get("standing") or ""),
        claims=[str(c) for c in statement.get("claims") or ()],
        answered_by=[str(c) for c in statement.get("answered_by") or ()],
        not_testable=str(statement.get("not_testable") or ""),
    )


def scope_line(claim: Record) -> str:
    """The scope with its bar, where it has one."""
    scope = str(claim.get("scope") or "")
    bar = f"≥\u00a0{number(claim['at_least'])}" if claim.get("at_least") is not None else ""
    sure = f"at {number(100 * real(claim['confidence']))}\u00a0%" if claim.get("confidence") is not None else ""
    given = f"given {claim['given']}" if claim.get("given") else ""
    return " ".join(part for part in (scope, bar, sure, given) if part)


def anchor(kind: str, identifier: str) -> str:
    """A fragment that is safe in HTML and in CSS. Different ids give different fragments.

    >>> anchor("claim", "pairs/facts"), anchor("claim", "a b")
    ('claim-pairs.facts', 'claim-a_20b')
    """
    safe = "".join(
        c if c.isascii() and (c.isalnum() or c == "-") else "." if c == "/" else f"_{ord(c):x}" for c in identifier
    )
    return f"{kind}-{safe}"


def compared(claim: Record) -> str:
    """Which of our numbers was compared with the known one, where it is not the one shown as ours.

    >>> compared({"known": "380", "known_number": "third", "headline": "bits", "numbers": {"bits": 7, "third": 380}})
    '(third: 380)'
    """
    name, numbers = claim.get("known_number"), claim.get("numbers") or {}
    if claim.get("known") is None or name not in numbers or name == _shown(claim):
        return ""
    return f"({_words(name)}: {measured(numbers[name])})"


def _shown(claim: Record) -> str:
    """The measured number that stands as ours: the one that the claim names, or its only one."""
    numbers = claim.get("numbers") or {}
    if claim.get("headline") or str(claim.get("scope")) == "Seeds" or len(numbers) != 1:
        return str(claim.get("headline") or "")
    return next(iter(numbers))


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def _ours(claim: Record) -> tuple[str, str]:
    """What is shown as ours, and what stands beside it in small: the name of the number, its interval or error."""
    given, n = claim.get("value"), claim.get("n")
    bounds = claim.get("interval")
    around = interval(bounds)
    if given is None:
        return "", around
    if isinstance(given, int | float) and not isinstance(given, bool) and n:
        k = real(given) * n
        if 0 <= k <= n and abs(k - round(k)) < 1e-6:
            return f"{round(k):,} of {n:,}", f"{number(given)} {around}".strip()
    name = _words(_shown(claim))
    if bounds is not None and bounds[1] - bounds[0] < 1e-6 * max(1.0, abs(bounds[0])):
        around = f"within {number((bounds[1] - bounds[0]) / 2, 2)}" if bounds[1] > bounds[0] else ""
        return number(given, 9), ", ".join(filter(None, (name, around)))
    return number(given, 6) if isinstance(given, float) else value(given), " ".join(filter(None, (name, around)))


def _spread(claim: Record) -> str:
    """The claim's headline number over the networks, where it has one value for each."""
    name = claim.get("headline")
    given = (claim.get("numbers") or {}).get(name)
    return f"{_words(name)}: {measured(given)}" if isinstance(given, Mapping) else ""


def measured(given: Any) -> str:
    """A measured number as the ledger keeps it: a scalar, an enclosure [lo, hi], or the summary of an array.

    >>> measured([0.875, 0.875]), measured({"count": 64, "finite": 64, "low": 0.5, "median": 1.0, "high": 1.0})
    ('0.875', '1 (median of 64; from 0.5 to 1)')
    """
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 2:
        low, high = map(real, given)
        if not high - low < 1e-6 * max(1.0, abs(low)):
            return interval(given)
        return number((low + high) / 2, 9) + (f" (within {number((high - low) / 2, 2)})" if high > low else "")
    if isinstance(given, Mapping) and "median" in given and "count" in given:
        lost = given["count"] - given["finite"]
        text = f"{number(given['median'])} (median of {number(given['count'])}; "
        text += f"from {number(given['low'])} to {number(given['high'])}"
        return text + (f"; {lost} not a number)" if lost else ")")
    return value(given)


def _control(control: Record) -> Control:
    texts = (str(control.get("verdict") or ""), str(control.get("reason") or ""))
    return Control(str(control["name"]), str(control["expected"]), control.get("as_expected") is True, *texts)


def _strength(claim: Record) -> list[str]:
    named = [f"class: {claim['class']}"] if claim.get("class") else []
    return named + [f"{axis}: {claim[axis]}" for axis in ("inputs", "networks") if claim.get(axis)]


def _facts(claim: Record) -> list[tuple[str, str]]:
    facts = [
        ("networks judged", number(claim["n"]) if claim.get("n") is not None else ""),
        ("power at this n", number(claim["power"]) if claim.get("power") is not None else ""),
        ("networks", FROM.get(str(claim.get("networks_from")), str(claim.get("networks_from") or ""))),
        ("stated", f"{claim['registered']} its networks were trained" if claim.get("registered") else ""),
        ("alternatives", value(claim["alternatives"]) if claim.get("alternatives") else ""),
        ("answer", str(claim.get("answer") or "")),
        ("re-used from an earlier run", "yes" if claim.get("reused") else ""),
        ("seconds", number(claim["seconds"], 3) if claim.get("seconds") is not None else ""),
    ]
    return [(name, text) for name, text in facts if text]


def tally(views: Sequence[ClaimView]) -> list[tuple[str, str, int]]:
    """(verdict, symbol, count) in the fixed order; verdicts nobody got are left out, unknown words come last."""
    found = [v.verdict for v in views]
    order = [*VERDICTS, *sorted(set(found) - set(VERDICTS))]
    return [(v, SYMBOLS.get(v, "!"), found.count(v)) for v in order if v in found]
