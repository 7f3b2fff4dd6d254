"""The examples in the module docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import readoff.beliefs

MODULES = sorted(m.name for m in pkgutil.iter_modules(readoff.beliefs.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_the_docstring_examples_are_true(name):
    module = importlib.import_module(f"readoff.beliefs.{name}")
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert found.failed == 0
