"""A function's description: equal for equal functions, different for whatever could judge differently."""

import functools
import subprocess
import sys

import numpy as np

from readoff.claims.source import describe_function as describe

BAR, OTHER = 0.5, {"not": "a constant"}


def helper(x):
    return x > BAR


def calls_helper(n):
    return helper(n)


def closing_over(value):
    def judge(n):
        return n > value

    return judge


def recursive(n):
    return n and recursive(n - 1)


def test_closures_defaults_and_partials_count():
    assert describe(closing_over(1)) == describe(closing_over(1)) != describe(closing_over(2))
    assert describe(closing_over(np.arange(3))) == describe(closing_over(np.arange(3)))
    assert describe(closing_over(np.arange(3))) != describe(closing_over(np.arange(4)))
    assert describe(functools.partial(helper, x=1)) != describe(functools.partial(helper, x=2))
    assert describe(lambda n, k=1: n) != describe(lambda n, k=2: n)


def test_constants_and_helpers_of_the_module_count(monkeypatch):
    before = describe(calls_helper)
    assert before["names"]["helper"]["names"] == {"BAR": 0.5}
    monkeypatch.setitem(globals(), "BAR", 0.6)
    assert describe(calls_helper) != before


def test_recursion_ends():
    assert describe(recursive)["names"]["recursive"]["name"].endswith("recursive")


def test_what_cannot_be_described_is_never_taken_for_equal():
    one, other = closing_over(object()), closing_over(object())
    assert describe(one) != describe(other) and describe(one) == describe(one)
    code = "from readoff.claims.source import _value; print(_value(object(), frozenset()))"
    told = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout for _ in range(2)}
    assert len(told) == 2 and all("object" in text for text in told)


def test_functions_without_source_are_described_by_their_code():
    one, same, other = (eval(text) for text in ("lambda n: n > 1", "lambda n: n > 1", "lambda n: n > 2"))
    assert describe(one)["source"] == describe(same)["source"] != describe(other)["source"]


def test_classes_and_builtins_have_names():
    assert describe(closing_over(len)) == describe(closing_over(len)) != describe(closing_over(max))
    assert describe(closing_over(dict)) != describe(closing_over(list))
