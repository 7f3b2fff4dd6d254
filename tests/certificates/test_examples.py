"""The worked examples in the module docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import readoff.certificates

MODULES = sorted(m.name for m in pkgutil.iter_modules(readoff.certificates.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    module = importlib.import_module(f"readoff.certificates.{name}")
    failed, _ = doctest.testmod(module)
    assert failed == 0
