"""What the page says about the whole library: its title, its error rate, its coverage, and what would overturn it.

The title is a claim, because a reader should be able to disagree with it:

>>> from readoff.report.views import claim_view
>>> headline([claim_view({"id": "a/b", "verdict": "HOLDS"}, None), claim_view({"id": "a/c", "verdict": "FAILS"}, None)], [])
'1 of 2 claims hold; 1 fails'
"""

from collections.abc import Sequence
from dataclasses import dataclass

from readoff.report.data import Record, ReportData
from readoff.report.text import number, plural, real
from readoff.report.views import ClaimView, StatementView

OVERTURNS = {
    "Exists": "A flaw in the checker, or in the reading of the statement: the witness itself is stored and can be "
    "checked again. A witness says that something can be, never that it is usual.",
    "EveryInput": "One input of the domain on which the network is not right by more than the error bound.",
    "Seeds": "Fresh seeds whose rate falls on the other side of the bar: run with more seeds, or with other ones.",
    "EveryNetwork": "One network inside the stated class that does it, or a hole in a lemma that the claim assumes. The "
    "trained attack inside the class is the attempt made here.",
    "Identity": "One assignment on which the two sides differ.",
}
"""What would change a verdict, by scope."""


@dataclass(frozen=True)
class ErrorRate:
    """How many of the library's verdicts chance alone may have made."""

    judged: int
    held: int
    expected: float
    without: int

    @property
    def sentence(self) -> str:
        """The rate in words."""
        if not self.judged:
            return "No claim of this page rests on a sample of networks, so no verdict is a matter of chance."
        some = min(1.0, self.expected)
        text = (
            f"{plural(self.judged, 'claim rests', 'claims rest')} on a sample of networks and {self.held} of them "
            f"{'holds' if self.held == 1 else 'hold'}. Each is judged alone, at its own confidence. If every one of "
            f"them were in truth just below its bar, chance would still pass {number(self.expected, 3)} of them on average, and at least "
            f"one with a probability of at most {number(some, 3)}. No correction for the number of claims is applied."
        )
        if self.without:
            text += f" For {plural(self.without, 'further sampled claim')} the ledger has no confidence, so none is counted."
        return text


def error_rate(claims: Sequence[Record]) -> ErrorRate:
    """The expected number of false HOLDS over the claims whose scope is Seeds."""
    sampled = [c for c in claims if str(c.get("scope")).startswith("Seeds")]
    known = [c for c in sampled if c.get("confidence") is not None]
    expected = sum(1 - real(c["confidence"]) for c in known)
    held = sum(c.get("verdict") == "HOLDS" for c in known)
    return ErrorRate(len(known), held, round(expected, 12), len(sampled) - len(known))


def headline(claims: Sequence[ClaimView], statements: Sequence[StatementView]) -> str:
    """The title: how many claims hold, which do not, and how many published statements they refute or correct."""
    held = sum(c.verdict == "HOLDS" for c in claims)
    text = f"{held} of {plural(len(claims), 'claim')} {'holds' if held == len(claims) == 1 else 'hold'}"
    failed = sum(c.verdict == "FAILS" for c in claims)
    parts = [text] + ([f"{failed} {'fails' if failed == 1 else 'fail'}"] if failed else [])
    counts = [(sum(s.standing == word for s in statements), word) for word in ("refuted", "corrected")]
    said = [f"{count} {word}" for count, word in counts if count]
    if said:
        parts.append(f"of {plural(len(statements), 'published statement')}, {' and '.join(said)}")
    return "; ".join(parts)


def lead(data: ReportData, claims: Sequence[ClaimView], statements: Sequence[StatementView]) -> str:
    """The paragraph under the title."""
    meta = data.meta
    ran = f"readoff {meta['readoff']}" if meta.get("readoff") else "readoff"
    how = f" with the {meta['profile']} profile" if meta.get("profile") else ""
    where = f" on {meta['device']}" if meta.get("device") else ""
    took = f" in {number(meta['seconds'], 3)} s" if meta.get("seconds") is not None else ""
    sources = {"trained": 0, "zoo": 0, "constructed": 0, "imported": 0}
    for claim in data.claims:
        if claim.get("networks_from") in sources:
            sources[str(claim["networks_from"])] += 1
    words = {"trained": "trained for this run", "zoo": "shipped in the zoo", "constructed": "built by hand"}
    on = ", ".join(f"networks {words.get(name, name)} ({count})" for name, count in sources.items() if count)
    broken = sum(any(c.as_expected is not True for c in claim.controls) for claim in claims)
    controls = (
        "Every control did what it should."
        if not broken
        else f"In {plural(broken, 'claim')} a control did not do what it should."
    )
    rest = f" The verdicts rest on: {on}." if on else ""
    text = f"{ran} checked {plural(len(claims), 'claim')}{how}{where}{took}.{rest}"
    return f"{text} {controls} {coverage_line(statements)}" if claims else f"{text} {coverage_line(statements)}"


def coverage_line(statements: Sequence[StatementView]) -> str:
    """How much of the inventory of statements has a claim."""
    if not statements:
        return "The inventory of statements is empty."
    testable = [s for s in statements if s.testable]
    covered = sum(bool(s.claims) for s in testable)
    return (
        f"Of {plural(len(statements), 'statement')} in the inventory, {len(testable)} can be tested and "
        f"{covered} of those {'has' if covered == 1 else 'have'} a claim."
    )


def overturned_by(claims: Sequence[ClaimView]) -> list[tuple[str, str, list[ClaimView]]]:
    """(scope, what would change the verdict, the claims of that scope), in the order of OVERTURNS."""
    groups = []
    for scope, text in OVERTURNS.items():
        members = [c for c in claims if c.scope.split()[0:1] == [scope] and c.verdict in ("HOLDS", "FAILS")]
        if members:
            groups.append((scope, text, members))
    return groups
