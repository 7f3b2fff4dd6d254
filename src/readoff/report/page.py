"""The page: records in, one HTML text out; equal records give equal bytes.

>>> from readoff.report.data import ReportData
>>> text = render(ReportData(claims=[{"id": "a/b", "says": "</script><script>alert(1)</script>", "verdict": "FAILS"}]))
>>> "<script>alert" in text
False

Everything is escaped by the template engine. A content security policy forbids every request and every script but
the page's own, which only filters and unfolds: the page reads without it.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from readoff.report.data import ReportData, study_of
from readoff.report.figures import FIGURE_LIMIT, Figure, figure
from readoff.report.summary import checked_claims, coverage_line, error_rate, headline, lead, overturned_by
from readoff.report.views import ClaimView, StatementView, anchor, claim_view, statement_view, tally

PAGE_LIMIT = 5_000_000
"""Most bytes of a whole report; figures share what the words leave."""


@dataclass(frozen=True)
class Question:
    """Claims whose ids begin alike (pairs/opposite-orders/...), and the statements that they are about, each once."""

    id: str
    anchor: str
    title: str
    claims: Sequence[ClaimView]

    @property
    def statements(self) -> list[StatementView]:
        return list({c.statement.id: c.statement for c in self.claims if c.statement is not None}.values())


@dataclass(frozen=True)
class Study:
    """One study: its questions, in the order of the claims given, and the figures of each claim."""

    id: str
    anchor: str
    title: str
    intro: str
    claims: Sequence[ClaimView]
    questions: Sequence[Question]
    figures: dict[str, list[Figure]] = field(default_factory=dict)
    loose: Sequence[Figure] = ()


def render(data: ReportData) -> str:
    """The whole report as HTML. Exhibits that cannot be drawn say why; nothing given is left out."""
    import jinja2

    statements = [statement_view(s) for s in data.statements]
    by_id = {s.id: s for s in statements}
    claims = [claim_view(c, by_id.get(str(c.get("statement")))) for c in data.claims]
    script = _asset("page.js")
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({name: _asset(name) for name in ("page.html.j2", "macros.html.j2")}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        meta=data.meta,
        title=headline(claims, statements),
        lead=lead(data, claims, statements),
        tally=tally(claims),
        tally_of=tally,
        claims=claims,
        statements=statements,
        studies=studies(data, claims),
        error_rate=error_rate(data.claims),
        coverage=coverage_line(statements, claims),
        checked_claims=checked_claims,
        odd=[c for c in claims if odd(c)],
        overturned_by=overturned_by(claims),
        style=_asset("page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def write(data: ReportData, path: Path) -> int:
    """Write the report aside, then rename it into place; the number of bytes. OSError if that is not possible."""
    text = render(data).encode()
    aside = path.with_name(path.name + ".part")
    aside.write_bytes(text)
    aside.replace(path)
    return len(text)


def studies(data: ReportData, claims: Sequence[ClaimView]) -> list[Study]:
    """Claims and exhibits by study, in order of first appearance; exhibits of unknown claims stay with their study."""
    limit = min(FIGURE_LIMIT, (PAGE_LIMIT * 4 // 5) // max(1, len(data.exhibits)))
    names = list(
        dict.fromkeys([c.study for c in claims] + [study_of(str(e.get("claim_id", ""))) for e in data.exhibits])
    )
    study_by_claim = {c.id: c.study for c in claims}
    figures: dict[str, list[Figure]] = {}
    loose: dict[str, list[Figure]] = {}
    for index, exhibit in enumerate(data.exhibits):
        owner = str(exhibit.get("claim_id", ""))
        home = figures if owner in study_by_claim else loose
        key = owner if owner in study_by_claim else study_of(owner)
        home.setdefault(key, []).append(figure(exhibit, f"figure-{index + 1}", limit))
    out = []
    for name in names:
        known = (data.meta.get("studies") or {}).get(name) or {}
        members = [c for c in claims if c.study == name]
        words = (
            anchor("study", name),
            str(known.get("title") or name or "Other exhibits"),
            str(known.get("intro") or ""),
        )
        if members or name in loose:
            asked = questions(members, known.get("questions") or {})
            own = {c.id: figures.get(c.id, []) for c in members}
            out.append(Study(name, *words, members, asked, own, loose.get(name, [])))
    return out


def questions(claims: Sequence[ClaimView], titles: Mapping[str, str]) -> list[Question]:
    """Claims by the first two parts of their ids, in order of first appearance."""
    found: dict[str, list[ClaimView]] = {}
    for claim in claims:
        found.setdefault("/".join(claim.id.split("/")[:2]), []).append(claim)
    return [
        Question(name, anchor("question", name), str(titles.get(name.partition("/")[2]) or name), members)
        for name, members in found.items()
    ]


def odd(claim: ClaimView) -> bool:
    """Whether a claim belongs into the section of anomalies."""
    controls = not all(c.as_expected for c in claim.controls)
    return bool(claim.verdict != "HOLDS" or controls or claim.agrees == "differs" or claim.failed_seeds)


def _asset(name: str) -> str:
    return (resources.files("readoff.report") / "assets" / name).read_text(encoding="utf-8")
