"""The documents cannot drift: their code runs, their tables name what exists, their links lead somewhere."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from readoff.claims.evidence import INPUTS
from readoff.claims.scope import Scope
from readoff.claims.standing import STANDINGS
from readoff.claims.subject import Mutated, Subject
from readoff.claims.verdict import VERDICTS
from readoff.cli.main import COMMANDS, main
from readoff.tasks import Grid

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
REMAKE = "WRITE_DOCS=1 ./run test tests/test_docs.py"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def code(path: Path) -> list[str]:
    """The Python blocks of a page, in order."""
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def check(folder: Path, source: str, *arguments: str) -> tuple[dict[str, dict], str]:
    """Run `readoff check` on a file with this source; verdicts by claim id, and what went to stderr."""
    (folder / "my_claims.py").write_text(source, encoding="utf-8")
    start = "import sys; from readoff.cli.main import main; sys.exit(main())"
    result = subprocess.run(
        [sys.executable, "-c", start, "check", "my_claims.py", "--json", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert "Traceback" not in result.stderr, result.stderr
    assert result.returncode in (0, 1), result.stderr
    return {found["id"]: found for found in json.loads(result.stdout)["claims"]}, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for the tests that train, so that the later ones find the networks of the earlier ones."""
    return tmp_path_factory.mktemp("claims")


def test_the_claim_in_the_readme_holds(folder):
    verdicts, errors = check(folder, code(README)[0])
    found = verdicts["mine/small-head"]
    assert (found["verdict"], found["inputs"], found["n"]) == ("HOLDS", "ENUMERATED", 64), (found["reason"], errors)


def test_the_claim_in_the_readme_can_fail(folder):
    """The same file with a claim that is false: the example is not one that passes whatever it says."""
    source = code(README)[0].replace('numbers["margin"] > 0', 'numbers["margin"] > 1e6')
    verdicts, _ = check(folder, source)
    assert verdicts["mine/small-head"]["verdict"] == "FAILS"


def test_the_network_in_the_readme(capsys):
    names: dict[str, object] = {}
    exec(code(README)[1], names)
    assert capsys.readouterr().out == "HOLDS []\n"


def test_the_task_in_the_readme():
    names: dict[str, object] = {}
    exec(code(README)[2], names)
    parity = names["parity"]
    assert isinstance(parity, Grid) and parity.domain_size() == 8


def test_the_file_on_the_page_about_writing_claims(folder):
    page = ROOT / "docs/writing-a-claim.md"
    verdicts, errors = check(folder, "\n".join(code(page)), "--seeds", "40")
    assert {name: found["verdict"] for name, found in verdicts.items()} == {
        "mine/majority": "HOLDS",
        "mine/one-dimension": "HOLDS",
        "mine/majority-of-three": "HOLDS",
        "mine/reversed": "HOLDS",
        "mine/reversed-again": "HOLDS",
        "mine/how-often": "HOLDS",
    }, (verdicts, errors)
    assert verdicts["mine/one-dimension"]["inputs"] == "CERTIFIED"


def first_column(page: Path, heading: str) -> list[str]:
    """The code words in the first column of the table whose first heading is `heading`."""
    rows = page.read_text(encoding="utf-8").partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    assert rows, f"{page.name} has no table headed {heading!r}"
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.parametrize("page", [README, ROOT / "docs/reading-a-verdict.md"], ids=lambda page: page.name)
def test_verdicts_are_those_of_the_library(page):
    assert first_column(page, "verdict") == list(VERDICTS)
    assert all(f"`{strength}`" in page.read_text(encoding="utf-8") for strength in INPUTS)


def test_words_are_those_of_the_library():
    page = ROOT / "docs/reading-a-verdict.md"
    assert sorted(first_column(page, "scope")) == sorted(kind.__name__ for kind in get_args(Scope))
    assert sorted(first_column(page, "standing")) == sorted(STANDINGS)
    subjects = [word.partition("(")[0] for word in first_column(ROOT / "docs/writing-a-claim.md", "subject")]
    assert sorted(subjects) == sorted(kind.__name__ for kind in get_args(Subject) if kind is not Mutated)


def test_layout_names_every_package():
    packages = {path.parent.name for path in (ROOT / "src/readoff").glob("*/__init__.py")}
    assert set(first_column(README, "package in `src/readoff`")) == packages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for picture, target in re.findall(r"(!?)\[[^]]*\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if picture and not (page.parent / target).exists():
            pytest.skip(f"{target} is drawn from a finished report, and there is none yet")
        assert target.startswith("http") or (page.parent / target).exists(), f"{page.name} points to {target}"


def test_commands_in_the_readme_exist():
    run = (ROOT / "run").read_text(encoding="utf-8")
    used = {word for page in PAGES for word in re.findall(r"\./run ([a-z]+)", page.read_text(encoding="utf-8"))}
    assert used and all(re.search(rf"^(\w+ \| )*{word}\b", run, re.MULTILINE) for word in used)


def command_reference() -> str:
    """The page `docs/commands.md`: what each command prints for --help, 100 characters wide."""
    pages = [
        "# Commands\n\nWhat `readoff COMMAND --help` prints. Made by `WRITE_DOCS=1 ./run test tests/test_docs.py`."
    ]
    for name in COMMANDS:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            if main([name, "--help"]) != 0:
                continue  # a command of a later version
        lines = [line.rstrip() for line in printed.getvalue().strip().splitlines()]
        pages.append("\n".join([f"## {name}", "", "```text", *lines, "```"]))
    return "\n\n".join(pages) + "\n"


def test_the_command_reference_is_what_the_commands_print(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    page = ROOT / "docs/commands.md"
    if os.environ.get("WRITE_DOCS"):
        page.write_text(command_reference(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == command_reference(), f"make it anew: {REMAKE}"
