"""The inventory's loader: the shipped files load, and mistakes in a file are named."""

from pathlib import Path

import pytest

import readoff.studies
from readoff.claims.statement import load_statements
from readoff.core.errors import ReadoffError

GOOD = """
[[statement]]
id = "x/y"
says = "All swans are white."
speaker = "S"
place = "P"
stance = "asserts"
quantifier = "every"
basis = "mathematics"
claims = ["x/y"]
"""


def test_the_shipped_inventory_loads():
    found = load_statements(Path(readoff.studies.__path__[0]) / "statements")
    assert list(found) == sorted(found) and all(s.claims or s.not_testable for s in found.values())


def test_a_good_file(tmp_path):
    (tmp_path / "a.toml").write_text(GOOD)
    found = load_statements(tmp_path)["x/y"]
    assert found.claims == ("x/y",) and found.quantifier == "every" and found.numbers == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"every"', '"evry"'), r"quantifier \(statement x/y\).*Did you mean 'every'"),
        (('basis = "mathematics"\n', ""), r"a.toml, statement 1 has no basis"),
        (("speaker =", "speeker ="), "no field of a statement.*Did you mean 'speaker'"),
        (('claims = ["x/y"]', ""), "or say why it is not_testable"),
        (("[[statement]]", "[[statement"), "a.toml is not TOML"),
        (("\n[[statement]]", GOOD + "[[statement]]"), "there twice"),
    ],
)
def test_mistakes_are_named(tmp_path, change, message):
    (tmp_path / "a.toml").write_text(GOOD.replace(*change))
    with pytest.raises(ReadoffError, match=message):
        load_statements(tmp_path)
