"""For all tests: shapes are executed, 64-bit numbers are on, hypothesis has no deadline (the machine may be busy).

Warnings are errors (pyproject.toml). The jaxtyping annotations of the numerical modules are checked by beartype
at every call, so a shape that a docstring promises is a shape that the tests have seen.
"""

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

SHAPED = ("networks.forward", "networks.by_token", "networks.by_count", "training.flat", "training.objective",
          "training.program")  # fmt: skip

install_import_hook([f"readoff.{name}" for name in SHAPED], "beartype.beartype")
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def _configured():
    """What entry points do before anything else."""
    from readoff.core.configure import configure

    configure()
