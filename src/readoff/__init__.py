"""readoff: a test runner for claims about small neural networks."""

import importlib
from typing import Any

__version__ = "0.1.0"

LAZY = {"check": "readoff.api", "train": "readoff.training.train", "configure": "readoff.core.configure"}
"""Names of this package, and the module each is imported from when it is first used."""


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module 'readoff' has no attribute {name!r}")
    return getattr(importlib.import_module(LAZY[name]), name)
