"""From a store with verdicts to the page, and the command that writes it."""

import pytest

from readoff.claims import EveryInput, Exhibit, OnTask, claim, enumerated, on_task
from readoff.claims.runner import check
from readoff.claims.scope import JUDGED
from readoff.cli.main import main
from readoff.report.ledger import from_store
from readoff.report.page import render
from readoff.store import Store
from readoff.store.verdicts import save_check
from readoff.tasks import Pairs


def size(task):
    return enumerated(inputs=task.domain_size(), broken=float("nan"))


def picture(task, numbers):
    data = {"columns": ["inputs"], "rows": [[numbers["inputs"], float("nan")]]}
    return [Exhibit("size", "table", "How large the task is", "A caption.", data)]


@claim(
    "mine/size",
    says="The task has less than 5,000 inputs.",
    about=OnTask(Pairs()),
    scope=EveryInput(),
    measure=size,
    must_fail=[on_task("twice the noise", n_noise=14)],
    headline="inputs",
    exhibit=picture,
)
def small(numbers):
    return numbers["inputs"] < 5000


@claim("mine/broken", says="This one raises.", about=OnTask(Pairs()), scope=EveryInput(), measure=size, must_fail=())
def broken(numbers):
    return numbers["no such number"] > 0


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as opened:
        checked = check([small, broken], store=opened)
        ids = [record["id"] for record in checked.records]
        about = {"readoff": "0.1.0", "command": "readoff check mine.py --seeds 64", "profile": "quick", "device": "cpu"}
        save_check(opened, {**about, "claims": ids, "n_seeds": 64})
        yield opened


def test_verdicts_exhibits_code_and_run_come_from_the_ledger(store):
    data = from_store(store)
    by_id = {record["id"]: record for record in data.claims}
    assert by_id["mine/size"]["verdict"] == "HOLDS"
    assert "def size(task)" in by_id["mine/size"]["code"]
    assert "def small(numbers)" in by_id["mine/size"]["code"]
    assert [(e["claim_id"], e["kind"]) for e in data.exhibits] == [("mine/size", "table")]
    assert data.meta["rebuild"] == ["readoff check mine.py --seeds 64", "readoff report"]
    assert data.meta["seeds"] == {"judged": f"{JUDGED:,} to {JUDGED + 63:,}", "exploration": "1,000,000 and up"}


def test_a_claim_that_raised_is_on_the_page_as_an_error(store):
    record = {record["id"]: record for record in from_store(store).claims}["mine/broken"]
    assert record["verdict"] == "ERROR"
    assert "no such number" in record["reason"]
    assert "no such number" in render(from_store(store))


def test_a_claim_without_any_verdict_is_an_error_too(store):
    save_check(store, {"claims": ["mine/lost"]})
    by_id = {r["id"]: r["verdict"] for r in from_store(store).claims}
    assert by_id == {"mine/broken": "ERROR", "mine/size": "HOLDS", "mine/lost": "ERROR"}


def test_an_equal_ledger_gives_equal_bytes(store):
    text = render(from_store(store))
    assert text == render(from_store(store))
    for words in ("The task has less than 5,000 inputs.", "twice the noise", "How large the task is", "not a number"):
        assert words in text


def test_an_empty_store_gives_an_empty_report(tmp_path):
    with Store(tmp_path / "store") as opened:
        assert "The ledger holds no verdict yet" in render(from_store(opened))


def test_the_command_writes_a_file_with_the_inventory(store, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert main(["report", "--store", str(store.path), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    text = out.read_text(encoding="utf-8")
    assert "mine/size" in text
    assert "Not testable, and why" in text


def test_mistakes_are_sentences(store, tmp_path, capsys):
    assert main(["report", "--store", str(tmp_path / "nowhere")]) == 2
    assert "Run `readoff check` first" in capsys.readouterr().err
    assert main(["report", "--store", str(store.path), "--out", str(tmp_path / "no" / "folder.html")]) == 2
    assert "could not be written" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
