"""Which files a stored verdict depends on."""

import importlib.util
import sys

import pytest

from readoff.claims.dependencies import JUDGING, ROOT, file_of, fingerprint, reachable


@pytest.fixture
def files(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import helpers\nfrom pack import part\nfrom readoff.tasks import Pairs\nfrom os import path\n\n"
        "def judge(n): return True\n"
    )
    (tmp_path / "helpers.py").write_text("def f():\n    import deeper\n")
    (tmp_path / "deeper.py").write_text("X = 1\n")
    (tmp_path / "unused.py").write_text("X = 1\n")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "part.py").write_text("Y = 1\n")
    return tmp_path


def load(folder, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    spec = importlib.util.spec_from_file_location("mine_for_dependencies", folder / "mine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("helpers", "pack", "pack.part"):
        monkeypatch.delitem(sys.modules, name)
    return module.judge


def test_imports_are_followed_wherever_they_stand(files):
    found = reachable({files / "mine.py"})
    own = {path.relative_to(files).as_posix() for path in found if path.is_relative_to(files)}
    assert own == {"mine.py", "helpers.py", "deeper.py", "pack/__init__.py", "pack/part.py"}
    library = {path.relative_to(ROOT).as_posix() for path in found if path.is_relative_to(ROOT)}
    assert {"tasks/pairs.py", "core/domain.py"} <= library and "cli/main.py" not in library


def test_the_runner_is_always_among_them():
    judged = {path.relative_to(ROOT).as_posix() for path in reachable({JUDGING})}
    assert {"claims/judging.py", "claims/scope.py", "statistics/binomial.py", "store/verdicts.py"} <= judged
    assert not any(name.startswith(("cli/", "report/", "studies/", "beliefs/")) for name in judged)


@pytest.mark.parametrize("edited", ["mine.py", "helpers.py", "deeper.py", "pack/part.py"])
def test_an_edit_that_matters_changes_the_fingerprint(files, edited, monkeypatch):
    judge = load(files, monkeypatch)
    before = fingerprint([judge])
    assert fingerprint([judge]) == before
    (files / edited).write_text((files / edited).read_text() + "\nZ = 2\n")
    assert fingerprint([judge]) != before


def test_an_edit_that_does_not_matter_leaves_it(files, monkeypatch):
    judge = load(files, monkeypatch)
    before = fingerprint([judge])
    (files / "unused.py").write_text("X = 2\n")
    assert fingerprint([judge]) == before


def test_moving_a_file_leaves_it(files, monkeypatch):
    judge = load(files, monkeypatch)
    before = fingerprint([judge])
    moved = files.rename(files.with_name("moved"))
    assert fingerprint([load(moved, monkeypatch)]) == before


def test_functions_without_a_file():
    made = eval("lambda n: True")
    assert file_of(made) is None and len(fingerprint([made])) == 64 and file_of(len) is None
