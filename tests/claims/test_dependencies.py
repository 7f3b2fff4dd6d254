"""Which files a stored verdict depends on: those that a claims file read, and what the library's own can reach."""

import importlib.util
import json

import pytest

from readoff.claims.dependencies import JUDGING, bytes_of, fingerprint, reachable, stamps, unchanged
from readoff.claims.loading import World, dependency, load_module, reading
from readoff.claims.select import load_file
from readoff.core.authors import ROOT
from readoff.core.errors import BadValue

FILES = {
    "mine.py": """
import importlib, json, pathlib, sys
import helpers
from pack import part
from pack.sub import deep
sys.path.insert(0, str(pathlib.Path(__file__).parent / "elsewhere"))
import far
also = importlib.import_module("by_name")
BAR = json.loads((pathlib.Path(__file__).parent / "bar.json").read_text())

def judge(n):
    import lazy
    return n["x"] > BAR + lazy.Z
""",
    "helpers.py": "def f():\n    pass\n",
    "pack/__init__.py": "",
    "pack/part.py": "from pack.other import Y\n",
    "pack/other.py": "Y = 1\n",
    "pack/sub/__init__.py": "",
    "pack/sub/deep.py": "from ..other import Y\n",
    "elsewhere/far.py": "X = 1\n",
    "by_name.py": "X = 1\n",
    "bar.json": "1",
    "lazy.py": "Z = 1\n",
    "unused.py": "X = 1\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def names(files, folder):
    return {path.relative_to(folder).as_posix() for path in files if path.is_relative_to(folder)}


def test_every_file_that_was_read_is_known_however_it_was_read(folder):
    for _ in range(2):  # from sources, and then from compiled ones
        _, world = load_module(folder / "mine.py")
        assert names(world.loaded, folder) == set(FILES) - {"lazy.py", "unused.py"} and world.late == set()


def test_what_a_function_reads_later_is_known_too(folder):
    module, world = load_module(folder / "mine.py")
    with world.entered():
        assert module.judge({"x": 3}) and not module.judge({"x": 2})
    assert names(world.late, folder) == {"lazy.py"}
    with pytest.raises(ImportError):
        module.judge({"x": 3})


@pytest.mark.parametrize("edited", sorted(set(FILES) - {"lazy.py", "unused.py"}))
def test_an_edit_that_matters_changes_the_fingerprint(folder, edited):
    def now():
        world = load_module(folder / "mine.py")[1]
        return fingerprint(world.loaded, world.folder), bytes_of(world.loaded, world.folder)

    before = now()
    assert now() == before
    (folder / "unused.py").write_text("X = 2\n")
    assert now() == before
    (folder / edited).write_text((folder / edited).read_text() + "\n")
    assert all(a != b for a, b in zip(now(), before))


def test_moving_the_folder_changes_nothing(folder):
    world = load_module(folder / "mine.py")[1]
    before = fingerprint(world.loaded, world.folder)
    moved = folder.rename(folder.with_name("moved"))
    world = load_module(moved / "mine.py")[1]
    assert fingerprint(world.loaded, world.folder) == before


def test_two_files_may_have_helpers_of_one_name(tmp_path):
    for name, value in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shared_helper.py").write_text(f"VALUE = {value}\n")
        (tmp_path / name / "mine.py").write_text("import shared_helper\ndef told():\n    return shared_helper.VALUE\n")
    found = [load_module(tmp_path / name / "mine.py") for name in ("a", "b")]
    for (module, world), value in zip(found, (1, 2)):
        with world.entered():
            import shared_helper  # pyright: ignore[reportMissingImports]

            assert module.told() == shared_helper.VALUE == value
    assert importlib.util.find_spec("shared_helper") is None


def test_a_world_leaves_nothing_behind(folder):
    import sys

    before, path = set(sys.modules), list(sys.path)
    module, world = load_module(folder / "mine.py")
    with pytest.raises(ZeroDivisionError), world.entered():
        raise ZeroDivisionError
    assert sys.path == path and not {"helpers", "pack", "far", "by_name", module.__name__} & (set(sys.modules) - before)


def test_the_library_is_followed_from_what_the_files_import(folder):
    (folder / "mine.py").write_text("def f():\n    from readoff.tasks import Pairs\n    return Pairs()\n")
    found = {path.relative_to(ROOT).as_posix() for path in reachable({folder / "mine.py"}) if path.is_relative_to(ROOT)}
    assert {"tasks/pairs.py", "core/domain.py"} <= found and "cli/main.py" not in found


def test_the_runner_is_always_among_them():
    judged = {path.relative_to(ROOT).as_posix() for path in reachable({JUDGING})}
    assert {"claims/judging.py", "claims/scope.py", "statistics/binomial.py", "store/verdicts.py"} <= judged
    assert not any(name.startswith(("cli/", "report/", "studies/", "beliefs/")) for name in judged)


def test_only_reading_counts_and_only_files_of_ones_own(tmp_path):
    heard: set[str] = set()
    with reading(heard):
        (tmp_path / "written.txt").write_text("x")
        (tmp_path / "read.txt").write_text("x")
        (tmp_path / "read.txt").read_bytes()
        json.loads('"no file"')
    assert {path.rsplit("/", 1)[-1] for path in heard if path.startswith(str(tmp_path))} == {"read.txt"}
    assert dependency(json.__file__) is None and dependency("/proc/self/status") is None
    assert dependency(str(ROOT / "core" / "exact.py")) is None
    assert dependency(str(ROOT / "zoo" / "index.json")) is not None


def test_stamps(tmp_path):
    (tmp_path / "data.txt").write_text("1")
    stamped = stamps({tmp_path / "data.txt", tmp_path / "gone.txt"}, tmp_path)
    assert list(stamped) == ["data.txt"] and unchanged(stamped, tmp_path) and not unchanged(stamped, tmp_path / "other")
    (tmp_path / "data.txt").write_text("2")
    assert not unchanged(stamped, tmp_path) and unchanged({}, tmp_path)


def test_a_world_of_no_file_only_listens(tmp_path):
    (tmp_path / "data.txt").write_text("1")
    world = World()
    with world.entered():
        (tmp_path / "data.txt").read_text()
    with world.entered(watch=False):
        (tmp_path / "data.txt").read_text()
    assert world.late == {tmp_path / "data.txt"}


def test_a_file_that_leaves_is_a_sentence(tmp_path):
    for text in ("raise SystemExit(0)", "raise GeneratorExit", "import sys; sys.exit()"):
        (tmp_path / "bad.py").write_text(text + "\n")
        with pytest.raises(BadValue, match=r"bad.py, line 1: (SystemExit|GeneratorExit)"):
            load_file(tmp_path / "bad.py")
