"""The inventory of statements: what the sources say, in our own words, and which claims check it.

Every statement names the claims that check it, or says why nobody can. The files are data, so these tests read
them with the standard library and hold the form, the coverage and the spelling of every claim's name.
"""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import readoff
from readoff.claims.statement import load_statements
from readoff.cli.listing import library_claims

FOLDER = Path(readoff.__file__).parent / "studies" / "statements"
FILES = sorted(FOLDER.glob("*.toml"))
FIELDS = {"id", "says", "speaker", "place", "stance", "quantifier", "basis", "claims"}
OPTIONAL = {"not_testable", "numbers", "answers"}
STANCES = {"asserts", "paraphrases", "conjectures", "asks"}
QUANTIFIERS = {"some", "every", "typically", "impossible", "exact"}
BASES = {"same weights", "same recipe", "reconstruction", "mathematics", "other network"}
STUDIES = {
    "pairs.toml": "pairs",
    "skip_trigrams.toml": "skip",
    "superposition.toml": "superposition",
    "grokking.toml": "grok",
    "multiply.toml": "multiply",
    "beliefs.toml": "beliefs",
    "refusal.toml": "refusal",
    "elicitation.toml": "elicit",
    "scrubbing.toml": "scrubbing",
    "other.toml": "other",
}

# The rows of the standard library, by study. A row in OURS answers no source: we ask it ourselves.
ROWS = {
    f"{study}/{row}"
    for study, rows in {
        "pairs": """facts recipe two-heads-learn opposite-orders writes-more-to-less excludes-higher worked-example
            ablate-one-head inconsistent-rule calibration-entries nan-column one-head-table table-not-optimal
            uniform-attention-enough rank-3-table rank-3-impossible rank-1-no-bias rank-5-vacuous rank-explains-split
            svd-truncation one-head-learns-table d-head-4 two-by-one hierarchy-preferred sum-is-table errors-cancel
            uniform-elsewhere scale-and-decay is-skip-trigrams superposition""",
        "superposition": """strict not-polysemanticity distributed not-basis-aligned phase-change
            more-trigrams-than-heads""",
        "skip": """ov-incoherent copying-heads trained-split false-completions one-head-argmax xor parity-heads
            universal gap copy-suppression""",
        "scrubbing": """cancellation over-100 exact-value pairs-order pairs-additive trigram-gate paren induction
            tracr-bug""",
        "grok": """groks fourier restricted-excluded matrix-norms distributed decay-direction omnigrok-lr radial
            sgd-momentum efficiency llc embedding-gradient random-features lazy-rich slingshot slingshot-circuits
            slingshot-depth pizza max-of-k""",
        "multiply": "gelu-three gelu-four relu-four relu-knots priority trained",
        "beliefs": """variance steps one-step tail doom doom-big quadratic wiener near-half hitting forgetful gaussian
            real""",
        "refusal": "one-direction ablation-identifies random-addition orthogonal-equals-ablation probes",
        "elicit": "not-upper-bound not-formatting sft-rl tuning-beats-prompting teaching",
    }.items()
    for row in rows.split()
}
OURS = {"pairs/recipe", "skip/false-completions"}


