"""readoff: a test runner for claims about small neural networks."""

__version__ = "0.1.0"
