"""Whose code is it: Python's, an installed package's, this library's, or somebody's own?

    is_installed("/usr/lib/python3.12/json/__init__.py")    True
    is_installed("/home/me/my_claims.py")                   False
    is_authors(str(STUDIES / "rival.py"))                   True: claims are written there, as in a file of one's own

What is installed is taken by its name and version; what somebody wrote is looked into.
"""

import functools
import site
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / "studies"


@functools.lru_cache(maxsize=4096)
def is_installed(file: str) -> bool:
    """True for files of Python, of installed packages and of this library; False for files that a user wrote."""
    if file.startswith("<frozen "):
        return True
    path = Path(file)
    if not path.is_absolute():
        return False
    path = path.resolve()
    return any(path.is_relative_to(folder) for folder in _installed()) or path.is_relative_to(ROOT)


def is_authors(file: str) -> bool:
    """True for files in which claims are written: a user's, and the studies that ship with the library."""
    return not is_installed(file) or Path(file).resolve().is_relative_to(STUDIES)


def is_own_module(module: Any) -> bool:
    """True for a module that a user wrote (`__main__` without a file is one); built-in ones are not."""
    file = getattr(module, "__file__", None)
    if file is not None:
        return not is_installed(str(file))
    folders = list(getattr(module, "__path__", None) or ())
    return not is_installed(str(folders[0])) if folders else getattr(module, "__name__", "") == "__main__"


@functools.lru_cache(maxsize=1)
def _installed() -> tuple[Path, ...]:
    named = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    named += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple({Path(folder).resolve() for folder in named if folder})