def read(path: Path) -> list[dict]:
    """The statements of one file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))["statement"]


STATEMENTS = [(path, statement) for path in FILES for statement in read(path)]


def mistakes(path: Path, statement: dict) -> list[str]:
    """What is wrong with the form of one statement, in words; empty if nothing."""
    if not FIELDS <= set(statement) <= FIELDS | OPTIONAL:
        return [f"fields {sorted(statement)}"]
    name, claims = statement["id"], statement["claims"]
    numbers = statement.get("numbers", {})
    wrong = {
        "id": not re.fullmatch(STUDIES[path.name] + r"/[a-z0-9]+(-[a-z0-9]+)*", name),
        "stance": statement["stance"] not in STANCES,
        "quantifier": statement["quantifier"] not in QUANTIFIERS,
        "basis": statement["basis"] not in BASES,
        "empty text": not all(statement[field].strip() for field in ("says", "speaker", "place")),
        "longer than a sentence": len(statement["says"]) > 200,
        "either claims or a reason": bool(claims) == bool(statement.get("not_testable", "").strip()),
        "unknown or repeated claim": not set(claims) <= ROWS or len(set(claims)) < len(claims),
        "named like a row that does not check it": name in ROWS and name not in claims,
        "numbers": not all(re.fullmatch(r"[a-z][a-z0-9_]*", key) for key in numbers)
        or not all(type(value) in (int, float) for value in numbers.values()),
    }
    return [f"{name}: {problem}" for problem, found in wrong.items() if found]


def test_the_library_reads_them_all():
    assert list(load_statements(FOLDER)) == sorted(statement["id"] for _, statement in STATEMENTS)


def test_one_file_for_each_study():
    assert {path.name for path in FILES} == set(STUDIES)


def test_every_statement_has_its_form():
    assert [mistake for path, statement in STATEMENTS for mistake in mistakes(path, statement)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"stance": "says"},
        {"quantifier": "often"},
        {"basis": "hearsay"},
        {"id": "Pairs/x"},
        {"id": "skip/vocabulary"},
        {"id": "pairs/recipe"},
        {"says": " "},
        {"says": "x" * 201},
        {"extra": 1},
        {"claims": ["pairs/fact"]},
        {"claims": ["pairs/facts", "pairs/facts"]},
        {"claims": []},
        {"not_testable": "both"},
        {"numbers": {"d_vocab": "12"}},
    ],
    ids=str,
)
def test_planted_mistakes_are_caught(wrong):
    path = FOLDER / "pairs.toml"
    good = read(path)[0]
    assert mistakes(path, good) == []
    assert len(mistakes(path, good | wrong)) == 1


def test_ids_are_unique():
    again = [name for name, times in Counter(statement["id"] for _, statement in STATEMENTS).items() if times > 1]
    assert again == []


def test_no_two_statements_say_the_same():
    again = [says for says, times in Counter(statement["says"] for _, statement in STATEMENTS).items() if times > 1]
    assert again == []


def test_every_row_answers_a_statement_or_is_ours():
    reached = {claim for _, statement in STATEMENTS for claim in statement["claims"]}
    assert ROWS - reached == OURS


def test_coverage():
    """The share of statements with claims is a number, for each study and in all, and `other` holds none of them."""
    testable = Counter(STUDIES[path.name] for path, statement in STATEMENTS if statement["claims"])
    total = Counter(STUDIES[path.name] for path, statement in STATEMENTS)
    assert testable["other"] == 0
    assert all(0 < testable[study] <= total[study] for study in set(STUDIES.values()) - {"other"})
    assert testable.total() > 0.75 * total.total()


def test_answers_are_shipped_claims_of_questions_that_the_statement_lists():
    shipped = {claim.id: claim for claim in library_claims()}
    for statement in load_statements(FOLDER).values():
        for name in statement.answers:
            assert name in shipped, f"{statement.id} is answered by {name}, which does not ship"
            assert shipped[name].statement != statement.id, f"{name} names {statement.id} already"
            assert "/".join(name.split("/")[:2]) in statement.claims, f"{statement.id} does not list the row of {name}"


def test_claims_and_statements_name_each_other():
    """A shipped claim is a row of the library, and the statement that it answers lists it."""
    inventory = load_statements(FOLDER)
    for claim in library_claims():
        row = "/".join(claim.id.split("/")[:2])
        assert row in ROWS, f"{claim.id} is no row of the library"
        if claim.statement is not None:
            assert claim.statement in inventory, f"{claim.id} answers {claim.statement}, which nobody made"
            assert row in inventory[claim.statement].claims, f"{claim.statement} does not list {row}"
