"""The examples in the docstrings are right."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["", ".text", ".data", ".thin", ".cells", ".png", ".svg", ".views", ".summary", ".page"]
)
def test_the_examples_of_each_module_run(name):
    module = importlib.import_module(f"readoff.report{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
