"""What entry points set, and that importing sets nothing."""

import subprocess
import sys

SCRIPT = """
import sys
import readoff.core.canonical, readoff.core.parse, readoff.core.domain, readoff.core.configure
import readoff.tasks, readoff.training.recipe, readoff.networks.architecture
assert "jax" not in sys.modules, "importing recipes imports jax"
import jax
from readoff.core.configure import configure, is_configured
before = dict(jax.config.values)
import readoff.networks.forward, readoff.networks.by_count, readoff.training.program
assert dict(jax.config.values) == before and not is_configured(), "importing changes settings"
configure(sys.argv[1])
assert is_configured() and jax.config.jax_compilation_cache_dir == sys.argv[1]
assert jax.numpy.ones(2).dtype == "float64"
print("as promised")
"""


def test_importing_changes_nothing_and_configure_does(tmp_path):
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "as promised\n", done.stderr
