"""What is said of a function: its source for people, an exact hash for everything else."""

import functools

from readoff.claims.source import describe_function as describe
from readoff.claims.source import is_exact

two_on_one_line = (lambda n: n > 1), (lambda n: n > 2)


def judge(n):
    return n > 0.5


class Judge:
    def __init__(self, bar):
        self.bar = bar

    def __call__(self, n):
        return n > self.bar


def test_the_source_is_for_people():
    assert describe(judge)["source"] == "def judge(n):\n    return n > 0.5\n" and describe(judge)["name"] == "judge"
    assert "return n > self.bar" in describe(Judge(1))["source"]
    assert describe(functools.partial(judge, n=1))["name"] == "judge" and describe(len)["source"] == ""


def test_the_hash_decides():
    one, other = map(describe, two_on_one_line)
    assert one["source"] == other["source"] and one["exact"] != other["exact"]
    assert describe(Judge(1))["exact"] == describe(Judge(1))["exact"] != describe(Judge(2))["exact"]


def test_a_text_is_exact_if_all_of_it_is():
    inexact = describe(functools.partial(judge, n=(x for x in "ab")))
    assert inexact["exact"] is None and not is_exact([{"judge": inexact}]) and is_exact({"judge": describe(judge)})
