"""The examples in the docstrings run: circuits, interventions, constructions, labelled tables, adapter."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("readoff.circuits", "readoff.interventions", "readoff.constructions")
MODULES = ["readoff.core.tables", "readoff.networks.adapter"] + [
    f"{package}.{module.name}"
    for package in PACKAGES
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
