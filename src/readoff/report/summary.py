"""What the page says about the whole library: its title, its error rate, its coverage, and what would overturn it.

The title is a claim, because a reader should be able to disagree with it:

>>> from readoff.report.views import claim_view
>>> headline([claim_view({"id": f"a/{v}", "verdict": v}, None) for v in ("HOLDS", "FAILS")], [])
'1 of 2 claims hold; 1 fails'
"""

from collections.abc import Sequence

from readoff.report.data import Record, ReportData
from readoff.report.text import number, plural, real
from readoff.report.views import ClaimView, StatementView

OVERTURNS = {
    "Exists": "A flaw in the checker, or in the reading of the statement: the witness itself is stored and can be "
    "checked again. A witness says that something can be, never that it is usual.",
    "EveryInput": "One input of the domain on which the network is not right by more than the error bound.",
    "Seeds": "Fresh seeds whose rate falls on the other side of the bar: run with more seeds, or with other ones.",
    "EveryNetwork": "One network inside the stated class that does it, or a hole in a lemma that the claim assumes. "
    "Networks trained inside the class are the attempt made here.",
    "Identity": "One assignment on which the two sides differ.",
}
"""What would change a verdict, by scope."""


def error_rate(claims: Sequence[Record]) -> str:
    """How many of the verdicts that rest on a sample of networks chance alone may have made."""
    confidences = [real(c["confidence"]) for c in claims if c.get("confidence") is not None]
    if not confidences:
        return "No verdict of this page rests on a sample of networks, so none is a matter of chance."
    expected = round(sum(1 - confidence for confidence in confidences), 9)
    return (
        f"{plural(len(confidences), 'claim rests', 'claims rest')} on a sample of networks, each judged alone at its "
        f"own confidence. If all of them were in truth just below their bars, {number(expected, 3)} would be expected "
        f"to hold by chance, and one or more with a probability of at most {number(min(1.0, expected), 3)}, before "
        "controls. Nothing is corrected for their number."
    )


def headline(claims: Sequence[ClaimView], statements: Sequence[StatementView]) -> str:
    """The title: how many claims hold, which do not, and how many published statements they refute or correct."""
    held = sum(c.verdict == "HOLDS" for c in claims)
    text = f"{held} of {plural(len(claims), 'claim')} {'holds' if held == len(claims) == 1 else 'hold'}"
    failed = sum(c.verdict == "FAILS" for c in claims)
    parts = [text] + ([f"{failed} {'fails' if failed == 1 else 'fail'}"] if failed else [])
    counts = [(sum(s.standing == word for s in statements), word) for word in ("refuted", "corrected")]
    said = [f"{count} {word}" for count, word in counts if count]
    if said:
        looked = sum(bool(s.answered_by) for s in statements)
        they = "that they answer" if len(claims) != 1 else "that it answers"
        parts.append(f"of {plural(looked, 'published statement')} {they}, {' and '.join(said)}")
    return "; ".join(parts)


def lead(data: ReportData, claims: Sequence[ClaimView], statements: Sequence[StatementView]) -> str:
    """The paragraph under the title."""
    meta = data.meta
    ran = f"readoff {meta['readoff']}" if meta.get("readoff") else "readoff"
    how = f" with the {meta['profile']} profile" if meta.get("profile") else ""
    where = f" on {meta['device']}" if meta.get("device") else ""
    took = f" in {number(meta['seconds'], 3)} s" if meta.get("seconds") is not None else ""
    now = len(meta.get("claims", data.claims))
    earlier = "; the other verdicts are of earlier runs" if now < len(data.claims) else ""
    sources = {"trained": 0, "zoo": 0, "constructed": 0, "imported": 0}
    for claim in data.claims:
        if claim.get("networks_from") in sources:
            sources[str(claim["networks_from"])] += 1
    words = {"trained": "trained for this run", "zoo": "shipped in the zoo", "constructed": "built by hand"}
    on = ", ".join(f"networks {words.get(name, name)} ({count})" for name, count in sources.items() if count)
    broken = sum(not all(c.as_expected for c in claim.controls) for claim in claims)
    controls = (
        "Every control did what it should."
        if not broken
        else f"In {plural(broken, 'claim')} a control did not do what it should."
    )
    rest = f" The verdicts rest on: {on}." if on else ""
    text = f"{ran} checked {plural(now, 'claim')}{how}{where}{took}{earlier}.{rest}"
    return (
        f"{text} {controls} {coverage_line(statements, claims)}"
        if claims
        else f"{text} {coverage_line(statements, claims)}"
    )


def coverage_line(statements: Sequence[StatementView], claims: Sequence[ClaimView]) -> str:
    """How much of the inventory of statements has a verdict."""
    if not statements:
        return "The inventory of statements is empty."
    testable = [s for s in statements if not s.not_testable]
    answered = [s for s in testable if s.answered_by]
    near = sum(bool(checked_claims(s, claims)) for s in testable if not s.answered_by)
    return (
        f"Of {plural(len(statements), 'statement')} in the inventory, {len(testable)} can be tested. "
        f"{len(answered)} of those {'is' if len(answered) == 1 else 'are'} answered by a claim with a verdict here; "
        f"{near} more {'belongs' if near == 1 else 'belong'} to questions that were looked into, without a claim of "
        f"{'its' if near == 1 else 'their'} own."
    )


def checked_claims(statement: StatementView, claims: Sequence[ClaimView]) -> list[ClaimView]:
    """The claims with a verdict that answer a statement; if there are none, those of the questions that it names."""
    answers = [c for c in claims if c.id in statement.answered_by]
    return answers or [
        c for c in claims if any(c.id == name or c.id.startswith(name + "/") for name in statement.claims)
    ]


def overturned_by(claims: Sequence[ClaimView]) -> list[tuple[str, str, list[ClaimView]]]:
    """(scope, what would change the verdict, the claims of that scope), in the order of OVERTURNS."""
    decided = [c for c in claims if c.verdict in ("HOLDS", "FAILS")]
    groups = [
        (scope, text, [c for c in decided if c.scope.split()[:1] == [scope]]) for scope, text in OVERTURNS.items()
    ]
    return [group for group in groups if group[2]]
