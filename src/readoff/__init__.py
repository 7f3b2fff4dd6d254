"""readoff: a test runner for claims about small neural networks."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`readoff.check` and `readoff.configure`, imported when they are first used."""
    if name == "check":
        from readoff.api import check

        return check
    if name == "configure":
        from readoff.core.configure import configure

        return configure
    raise AttributeError(f"module 'readoff' has no attribute {name!r}")
