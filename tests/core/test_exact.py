"""An exact description: equal for what behaves alike, in every process; different, or none, for everything else."""

import copy
import enum
import functools
import os
import random
import subprocess
import sys
import threading
import types
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from readoff.core.authors import ROOT, is_authors, is_installed
from readoff.core.exact import exact

BAR, TABLE = 0.5, {"limit": [1, 2]}
helpers = types.ModuleType("helpers_of_this_test")
helpers.__file__ = str(Path(__file__).with_name("helpers_of_this_test.py"))
helpers.LIMIT, helpers.OTHER = 1, 1  # type: ignore[attr-defined]


def digest(value):
    return exact(value).digest


def helper(x):
    return x > BAR


def calls_helper(n):
    return helper(n)


def nested(n):
    def inner():
        return TABLE["limit"]

    return inner()


def of_module(n):
    return n > helpers.LIMIT  # type: ignore[attr-defined]


def closing_over(value):
    def judge(n):
        return n > value

    return judge


def wrapped(function):
    def inner(x):
        return {**function(x), "one": 1}

    return inner


def count(x):
    return {"a": len(x)}


def size(x):
    return {"a": 1000}


def recursive(n):
    return n and recursive(n - 1)


class Bar:
    def __init__(self, limit):
        self.limit = limit

    def judge(self, n):
        return n > self.limit

    def __call__(self, n):
        return self.judge(n)


class Slotted:
    __slots__ = ("limit",)

    def __init__(self, limit):
        self.limit = limit


class Counting(defaultdict):
    pass


class Annotated(np.ndarray):
    """An array with an attribute that numpy forgets when it copies one."""

    note: str


def annotated(note):
    found = np.zeros(2).view(Annotated)
    found.note = note
    return found


class Named(type):
    pass


class Hiding:
    def __init__(self, limit):
        self.limit = limit

    def __getstate__(self):
        return {}


@dataclass(frozen=True)
class Point:
    x: float
    y: object = None


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


