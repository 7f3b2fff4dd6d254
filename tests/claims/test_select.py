"""Which claims are meant, and what is said about files that hold none."""

import sys

import pytest
from subjects import TASK

import readoff.studies
from readoff.claims import EveryInput, OnTask, claim, enumerated
from readoff.claims.select import claims_in, claims_of_package, load_file, matching, select
from readoff.core.errors import BadValue, UnknownName

GOOD = """
from readoff.claims import EveryInput, OnTask, claim, enumerated
from readoff.tasks import Pairs

def size(task):
    return enumerated(inputs=task.domain_size())

@claim("mine/size", says="The task has 4704 inputs.", about=OnTask(Pairs()), scope=EveryInput(), measure=size)
def small(n):
    return n["inputs"] == 4704
"""


def make(name):
    maker = claim(name, says="S", about=OnTask(TASK), scope=EveryInput(), measure=lambda t: enumerated(x=1))
    return maker(lambda n: n["x"] == 1)


LIBRARY = [make(name) for name in ("pairs/facts", "pairs/facts/entropy", "pairs/two-heads", "skip/xor", "skip/facts")]


def ids(*arguments):
    return [c.id for c in select(arguments, LIBRARY).claims]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["pairs/facts", "pairs/facts/entropy", "pairs/two-heads", "skip/xor", "skip/facts"]),
        (("pairs",), ["pairs/facts", "pairs/facts/entropy", "pairs/two-heads"]),
        (("pairs/",), ["pairs/facts", "pairs/facts/entropy", "pairs/two-heads"]),
        (("pairs/facts",), ["pairs/facts", "pairs/facts/entropy"]),
        (("*/facts",), ["pairs/facts", "skip/facts"]),
        (("skip/xor", "pairs/two-heads", "skip/xor"), ["skip/xor", "pairs/two-heads"]),
    ],
)
def test_selectors(arguments, expected):
    assert ids(*arguments) == expected


@pytest.mark.parametrize(
    ("wrong", "near"), [("piars", "pairs"), ("pairs/fact", "pairs/facts"), ("pair", "pairs"), ("skip/xr", "skip/xor")]
)
def test_an_unknown_selector_suggests_the_near_one(wrong, near):
    with pytest.raises(UnknownName, match=f"Did you mean '{near}'"):
        matching(wrong, LIBRARY)


def test_a_file(tmp_path):
    (tmp_path / "mine.py").write_text(GOOD)
    (found,) = load_file(tmp_path / "mine.py")
    assert found.id == "mine/size"
    assert [c.id for c in select([str(tmp_path / "mine.py"), "skip"], LIBRARY).claims] == [
        "mine/size",
        "skip/xor",
        "skip/facts",
    ]


def test_a_file_may_import_its_neighbour(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "neighbour_of_claims.py").write_text(GOOD)
    (tmp_path / "mine.py").write_text("from neighbour_of_claims import small")
    assert [c.id for c in load_file(tmp_path / "mine.py")] == ["mine/size"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef f(:\n", r"bad.py, line 2: .*def f\("),
        ("import readoff\n\nx = 1 / 0\n", r"bad.py, line 3: ZeroDivisionError"),
        ("def f():\n    return {}['key']\n\nf()\n", r"bad.py, line 2: KeyError"),
        ("import nothing_of_that_name\n", r"bad.py, line 1: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", r"bad.py, line 1: SystemExit"),
        ("x = 1\n", "defines no claims. A claim is a judged measure"),
        ("", "defines no claims"),
        (GOOD.replace('"mine/size"', '"Mine Size"'), r"bad.py, line \d+: claim id 'Mine Size'"),
        ("x = '\x00'\n", "bad.py"),
    ],
)
def test_whatever_is_wrong_with_a_file_is_a_sentence(tmp_path, text, message):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(BadValue, match=message):
        load_file(tmp_path / "bad.py")
    selected = select([str(tmp_path / "bad.py"), "skip/xor"], LIBRARY)
    assert [c.id for c in selected.claims] == ["skip/xor"] and selected.broken[0][0] == "bad.py"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadValue, match="there is no file"):
        load_file(tmp_path / "nothing.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(BadValue, match="there is no file"):
        load_file(tmp_path / "folder.py")


def test_latin_text_is_a_sentence_too(tmp_path):
    (tmp_path / "bad.py").write_bytes(b"x = '\xe9'\n")
    with pytest.raises(BadValue, match=r"bad\.py"):
        load_file(tmp_path / "bad.py")


def test_claims_in_lists_are_found_once():
    module = type(sys)("m")
    module.one, module.many, module.other = LIBRARY[0], [LIBRARY[0], LIBRARY[1]], 3  # type: ignore[attr-defined]
    assert [c.id for c in claims_in([module])] == ["pairs/facts", "pairs/facts/entropy"]


def test_the_shipped_claims_have_ids_of_their_own():
    names = [c.id for c in claims_of_package(readoff.studies)]
    assert len(names) == len(set(names))


def test_the_example_in_the_message_is_a_claim_that_holds(tmp_path):
    import textwrap

    from readoff.claims.runner import check
    from readoff.claims.select import EXAMPLE

    (tmp_path / "example.py").write_text(textwrap.dedent(EXAMPLE.split("\n\n", 1)[1]))
    assert check(load_file(tmp_path / "example.py")).records[0]["verdict"] == "HOLDS"
