"""Records as words, and what is said about the whole library."""

import pytest
import report_sample

from readoff.report.data import ReportData
from readoff.report.summary import checked_claims, coverage_line, error_rate, headline, lead, overturned_by
from readoff.report.views import anchor, claim_view, measured, statement_view, tally


def view(**fields):
    return claim_view({"id": "a/b", "verdict": "HOLDS", **fields}, None)


def test_a_share_of_seeds_is_shown_as_a_count():
    found = view(scope="Seeds", value=62 / 64, n=64, interval=[0.9, 1.0], at_least=0.9, confidence=0.95)
    assert (found.ours, found.beside) == ("62 of 64", "0.9688 [0.9, 1]")
    assert found.scope == "Seeds ≥\xa00.9 at 95\xa0%"


@pytest.mark.parametrize(
    ("fields", "ours", "beside"),
    [
        ({"value": 0.25}, "0.25", ""),
        ({"value": 2.2527299552, "interval": [2.2527299551, 2.2527299553]}, "2.25272996", "within 1e-10"),
        ({"value": 0.125, "interval": [0.125, 0.125]}, "0.125", ""),
        ({"value": 0.5, "interval": [0.1, 0.9]}, "0.5", "[0.1, 0.9]"),
        ({"scope": "Seeds", "value": 0.0912, "n": 64}, "0.0912", ""),
        ({"value": 7.0, "headline": "most_bits", "numbers": {"most_bits": 7.0, "x": 1.0}}, "7", "most bits"),
        (
            {"value": 0.5, "scope": "Identity", "interval": [0.5, 0.5], "numbers": {"least_margin": 0.5}},
            "0.5",
            "least margin",
        ),
        ({"value": 1.0, "scope": "EveryInput", "n": 64, "numbers": {"margin": {}}}, "64 of 64", "1"),
        ({"value": None}, "", ""),
        ({"value": float("nan")}, "not a number", ""),
    ],
)
def test_values_are_shown_with_what_is_known_of_them(fields, ours, beside):
    found = view(**fields)
    assert (found.ours, found.beside) == (ours, beside)


def test_what_was_compared_is_named_where_it_is_not_the_number_shown():
    fields = {
        "value": 7.0,
        "headline": "bits",
        "numbers": {"bits": 7.0, "third": 380.0},
        "known": "380",
        "agrees": "yes",
    }
    assert view(**fields, known_number="third").agrees == "agrees (third: 380)"
    assert view(**fields, known_number="bits").agrees == view(**fields, known_number="").agrees == "agrees"


def test_measured_numbers_of_every_form():
    assert measured([0.0, 2.0]) == "[0, 2]"
    assert measured([1.0, 1.0 + 2e-9]) == "1 (within 1e-9)"
    assert measured([None, None]) == "[not a number, not a number]"
    assert measured({"count": 3, "finite": 2, "low": 0, "median": 1, "high": 2}) == (
        "1 (median of 3; from 0 to 2; 1 not a number)"
    )
    assert measured(True) == "yes"


def test_a_control_says_what_it_did():
    control = {"name": "untrained", "expected": "fail", "as_expected": False, "verdict": "HOLDS", "reason": "60 of 64"}
    found = view(controls=[control])
    assert found.controls[0].outcome == "must fail: NOT as expected (HOLDS: 60 of 64)"
    assert found.controls_line == "0 of 1"
    assert view().controls_line == "none"


def test_anchors_of_different_ids_differ():
    ids = ["a/b", "a.b", "a-b", "a_b", "a b", "ä/b", "a/B"]
    assert len({anchor("claim", i) for i in ids}) == len(ids)


def test_a_statement_names_its_speaker_and_stance():
    found = statement_view({"id": "s", "says": "T", "speaker": "Chan", "stance": "asks", "place": "p", "basis": "b"})
    assert found.who == "Chan (asks) · p · b"
    assert statement_view({"id": "s"}).who == ""


def test_the_error_rate_adds_what_each_claim_allows():
    text = error_rate([{"id": "a/b", "confidence": 0.95}, {"id": "a/c", "confidence": 0.9}, {"id": "a/d"}])
    assert text.startswith("2 claims rest")
    assert "0.15 would be expected" in text
    assert "a matter of chance" in error_rate([{"id": "a/d"}])


def test_coverage_tells_answered_statements_from_those_nearby():
    statements = [
        statement_view({"id": "1", "claims": ["a/b"]}),
        statement_view({"id": "2", "claims": ["a"]}),
        statement_view({"id": "3", "claims": ["a/bc"]}),
        statement_view({"id": "4", "not_testable": "a feeling"}),
        statement_view({"id": "5", "claims": ["a"], "answered_by": ["a/c"]}),
    ]
    claims = [view(id="a/b/part"), view(id="a/c")]
    assert [[c.id for c in checked_claims(s, claims)] for s in statements] == [
        ["a/b/part"],
        ["a/b/part", "a/c"],
        [],
        [],
        ["a/c"],
    ]
    said = coverage_line(statements, claims)
    assert said.startswith("Of 5 statements in the inventory, 4 can be tested. 1 of those is answered by a claim")
    assert "2 more belong to questions that were looked into" in said


def test_the_title_counts_and_agrees_with_its_number():
    two = [statement_view({"id": "s", "standing": "refuted", "answered_by": ["a/b"]}), statement_view({"id": "t"})]
    assert headline([view()], two) == "1 of 1 claim holds; of 1 published statement that it answers, 1 refuted"
    assert headline([view(), view(verdict="FAILS"), view(verdict="ERROR")], []) == "1 of 3 claims hold; 1 fails"


def test_the_lead_says_when_verdicts_are_of_earlier_runs():
    data = ReportData([{"id": "a/b"}, {"id": "a/c"}], meta={"claims": ["a/b"], "profile": "quick"})
    assert "readoff checked 1 claim with the quick profile; the other verdicts are of earlier runs." in lead(
        data, [view(), view()], []
    )


def test_verdicts_are_counted_in_their_order_and_strange_ones_last():
    assert tally([view(verdict=v) for v in ("ERROR", "HOLDS", "MAYBE", "HOLDS")]) == [
        ("HOLDS", "✓", 2),
        ("ERROR", "!", 1),
        ("MAYBE", "!", 1),
    ]


def test_what_would_change_a_verdict_is_said_by_scope_for_decided_claims():
    claims = [claim_view(c, None) for c in report_sample.claims()]
    groups = {scope: [c.id for c in members] for scope, _, members in overturned_by(claims)}
    assert groups["EveryNetwork"] == ["pairs/rank-1-no-bias"]
    assert "pairs/opposite-orders" not in [i for ids in groups.values() for i in ids]
