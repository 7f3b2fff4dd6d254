"""What entry points set before JAX is used; importing readoff changes nothing.

    readoff.configure()            in a notebook, before anything else
    readoff.configure(cache=DIR)   also keep compiled programs on disk

64-bit numbers are on (a loss in float32 is quantised near zero), matrix products are exact to their dtype, and compiled
programs are cached if a folder is given. An accelerator's memory is taken as it is needed: workers share it.
"""

import os
from pathlib import Path

from readoff.core.errors import BadValue


def configure(cache: str | Path | None = None) -> None:
    """Set JAX's global configuration for this process. A folder whose name is no text is none that JAX can use.

    Raises `BadValue` if JAX_PLATFORMS names a device that JAX does not find here.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_default_matmul_precision", "highest")
    if cache is not None and not any("\ud800" <= letter <= "\udfff" for letter in str(cache)):
        jax.config.update("jax_compilation_cache_dir", str(cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    wanted = os.environ.get("JAX_PLATFORMS") or "cpu"
    if wanted != "cpu":
        try:
            jax.devices()
        except (RuntimeError, AssertionError) as error:
            raise BadValue(
                f"JAX_PLATFORMS={wanted!r}: JAX finds no such device here. Unset it to use the processor, or install "
                'JAX for it (pip install "jax[cuda13]").'
            ) from error


def is_configured() -> bool:
    """True if 64-bit numbers are on in this process."""
    import jax

    return bool(jax.config.read("jax_enable_x64"))