DIFFERENT = [
    ("one source line", *((lambda n: n > 1), (lambda n: n > 2))),
    ("closure", closing_over(1), closing_over(2)),
    ("closure of an array", closing_over(np.arange(3)), closing_over(np.arange(4))),
    ("nested factories", wrapped(wrapped(count)), wrapped(wrapped(size))),
    ("defaults", lambda n, k=1: n, lambda n, k=2: n),
    ("keyword defaults", lambda n, *, k=1: n, lambda n, *, k=2: n),
    ("partial", functools.partial(helper, x=1), functools.partial(helper, x=2)),
    ("bound method", Bar(1).judge, Bar(2).judge),
    ("callable instance", Bar(1), Bar(2)),
    ("slots", Slotted(1), Slotted(2)),
    ("subclass of a dict", Counting(int, a=1), Counting(int, a=2)),
    ("its factory", Counting(int), Counting(float)),
    ("what a base forgets", annotated("a"), annotated("b")),
    ("metaclass", type("T", (), {}), Named("T", (), {})),
    ("constants of a type", (lambda: 1), (lambda: True)),
    ("zeros", 0.0, -0.0),
    ("list and tuple", [1], (1,)),
    ("text and number", "1/2", Fraction(1, 2)),
    ("array types", np.zeros(2), np.zeros(2, np.float32)),
    ("array shapes", np.zeros(2), np.zeros((1, 2))),
    ("arrays of objects", np.array([Fraction(1, 2)]), np.array([Fraction(1, 3)])),
    ("masks", np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    ("generators of numbers", np.random.default_rng(0), np.random.default_rng(1)),
    ("states", random.Random(0), random.Random(1)),
    ("built in", len, max),
    ("classes", dict, list),
    ("enum", Colour.RED, Colour.GREEN),
    ("dataclass", Point(1.0), Point(1)),
    ("order of a dict", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ("iterators", iter([1, 2]), iter([1, 3])),
    ("bound builtin", [1].append, [2].append),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT])
def test_what_differs_is_told_apart(one, other):
    assert digest(one) is not None and digest(other) is not None and digest(one) != digest(other)


EQUAL = [
    ("functions of equal code", closing_over(1), closing_over(1)),
    ("arrays", closing_over(np.arange(3)), closing_over(np.arange(3))),
    ("sets in any order", {"a", "b", "c"}, {"c", "b", "a"}),
    ("instances", Bar(1).judge, Bar(1).judge),
    ("dataclass", Point(1.0, [1]), copy.deepcopy(Point(1.0, [1]))),
    ("nan", float("nan"), float("-nan")),
]


@pytest.mark.parametrize(("one", "other"), [case[1:] for case in EQUAL], ids=[case[0] for case in EQUAL])
def test_what_behaves_alike_is_equal(one, other):
    assert digest(one) == digest(other) is not None


INDESCRIBABLE = [(x for x in "ab"), threading.Lock(), Hiding(1), memoryview(b"x")]


@pytest.mark.parametrize("value", INDESCRIBABLE, ids=lambda value: type(value).__name__)
def test_what_cannot_be_described_has_no_digest(value):
    for holder in (value, [1, value], closing_over(value), Bar(value).judge, Point(1.0, value), {"x": {1: value}}):
        found = exact(holder)
        assert found.digest is None and found.problem


def test_an_open_file_has_none(tmp_path):
    with open(tmp_path / "f", "w") as handle:
        assert "TextIOWrapper has no exact description" in exact(handle).problem


def test_globals_are_followed_through_functions_of_ones_own(monkeypatch):
    for function, name, value in ((calls_helper, "BAR", 0.6), (nested, "TABLE", {"limit": [1, 3]})):
        before = digest(function)
        monkeypatch.setitem(globals(), name, value)
        assert digest(function) != before is not None


def test_a_list_that_grew_is_another(monkeypatch):
    before = digest(nested)
    TABLE["limit"].append(3)
    assert digest(nested) != before
    TABLE["limit"].pop()
    assert digest(nested) == before


def test_what_is_read_of_a_module_of_ones_own_counts(monkeypatch):
    before = digest(of_module)
    monkeypatch.setattr(helpers, "OTHER", 2)
    assert digest(of_module) == before
    monkeypatch.setattr(helpers, "LIMIT", 2)
    assert digest(of_module) != before


def test_a_method_of_the_class_counts(monkeypatch):
    before = digest(Bar(1))
    monkeypatch.setattr(Bar, "judge", lambda self, n: n < self.limit)
    assert digest(Bar(1)) != before


def test_cycles_end():
    loop: list = [1]
    loop.append(loop)
    assert digest(recursive) is not None and digest(loop) is not None
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert digest(deep) is None


def test_large_values_are_left_alone():
    assert "parts" in exact(list(map(str, range(400_000)))).problem
    assert digest(np.zeros(1_000_000)) is not None


@functools.lru_cache
def cached(x):
    return BAR + x


def test_decorated_functions(monkeypatch):
    before = digest(cached)
    monkeypatch.setitem(globals(), "BAR", 0.7)
    assert digest(cached) != before is not None


def test_the_library_is_named_and_its_files_are_given():
    from readoff.tasks import Pairs

    found = exact(closing_over(Pairs()))
    assert {path.relative_to(ROOT).as_posix() for path in found.files} == {"tasks/pairs.py"}
    assert is_installed(np.__file__)
    assert is_installed(str(ROOT / "api.py")) and not is_authors(str(ROOT / "api.py"))
    assert is_authors(str(ROOT / "studies" / "rival.py")) and is_authors(__file__) and not is_installed("<stdin>")


def test_another_process_says_the_same(tmp_path):
    (tmp_path / "told.py").write_text(
        "from readoff.core.exact import exact\nNAMES = {'b', 'a', 'c'}\n"
        "def f(n):\n    def g():\n        return n in NAMES or n in {'x', 'y', 'z'}\n    return g()\n"
        "print(exact(f).digest, exact(NAMES).digest)\n"
    )
    told = set()
    for seed in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT.parent)}
        command = [sys.executable, str(tmp_path / "told.py")]
        told.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(told) == 1 and "None" not in told.pop()
