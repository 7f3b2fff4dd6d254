"""The examples in the docstrings run: circuits, interventions, constructions, labelled tables, adapter."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

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


def test_reading_circuits_needs_numpy_only():
    """These modules are imported by the claim language: no jax, scipy, xarray, altair or torch until used."""
    mine = ["attention", "attribution", "behaviour", "effective", "gauges", "paths", "spectra"]
    names = [f"readoff.circuits.{m}" for m in mine] + ["readoff.interventions.edits", "readoff.interventions.mixing",
             "readoff.interventions.refit", "readoff.constructions.pairs", "readoff.networks.files",
             "readoff.networks.adapter", "readoff.networks.transformer_lens", "readoff.core.tables"]  # fmt: skip
    heavy = {"jax", "scipy", "xarray", "altair", "torch"}
    code = f"import sys, {', '.join(names)}; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
